"""The edges of counting that the vectors pass by: spans of the calendar, what is stamped on a clock, exact instants."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.workflow.clock_factories import A_MOMENT, ONE, POLICY, TWO, a_clock, a_rule, instants, with_ladder
from tests.workflow.factories import at
from workflow.calendar import BeyondCalendar, NoSuchTime, WorkCalendar, add_months
from workflow.clocks import (
    ClockRefuses,
    crossed,
    due_is_provisional,
    extend,
    left,
    pause,
    paused_until,
    resume,
    settled,
    start,
    stop,
)
from workflow.model import Audience, Light, Pause, Roll, Unit
from workflow.policy_rules import RungRule, SteadyRung

PLAIN = WorkCalendar(
    name="plain", zone=ZoneInfo("UTC"), off=frozenset(), work=frozenset(), published=frozenset({2025, 2026})
)


# -- the calendar -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "provisional"),
    [
        (date(2025, 1, 1), date(2026, 12, 31), False),
        (date(2026, 12, 31), date(2027, 1, 1), True),
        (date(2024, 12, 31), date(2026, 1, 1), True),
        (date(2026, 1, 1), date(2026, 12, 31), False),
        (date(2027, 1, 1), date(2027, 12, 31), True),
    ],
)
def test_a_span_is_provisional_if_any_of_its_years_is(first: date, last: date, provisional: bool) -> None:
    assert PLAIN.is_provisional(first, last) is provisional


def test_the_calendar_ends_with_2060_and_says_which_day_is_beyond() -> None:
    assert PLAIN.nth_working_day_after(date(2060, 12, 30), 1) == date(2060, 12, 31)  # a Friday
    with pytest.raises(BeyondCalendar, match="2060-12-31"):
        PLAIN.nth_working_day_after(date(2060, 12, 31), 1)
    with pytest.raises(BeyondCalendar, match="1999-12-31"):
        PLAIN.nth_working_day_after(date(1999, 12, 31), 1)
    assert PLAIN.nth_working_day_after(date(2000, 1, 1), 1) == date(2000, 1, 3)  # 1 January 2000 was a Saturday


def test_the_last_working_day_is_looked_for_within_the_calendar() -> None:
    assert PLAIN.last_working_day(date(2060, 12, 31)) == date(2060, 12, 31)
    assert PLAIN.last_working_day(date(2000, 1, 3)) == date(2000, 1, 3)
    with pytest.raises(BeyondCalendar, match="2000-01-02"):
        PLAIN.last_working_day(date(2000, 1, 2))
    with pytest.raises(BeyondCalendar, match="2061-01-03"):
        PLAIN.last_working_day(date(2061, 1, 3))


def test_midnight_is_found_once_and_kept_in_utc() -> None:
    calendar = POLICY.calendar
    found = calendar.start_of(date(2026, 3, 2))
    assert found is calendar.start_of(date(2026, 3, 2))
    assert (found, found.tzinfo) == (datetime(2026, 3, 1, 16, tzinfo=UTC), UTC)


def test_a_month_from_december_ends_in_the_next_year() -> None:
    assert [add_months(date(2025, 11, 30), n) for n in (1, 2, 3)] == [
        date(2025, 12, 30), date(2026, 1, 30), date(2026, 2, 28),
    ]  # fmt: skip
    assert add_months(date(2025, 12, 31), 1) == date(2026, 1, 31)
    assert add_months(date(2025, 10, 31), 1) == date(2025, 11, 30)
    assert add_months(date(2025, 10, 31), 2) == date(2025, 12, 31)


def test_a_skipped_time_is_refused_and_of_a_doubled_one_the_first_is_meant() -> None:
    london = replace(PLAIN, zone=ZoneInfo("Europe/London"))
    assert london.instant_of(datetime(2026, 3, 29, 0, 59)) == datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    assert london.instant_of(datetime(2026, 3, 29, 2, 0)) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    with pytest.raises(NoSuchTime, match="2026-03-29T01:30"):
        london.instant_of(datetime(2026, 3, 29, 1, 30))
    twice = datetime(2026, 10, 25, 1, 30)
    assert (
        london.instant_of(twice)
        == london.instant_of(twice.replace(fold=1))
        == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    )


# -- rungs ------------------------------------------------------------------------------------------------------------


def test_a_rung_at_the_very_beginning_or_end_of_a_pause_is_not_inside_it() -> None:
    # Three days from Mon 2 March: yellow at 00:00 of day 3, Thu 5 March.
    clock = a_clock(a_rule(3, Unit.DAY), "2026-03-02T09:00")
    yellow = at("2026-03-05T00:00")
    begun = pause(clock, a_rule(3, Unit.DAY), POLICY, at=yellow, until=at("2026-03-05T08:00"), ground="hearing")
    assert instants(begun)["yellow"] == "2026-03-05T00:00"
    ended = pause(clock, a_rule(3, Unit.DAY), POLICY, at=at("2026-03-04T20:00"), until=yellow, ground="hearing")
    # The pause takes out Thu 5 March (4 < D <= 5), so day 3 is Fri 6.
    assert instants(ended)["yellow"] == "2026-03-06T00:00"


def test_a_pause_that_begins_with_a_steady_rung_does_not_move_it() -> None:
    # Three hours from 09:00: two thirds are 11:00.
    rule = a_rule(3, Unit.HOUR)
    clock = a_clock(rule, "2026-03-02T09:00")
    paused = pause(clock, rule, POLICY, at=at("2026-03-02T11:00"), until=at("2026-03-02T13:00"), ground="hearing")
    found = instants(paused)
    assert (found["yellow"], found["red"]) == ("2026-03-02T11:00", "2026-03-02T14:00")


def test_a_short_clock_leaves_out_a_warning_and_keeps_what_comes_after_it_on_the_ladder() -> None:
    policy = with_ladder(
        RungRule(code="yellow", at="last_working_day"), RungRule(code="red", at="due", tell=(Audience.HOLDER,))
    )
    assert instants(a_clock(a_rule(2, Unit.DAY, ladder="own"), "2026-03-02T09:00", policy=policy)) == {
        "red": "2026-03-05T00:00"
    }


def test_a_rung_of_a_clock_in_hours_tells_its_own_people() -> None:
    policy = with_ladder(RungRule(code="yellow", at="remaining", light=Light.YELLOW, tell=(Audience.UPSTREAM,)))
    (rung,) = a_clock(a_rule(3, Unit.HOUR, ladder="own"), "2026-03-02T09:00", policy=policy).rungs
    assert (rung.light, rung.tell) == (Light.YELLOW, (Audience.UPSTREAM,))


@pytest.mark.parametrize(
    ("rule", "on", "provisional"),
    [
        (a_rule(3, ladder="own"), "2026-12-31T09:00", True),  # counted in 2027
        (a_rule(3, ladder="own"), "2026-12-01T09:00", False),
        (a_rule(3, Unit.DAY, ladder="own", roll=Roll.NEXT_WORKING_DAY), "2026-12-31T09:00", True),
        (a_rule(3, Unit.DAY, ladder="own"), "2026-12-31T09:00", False),
        (a_rule(3, Unit.HOUR, ladder="own"), "2026-12-31T09:00", False),
    ],
)
def test_what_needs_a_year_without_a_notice_is_provisional_whatever_comes_after_it(
    rule: object, on: str, provisional: bool
) -> None:
    policy = with_ladder(RungRule(code="red", at="due"))
    assert a_clock(rule, on, policy=policy).provisional is provisional  # type: ignore[arg-type]


def test_a_warning_on_the_last_working_day_does_not_make_a_provisional_count_certain() -> None:
    # Rolled into 2027, and the last working day before it is in 2026.
    policy = with_ladder(RungRule(code="yellow", at="last_working_day"), RungRule(code="red", at="due"))
    rule = a_rule(3, Unit.DAY, ladder="own", roll=Roll.NEXT_WORKING_DAY)
    assert a_clock(rule, "2026-12-31T09:00", policy=policy).provisional


def test_a_reminder_after_the_end_of_an_hour_clock_may_be_provisional() -> None:
    later = RungRule(code="red_5wd", at="after_due", steady=SteadyRung(working_days=5))
    policy = with_ladder(later)
    assert a_clock(a_rule(3, Unit.HOUR, ladder="own"), "2026-12-30T09:00", policy=policy).provisional
    assert not a_clock(a_rule(3, Unit.HOUR, ladder="own"), "2026-12-20T09:00", policy=policy).provisional
    # Five working days after 24 December: 25, 28, 29, 30, 31. None of them is in 2027.
    assert not a_clock(a_rule(3, Unit.HOUR, ladder="own"), "2026-12-24T09:00", policy=policy).provisional
    # Five working days from 1 January 2025 lie in 2025 alone, and the day before them is nobody's business.
    assert not a_clock(a_rule(3, Unit.HOUR, ladder="own"), "2025-01-01T09:00", policy=policy).provisional


# -- what happens to a clock ------------------------------------------------------------------------------------------


def test_a_clock_is_stamped_with_the_version_it_starts_under() -> None:
    assert a_clock("PET-02", "2026-03-02T09:00").policy == POLICY.version


def test_a_clock_that_is_stopped_says_how_it_ended() -> None:
    clock = a_clock("PET-02", "2026-03-02T09:00")
    assert stop(clock, at=at("2026-03-03T09:00")).outcome == "met"
    assert stop(clock, at=at("2026-03-03T09:00"), outcome="reassigned").outcome == "reassigned"


def test_a_second_pause_is_resumed_and_the_first_stays() -> None:
    rule = a_rule(10, Unit.DAY)
    clock = a_clock(rule, "2026-03-02T09:00")
    first = pause(clock, rule, POLICY, at=at("2026-03-03T09:00"), until=at("2026-03-05T00:00"), ground="hearing")
    second = pause(first, rule, POLICY, at=at("2026-03-06T09:00"), until=at("2026-03-20T00:00"), ground="appraisal")
    over = resume(second, rule, POLICY, at=at("2026-03-08T09:00"))
    assert over.pauses == (
        Pause(at=at("2026-03-03T09:00"), until=at("2026-03-05T00:00"), ground="hearing"),
        Pause(at=at("2026-03-06T09:00"), until=at("2026-03-08T09:00"), ground="appraisal"),
    )
    # Ten days from 2 March are 12 March; out are 4 and 5, and 7 and 8 March.
    assert over.due_at == at("2026-03-17T00:00")
    with pytest.raises(ClockRefuses) as refused:
        pause(over, rule, POLICY, at=at("2026-03-08T08:00"), until=at("2026-03-09T00:00"), ground="hearing")
    assert refused.value.code == "pause.overlaps"


def test_an_extension_in_the_instant_of_the_start_is_granted_and_numbered() -> None:
    rule = a_rule(5)
    clock = a_clock(rule, "2026-03-02T09:00")
    closed, longer = extend(clock, TWO, rule, POLICY, at=clock.started_at, length=9)
    assert (closed.number, longer.number, longer.extends) == (ONE, TWO, ONE)


def test_a_rolled_clock_rolls_again_when_it_is_counted_anew() -> None:
    # Thirty days from Tue 1 September 2026 end on 1 October; the holiday moves them to Thu 8 October.
    rule = a_rule(30, Unit.DAY, roll=Roll.NEXT_WORKING_DAY)
    clock = a_clock(rule, "2026-09-01T10:00")
    paused = pause(clock, rule, POLICY, at=at("2026-09-02T10:00"), until=at("2026-09-02T18:00"), ground="hearing")
    assert clock.due_at == paused.due_at == at("2026-10-09T00:00")


def test_a_crossing_names_its_clock_and_settling_marks_the_last_of_them() -> None:
    clock = a_clock(a_rule(3, Unit.DAY), "2026-03-02T09:00")  # yellow 5 March, red 6 March
    assert settled(clock, until=at("2026-03-05T00:00") - A_MOMENT) is clock
    due = crossed(clock, until=at("2026-03-06T12:00"))
    assert [(one.clock, one.rung.code) for one in due] == [(clock, "yellow"), (clock, "red")]
    assert settled(clock, until=at("2026-03-06T12:00")).crossed_until == at("2026-03-06T00:00")


def test_settling_marks_the_last_of_many_crossings() -> None:
    clock = a_clock("HOT-07", "2026-03-02T09:00")  # yellow 6, half 9, red 10, red_5wd 17 March
    assert settled(clock, until=at("2026-04-01T00:00")).crossed_until == at("2026-03-17T00:00")


def test_the_due_day_of_a_start_on_new_years_day_asks_nothing_of_the_year_before() -> None:
    # 2024 is not published, 2025 and 2026 are; due Tue 29 December 2026, the reminder five working days later in 2027.
    days = POLICY.calendar.working_days_between(date(2025, 1, 1), date(2026, 12, 29))
    clock = a_clock(a_rule(days), "2025-01-01T09:00")
    assert clock.due_at == at("2026-12-30T00:00")
    assert clock.provisional
    assert not due_is_provisional(clock, POLICY.calendar, rolls=False)


def test_a_pause_runs_from_its_very_beginning_to_just_before_its_end() -> None:
    rule = a_rule(10, Unit.DAY)
    begin, end = at("2026-03-03T09:00"), at("2026-03-05T00:00")
    paused = pause(a_clock(rule, "2026-03-02T09:00"), rule, POLICY, at=begin, until=end, ground="hearing")
    assert [paused_until(paused, at=when) for when in (begin - A_MOMENT, begin, end - A_MOMENT, end)] == [
        None, end, end, None,
    ]  # fmt: skip


def test_what_is_left_is_whole_minutes_and_for_days_calendar_days() -> None:
    minutes = left(
        a_clock(a_rule(30, Unit.MINUTE), "2026-03-02T09:00"),
        POLICY.calendar,
        at=at("2026-03-02T09:10") + timedelta(seconds=30),
    )
    assert (minutes.amount, type(minutes.amount), minutes.unit) == (19, int, Unit.MINUTE)
    # Ten calendar days from Fri 6 March end on Mon 16 March: on Sat 7, nine are left, of which six are working days.
    days = left(a_clock(a_rule(10, Unit.DAY), "2026-03-06T09:00"), POLICY.calendar, at=at("2026-03-07T09:00"))
    assert (days.amount, days.unit) == (9, Unit.DAY)


def test_a_start_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(BeyondCalendar):
        start(ONE, "own", a_rule(5), POLICY, at=datetime(2061, 1, 3, tzinfo=UTC))
