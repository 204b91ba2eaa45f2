"""A deadline receipt as JSON, for programs and for `docs/recompute.py`, and the receipt of a clock of a case.

Instants are ISO 8601 in the office's zone, days are local days. `because` is a code; its words are in the catalogues.
"""

from datetime import datetime
from typing import Any

from workflow.clocks import OPENED_ALERT_CODES, OVERDUE_CODES
from workflow.counting import STEADY
from workflow.derivation import Day, Derivation, derivation, left_at
from workflow.facts import CaseFacts
from workflow.model import Clock, RecordNumber, Rung
from workflow.policy import CasePolicy


def derivation_of(facts: CaseFacts, number: int, policy: CasePolicy) -> Derivation | None:
    """The receipt of one clock of a case, under the version of the policy it runs under; None if there is no such clock
    or its rule is not known any more."""
    clock = _clock(facts, number)
    if clock is None or clock.rule not in policy.of(clock).rules:
        return None
    before = _clock(facts, clock.extends)
    return derivation(clock, policy.rule_of(clock), policy.of(clock), granted=before.length if before else None)


def _clock(facts: CaseFacts, number: RecordNumber | int | None) -> Clock | None:
    return next((clock for clock in facts.clocks if clock.number == number), None)


def as_json(found: Derivation, *, granted: tuple[tuple[int, datetime], ...] = ()) -> dict[str, Any]:
    """One JSON object. `granted` are the extensions, if they are known, as (total length, instant)."""
    clock = found.clock

    def local(instant: datetime | None) -> str | None:
        return instant.astimezone(found.calendar.zone).isoformat() if instant else None

    return {
        "rule": clock.rule,
        "started_at": local(clock.started_at),
        "due_on": found.due_on.isoformat(),
        "due_at": local(clock.due_at),
        "yellow_at": local(found.yellow_at),
        "red_at": local(found.red_at),
        "provisional": found.provisional,
        "days": [_day(day) for day in found.days],
        "length": clock.length,
        "unit": clock.unit.value,
        "roll": found.rule.roll.value,
        "kind": clock.kind.value,
        "zone": found.calendar.zone.key,
        "calendar": found.calendar.name,
        "source": found.rule.source,
        "confidence": found.rule.confidence,
        "ladder": found.ladder.id,
        "pauses": [{"from": local(p.at), "to": local(p.until), "ground": p.ground} for p in clock.pauses],
        "extensions": [{"length": length, "at": local(at)} for length, at in granted],
        "opened_at": local(clock.opened_at),
        "rungs": [
            {"code": rung.code, "at": local(rung.at), **_why(found, rung)}
            for rung in clock.rungs
            if rung.code in (*OPENED_ALERT_CODES, *OVERDUE_CODES)
        ],
    }


def _day(day: Day) -> dict[str, Any]:
    said: dict[str, Any] = {
        "on": day.on.isoformat(),
        "counted": day.counted,
        "number": day.number,
        "because": day.because,
    }
    extra = {"notice": day.notice, "ground": day.ground, "provisional": day.provisional or None}
    return said | {name: value for name, value in extra.items() if value is not None}


def _why(found: Derivation, rung: Rung) -> dict[str, Any]:
    """How a rung's instant follows: units that were left, a share of the length, or working days after the due day."""
    step = found.step_of(rung)
    if step is None:
        return {}
    why: dict[str, Any] = {"rule": step.at}
    if (left := left_at(found, rung)) is not None:
        why["units_left"] = left
    elif step.at == "after_due":
        why["working_days"] = step.working_days
        if found.clock.unit in STEADY:
            steady = step.steady
            why |= {"lengths": steady.lengths, "working_days": steady.working_days} if steady else {}
    return why
