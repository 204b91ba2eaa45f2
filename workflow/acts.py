"""When something was done in the world, beside when it is entered: a call of Friday evening that is entered on Monday.

The day or the minute is bounded: not in the future, not before what it follows, not longer ago than `ENTERED_WITHIN` working
days, not in a year that is closed. Its clocks stop and start then. A light that was recorded meanwhile stays in the ledger, and
a waiver is proposed: an assessor outside the case decides. Every late entry is a sign that an auditor sees (`signs.py`).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from workflow.clocks import is_crossed
from workflow.commands import Act
from workflow.definition import Draft, Situation, Step
from workflow.model import Clock, Reason
from workflow.records import HAS_WAIVERS, Waiver

#: Working days; what is older is a note, and whoever must know why it was not entered reads it there.
ENTERED_WITHIN = 5
FIELD = "happened_at"
#: Why a light that was recorded before the act was entered may not count.
DONE_BEFORE = "done_before"


def entered(command: Any) -> datetime | None:
    """The instant that was entered for an act; None where nothing was, and for whatever is none."""
    return command.happened_at if isinstance(command, Act) else None


def happened(situation: Situation, command: Any) -> datetime:
    """When it was done: now, unless an earlier instant is entered."""
    return entered(command) or situation.now


def faults(situation: Situation, step: Step, command: Any) -> Iterator[Reason]:
    """What is wrong with the instant that is entered."""
    at = entered(command)
    if at is None:
        return
    calendar, facts = situation.policy.calendar, situation.facts
    if at > situation.now:
        yield Reason(code="happened_at.in_the_future", field=FIELD)
        return
    earliest = facts.received_at if step.minor else facts.acted_at
    if earliest is not None and at < earliest:
        local = earliest.astimezone(calendar.zone).strftime("%Y-%m-%d %H:%M")
        yield Reason(code="happened_at.before_what_it_follows", field=FIELD, values={"earliest": local})
    day, today = calendar.local_day(at), calendar.local_day(situation.now)
    if calendar.working_days_between(day, today) > ENTERED_WITHIN:
        yield Reason(code="happened_at.too_long_ago", field=FIELD, values={"days": ENTERED_WITHIN})
    if day.year in situation.closed_years:
        yield Reason(code="happened_at.year_is_closed", field=FIELD, values={"year": day.year})


def question_lights(clock: Clock, draft: Draft, *, at: datetime, now: datetime) -> None:
    """Of a clock that stopped before it was entered: the lights that it would not have shown."""
    for rung in clock.rungs:
        if rung.light and rung.at > at and is_crossed(rung, clock.crossed_until):
            draft.new.append(
                Waiver(
                    number=draft.number(), clock=clock.number, rung=rung.code, ground=DONE_BEFORE, proposed_at=now,
                    stage="recount",
                )
            )  # fmt: skip
            draft.reached.add(HAS_WAIVERS)
