"""The deadline derivation: every day of a clock from its start, counted or not, and by which notice, pause or order.

A walk over days, on purpose: it is for people, and it checks the index that `counting.py` looks things up in. The words
are in the catalogues (`because.*`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from workflow.calendar import A_DAY, WorkCalendar, add_months
from workflow.clocks import (
    OPENED_ALERT_CODES,
    OVERDUE_CODES,
    ClockRefuses,
    extend,
    pause,
    recounted,
    red_at,
    start,
    yellow_at,
)
from workflow.counting import A_MOMENT, STEADY, units_left
from workflow.model import Clock, Pause, RecordNumber, Roll, Rung, Unit
from workflow.policy import CasePolicy
from workflow.policy_rules import Ladder, Rule, RungRule

SHOWN = (*OPENED_ALERT_CODES, *OVERDUE_CODES)


#: Why a day is counted or not.
BECAUSE = (
    "start_day", "calendar_day", "working_day", "make_up_day", "weekend", "holiday", "paused", "extended",
    "last_day_off", "rolled", "rolled_to", "runs_through",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One local day. `because` is one of `BECAUSE`; `notice` is where a holiday or make-up day is known from."""

    on: date
    counted: bool
    number: int | None
    because: str
    notice: str | None = None
    ground: str | None = None
    provisional: bool = False  #: of a year whose notice is not published


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """One clock worked out. `days` run from the start day to the last day in time."""

    clock: Clock
    rule: Rule
    ladder: Ladder
    calendar: WorkCalendar
    due_on: date
    yellow_at: datetime | None
    red_at: datetime | None
    provisional: bool
    days: tuple[Day, ...]

    def step_of(self, rung: Rung) -> RungRule | None:
        """The line of the ladder that a rung comes from."""
        return next((step for step in self.ladder.rungs if step.code == rung.code), None)


def derivation(clock: Clock, rule: Rule, policy: CasePolicy, *, granted: int | None = None) -> Derivation:
    """The derivation of a clock under its own rule. `granted` is the length before the extension that opened it."""
    calendar = policy.calendar
    due_on = calendar.local_day(clock.due_at - A_MOMENT)
    days = tuple(_steady_days(clock, calendar) if clock.unit in STEADY else _days(clock, rule, calendar, granted))
    return Derivation(
        clock=clock,
        rule=rule,
        ladder=policy.ladder_of(rule),
        calendar=calendar,
        due_on=due_on,
        yellow_at=yellow_at(clock),
        red_at=red_at(clock),
        provisional=clock.provisional and _needs_unpublished(clock, rule, policy),
        days=days,
    )


def _needs_unpublished(clock: Clock, rule: Rule, policy: CasePolicy) -> bool:
    """Whether the due time, yellow or red need a year without a notice; a reminder after red may need it alone."""
    ladder = policy.ladder_of(rule)
    shown = replace(ladder, rungs=tuple(step for step in ladder.rungs if step.code in SHOWN))
    without = replace(policy, ladders={**policy.ladders, ladder.id: shown})
    return recounted(replace(clock, crossed_until=None), rule, without).provisional


def _days(clock: Clock, rule: Rule, calendar: WorkCalendar, granted: int | None) -> Iterator[Day]:
    working = clock.unit is Unit.WORKING_DAY
    begin = calendar.local_day(clock.started_at)
    length, before = (
        (add_months(begin, n) - begin).days if n is not None and clock.unit is Unit.MONTH else n
        for n in (clock.length, granted)
    )
    assert length is not None
    yield Day(on=begin, counted=False, number=None, because="start_day")
    number, day = 0, begin
    while number < length:
        day += A_DAY
        kind, notice = _kind(day, calendar) if working else ("calendar_day", None)
        provisional = working and day.year not in calendar.published
        stopped = next((one for one in clock.pauses if _takes(one, day, calendar)), None)
        if stopped:
            yield Day(on=day, counted=False, number=None, because="paused", ground=stopped.ground)
        elif working and not calendar.is_working_day(day):
            yield Day(on=day, counted=False, number=None, because=kind, notice=notice, provisional=provisional)
        else:
            number += 1
            late = before is not None and number > before
            because = "extended" if late and kind != "make_up_day" else kind
            if number == length and rule.roll is Roll.NEXT_WORKING_DAY and not calendar.is_working_day(day):
                because, notice = "last_day_off", _kind(day, calendar)[1]
            yield Day(on=day, counted=True, number=number, because=because, notice=notice, provisional=provisional)
    if rule.roll is Roll.NEXT_WORKING_DAY:
        yield from _rolled(day, calendar)


def _rolled(last: date, calendar: WorkCalendar) -> Iterator[Day]:
    """The days that a due date which falls on a day off moves over, and the one it moves to."""
    day = last
    while not calendar.is_working_day(day):
        day += A_DAY
        because = "rolled_to" if calendar.is_working_day(day) else "rolled"
        _, notice = _kind(day, calendar)
        yield Day(
            on=day, counted=False, number=None, because=because, notice=notice,
            provisional=day.year not in calendar.published,
        )  # fmt: skip


def _takes(one: Pause, day: date, calendar: WorkCalendar) -> bool:
    return calendar.local_day(one.at) < day <= calendar.local_day(one.until)


def _kind(day: date, calendar: WorkCalendar) -> tuple[str, str | None]:
    """What a day is to a clock in working days, and the notice that says so if a weekday does not."""
    notice = "; ".join(calendar.notices.get(day.year, ())) or None
    if day in calendar.work:
        return "make_up_day", notice
    if day in calendar.off:
        return "holiday", notice
    return ("working_day", None) if calendar.is_working_day(day) else ("weekend", None)


def _steady_days(clock: Clock, calendar: WorkCalendar) -> Iterator[Day]:
    """The local days that a clock in minutes or hours runs through; `number` is the units gone by the end of each."""
    day, last = calendar.local_day(clock.started_at), calendar.local_day(clock.due_at - A_MOMENT)
    unit = STEADY[clock.unit]
    while day <= last:
        end = min(calendar.end_of(day), clock.due_at)
        gone = end - clock.started_at - sum((_overlap(one, clock.started_at, end) for one in clock.pauses), timedelta())
        stopped = next((one for one in clock.pauses if one.at < end and one.until > calendar.start_of(day)), None)
        yield Day(
            on=day, counted=True, number=gone // unit, because="paused" if stopped else "runs_through",
            ground=stopped.ground if stopped else None,
        )  # fmt: skip
        day += A_DAY


def _overlap(one: Pause, start_at: datetime, end: datetime) -> timedelta:
    return max(min(one.until, end) - max(one.at, start_at), timedelta())


# -- working out a clock by hand --------------------------------------------------------------------------------------

NOT_NAMED = "-"  #: the ground of a pause that is worked out and not granted


def worked_out(
    rule: Rule,
    policy: CasePolicy,
    *,
    at: datetime,
    pauses: Iterable[tuple[datetime, datetime]] = (),
    extensions: Iterable[tuple[int, datetime]] = (),
) -> tuple[Clock, ...]:
    """The clock as it would run from `at`, through pauses (from, to) and extensions (new total length, when granted), in
    the order of their instants: one clock an extension, the last one counts. Raises `ClockRefuses`, `BeyondCalendar`."""
    clocks = [start(RecordNumber(1), "worked_out", rule, policy, at=at)]
    acts = [(begin, 0, end) for begin, end in pauses] + [(granted, 1, length) for length, granted in extensions]
    for instant, _, what in sorted(acts, key=lambda act: act[:2]):
        clock = clocks[-1]
        if isinstance(what, datetime):
            clocks[-1] = pause(clock, rule, policy, at=instant, until=what, ground=NOT_NAMED)
        else:
            clocks += [extend(clock, RecordNumber(len(clocks) + 1), rule, policy, at=instant, length=what)[1]]
    return tuple(clocks)


def allowed_by(
    rule: Rule, calendar: WorkCalendar, *, pauses: Iterable[tuple[datetime, datetime]], lengths: Iterable[int]
) -> None:
    """Raises `ClockRefuses` for pauses and extensions that the rule does not know or that go beyond it."""
    for begin, end in pauses:
        if rule.pause is None:
            raise ClockRefuses("pause.not_allowed_by_rule")
        if (calendar.local_day(end) - calendar.local_day(begin)).days > rule.pause.max_days:
            raise ClockRefuses("pause.longer_than_the_rule")
    for count, length in enumerate(lengths, 1):
        if rule.extension is None:
            raise ClockRefuses("extension.not_allowed_by_rule")
        if rule.extension.max_length is not None and length > rule.extension.max_length:
            raise ClockRefuses("extension.beyond_the_rule")
        if rule.extension.times is not None and count > rule.extension.times:
            raise ClockRefuses("extension.used_up")


def left_at(derivation: Derivation, rung: Rung) -> int | None:
    """How many units were left when a rung lit, if that is how its instant is found."""
    step, clock = derivation.step_of(rung), derivation.clock
    if step is None or clock.unit in STEADY or step.at not in ("remaining", "half_of_remaining"):
        return None
    begin = derivation.calendar.local_day(clock.started_at)
    length = (add_months(begin, clock.length) - begin).days if clock.unit is Unit.MONTH else clock.length
    return units_left(step, length)
