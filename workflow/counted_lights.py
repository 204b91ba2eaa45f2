"""Whether a light counts: the one rule for marks, for the third red of a month and for who may appeal.

A light that does not count stays lit: it is waived by rule or by decision, on a ground. Of the lights of one time limit
the worst that counts is counted, of several alike the first; a time limit that goes on after a reopening is the same one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from workflow.clocks import REOPENED, VOID
from workflow.history import History, Lit
from workflow.model import LIGHT_ORDER, NOT_OURS, Clock, RecordNumber
from workflow.records import Waiver

#: Why a light does not count by rule.
BY_EXTENSION, BY_PAUSE = "extension_before_due", "pause_covers_lighting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """Why a light does not count, and the record that says so; None: the end of the case."""

    ground: str
    record: RecordNumber | None


def waived(
    clock: Clock, rung: str, *, lit_at: datetime, waivers: Iterable[Waiver], outcome: str | None
) -> Waived | None:
    """Why a light of a case of that outcome does not count; None for one that does."""
    if is_not_ours(outcome):
        return Waived(ground=str(outcome).removeprefix(NOT_OURS), record=None)
    if clock.waived and clock.outcome != VOID:
        return Waived(ground=BY_EXTENSION, record=clock.number)
    if any(pause.at < lit_at < pause.until for pause in clock.pauses):
        return Waived(ground=BY_PAUSE, record=clock.number)
    # What lights at the reopening itself is the lateness of before, and shares what was decided about it.
    numbers = {clock.number, *([clock.extends] if clock.extends is not None and lit_at == clock.opened_at else [])}
    upheld = (w for w in waivers if w.clock in numbers and (w.rung, w.decision) == (rung, "upheld"))
    return next((Waived(ground=one.ground, record=one.number) for one in upheld), None)


def is_not_ours(outcome: str | None) -> bool:
    return outcome is not None and outcome.startswith(NOT_OURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstLights:
    """Of one time limit its worst light, and its worst light that counts."""

    lit: Lit
    counted: Lit | None


def worst_lights(history: History) -> Iterator[WorstLights]:
    """The time limits of a case that have lit, in the order of their numbers."""
    limits = time_limits(history.clocks)
    clocks = {clock.number: clock for clock in history.clocks}
    by_limit: dict[RecordNumber, list[Lit]] = {}
    for lit in history.lit:
        by_limit.setdefault(limits[lit.clock], []).append(lit)
    for _, lights in sorted(by_limit.items()):
        counted = [lit for lit in lights if not _is_waived(lit, clocks[lit.clock], history)]
        yield WorstLights(lit=worst_of(lights), counted=worst_of(counted) if counted else None)


def _is_waived(lit: Lit, clock: Clock, history: History) -> bool:
    return waived(clock, lit.rung, lit_at=lit.at, waivers=history.waivers, outcome=history.outcome) is not None


def time_limits(clocks: Iterable[Clock]) -> Mapping[RecordNumber, RecordNumber]:
    """The first clock of the time limit that each clock belongs to: one that goes on after a reopening is the one before."""
    outcomes: dict[RecordNumber, str | None] = {}
    found: dict[RecordNumber, RecordNumber] = {}
    for clock in clocks:
        outcomes[clock.number] = clock.outcome
        before = clock.extends
        goes_on = before is not None and outcomes.get(before) == REOPENED
        found[clock.number] = found[before] if goes_on and before is not None else clock.number
    return found


def worst_of(lights: Iterable[Lit]) -> Lit:
    """The first of the worst: what lights red a second time after a recount costs nothing more."""
    return max(lights, key=lambda lit: (LIGHT_ORDER[lit.light], -lit.seq))
