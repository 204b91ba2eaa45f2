"""How a clock counts and lights. Times are the office's local ones; each count stands beside its literal.

Pauses and extensions are in `test_clocks_changed.py`.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflow.clock_factories import A_MOMENT, POLICY, a_clock, a_rule, codes, instants, with_ladder
from tests.workflow.factories import at, calendar, local
from workflow.clocks import (
    crossed,
    due_on,
    left,
    light,
    next_crossing_at,
    red_at,
    stop,
    yellow_at,
)
from workflow.model import Audience, Kind, Light, Roll, Unit
from workflow.policy_rules import RungRule

# -- the worked cases -------------------------------------------------------------------------------------------------


WORKED = [
    # C1.1: 3 wd; 1=Mon 14 2=Tue 15 3=Wed 16 Sep. k=1: yellow on day 3.
    ("MED-01", "2026-09-11T15:20", "2026-09-16", "2026-09-16T00:00", "2026-09-17T00:00"),
    # C1.2a: 30 d; 15 Sep + 30 = 15 Oct. k=10: yellow on day 21 = 6 Oct.
    ("MED-03", "2026-09-15T10:00", "2026-10-15", "2026-10-06T00:00", "2026-10-16T00:00"),
    # C1.3: 30 d; 20 Oct + 30 = 19 Nov, a Thursday. Reminder on day 21 = 10 Nov.
    ("MED-07", "2026-10-20T17:10", "2026-11-19", "2026-11-10T00:00", "2026-11-20T00:00"),
    # C1.4: 5 wd; 1=Wed 11 2=12 3=13 4=Mon 16 5=Tue 17 Nov. k=2: yellow on day 4.
    ("MED-10", "2026-11-10T00:00", "2026-11-17", "2026-11-16T00:00", "2026-11-18T00:00"),
    # C4.1: 1 wd; 1=Sun 28 Sep 2025 (make-up). Shorter than 3 units: no yellow.
    ("ENT-01a", "2025-09-26T11:30", "2025-09-28", None, "2025-09-29T00:00"),
    # C4.2: 10 wd; 1=28 2=29 3=30 Sep 4=9 5=10 6=11 7=13 8=14 9=15 10=16 Oct. k=4: yellow on day 7.
    ("ENT-01c", "2025-09-26T11:30", "2025-10-16", "2025-10-13T00:00", "2025-10-17T00:00"),
    # C5.1: 1 wd; 1=Tue 28 Apr.
    ("OFC-02", "2026-04-27T09:15", "2026-04-28", None, "2026-04-29T00:00"),
    # C5.2a: 5 wd; 1=28 2=29 3=30 Apr 4=6 5=7 May. k=2: yellow on day 4.
    ("HOT-07", "2026-04-27T09:15", "2026-05-07", "2026-05-06T00:00", "2026-05-08T00:00"),
]


@pytest.mark.parametrize(("rule", "started", "due", "yellow", "red"), WORKED)
def test_the_worked_clocks_fall_due_and_light_to_the_minute(
    rule: str, started: str, due: str, yellow: str | None, red: str
) -> None:
    clock = a_clock(rule, started)
    assert due_on(clock, calendar()).isoformat() == due
    assert (local(yellow_at(clock)), local(red_at(clock))) == (yellow, red)


@pytest.mark.parametrize(
    ("rule", "started", "yellow", "red"),
    [
        # The other reading, late -> yellow, five working days later -> red.
        # C1.1: due 16 Sep; 1=17 2=18 3=Sun 20 (make-up) 4=21 5=22 Sep, so 24:00 of the 22nd.
        ("MED-01", "2026-09-11T15:20", "2026-09-17T00:00", "2026-09-23T00:00"),
        # C1.2a: due 15 Oct; 1=16 2=19 3=20 4=21 5=22.
        ("MED-03", "2026-09-15T10:00", "2026-10-16T00:00", "2026-10-23T00:00"),
        # C1.4: due 17 Nov; 18, 19, 20, 23, 24.
        ("MED-10", "2026-11-10T00:00", "2026-11-18T00:00", "2026-11-25T00:00"),
        # C4.1: due 28 Sep 2025; 29, 30 Sep, 9, 10, Sat 11 Oct (make-up).
        ("ENT-01a", "2025-09-26T11:30", "2025-09-29T00:00", "2025-10-12T00:00"),
        # C4.2: due 16 Oct 2025; 17, 20, 21, 22, 23.
        ("ENT-01c", "2025-09-26T11:30", "2025-10-17T00:00", "2025-10-24T00:00"),
        # C5.1: due 28 Apr; 29, 30 Apr, 6, 7, 8 May.
        ("OFC-02", "2026-04-27T09:15", "2026-04-29T00:00", "2026-05-09T00:00"),
        # C5.2a: due 7 May; 8, Sat 9 (make-up), 11, 12, 13.
        ("HOT-07", "2026-04-27T09:15", "2026-05-08T00:00", "2026-05-14T00:00"),
    ],
)
def test_a_ladder_that_lights_only_after_the_due_time_is_data_too(
    rule: str, started: str, yellow: str, red: str
) -> None:
    policy = with_ladder(
        RungRule(code="yellow", light=Light.YELLOW, at="due"),
        RungRule(code="red", light=Light.RED, at="after_due", working_days=5),
    )
    clock = a_clock(replace(POLICY.rules[rule][-1], ladder="own"), started, policy=policy)
    assert instants(clock) == {"yellow": yellow, "red": red}


@pytest.mark.parametrize(
    ("rule", "started", "stopped", "shown"),
    [
        ("MED-01", "2026-09-11T15:20", "2026-09-15T10:00", Light.GREEN),
        ("MED-03", "2026-09-15T10:00", "2026-10-08T16:00", Light.YELLOW),
        ("MED-07", "2026-10-20T17:10", "2026-11-02T10:30", Light.GREEN),
        ("MED-10", "2026-11-10T00:00", "2026-11-13T15:00", Light.GREEN),
        ("ENT-01a", "2025-09-26T11:30", "2025-09-26T15:00", Light.GREEN),
        ("ENT-01c", "2025-09-26T11:30", "2025-10-11T16:00", Light.GREEN),
        ("HOT-07", "2026-04-27T09:15", "2026-04-30T10:00", Light.GREEN),
    ],
)
def test_a_stopped_clock_keeps_the_light_it_showed(rule: str, started: str, stopped: str, shown: Light) -> None:
    clock = stop(a_clock(rule, started), at=at(stopped))
    assert light(clock, at=at("2027-06-01T00:00")) is shown


# -- the due time -----------------------------------------------------------------------------------------------------


def test_the_last_moment_before_midnight_is_in_time_and_midnight_itself_is_red() -> None:
    clock = a_clock("MED-01", "2026-09-11T15:20")
    assert local(clock.due_at) == "2026-09-17T00:00"  # 24:00 of Wed 16
    assert light(clock, at=clock.due_at - A_MOMENT) is Light.YELLOW
    assert light(clock, at=clock.due_at) is Light.RED
    assert light(stop(clock, at=clock.due_at - A_MOMENT), at=at("2027-01-01T00:00")) is Light.YELLOW
    assert light(stop(clock, at=clock.due_at), at=at("2027-01-01T00:00")) is Light.RED


def test_the_first_moment_of_the_yellow_day_is_yellow_and_the_one_before_is_green() -> None:
    clock = a_clock("MED-03", "2026-09-15T10:00")
    assert light(clock, at=at("2026-10-06T00:00") - A_MOMENT) is Light.GREEN
    assert light(clock, at=at("2026-10-06T00:00")) is Light.YELLOW


@pytest.mark.parametrize("started", ["2026-09-11T00:00", "2026-09-11T15:20", "2026-09-11T23:59"])
def test_the_hour_of_the_start_does_not_change_a_day_clock(started: str) -> None:
    assert local(a_clock("MED-01", started).due_at) == "2026-09-17T00:00"


def test_what_comes_in_on_a_holiday_is_counted_from_the_next_working_day() -> None:
    # Mon 16 Feb 2026 at night, in the Spring Festival (15-23): 1=24 2=25 3=26.
    assert local(a_clock("MED-01", "2026-02-16T22:40").due_at) == "2026-02-27T00:00"


# -- minutes and hours ------------------------------------------------------------------------------------------------


def test_minutes_run_through_midnight() -> None:
    # 30 minutes from 23:45; two thirds = 20 minutes, half of the last third = 25 minutes.
    clock = a_clock(a_rule(30, Unit.MINUTE), "2026-03-02T23:45")
    assert instants(clock) == {
        "yellow": "2026-03-03T00:05",
        "half_yellow": "2026-03-03T00:10",
        "red": "2026-03-03T00:15",
        "red_5wd": "2026-03-11T00:00",  # due on Tue 3; 1=4 2=5 3=6 4=9 5=10 March, 24:00
    }
    assert light(clock, at=at("2026-03-03T00:15") - A_MOMENT) is Light.YELLOW
    assert light(clock, at=at("2026-03-03T00:15")) is Light.RED


def test_hours_run_through_nights_and_holidays() -> None:
    # 24 h from the evening before the Spring Festival; 16 h and 20 h after the start.
    clock = a_clock(a_rule(24, Unit.HOUR), "2026-02-14T22:00")
    assert local(clock.due_at) == "2026-02-15T22:00"
    assert local(yellow_at(clock)) == "2026-02-15T14:00"
    assert instants(clock)["half_yellow"] == "2026-02-15T18:00"
    assert due_on(clock, calendar()).isoformat() == "2026-02-15"


def test_a_clock_of_one_hour_has_its_yellow_although_it_has_fewer_than_three_units() -> None:
    # Two thirds of 60 minutes: minutes and hours are not held to the least number of units.
    assert local(yellow_at(a_clock(a_rule(1, Unit.HOUR), "2026-03-02T10:00"))) == "2026-03-02T10:40"


# -- months -----------------------------------------------------------------------------------------------------------


def test_a_month_from_the_31st_of_january_ends_on_the_last_of_february() -> None:
    clock = a_clock("MED-02", "2026-01-31T09:00")
    assert due_on(clock, calendar()).isoformat() == "2026-02-28"
    # For the ladder it is its 28 calendar days: k = ceil(28/3) = 10, day 19 = 31 Jan + 19.
    assert local(yellow_at(clock)) == "2026-02-19T00:00"
    assert local(red_at(clock)) == "2026-03-01T00:00"


def test_a_month_from_the_15th_ends_on_the_15th() -> None:
    clock = a_clock("MED-02", "2026-09-15T10:00")
    # 30 calendar days: yellow on day 21 = 6 Oct, half of it when 5 are left, on day 26 = 11 Oct.
    assert instants(clock) == {
        "yellow": "2026-10-06T00:00",
        "half_yellow": "2026-10-11T00:00",
        "red": "2026-10-16T00:00",
        "red_5wd": "2026-10-23T00:00",  # 16, 19, 20, 21, 22 October
    }


# -- rolling ----------------------------------------------------------------------------------------------------------


def test_a_persons_window_that_ends_in_a_holiday_ends_on_the_first_working_day_after_it() -> None:
    # 5 Sep + 30 = 5 Oct, in the National Day holiday (1-7 Oct): Thu 8 Oct. The reminder stays on day 21 = 26 Sep.
    clock = a_clock("MED-07", "2026-09-05T09:00")
    assert due_on(clock, calendar()).isoformat() == "2026-10-08"
    assert instants(clock) == {"reminder": "2026-09-26T00:00", "lapsed": "2026-10-09T00:00"}


def test_rolling_moves_the_due_time_and_red_but_not_yellow() -> None:
    rolled = a_clock(a_rule(30, Unit.DAY, roll=Roll.NEXT_WORKING_DAY), "2026-09-05T09:00")
    straight = a_clock(a_rule(30, Unit.DAY), "2026-09-05T09:00")
    assert local(red_at(straight)) == "2026-10-06T00:00"
    assert local(red_at(rolled)) == "2026-10-09T00:00"
    assert local(yellow_at(rolled)) == local(yellow_at(straight)) == "2026-09-26T00:00"


def test_a_duty_of_ours_does_not_roll() -> None:
    # PET-05: 4 March + 60 = 3 May, a Sunday in the Labour Day holiday.
    assert due_on(a_clock("PET-05", "2026-03-04T10:00"), calendar()).isoformat() == "2026-05-03"


# -- how long before the end it warns ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "yellow", "half"),
    [
        (1, None, None),  # fewer than 3 units: no warning
        (2, None, None),
        (3, 3, None),  # k=1: a single unit has no second half
        (4, 3, 4),  # k=2, half of it when 1 is left
        (5, 4, 5),  # k=2
        (9, 7, 8),  # k=3, half when ceil(3/2)=2 are left
        (10, 7, 9),  # k=ceil(10/3)=4, half when 2 are left
        (15, 11, 13),  # k=5, half when 3 are left
        (30, 21, 26),  # k=10, half when 5 are left
        (31, 22, 27),  # ceil(31/3)=11, but never more than 10
        (60, 51, 56),
    ],
)
def test_yellow_lights_in_the_last_third_and_its_half_is_told(n: int, yellow: int | None, half: int | None) -> None:
    # Calendar days from 1 June 2026: day d is 1 June + d.
    found = instants(a_clock(a_rule(n, Unit.DAY), "2026-06-01T09:00"))
    first = at("2026-06-01T00:00")
    assert found.get("yellow") == (local(first + timedelta(days=yellow)) if yellow else None)
    assert found.get("half_yellow") == (local(first + timedelta(days=half)) if half else None)


def test_five_working_days_after_red_the_assessment_office_is_told() -> None:
    # HOT-07 from Mon 2 March: due Mon 9; 1=10 2=11 3=12 4=13 5=16, so 24:00 of Mon 16.
    last = a_clock("HOT-07", "2026-03-02T09:00").rungs[-1]
    assert (last.code, local(last.at), last.light) == ("red_5wd", "2026-03-17T00:00", None)
    assert Audience.ASSESSMENT_OFFICE in last.tell


def test_what_is_not_signed_for_in_time_lights_yellow_at_the_due_time_and_never_red() -> None:
    clock = a_clock("OFC-01", "2026-03-05T09:00")  # 1=Fri 6
    assert instants(clock) == {"yellow": "2026-03-07T00:00"}
    assert light(clock, at=at("2026-12-01T00:00")) is Light.YELLOW


# -- crossings --------------------------------------------------------------------------------------------------------


def test_each_rung_is_crossed_once_in_the_order_in_which_it_came_true() -> None:
    clock = a_clock("HOT-07", "2026-03-02T09:00")  # yellow Fri 6, half Mon 9, red Tue 10, red_5wd Tue 17
    assert codes(crossed(clock, until=at("2026-03-06T00:00") - A_MOMENT)) == []
    assert next_crossing_at(clock) == at("2026-03-06T00:00")
    assert codes(crossed(clock, until=at("2026-03-10T08:00"))) == ["yellow", "half_yellow", "red"]
    noted = replace(clock, crossed_until=at("2026-03-09T00:00"))
    assert codes(crossed(noted, until=at("2026-03-10T08:00"))) == ["red"]
    assert next_crossing_at(noted) == at("2026-03-10T00:00")


def test_after_its_last_rung_a_clock_needs_no_more_looking_at() -> None:
    clock = replace(a_clock("HOT-07", "2026-03-02T09:00"), crossed_until=at("2026-03-17T00:00"))
    assert next_crossing_at(clock) is None
    assert crossed(clock, until=at("2027-01-01T00:00")) == ()


def test_a_stopped_clock_crosses_nothing() -> None:
    clock = stop(a_clock("HOT-07", "2026-03-02T09:00"), at=at("2026-03-05T10:00"))
    assert next_crossing_at(clock) is None
    assert crossed(clock, until=at("2027-01-01T00:00")) == ()
    assert light(clock, at=at("2027-01-01T00:00")) is Light.GREEN


def test_what_was_received_days_before_it_is_registered_has_crossed_already() -> None:
    # First response within 1 wd of Fri 13 March 16:00: due Mon 16, so red since Tue 17 00:00.
    clock = a_clock("ENT-01a", "2026-03-13T16:00")
    assert [(c.rung.code, local(c.rung.at)) for c in crossed(clock, until=at("2026-03-17T09:00"))] == [
        ("red", "2026-03-17T00:00")
    ]


def test_a_clock_that_starts_in_the_future_shows_green_until_its_own_warning() -> None:
    clock = a_clock("MED-10", "2026-11-10T00:00")
    assert light(clock, at=at("2026-10-20T17:10")) is Light.GREEN
    assert next_crossing_at(clock) == at("2026-11-16T00:00")


# -- whose time it is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.RIGHT, Kind.EXTERNAL])
def test_only_our_own_duties_light(kind: Kind) -> None:
    # Even under a ladder that would light a duty of the same length.
    clock = a_clock(a_rule(5, kind=kind), "2026-03-02T09:00")
    assert light(clock, at=at("2026-12-01T00:00")) is Light.GREEN
    assert codes(crossed(clock, until=at("2026-12-01T00:00"))) == ["yellow", "half_yellow", "red", "red_5wd"]
    assert {rung.light for rung in clock.rungs} == {None}


def test_a_persons_window_is_reminded_of_and_lapses_without_a_light() -> None:
    clock = a_clock("MED-07", "2026-10-20T17:10")
    assert instants(clock) == {"reminder": "2026-11-10T00:00", "lapsed": "2026-11-20T00:00"}
    assert light(clock, at=at("2026-12-31T00:00")) is Light.GREEN


# -- what is left -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "amount", "overdue"),
    [
        ("2026-03-05T09:00", 2, False),  # due Mon 9: Fri 6 and Mon 9 are left after today
        ("2026-03-06T23:59", 1, False),
        ("2026-03-07T12:00", 1, False),  # Saturday
        ("2026-03-09T09:00", 0, False),  # today is the last day
        ("2026-03-09T23:59", 0, False),
        ("2026-03-10T00:00", 1, True),  # the first day after it
        ("2026-03-14T12:00", 4, True),  # Saturday: 10, 11, 12, 13
        ("2026-03-16T12:00", 5, True),
    ],
)
def test_what_is_left_is_counted_in_whole_working_days_after_today(now: str, amount: int, overdue: bool) -> None:
    found = left(a_clock("HOT-07", "2026-03-02T09:00"), calendar(), at=at(now))
    assert (found.amount, found.unit, found.overdue) == (amount, Unit.WORKING_DAY, overdue)


def test_what_is_left_of_a_month_or_of_days_is_said_in_days() -> None:
    found = left(a_clock("MED-02", "2026-09-15T10:00"), calendar(), at=at("2026-10-12T10:00"))
    assert (found.amount, found.unit, found.overdue) == (3, Unit.DAY, False)  # 13, 14, 15


@pytest.mark.parametrize(
    ("now", "amount", "unit", "overdue"),
    [
        ("2026-03-02T08:00", 24, Unit.HOUR, False),
        ("2026-03-03T06:00", 2, Unit.HOUR, False),  # exactly 120 minutes
        ("2026-03-03T06:01", 119, Unit.MINUTE, False),
        ("2026-03-03T07:59", 1, Unit.MINUTE, False),
        ("2026-03-03T08:00", 0, Unit.MINUTE, True),
        ("2026-03-03T08:30", 30, Unit.MINUTE, True),
        ("2026-03-03T11:10", 3, Unit.HOUR, True),
    ],
)
def test_what_is_left_of_hours_is_said_in_hours_and_near_the_end_in_minutes(
    now: str, amount: int, unit: Unit, overdue: bool
) -> None:
    found = left(a_clock(a_rule(24, Unit.HOUR), "2026-03-02T08:00"), calendar(), at=at(now))
    assert (found.amount, found.unit, found.overdue) == (amount, unit, overdue)
