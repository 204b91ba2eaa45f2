"""A short run of the kill experiment on each database, so that it cannot rot; `./dev experiments kill` is the long one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cases import records
from tests.experiments.kill import Found, Plan, figures, run
from tests.experiments.places import Place, postgres_place
from tests.experiments.seeded import DEFECTS

KILLS, SEED = 12, 20260302


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Place:
    template = records.sqlite_template(tmp_path)
    return Place(url=f"sqlite:///{template.file}", stage=template.stage, directory=tmp_path)


@pytest.fixture
def postgresql_place(postgres: str, tmp_path: Path) -> Iterator[Place]:
    with postgres_place(postgres, tmp_path) as place:
        yield place


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_nothing_is_lost_doubled_or_half_done_when_processes_are_killed(
    request: pytest.FixtureRequest, database: str
) -> None:
    place: Place = request.getfixturevalue(f"{database}_place")
    found = run(place, Plan(kills=KILLS, seed=SEED))
    assert found.violations == [], figures(found)
    _did_something(found)


def test_a_writer_that_answers_before_it_commits_is_found_out(sqlite_place: Place) -> None:
    """One of the seeded defects; `./dev experiments kill --power` tries them all."""
    assert "acknowledge_before_commit" in DEFECTS
    found = run(sqlite_place, Plan(kills=40, seed=SEED, defect="acknowledge_before_commit"))
    assert any("acknowledged and lost" in line for line in found.violations)


def _did_something(found: Found) -> None:
    """A run in which nothing happened proves nothing."""
    assert found.kills >= KILLS
    assert found.checks >= 1
    assert found.acknowledged > 10
    assert found.crossings > 5
    assert found.mails > 5
