"""The worked cases under `third`, `fix3` and `post`: worked out by hand on the command line, and replayed as cases."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from infra.settings import settings
from stories.replay import replay
from stories.story import read_story
from tests.stories.test_stories import path_of
from tests.stories.worked import WORKED, Worked


@pytest.fixture(autouse=True)
def no_office_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped policy answers, whatever office this machine may have."""
    monkeypatch.setenv("HUIYIN_HOME", str(tmp_path))
    settings.cache_clear()


LADDERS = ("third", "fix3", "post")
STORIES = {"C1": "case-1-taxi-fees", "C4": "case-4-campus-job-fair", "C5": "case-5-factory-noise"}


def explained(clock: Worked, ladder: str) -> dict[str, Any]:
    arguments = ["deadline", "explain", clock.rule, "--start", clock.start, "--light", ladder, "--json"]
    for begin, end in clock.paused:
        arguments += ["--pause", f"{begin}/{end}"]
    for length, at in clock.extended:
        arguments += ["--extend", f"{length}@{at}"]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def local(instant: str | None) -> str | None:
    return instant and instant[:16]


def expected(clock: Worked, ladder: str) -> tuple[str | None, str]:
    """Yellow and red. A right has its reminder and its end in their places, whatever the ladder of the duties is."""
    if ladder == "post":
        return clock.post
    return (clock.third if ladder == "third" else clock.fix3), clock.red


@pytest.mark.parametrize("ladder", LADDERS)
@pytest.mark.parametrize("clock", WORKED, ids=lambda clock: clock.name)
def test_a_worked_clock_is_explained_as_it_was_worked_out(clock: Worked, ladder: str) -> None:
    found = explained(clock, ladder)
    assert found["due_on"] == clock.due_on
    assert [day["on"] for day in found["days"] if day["counted"]] == list(clock.days)
    assert [day["number"] for day in found["days"] if day["counted"]] == list(range(1, len(clock.days) + 1))
    assert (local(found["yellow_at"]), local(found["red_at"])) == expected(clock, ladder)
    assert found["provisional"] is False


@pytest.mark.parametrize("ladder", LADDERS)
@pytest.mark.parametrize("case", STORIES)
def test_a_worked_case_is_replayed_with_the_lights_of_each_ladder(case: str, ladder: str) -> None:
    lines = replay(read_story(path_of(STORIES[case])), ladder=ladder)["clocks"]
    for clock in WORKED:
        if not clock.name.startswith(case) or clock.rule == "MED-07":  # the citizen's window has a ladder of its own
            continue
        due = {line["due_on"] for line in lines if line["rule"] == clock.rule}
        assert clock.due_on in due
        line = next(line for line in lines if (line["rule"], line["due_on"]) == (clock.rule, clock.due_on))
        assert local(line["started_at"]) == clock.start
        yellow, red = expected(clock, ladder)
        assert (local(line["yellow_at"]), local(line["red_at"])) == (yellow, red), clock.name
