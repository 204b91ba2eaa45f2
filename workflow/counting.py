"""Where a clock ends and when its rungs light, from its start, its length, its pauses and its ladder.

Every day is looked up in the index of the calendar, never walked to: a clock of 120 working days costs what one of 3
does. What happens to a clock over time is in `clocks.py`; a walk over the same days, for people, in `derivation.py`.

Source: 民法典 §201-204 and the conventions recorded in `docs/decisions/0003-counting.md`.
"""

from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from workflow.calendar import A_DAY, WorkCalendar, add_months
from workflow.model import LIGHT_ORDER, Kind, Light, Pause, Roll, Rung, Unit
from workflow.policy_rules import Ladder, RungRule

STEADY = {Unit.MINUTE: timedelta(minutes=1), Unit.HOUR: timedelta(hours=1)}
A_MOMENT = timedelta(microseconds=1)
INSTANT = attrgetter("at")


class Counted(NamedTuple):
    """The due time, the rungs in the order of their instants, and whether any of these needs a year without a notice."""

    due_at: datetime
    rungs: tuple[Rung, ...]
    provisional: bool


class Track:
    """The days of a clock in days, working days or months, by their number. A month is so many calendar days.

    Days D of a pause from local day P to local day R with P < D <= R have no number (`domain.md` §1.1).
    """

    __slots__ = ("begin", "calendar", "last", "length", "spans", "working")

    def __init__(
        self, started_at: datetime, length: int, unit: Unit, pauses: tuple[Pause, ...], calendar: WorkCalendar
    ) -> None:
        self.calendar = calendar
        self.begin = calendar.local_day(started_at)
        self.working = unit is Unit.WORKING_DAY
        self.length = (add_months(self.begin, length) - self.begin).days if unit is Unit.MONTH else length
        self.spans = [(calendar.local_day(one.at), calendar.local_day(one.until)) for one in pauses] if pauses else ()
        self.last = self.day(self.length)

    def day(self, number: int) -> date:
        """The counted day of that number; the first is the first day after the start that counts."""
        begin = self.begin
        for paused, resumed in self.spans:
            before = self._count(begin, paused)
            if before >= number:
                break
            number, begin = number - before, max(resumed, begin)
        if self.working:
            return self.calendar.nth_working_day_after(begin, number)
        return begin + timedelta(days=number)

    def _count(self, after: date, until: date) -> int:
        if until <= after:
            return 0
        return self.calendar.working_days_between(after, until) if self.working else (until - after).days


def count(
    started_at: datetime,
    length: int,
    unit: Unit,
    kind: Kind,
    roll: Roll,
    ladder: Ladder,
    calendar: WorkCalendar,
    *,
    pauses: tuple[Pause, ...] = (),
    opened_at: datetime | None = None,
) -> Counted:
    """`pauses` are in order and do not overlap. A clock that an extension opened has its `opened_at`: what would have
    lit by then is crossed at the opening, the worst light only. Raises `BeyondCalendar`."""
    if unit in STEADY:
        due_at, rungs, provisional = _steady(started_at, length * STEADY[unit], ladder, pauses, calendar)
    else:
        due_at, rungs, provisional = _in_days(
            Track(started_at, length, unit, pauses, calendar), roll, ladder, started_at
        )
    if pauses:
        rungs = [_held(rung, pauses) for rung in rungs]
    if kind is not Kind.DUTY:
        rungs = [rung._replace(light=None) for rung in rungs]
    if opened_at is not None:
        rungs = opened(rungs, opened_at)
    rungs.sort(key=INSTANT)
    return Counted(due_at, tuple(rungs), provisional)


def _held(rung: Rung, pauses: tuple[Pause, ...]) -> Rung:
    """Nothing lights during a pause: such a rung waits for its end."""
    until = next((one.until for one in pauses if one.at < rung.at < one.until), None)
    return rung._replace(at=until) if until else rung


def opened(rungs: list[Rung], opened_at: datetime) -> list[Rung]:
    """The rungs of a clock that opened late: of those before the opening only the worst light is left, at the opening."""
    past = [rung for rung in rungs if rung.at <= opened_at and rung.light]
    worst = max(past, key=lambda rung: LIGHT_ORDER[rung.light or Light.GREEN], default=None)
    later = [rung for rung in rungs if rung.at > opened_at]
    return [worst._replace(at=opened_at), *later] if worst else later


# -- days -------------------------------------------------------------------------------------------------------------

Found = tuple[datetime, list[Rung], bool]


def _in_days(track: Track, roll: Roll, ladder: Ladder, started_at: datetime) -> Found:
    calendar, last = track.calendar, track.last
    provisional = track.working and calendar.is_provisional(track.begin + A_DAY, last)
    due_on = last
    if roll is Roll.NEXT_WORKING_DAY:
        due_on = calendar.next_working_day(last)
        provisional = provisional or calendar.is_provisional(last, due_on)
    due_at = calendar.end_of(due_on)
    rungs: list[Rung] = []
    for step in ladder.rungs:
        at = due_at
        match step.at:
            case "remaining" | "half_of_remaining":
                left = units_left(step, track.length)
                if not left:
                    continue
                at = calendar.start_of(track.day(track.length - left + 1))
            case "after_due" if step.working_days:
                day = calendar.nth_working_day_after(due_on, step.working_days)
                provisional = provisional or calendar.is_provisional(due_on + A_DAY, day)
                at = calendar.end_of(day)
            case "last_working_day":
                if track.length < step.min_units:
                    continue
                day = calendar.last_working_day(last)
                provisional = provisional or calendar.is_provisional(day, last)
                # Over a long holiday it may lie before the start: nothing lights before there is a clock.
                at = max(calendar.start_of(day), started_at)
        rungs.append(Rung(step.code, step.light, at, step.tell))
    return due_at, rungs, provisional


def units_left(step: RungRule, length: int) -> int:
    """How many units are left when the rung lights; 0 for a clock that is too short to have it."""
    if length < step.min_units:
        return 0
    share = -(-length // step.share_of) if step.rounding == "up" else length // step.share_of
    left = min(share, step.cap)
    if step.at == "half_of_remaining":
        # There is no second half of a single unit: it would fall on the yellow itself.
        return -(-left // 2) if left > 1 else 0
    return left


# -- minutes and hours ------------------------------------------------------------------------------------------------


def _steady(
    started_at: datetime, whole: timedelta, ladder: Ladder, pauses: tuple[Pause, ...], calendar: WorkCalendar
) -> Found:
    due_at = moved(started_at + whole, pauses)
    provisional = False
    rungs: list[Rung] = []
    for step in ladder.rungs:
        at = due_at
        match step.at:
            case "after_due":
                lengths, days = (
                    (step.steady.lengths, step.steady.working_days) if step.steady else (0, step.working_days)
                )
                at = due_at + lengths * whole
                if days:
                    base = calendar.local_day(at - A_MOMENT)
                    day = calendar.nth_working_day_after(base, days)
                    provisional = provisional or calendar.is_provisional(base + A_DAY, day)
                    at = calendar.end_of(day)
            case "remaining" | "last_working_day":
                at = moved(started_at + whole * 2 / 3, pauses)
            case "half_of_remaining":
                at = moved(started_at + whole * 5 / 6, pauses)
        rungs.append(Rung(step.code, step.light, at, step.tell))
    return due_at, rungs, provisional


def moved(instant: datetime, pauses: tuple[Pause, ...]) -> datetime:
    """An instant of a steady clock, later by every pause that began before it."""
    for one in pauses:
        if one.at < instant:
            instant += one.until - one.at
    return instant
