"""The engine against the day-walk oracle: 10,000 random questions."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from random import Random

import pytest

from tests.oracle.chance import asked as ask
from tests.oracle.daywalk import Asked, Days, Walked, walk
from tests.workflow.factories import policy_of
from workflow.calendar import WorkCalendar
from workflow.clocks import red_at, yellow_at
from workflow.derivation import derivation, worked_out
from workflow.model import Clock, Roll, Unit
from workflow.policy import CasePolicy
from workflow.policy_rules import Rule

QUESTIONS = 10_000
SHARES = 4
POLICY = policy_of("petition")


@lru_cache(maxsize=256)
def calendar_of(days: Days) -> WorkCalendar:
    return WorkCalendar(name="oracle", zone=days.zone, off=days.off, work=days.work, published=days.published)


def engine(question: Asked, days: Days) -> tuple[Clock, Rule, CasePolicy]:
    """The engine's clock after the last pause and the last extension."""
    rule = replace(
        POLICY.rules["OFC-02"][-1], length=question.length, unit=Unit(question.unit), roll=Roll(question.roll),
        ladder=question.light,
    )  # fmt: skip
    policy = replace(POLICY, calendar=calendar_of(days))
    clocks = worked_out(rule, policy, at=question.start, pauses=question.pauses, extensions=question.extensions)
    return clocks[-1], rule, policy


def said(question: Asked, days: Days) -> Walked:
    """The engine's answer, in the oracle's words; the counted days come from the derivation."""
    clock, rule, policy = engine(question, days)
    found = derivation(clock, rule, policy)
    half = next((rung.at for rung in clock.rungs if rung.code == "half_yellow"), None)
    steady = question.unit in ("minute", "hour")
    counted = () if steady else tuple(day.on for day in found.days if day.counted)
    red = red_at(clock)
    assert red is not None
    return Walked(found.due_on, clock.due_at, yellow_at(clock), red, half, found.provisional, counted)


def questions(share: int) -> Iterator[tuple[Asked, Days]]:
    random = Random(20_261_121 + share)  # noqa: S311 (seeded: a difference must be found again)
    return (ask(random) for _ in range(QUESTIONS // SHARES))


@pytest.mark.parametrize("share", range(SHARES))
def test_the_engine_and_the_oracle_never_differ(share: int) -> None:
    seen: Counter[str] = Counter()
    for number, (question, days) in enumerate(questions(share)):
        assert said(question, days) == walk(question, days), f"share {share}, question {number}: {question}"
        seen[question.unit] += 1
        seen[question.light] += 1
        seen[f"{len(question.pauses)} pauses"] += 1
        seen[f"{len(question.extensions)} extensions"] += 1
        seen[days.zone.key] += 1
    # What chance is to cover, it has covered.
    assert all(seen[what] > 100 for what in (*Unit, "third", "fix3", "one_day", "post"))
    assert all(seen[f"{n} pauses"] > 100 for n in range(4))
    assert all(seen[f"{n} extensions"] > 100 for n in range(3))
    assert sum(count > 100 for zone, count in seen.items() if "/" in zone or zone == "UTC") == 6
