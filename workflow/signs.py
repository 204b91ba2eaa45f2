"""Signs that somebody may have bent a time limit, for an auditor to look at: what happened, told in figures.

A sign is a question and not a finding. It changes no score, and it speaks of what the organ did: who petitioned, and how
often, is nowhere in it. What shows only across cases (identical answers, ratings from one address) is in
`reports/years/signs.py`; what an auditor makes of a sign in `cases/sign_reviews.py`.

- `late_pause`, `late_transfer`: in the last tenth of a duty's time limit. A pause that the procedure itself made (between
  an answer and the reopening) is none; nor is a transfer that ends the limit, as a referral does.
- `late_extension`: granted in the last tenth, or on the last working day or after it.
- `reopened`: opened again within thirty days after it was answered, so that an answer in time was none.
- `late_registration`: registered more than one working day after it had come in.
- `late_entry`: done more than one working day before it was entered, or before a light that its time limit showed meanwhile.
- `not_ours_after_light`: found not to be ours, so that nothing of it counts, when a light had lit.

The last tenth of a limit in days is its last `ceil(n / 10)` counted days, as the ladders count them; of one in hours the
last tenth of its running time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflow.calendar import A_DAY, WorkCalendar
from workflow.clocks import REOPENED
from workflow.closings import reopened_soon
from workflow.counted_lights import worst_of
from workflow.counting import STEADY, Track
from workflow.history import History
from workflow.model import Clock, Custody, Json, Kind, RecordNumber, Unit, UnitId
from workflow.procedures import PROCEDURES

LATE_PAUSE, LATE_TRANSFER, LATE_EXTENSION = "late_pause", "late_transfer", "late_extension"
REOPENED_SIGN, LATE_REGISTRATION = "reopened", "late_registration"
IDENTICAL_ANSWERS, ONE_ADDRESS = "identical_answers", "one_address"
NOT_OURS_AFTER_LIGHT, LATE_ENTRY = "not_ours_after_light", "late_entry"
#: Every kind of sign, in the order in which they are shown.
SIGNS = (
    LATE_PAUSE, LATE_TRANSFER, LATE_EXTENSION, REOPENED_SIGN, LATE_REGISTRATION, IDENTICAL_ANSWERS, ONE_ADDRESS,
    NOT_OURS_AFTER_LIGHT, LATE_ENTRY,
)  # fmt: skip
#: Those that a single case shows.
SINGLE_SIGNS = tuple(code for code in SIGNS if code not in (IDENTICAL_ANSWERS, ONE_ADDRESS))

#: "The end" of a limit: by then whoever is late knows it, and can still do something about the light.
LAST_PART = 10
#: Of a shorter limit one day is more than a fifth: nearly everything would happen at its end.
SHORTEST_DAYS = 5
#: A limit of a few hours is passed on as fast as people can; its end says nothing about them.
SHORTEST_STEADY = timedelta(hours=24)
#: A letter of Friday afternoon that is registered on Monday is usual.
REGISTERED_WITHIN_WORKING_DAYS = 1
#: Forms and courtesies are alike. A whole answer of this many characters is not, unless it was copied.
ALIKE_FROM_CHARACTERS = 20
#: Two neighbours may ask the same and be told the same.
ALIKE_FROM_CASES = 3
#: A household has more than one matter; ratings that somebody else gave come in rows.
RATED_FROM_CASES = 3
RATED_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """Something to look at: the event of the case's stream that shows it, when, whose it was, and the figures."""

    code: str
    seq: int
    at: datetime
    unit: UnitId
    figures: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """How much of a limit was left, today included, in `unit`: days or working days, or minutes of one in hours."""

    left: int
    of: int
    unit: Unit
    at_the_end: bool


def signs(history: History, calendar: WorkCalendar) -> tuple[Sign, ...]:
    """What one case shows by itself, by event. Of several limits that one event bent, the one with the least left."""
    found = [
        *_pauses(history, calendar),
        *_transfers(history, calendar),
        *_extensions(history, calendar),
        *_reopenings(history, calendar),
        *_registration(history, calendar),
        *_entries(history, calendar),
        *_not_ours(history, calendar),
    ]
    least: dict[tuple[int, str], Sign] = {}
    for sign in found:
        known = least.get((sign.seq, sign.code))
        if known is None or _percent(sign) < _percent(known):
            least[sign.seq, sign.code] = sign
    return tuple(least[key] for key in sorted(least))


def _percent(sign: Sign) -> int:
    percent = sign.figures.get("percent")
    return percent if isinstance(percent, int) else 0


# -- how much was left -------------------------------------------------------------------------------------------------


def remaining(clock: Clock, calendar: WorkCalendar, *, at: datetime) -> Remaining:
    """What was left of a limit at an instant before its due time, as it then was: later pauses do not count."""
    earlier = tuple(pause for pause in clock.pauses if pause.at < at)
    if clock.unit in STEADY:
        whole = clock.length * STEADY[clock.unit]
        left = whole - (at - clock.started_at) + sum((pause.until - pause.at for pause in earlier), timedelta())
        at_the_end = whole >= SHORTEST_STEADY and left * LAST_PART <= whole
        minute = STEADY[Unit.MINUTE]
        return Remaining(left=-(-left // minute), of=whole // minute, unit=Unit.MINUTE, at_the_end=at_the_end)
    track = Track(clock.started_at, clock.length, clock.unit, earlier, calendar)
    # Today is not over. The day a limit starts on is not counted, nor is any day up to the end of a pause.
    after = max((calendar.local_day(at) - A_DAY, track.begin, *(until for _, until in track.spans)))
    days = calendar.working_days_between(after, track.last) if track.working else (track.last - after).days
    days = max(days, 1)  # a last day off moves the due time, and it is the last day until then
    return Remaining(
        left=days,
        of=track.length,
        unit=Unit.WORKING_DAY if track.working else Unit.DAY,
        at_the_end=track.length >= SHORTEST_DAYS and days <= -(-track.length // LAST_PART),
    )


def _figures(clock: Clock, found: Remaining, **more: Json) -> dict[str, Json]:
    percent = round(100 * found.left / found.of)
    return {
        "clock": clock.name, "number": clock.number, "left": found.left, "of": found.of, "unit": found.unit.value,
        "percent": percent, **more,
    }  # fmt: skip


def _ran(clock: Clock, *, at: datetime) -> bool:
    """Whether a duty's limit had begun before an instant and was neither over nor ended by then."""
    begun = clock.opened_at or clock.started_at
    ended = clock.stopped_at is not None and clock.stopped_at <= at
    return clock.kind is Kind.DUTY and begun < at < clock.due_at and not ended


# -- the kinds of signs ------------------------------------------------------------------------------------------------


def _pauses(history: History, calendar: WorkCalendar) -> Iterator[Sign]:
    pauses = PROCEDURES[history.procedure].pauses
    paused = {step.at: step.seq for step in history.steps if step.command in pauses}
    for clock in history.clocks:
        for pause in clock.pauses:
            # A successor has the pauses of the limit before it, which were that one's, and the one that the procedure
            # makes between answer and reopening: none of them began while it ran.
            if pause.at not in paused or not _ran(clock, at=pause.at):
                continue
            found = remaining(clock, calendar, at=pause.at)
            if found.at_the_end:
                figures = _figures(clock, found, ground=pause.ground)
                yield _sign(LATE_PAUSE, history, paused[pause.at], pause.at, figures)


def _transfers(history: History, calendar: WorkCalendar) -> Iterator[Sign]:
    for before, held in zip(history.custodies, history.custodies[1:], strict=False):
        if before.unit == held.unit:
            continue
        for clock in history.clocks:
            if _ran(clock, at=held.from_at) and (found := remaining(clock, calendar, at=held.from_at)).at_the_end:
                figures = _figures(clock, found, to=held.unit)
                figures["from"] = before.unit
                yield _sign(LATE_TRANSFER, history, history.written[before.number], held.from_at, figures, by=before)


def _extensions(history: History, calendar: WorkCalendar) -> Iterator[Sign]:
    for clock, longer, at in _successors(history):
        if clock.outcome == REOPENED or clock.kind is not Kind.DUTY:
            continue
        found = remaining(clock, calendar, at=at)
        if found.at_the_end or _on_the_last_working_day(clock, calendar, at=at):
            minutes = int((clock.due_at - at) / timedelta(minutes=1))
            figures = _figures(clock, found, minutes=minutes, to_length=longer.length, length_unit=longer.unit.value)
            yield _sign(LATE_EXTENSION, history, history.written[clock.number], at, figures)


def _reopenings(history: History, calendar: WorkCalendar) -> Iterator[Sign]:
    for clock, _, at in _successors(history):
        answered_at = clock.stopped_at
        if answered_at is None or not reopened_soon(clock, history):
            continue
        days = (calendar.local_day(at) - calendar.local_day(answered_at)).days
        overdue = answered_at >= clock.due_at
        figures: dict[str, Json] = {"clock": clock.name, "number": clock.number, "overdue": True}
        if not overdue:
            figures = _figures(clock, remaining(clock, calendar, at=answered_at), overdue=False)
        figures["days"] = days
        yield _sign(REOPENED_SIGN, history, history.written[clock.number], at, figures)


def _registration(history: History, calendar: WorkCalendar) -> Iterator[Sign]:
    received, registered = calendar.local_day(history.received_at), calendar.local_day(history.registered_at)
    waited = calendar.working_days_between(received, registered)
    if waited > REGISTERED_WITHIN_WORKING_DAYS:
        figures: dict[str, Json] = {"working_days": waited, "days": (registered - received).days}
        yield _sign(LATE_REGISTRATION, history, 1, history.registered_at, figures, by=history.custodies[0])


def _entries(history: History, calendar: WorkCalendar) -> Iterator[Sign]:
    in_order = PROCEDURES[history.procedure].in_order  # a note of an old call bends nothing
    ended = {(clock.number, clock.stopped_at) for clock in history.clocks}
    for step in history.steps:
        if step.done_at >= step.at or step.event not in in_order:
            continue
        done, entered = calendar.local_day(step.done_at), calendar.local_day(step.at)
        waited = calendar.working_days_between(done, entered)
        lit = any((one.clock, step.done_at) in ended and step.done_at < one.at <= step.at for one in history.lit)
        if lit or waited > REGISTERED_WITHIN_WORKING_DAYS:
            figures: dict[str, Json] = {
                "working_days": waited, "days": (entered - done).days, "command": step.command, "after_light": lit,
            }  # fmt: skip
            yield _sign(LATE_ENTRY, history, step.seq, step.at, figures)


def _not_ours(history: History, calendar: WorkCalendar) -> Iterator[Sign]:
    voids = PROCEDURES[history.procedure].voids
    clocks = {clock.number: clock for clock in history.clocks}
    for step in history.steps:
        lit = [one for one in history.lit if one.at <= step.at]
        if step.command not in voids or not lit:
            continue
        worst = worst_of(lit)
        figures: dict[str, Json] = {
            "clock": clocks[worst.clock].name, "number": worst.clock, "light": worst.light.value,
            "lit_on": calendar.local_day(worst.at).isoformat(),
        }  # fmt: skip
        yield _sign(NOT_OURS_AFTER_LIGHT, history, step.seq, step.at, figures)


def _successors(history: History) -> Iterator[tuple[Clock, Clock, datetime]]:
    """Each limit that another one has taken over from, that one, and when."""
    clocks: dict[RecordNumber, Clock] = {clock.number: clock for clock in history.clocks}
    for clock in history.clocks:
        if clock.extends is not None and clock.opened_at is not None:
            yield clocks[clock.extends], clock, clock.opened_at


def _on_the_last_working_day(clock: Clock, calendar: WorkCalendar, *, at: datetime) -> bool:
    """Of a limit in days that is long enough to have an end; what is left after that day nobody works on."""
    if clock.unit in STEADY or remaining(clock, calendar, at=at).of < SHORTEST_DAYS:
        return False
    last = calendar.local_day(clock.due_at) - A_DAY  # the due time is 24:00 of the last day
    return calendar.local_day(at) >= calendar.last_working_day(last)


def _sign(
    code: str, history: History, seq: int, at: datetime, figures: Mapping[str, Json], *, by: Custody | None = None
) -> Sign:
    held = by or history.holder(before=at)
    return Sign(code=code, seq=seq, at=at, unit=held.unit, figures=figures)
