"""Clocks of the shipped rules and of rules made up for a test, and how tests write what a clock will do."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from tests.workflow.factories import at, local, policy_of
from workflow.clocks import start
from workflow.model import Clock, RecordNumber, Unit
from workflow.policy import CasePolicy
from workflow.policy_rules import Ladder, Rule, RungRule

POLICY = policy_of("petition")
ONE, TWO = RecordNumber(1), RecordNumber(2)
A_MOMENT = timedelta(microseconds=1)


def a_rule(length: int, unit: Unit = Unit.WORKING_DAY, **more: object) -> Rule:
    """A rule of the office's own; its ladder is the profile's (`third`) unless it names another."""
    base = replace(POLICY.rules["OFC-02"][-1], id="OWN", length=length, unit=unit)
    return replace(base, **more)  # type: ignore[arg-type]  # fields of Rule


def a_clock(rule: Rule | str, on: str, *, policy: CasePolicy = POLICY) -> Clock:
    return start(ONE, "own", policy.rules[rule][-1] if isinstance(rule, str) else rule, policy, at=at(on))


def instants(clock: Clock) -> dict[str, str | None]:
    return {rung.code: local(rung.at) for rung in clock.rungs}


def with_ladder(*rungs: RungRule) -> CasePolicy:
    own = Ladder(id="own", source="test", confidence="K", rungs=rungs)
    return replace(POLICY, ladders={**POLICY.ladders, "own": own})


def codes(clocks: Iterable[object]) -> list[str]:
    return [crossing.rung.code for crossing in clocks]  # type: ignore[attr-defined]
