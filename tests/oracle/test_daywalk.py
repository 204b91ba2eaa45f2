"""The walk itself, held against the worked cases of the domain text; and chance asks only valid questions.

Cases 1, 4 and 5 (taxi fees, campus job fair, factory noise) under the three light profiles that the text works out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from tests.oracle.chance import LONGEST, asked
from tests.oracle.china import china
from tests.oracle.daywalk import Asked, Days, Walked, walk

CHINA = china()


@dataclass(frozen=True, kw_only=True)
class Story:
    """One clock of a worked case. `runs` are the counted days, as runs of consecutive days."""

    clock: str
    start: str
    length: int
    unit: str
    roll: str = "none"
    pauses: tuple[tuple[str, str], ...] = ()
    extensions: tuple[tuple[int, str], ...] = ()
    runs: tuple[tuple[str, str], ...]
    due_on: str
    red: str
    third: str | None
    fix3: str | None
    post_red: str


STORIES = (
    Story(
        clock="C1.1",
        start="2026-09-11T15:20",
        length=3,
        unit="working_day",
        runs=(("2026-09-14", "2026-09-16"),),
        due_on="2026-09-16",
        red="2026-09-17T00:00",
        third="2026-09-16T00:00",
        fix3="2026-09-16T00:00",
        post_red="2026-09-23T00:00",
    ),
    Story(
        clock="C1.2a",
        start="2026-09-15T10:00",
        length=30,
        unit="day",
        runs=(("2026-09-16", "2026-10-15"),),
        due_on="2026-10-15",
        red="2026-10-16T00:00",
        third="2026-10-06T00:00",
        fix3="2026-10-13T00:00",
        post_red="2026-10-23T00:00",
    ),
    Story(
        clock="C1.2b",
        start="2026-09-15T10:00",
        length=30,
        unit="day",
        extensions=((45, "2026-10-08T16:00"),),
        runs=(("2026-09-16", "2026-10-30"),),
        due_on="2026-10-30",
        red="2026-10-31T00:00",
        third="2026-10-21T00:00",
        fix3="2026-10-28T00:00",
        post_red="2026-11-07T00:00",
    ),
    Story(
        clock="C1.3",
        start="2026-10-20T17:10",
        length=30,
        unit="day",
        roll="next_working_day",
        runs=(("2026-10-21", "2026-11-19"),),
        due_on="2026-11-19",
        red="2026-11-20T00:00",
        third="2026-11-10T00:00",
        fix3="2026-11-17T00:00",
        post_red="2026-11-27T00:00",
    ),
    Story(
        clock="C1.4",
        start="2026-11-10T00:00",
        length=5,
        unit="working_day",
        runs=(("2026-11-11", "2026-11-13"), ("2026-11-16", "2026-11-17")),
        due_on="2026-11-17",
        red="2026-11-18T00:00",
        third="2026-11-16T00:00",
        fix3="2026-11-16T00:00",
        post_red="2026-11-25T00:00",
    ),
    Story(
        clock="C4.1",
        start="2025-09-26T11:30",
        length=1,
        unit="working_day",
        runs=(("2025-09-28", "2025-09-28"),),
        due_on="2025-09-28",
        red="2025-09-29T00:00",
        third=None,
        fix3=None,
        post_red="2025-10-12T00:00",
    ),
    Story(
        clock="C4.2",
        start="2025-09-26T11:30",
        length=10,
        unit="working_day",
        runs=(("2025-09-28", "2025-09-30"), ("2025-10-09", "2025-10-11"), ("2025-10-13", "2025-10-16")),
        due_on="2025-10-16",
        red="2025-10-17T00:00",
        third="2025-10-13T00:00",
        fix3="2025-10-14T00:00",
        post_red="2025-10-24T00:00",
    ),
    Story(
        clock="C5.1",
        start="2026-04-27T09:15",
        length=1,
        unit="working_day",
        runs=(("2026-04-28", "2026-04-28"),),
        due_on="2026-04-28",
        red="2026-04-29T00:00",
        third=None,
        fix3=None,
        post_red="2026-05-09T00:00",
    ),
    Story(
        clock="C5.2a",
        start="2026-04-27T09:15",
        length=5,
        unit="working_day",
        runs=(("2026-04-28", "2026-04-30"), ("2026-05-06", "2026-05-07")),
        due_on="2026-05-07",
        red="2026-05-08T00:00",
        third="2026-05-06T00:00",
        fix3="2026-05-06T00:00",
        post_red="2026-05-14T00:00",
    ),
    Story(
        clock="C5.2b",
        start="2026-04-27T09:15",
        length=5,
        unit="working_day",
        pauses=(("2026-05-11T14:00", "2026-05-15T10:00"),),
        extensions=((15, "2026-04-30T10:00"),),
        runs=(
            ("2026-04-28", "2026-04-30"),
            ("2026-05-06", "2026-05-09"),
            ("2026-05-11", "2026-05-11"),
            ("2026-05-18", "2026-05-22"),
            ("2026-05-25", "2026-05-26"),
        ),
        due_on="2026-05-26",
        red="2026-05-27T00:00",
        third="2026-05-20T00:00",
        fix3="2026-05-22T00:00",
        post_red="2026-06-03T00:00",
    ),
)


@pytest.mark.parametrize("light", ["third", "fix3", "post"])
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.clock)
def test_the_walk_agrees_with_the_worked_cases(story: Story, light: str) -> None:
    walked = walk(_question(story, light), CHINA)
    red = story.post_red if light == "post" else story.red
    yellow = {"third": story.third, "fix3": story.fix3, "post": story.red}[light]
    assert walked.counted == tuple(_days_of(story.runs))
    assert walked.due_on == date.fromisoformat(story.due_on)
    assert walked.due_at == _at(story.red)
    assert walked.yellow_at == (None if yellow is None else _at(yellow))
    assert walked.red_at == _at(red)
    assert not walked.provisional


# C1.2a: N=30. third: k=10, half from day 30-5+1=26 = 10/11. fix3: k=3, ceil(3/2)=2, day 29 = 10/14. No half elsewhere.
@pytest.mark.parametrize(
    ("light", "half"), [("third", "2026-10-11T00:00"), ("fix3", "2026-10-14T00:00"), ("one_day", None), ("post", None)]
)
def test_half_of_the_yellow_zone(light: str, half: str | None) -> None:
    walked = walk(_question(STORIES[1], light), CHINA)
    assert walked.half_at == (None if half is None else _at(half))


def test_a_yellow_zone_of_one_day_has_no_half() -> None:
    assert walk(_question(STORIES[0], "third"), CHINA).half_at is None


def test_a_half_before_the_opening_is_dropped_and_a_later_one_stays() -> None:
    # 30 days from 7/1, extended to 32 on 7/30 15:00: yellow 7/24 and half, day 32-5+1=28 = 7/29, are both past.
    late = Asked(_at("2026-07-01T10:00"), 30, "day", "none", "third", (), ((32, _at("2026-07-30T15:00")),))
    assert (walk(late, CHINA).yellow_at, walk(late, CHINA).half_at) == (_at("2026-07-30T15:00"), None)
    # Granted on 7/28 15:00, yellow is past and half is not.
    early = replace(late, extensions=((32, _at("2026-07-28T15:00")),))
    assert (walk(early, CHINA).yellow_at, walk(early, CHINA).half_at) == (
        _at("2026-07-28T15:00"),
        _at("2026-07-29T00:00"),
    )


def test_an_hour_clock_has_its_half_at_five_sixths() -> None:
    # 24 h from 09:00: 16 h = 01:00, 20 h = 05:00; a pause of 2 h from 03:00 lies between them.
    clock = Asked(_at("2026-03-06T09:00"), 24, "hour", "none", "third", (), ())
    assert walk(clock, CHINA).half_at == _at("2026-03-07T05:00")
    paused = replace(clock, pauses=((_at("2026-03-07T03:00"), _at("2026-03-07T05:00")),))
    assert (walk(paused, CHINA).yellow_at, walk(paused, CHINA).half_at) == (
        _at("2026-03-07T01:00"),
        _at("2026-03-07T07:00"),
    )
    assert walk(replace(clock, light="one_day"), CHINA).half_at is None
    assert walk(clock, CHINA).counted == ()


def test_rolling_asks_the_year_of_the_natural_last_day_too() -> None:
    # 12/31, three days from 12/28, is off in a year nobody published; it rolls into Thursday 1/1 of a published one.
    days = Days(CHINA.zone, frozenset({date(2025, 12, 31)}), frozenset(), frozenset({2026}))
    clock = Asked(_at("2025-12-28T10:00"), 3, "day", "next_working_day", "third", (), ())
    assert (walk(clock, days).due_on, walk(clock, days).provisional) == (date(2026, 1, 1), True)
    assert not walk(replace(clock, roll="none"), days).provisional


def test_chance_is_the_same_for_the_same_seed() -> None:
    assert [asked(_random(seed)) for seed in range(50)] == [asked(_random(seed)) for seed in range(50)]


def test_chance_asks_only_valid_questions() -> None:
    for seed in range(1000):
        question, days = asked(_random(seed))
        assert 1 <= question.length <= LONGEST[question.unit]
        assert not days.off & days.work
        assert all(day.weekday() >= 5 for day in days.work)
        _events_are_in_order_and_in_time(question, days)


def test_chance_reaches_every_kind_of_question() -> None:
    questions = [asked(_random(seed)) for seed in range(1000)]
    assert {(question.unit, question.light) for question, _ in questions} == {
        (unit, light) for unit in LONGEST for light in ("third", "fix3", "one_day", "post")
    }
    assert {len(question.pauses) for question, _ in questions} == {0, 1, 2, 3}
    assert {len(question.extensions) for question, _ in questions} == {0, 1, 2}
    assert len({days.zone.key for _, days in questions}) == 6
    answers = [(question, days, walk(question, days)) for question, days in questions]
    assert {walked.provisional for _, _, walked in answers} == {False, True}
    assert any(_has_rolled(walked) for _, _, walked in answers)
    assert any(
        question.extensions and walked.yellow_at == question.extensions[-1][1] for question, _, walked in answers
    )


def _random(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - chance for tests, not for secrets


def _at(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=CHINA.zone).astimezone(UTC)


def _question(story: Story, light: str) -> Asked:
    return Asked(
        start=_at(story.start),
        length=story.length,
        unit=story.unit,
        roll=story.roll,
        light=light,
        pauses=tuple((_at(begun), _at(ended)) for begun, ended in story.pauses),
        extensions=tuple((total, _at(granted)) for total, granted in story.extensions),
    )


def _days_of(runs: tuple[tuple[str, str], ...]) -> Iterator[date]:
    for first, last in runs:
        day = date.fromisoformat(first)
        while day <= date.fromisoformat(last):
            yield day
            day += timedelta(days=1)


def _has_rolled(walked: Walked) -> bool:
    return bool(walked.counted) and walked.due_on != walked.counted[-1]


def _events_are_in_order_and_in_time(question: Asked, days: Days) -> None:
    """Each event begins after the one before it has ended, and before the due time as the earlier ones left it."""
    so_far = replace(question, pauses=(), extensions=())
    free_from = question.start
    for at in sorted([at for at, _ in question.pauses] + [at for _, at in question.extensions]):
        assert free_from <= at < walk(so_far, days).due_at
        pauses = tuple(pause for pause in question.pauses if pause[0] <= at)
        extensions = tuple(extension for extension in question.extensions if extension[1] <= at)
        if len(pauses) > len(so_far.pauses):
            assert timedelta(0) < pauses[-1][1] - at <= timedelta(days=40)
            free_from = pauses[-1][1]
        else:
            assert extensions[-1][0] > (so_far.extensions[-1][0] if so_far.extensions else question.length)
            free_from = at
        so_far = replace(so_far, pauses=pauses, extensions=extensions)
    assert so_far == question
