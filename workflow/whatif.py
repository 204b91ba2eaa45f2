"""What another light policy would have lit: the same cases, counted under another ladder. Touches nothing. A rule that has
a ladder of its own keeps it.

A light that would have lit belongs to whoever held the case at that instant. What was decided about real lights does not
carry over: hypothetical ones are waived only by rule.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from workflow.counting import count
from workflow.history import History, Lit
from workflow.model import Clock, Kind
from workflow.policy import CasePolicy
from workflow.policy_rules import Ladder

#: Matters whose ladder is part of the matter: nobody would light a crisis by days.
OWN_LADDER = frozenset({"crisis"})


def under(history: History, ladder: Ladder, policy: CasePolicy, *, now: datetime) -> History:
    """The history with the lights that the ladder would have lit by `now`. `policy` is that of the case's profile."""
    clocks = tuple(_recounted(clock, ladder, policy) for clock in history.clocks)
    lit = sorted(
        (one for clock in clocks for one in _lit(clock, history, now=now)), key=lambda one: (one.at, one.clock)
    )
    numbered = tuple(replace(one, seq=seq) for seq, one in enumerate(lit, start=1))
    return replace(history, clocks=clocks, lit=numbered, waivers=())


def _recounted(clock: Clock, ladder: Ladder, policy: CasePolicy) -> Clock:
    if clock.kind is not Kind.DUTY:
        return clock
    rule = policy.rule_of(clock)
    if rule.ladder or policy.profile.matter in OWN_LADDER:
        ladder = policy.of(clock).ladder_of(rule)
    due_at, rungs, provisional = count(
        clock.started_at, clock.length, clock.unit, clock.kind, rule.roll, ladder, policy.calendar,
        pauses=clock.pauses, opened_at=clock.opened_at,
    )  # fmt: skip
    made = replace(clock, due_at=due_at, rungs=rungs, provisional=provisional)
    if clock.outcome == "extended" and clock.stopped_at:
        until = clock.stopped_at
        made = replace(made, waived=any(rung.light and rung.at <= until for rung in rungs))
    return made


def _lit(clock: Clock, history: History, *, now: datetime) -> Iterator[Lit]:
    until = now if clock.stopped_at is None else min(clock.stopped_at, now)
    for rung in clock.rungs:
        # A step settles what is due before it changes anything: a light at the very instant of the stop has lit.
        if rung.light and rung.at <= until:
            held = history.holder(before=rung.at)
            yield Lit(
                clock=clock.number,
                rung=rung.code,
                light=rung.light,
                at=rung.at,
                recorded_at=rung.at,
                unit=held.unit,
                person=held.person,
                seq=0,
            )
