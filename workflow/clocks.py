"""What happens to a clock: start, stop, void, pause, resume, extend, move to another policy; what it has crossed; which
light it shows.

A clock is a value; each function returns a new one. A day clock ends at 24:00 of its last day: `t < due_at` is in
time, `t == due_at` is not. Every rung is computed when the clock starts or its pauses change and stored with it, so
that noticing a crossing needs no calendar. How it counts is in `counting.py`; which clock starts when in `procedures/`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from workflow.calendar import A_DAY, WorkCalendar
from workflow.counting import A_MOMENT, STEADY, count, opened
from workflow.model import LIGHT_ORDER, Audience, Charge, Clock, Kind, Light, Pause, RecordNumber, Rung, Unit
from workflow.policy import CasePolicy
from workflow.policy_rules import Ladder, Rule

OPENED_ALERT_CODES = ("yellow", "reminder")
OVERDUE_CODES = ("red", "lapsed")
VOID = "void"
REOPENED = "reopened"
ANSWERED = "answered"  #: the ground on which the time between answer and reopening is not counted
PAUSE_OVER = "pause_over"
CASE_ENDED = "case_ended"  #: the outcome of a clock that the end of the case has cut short, or found over
#: The rung of a time limit that has been lengthened too often.
EXTRA_RED = "extra_red"


class ClockRefuses(Exception):
    """What was asked of a clock cannot be: the message is one of the codes `pause.*`, `extension.*`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A rung that time has reached: the instant it became due to light, whenever it is noticed."""

    clock: Clock
    rung: Rung


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """The record that a clock is about, whose it is, and its length in the unit of its rule, as a person has chosen it."""

    record: RecordNumber
    charge: Charge
    length: int


def start(
    number: RecordNumber, name: str, rule: Rule, policy: CasePolicy, *, at: datetime, about: About | None = None
) -> Clock:  # fmt: skip
    """A running clock with its due time and rungs. `at` may lie in the past (a letter received on Friday and registered
    on Monday) or in the future (the follow-up clock starts when performance falls due)."""
    length = about.length if about else rule.length
    due_at, rungs, provisional = count(
        at, length, rule.unit, rule.kind, rule.roll, policy.ladder_of(rule), policy.calendar
    )
    return Clock(
        number=number,
        name=name,
        rule=rule.id,
        policy=policy.version,
        kind=rule.kind,
        started_at=at,
        length=length,
        unit=rule.unit,
        due_at=due_at,
        rungs=rungs,
        provisional=provisional,
        about=about.record if about else None,
        charged_unit=about.charge.unit if about else None,
        charged_person=about.charge.person if about else None,
    )


def stop(clock: Clock, *, at: datetime, outcome: str = "met") -> Clock:
    return replace(clock, stopped_at=at, outcome=outcome)


def void(clock: Clock, *, at: datetime) -> Clock:
    """The clock of a duty that was never ours (out of scope, a duplicate, returned with consent): what it lit is kept and
    not counted."""
    return replace(clock, stopped_at=at, outcome=VOID, waived=light(clock, at=at) is not Light.GREEN)


def pause(clock: Clock, rule: Rule, policy: CasePolicy, *, at: datetime, until: datetime, ground: str) -> Clock:
    """The clock with a time that is not counted. At `until` it counts again by itself: a rung, so that somebody is told.

    Raises `ClockRefuses`: a pause has an end, begins between the start and the due time, and does not overlap another.
    """
    if until <= at:
        raise ClockRefuses("pause.ends_before_it_begins")
    if at < clock.started_at:
        raise ClockRefuses("pause.before_the_start")
    if at >= clock.due_at:
        raise ClockRefuses("pause.after_the_due_time")
    if clock.pauses and at < clock.pauses[-1].until:
        raise ClockRefuses("pause.overlaps")
    paused = recounted(replace(clock, pauses=(*clock.pauses, Pause(at=at, until=until, ground=ground))), rule, policy)
    over = Rung(code=PAUSE_OVER, light=None, at=until, tell=(Audience.HOLDER,))
    return replace(paused, rungs=_in_order((*paused.rungs, over)))


def resume(clock: Clock, rule: Rule, policy: CasePolicy, *, at: datetime) -> Clock:
    """The clock with its last pause ended at `at` instead of at the planned end."""
    ended = replace(clock.pauses[-1], until=at)
    return recounted(replace(clock, pauses=(*clock.pauses[:-1], ended)), rule, policy)


def extend(
    clock: Clock, number: RecordNumber, rule: Rule, policy: CasePolicy, *, at: datetime, length: int
) -> tuple[Clock, Clock]:
    """The clock closed by an extension granted at `at`, its lights waived, and its successor of the new total length,
    counted from the same start. A rung that would precede the opening is crossed at the opening, the worst light only.

    Raises `ClockRefuses` unless it is granted between the start and the due time, for longer than before.
    """
    if at < clock.started_at:
        raise ClockRefuses("extension.before_the_start")
    if at >= clock.due_at:
        raise ClockRefuses("extension.after_the_due_time")
    if length <= clock.length:
        raise ClockRefuses("extension.not_longer")
    closed = replace(clock, stopped_at=at, outcome="extended", waived=light(clock, at=at) is not Light.GREEN)
    longer = replace(
        clock,
        number=number,
        length=length,
        extends=clock.number,
        opened_at=at,
        crossed_until=None,
        acknowledged_at=None,
    )
    return closed, recounted(longer, rule, policy)


def lit_by_extensions(clock: Clock, ladder: Ladder, *, at: datetime) -> Clock:
    """The clock that a further extension has opened, red from `at` on, told to whoever is told of its red. The due time and
    what lights with it stay: red is noticed twice and counted once."""
    tell = next((rung.tell for rung in ladder.rungs if rung.light is Light.RED), ())
    red = Rung(code=EXTRA_RED, light=Light.RED, at=at, tell=tell)
    return replace(clock, rungs=_in_order((*clock.rungs, red)))


def go_on(clock: Clock, number: RecordNumber, rule: Rule, policy: CasePolicy, *, at: datetime) -> tuple[Clock, Clock]:
    """The clock of a matter that is opened again, and the one that goes on: same start and length. The time between the
    stop and `at` is not counted if there was any left; what was overdue is overdue still."""
    assert clock.stopped_at is not None, "a clock that runs needs nothing to go on"
    again = replace(
        clock,
        number=number,
        stopped_at=None,
        outcome=None,
        waived=False,
        extends=clock.number,
        opened_at=at,
        crossed_until=None,
        acknowledged_at=None,
    )
    if clock.stopped_at < clock.due_at:
        between = Pause(at=max(clock.stopped_at, clock.started_at), until=at, ground=ANSWERED)
        earlier = tuple(pause for pause in clock.pauses if pause.at < between.at)
        again = replace(again, pauses=(*(_ended(pause, between.at) for pause in earlier), between))
    return replace(clock, outcome=REOPENED), recounted(again, rule, policy)


def _ended(pause: Pause, at: datetime) -> Pause:
    return pause if pause.until <= at else replace(pause, until=at)


def move(clock: Clock, rule: Rule, policy: CasePolicy, *, at: datetime) -> Clock:
    """The running clock under another version of the policy or another calendar, from `at` on.

    A length that an extension has granted stays, and so does one that a person has chosen. A rung that the new count puts into the past lights at `at`, the worst
    light only: nobody could have known of it before. What is crossed stays crossed: no new count turns a light off.
    """
    chosen = clock.about is not None
    length = clock.length if chosen else max(rule.length, clock.length) if clock.extends is not None else rule.length
    moved = replace(clock, policy=policy.version, kind=rule.kind, unit=rule.unit, length=length)
    moved = recounted(moved, rule, policy)
    crossed_by_now = [rung for rung in moved.rungs if is_crossed(rung, clock.crossed_until)]
    new = [rung for rung in moved.rungs if not is_crossed(rung, clock.crossed_until)]
    if (missed := [rung for rung in new if rung.at <= at]) and not all(rung in clock.rungs for rung in missed):
        new = opened(new, at)
    running = [rung for rung in clock.rungs if rung.code == PAUSE_OVER and rung.at > at]
    return replace(moved, rungs=_in_order((*crossed_by_now, *new, *running)))


def recounted(clock: Clock, rule: Rule, policy: CasePolicy) -> Clock:
    """The clock with due time and rungs worked out anew from its own start, length and pauses. Rungs that are in the
    ledger stay as they were crossed."""
    due_at, rungs, provisional = count(
        clock.started_at, clock.length, clock.unit, clock.kind, rule.roll, policy.ladder_of(rule), policy.calendar,
        pauses=clock.pauses, opened_at=clock.opened_at,
    )  # fmt: skip
    if clock.crossed_until is not None:
        rungs = _beside_the_crossed(clock, clock.crossed_until, rungs, due_at)
    return replace(clock, due_at=due_at, rungs=rungs, provisional=provisional)


def _beside_the_crossed(clock: Clock, since: datetime, rungs: tuple[Rung, ...], due_at: datetime) -> tuple[Rung, ...]:
    """The crossed rungs as they are, and of the new count those whose turn is still to come; after red, no warning."""
    kept = [rung for rung in clock.rungs if is_crossed(rung, since)]
    codes = {rung.code for rung in kept}
    overdue = any(rung.light is Light.RED for rung in kept)
    ahead = (rung for rung in rungs if rung.code not in codes and (rung.at >= due_at or not overdue))
    later = (rung if rung.at > since else rung._replace(at=since + A_MOMENT) for rung in ahead)
    return _in_order((*kept, *later))


def is_crossed(rung: Rung, until: datetime | None) -> bool:
    """Whether a rung is in the ledger of a clock whose crossings are there up to an instant."""
    return until is not None and rung.at <= until


def crossed(clock: Clock, *, until: datetime) -> tuple[Crossing, ...]:
    """The rungs of a running clock that time has reached by `until` and that are not in the ledger yet."""
    if clock.stopped_at is not None:
        return ()
    since = clock.crossed_until
    return tuple(
        Crossing(clock=clock, rung=rung)
        for rung in clock.rungs
        if is_crossed(rung, until) and not is_crossed(rung, since)
    )


def settled(clock: Clock, *, until: datetime) -> Clock:
    """The clock after every crossing up to `until` has been written to the ledger."""
    lit = crossed(clock, until=until)
    return replace(clock, crossed_until=lit[-1].rung.at) if lit else clock


def next_crossing_at(clock: Clock) -> datetime | None:
    """When the sweep must look at this clock again; None for a stopped clock and after the last rung."""
    if clock.stopped_at is not None:
        return None
    return next((rung.at for rung in clock.rungs if not is_crossed(rung, clock.crossed_until)), None)


def light(clock: Clock, *, at: datetime) -> Light:
    """The light the clock shows at an instant, or showed when it stopped. Only duties light."""
    instant = at if clock.stopped_at is None else min(at, clock.stopped_at)
    lit = (rung.light for rung in clock.rungs if rung.light and rung.at <= instant)
    return max(lit, key=LIGHT_ORDER.__getitem__, default=Light.GREEN)


def foremost(clocks: Iterable[Clock], *, at: datetime) -> Clock | None:
    """The clock whose light a case shows: of its running duties the worst lit one, else the one due next. Where nothing
    but a person's or another body's time runs, one of those; None when nothing runs."""
    running = [clock for clock in clocks if clock.stopped_at is None]
    duties = [clock for clock in running if clock.kind is Kind.DUTY] or running
    if not duties:
        return None
    worst = max(duties, key=lambda clock: LIGHT_ORDER[light(clock, at=at)])
    return worst if light(worst, at=at) is not Light.GREEN else min(duties, key=lambda clock: clock.due_at)


def next_due_at(clocks: Iterable[tuple[Kind, datetime]]) -> datetime | None:
    """When a case is due next, by the kinds and due times of its running clocks: its duties, else whatever runs."""
    due = list(clocks)
    return min([at for kind, at in due if kind is Kind.DUTY] or [at for _, at in due], default=None)


def paused_until(clock: Clock, *, at: datetime) -> datetime | None:
    """The planned end of the pause that is running at `at`, if one is."""
    if clock.stopped_at is not None or not clock.pauses:
        return None
    last = clock.pauses[-1]
    return last.until if last.at <= at < last.until else None


def waits_for_word(clock: Clock, *, at: datetime) -> bool:
    """Whether the clock runs, is lit, and nobody has acknowledged the light it shows."""
    return clock.stopped_at is None and not is_acknowledged(clock, at=at) and light(clock, at=at) is not Light.GREEN


def is_acknowledged(clock: Clock, *, at: datetime) -> bool:
    """Whether the light shown at an instant was acknowledged before then. A new light needs a new word."""
    return covers(clock.acknowledged_at, clock.rungs, at=at)


def covers(acknowledged_at: datetime | None, rungs: Iterable[Rung], *, at: datetime) -> bool:
    """Whether a word given at one instant covers the last light of these rungs by another instant."""
    lit = max((rung.at for rung in rungs if rung.light and rung.at <= at), default=None)
    return acknowledged_at is not None and lit is not None and lit <= acknowledged_at <= at


def yellow_at(clock: Clock) -> datetime | None:
    """The first warning: yellow for a duty, the reminder for a person's window. None when the rule is too short."""
    return next((rung.at for rung in clock.rungs if rung.code in OPENED_ALERT_CODES), None)


def red_at(clock: Clock) -> datetime | None:
    return next((rung.at for rung in clock.rungs if rung.code in OVERDUE_CODES), None)


def due_on(clock: Clock, calendar: WorkCalendar) -> date:
    """The last local day in time. A clock in minutes or hours may be due in the middle of it."""
    return calendar.local_day(clock.due_at - A_MOMENT)


def due_is_provisional(clock: Clock, calendar: WorkCalendar, *, rolls: bool) -> bool:
    """Whether the due date itself needs a year whose notice is not published. `clock.provisional` says it of every
    instant of the clock, reminders after the due time among them."""
    if not clock.provisional or clock.unit in STEADY:
        return False
    last = due_on(clock, calendar)
    if clock.unit is Unit.WORKING_DAY:
        return calendar.is_provisional(calendar.local_day(clock.started_at) + A_DAY, last)
    return rolls and calendar.is_provisional(last, last)


def _in_order(rungs: Iterable[Rung]) -> tuple[Rung, ...]:
    return tuple(sorted(rungs, key=lambda rung: rung.at))


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
    amount = calendar.working_days_between(earlier, later) if unit is Unit.WORKING_DAY else (later - earlier).days
    return Left(amount=max(amount, 0), unit=unit, overdue=overdue)
