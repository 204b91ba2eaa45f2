"""How a clock counts: start, stop, pause, resume, extend; which rungs it has crossed; which light it shows.

A clock is a value; each function returns a new one. A day clock ends at 24:00 of its last day: `t < due_at` is in
time, `t == due_at` is not. Every rung is computed when the clock starts or its pauses change and stored with it, so
that noticing a crossing needs no calendar. Which clock starts when is in `procedures/`; lengths are in `policies/`.

Source: 民法典 §201-204 and the conventions recorded in `docs/decisions/0003-counting.md`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from workflow.calendar import WorkCalendar, add_months
from workflow.model import LIGHT_ORDER, Audience, Clock, Kind, Light, Pause, RecordNumber, Roll, Rung, Unit
from workflow.policy import CasePolicy, Rule, RungRule

STEADY = {Unit.MINUTE: timedelta(minutes=1), Unit.HOUR: timedelta(hours=1)}
PAUSE_OVER = "pause_over"
OPENED_ALERT_CODES = ("yellow", "reminder")
OVERDUE_CODES = ("red", "lapsed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A rung that time has reached: the instant it became due to light, whenever it is noticed."""

    clock: Clock
    rung: Rung


def start(number: RecordNumber, name: str, rule: Rule, policy: CasePolicy, *, at: datetime) -> Clock:
    """A running clock with its due time and rungs. `at` may lie in the past (a letter received on Friday and registered
    on Monday) or in the future (the follow-up clock starts when performance falls due)."""
    clock = Clock(
        number=number,
        name=name,
        rule=rule.id,
        policy=policy.version,
        kind=rule.kind,
        started_at=at,
        length=rule.length,
        unit=rule.unit,
        due_at=at,
        rungs=(),
    )
    return _counted(clock, rule, policy)


def stop(clock: Clock, *, at: datetime, outcome: str = "met") -> Clock:
    return replace(clock, stopped_at=at, outcome=outcome)


def pause(clock: Clock, rule: Rule, policy: CasePolicy, *, at: datetime, until: datetime, ground: str) -> Clock:
    """The clock with a time that is not counted. At `until` it counts again by itself: a rung, so that somebody is told."""
    counted = _counted(replace(clock, pauses=(*clock.pauses, Pause(at=at, until=until, ground=ground))), rule, policy)
    over = Rung(code=PAUSE_OVER, light=None, at=until, tell=(Audience.HOLDER,))
    return replace(counted, rungs=_in_order((*counted.rungs, over)))


def resume(clock: Clock, rule: Rule, policy: CasePolicy, *, at: datetime) -> Clock:
    """The clock with its last pause ended at `at` instead of at the planned end."""
    ended = replace(clock.pauses[-1], until=at)
    return _counted(replace(clock, pauses=(*clock.pauses[:-1], ended)), rule, policy)


def extend(
    clock: Clock, number: RecordNumber, rule: Rule, policy: CasePolicy, *, at: datetime, length: int
) -> tuple[Clock, Clock]:
    """The clock closed by an extension granted at `at`, its lights waived, and its successor of the new total length,
    counted from the same start. A rung that would precede the opening is crossed at the opening, the worst light only.
    """
    waived = light(clock, at=at) is not Light.GREEN
    closed = replace(clock, stopped_at=at, outcome="extended", waived=waived)
    longer = replace(
        clock, number=number, length=length, extends=clock.number, policy=policy.version, crossed_until=None, rungs=()
    )
    longer = _counted(longer, rule, policy)
    past = [rung for rung in longer.rungs if rung.at <= at and rung.light]
    worst = max(past, key=lambda rung: LIGHT_ORDER[rung.light or Light.GREEN], default=None)
    opening = (replace(worst, at=at),) if worst else ()
    return closed, replace(longer, rungs=(*opening, *(rung for rung in longer.rungs if rung.at > at)))


def crossed(clock: Clock, *, until: datetime) -> tuple[Crossing, ...]:
    """The rungs of a running clock that time has reached by `until` and that are not in the ledger yet."""
    if clock.stopped_at is not None:
        return ()
    since = clock.crossed_until
    return tuple(
        Crossing(clock=clock, rung=rung)
        for rung in clock.rungs
        if rung.at <= until and (since is None or rung.at > since)
    )


def next_crossing_at(clock: Clock) -> datetime | None:
    """When the sweep must look at this clock again; None for a stopped clock and after the last rung."""
    if clock.stopped_at is not None:
        return None
    since = clock.crossed_until
    return next((rung.at for rung in clock.rungs if since is None or rung.at > since), None)


def light(clock: Clock, *, at: datetime) -> Light:
    """The light the clock shows at an instant, or showed when it stopped. Only duties light."""
    instant = at if clock.stopped_at is None else min(at, clock.stopped_at)
    lit = (rung.light for rung in clock.rungs if rung.light and rung.at <= instant)
    return max(lit, key=LIGHT_ORDER.__getitem__, default=Light.GREEN)


def paused_until(clock: Clock, *, at: datetime) -> datetime | None:
    """The planned end of the pause that is running at `at`, if one is."""
    if clock.stopped_at is not None or not clock.pauses:
        return None
    last = clock.pauses[-1]
    return last.until if last.at <= at < last.until else None


def yellow_at(clock: Clock) -> datetime | None:
    """The first warning: yellow for a duty, the reminder for a person's window. None when the rule is too short."""
    return next((rung.at for rung in clock.rungs if rung.code in OPENED_ALERT_CODES), None)


def red_at(clock: Clock) -> datetime | None:
    return next((rung.at for rung in clock.rungs if rung.code in OVERDUE_CODES), None)


def due_on(clock: Clock, calendar: WorkCalendar) -> date:
    """The last local day in time. A clock in minutes or hours may be due in the middle of it."""
    return calendar.local_day(clock.due_at - timedelta(microseconds=1))


def _in_order(rungs: Iterable[Rung]) -> tuple[Rung, ...]:
    return tuple(sorted(rungs, key=lambda rung: rung.at))


# -- counting ---------------------------------------------------------------------------------------------------------


def _counted(clock: Clock, rule: Rule, policy: CasePolicy) -> Clock:
    """The clock with due time and rungs worked out anew from start, length and pauses."""
    calendar = policy.calendar
    if clock.unit in STEADY:
        due_at = _moved(clock.started_at + clock.length * STEADY[clock.unit], clock.pauses)
        provisional = False
    else:
        first = calendar.local_day(clock.started_at)
        last = _nth_day(clock, clock.length, calendar)
        rolled = calendar.next_working_day(last) if rule.roll is Roll.NEXT_WORKING_DAY else last
        due_at = calendar.end_of(rolled)
        counts_working_days = clock.unit is Unit.WORKING_DAY or rule.roll is Roll.NEXT_WORKING_DAY
        provisional = counts_working_days and calendar.is_provisional(first, rolled)
    clock = replace(clock, due_at=due_at, provisional=provisional)
    rungs = [rung for step in policy.ladder_of(rule).rungs if (rung := _rung(clock, step, calendar))]
    return replace(clock, rungs=_in_order(_held(rung, clock.pauses) for rung in rungs))


def _rung(clock: Clock, step: RungRule, calendar: WorkCalendar) -> Rung | None:
    at = _rung_at(clock, step, calendar)
    lit = step.light if clock.kind is Kind.DUTY else None
    return Rung(code=step.code, light=lit, at=at, tell=step.tell) if at else None


def _rung_at(clock: Clock, step: RungRule, calendar: WorkCalendar) -> datetime | None:
    match step.at:
        case "due":
            return clock.due_at
        case "after_due":
            due_day = calendar.local_day(clock.due_at - timedelta(microseconds=1))
            return calendar.end_of(calendar.nth_working_day_after(due_day, step.working_days))
        case "remaining" | "half_of_remaining":
            half = step.at == "half_of_remaining"
            return _steady_warning(clock, half=half) if clock.unit in STEADY else _day_warning(clock, step, calendar)


def _steady_warning(clock: Clock, *, half: bool) -> datetime:
    """Two thirds of the length, or half of the last third; a pause that began before moves it."""
    whole = clock.length * STEADY[clock.unit]
    return _moved(clock.started_at + (whole * 5 / 6 if half else whole * 2 / 3), clock.pauses)


def _day_warning(clock: Clock, step: RungRule, calendar: WorkCalendar) -> datetime | None:
    """00:00 of day n-k+1, with k the units that are left when the rung lights."""
    n = (
        clock.length
        if clock.unit is not Unit.MONTH
        else (add_months(first := calendar.local_day(clock.started_at), clock.length) - first).days
    )
    if n < step.min_units:
        return None
    k = min(-(-n // step.share_of), step.cap)
    if step.at == "half_of_remaining":
        if k == 1:
            return None  # there is no second half of a single unit: it would fall on the yellow itself
        k = -(-k // 2)
    return calendar.start_of(_nth_day(clock, n - k + 1, calendar, in_days=clock.unit is Unit.MONTH))


def _nth_day(clock: Clock, n: int, calendar: WorkCalendar, *, in_days: bool = False) -> date:
    """The n-th counted day. Days D of a pause with P < D <= R are not counted (`domain.md` §1.1)."""
    begin = calendar.local_day(clock.started_at)
    if clock.unit is Unit.MONTH and not in_days:
        target = add_months(begin, n)
        return date.fromordinal(target.toordinal() + _paused_days(clock, begin, target, calendar))
    for paused, resumed in _paused_spans(clock, calendar):
        before = _count(clock.unit, begin, paused, calendar)
        if before >= n:
            break
        n, begin = n - before, max(resumed, begin)
    if clock.unit is Unit.WORKING_DAY:
        return calendar.nth_working_day_after(begin, n)
    return begin + timedelta(days=n)


def _count(unit: Unit, after: date, until: date, calendar: WorkCalendar) -> int:
    if until <= after:
        return 0
    return calendar.working_days_between(after, until) if unit is Unit.WORKING_DAY else (until - after).days


def _paused_spans(clock: Clock, calendar: WorkCalendar) -> Iterator[tuple[date, date]]:
    for one in clock.pauses:
        yield calendar.local_day(one.at), calendar.local_day(one.until)


def _paused_days(clock: Clock, begin: date, target: date, calendar: WorkCalendar) -> int:
    """Calendar days of pauses that a month clock must be given back."""
    lost = 0
    for paused, resumed in _paused_spans(clock, calendar):
        if paused < target + timedelta(days=lost):
            lost += (resumed - max(paused, begin)).days
    return lost


def _moved(instant: datetime, pauses: tuple[Pause, ...]) -> datetime:
    """An instant of a steady clock, later by every pause that began before it."""
    for one in pauses:
        if one.at < instant:
            instant += one.until - one.at
    return instant


def _held(rung: Rung, pauses: tuple[Pause, ...]) -> Rung:
    """Nothing lights during a pause: such a rung waits for its end."""
    end = next((one.until for one in pauses if one.at < rung.at < one.until), None)
    return replace(rung, at=end) if end else rung


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """The time to the due time in the clock's own unit, for people: `amount` 0 means today (or within the minute)."""

    amount: int
    unit: Unit
    overdue: bool


def left(clock: Clock, calendar: WorkCalendar, *, at: datetime) -> Left:
    """How much is left at an instant, or how far it is overdue. Days and working days are whole ones after today."""
    overdue = at >= clock.due_at
    if clock.unit in STEADY:
        minutes = abs(int((clock.due_at - at).total_seconds())) // 60
        if minutes >= 120:
            return Left(amount=minutes // 60, unit=Unit.HOUR, overdue=overdue)
        return Left(amount=minutes, unit=Unit.MINUTE, overdue=overdue)
    today, last = calendar.local_day(at), due_on(clock, calendar)
    unit = Unit.WORKING_DAY if clock.unit is Unit.WORKING_DAY else Unit.DAY
    earlier, later = (last, today) if overdue else (today, last)
    return Left(amount=_count(unit, earlier, later, calendar), unit=unit, overdue=overdue)
