"""The ladders an office may choose from, as they ship: when each rung lights and who is told.

`third`, `signing` and `window`, which the shipped rules use, are in `test_clocks.py` with the worked cases.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.workflow.clock_factories import A_MOMENT, POLICY, a_clock, a_rule, instants, with_ladder
from tests.workflow.factories import at, calendar, local, policy_of, shipped_policy
from workflow.clocks import due_on, light, pause, red_at, yellow_at
from workflow.counting import units_left
from workflow.model import Audience, Kind, Light, Roll, Unit
from workflow.policy_rules import Rule, RungRule

FIRST = "2026-06-01T09:00"  # a Monday; of calendar days, day d is 1 June + d


def june(day: int | None) -> str | None:
    return local(at("2026-06-01T00:00") + timedelta(days=day)) if day else None


# -- fix3: the last three units, at most half of the period -----------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "yellow", "half"),
    [
        (1, None, None),  # fewer than 3 units: no warning
        (2, None, None),
        (3, 3, None),  # half of 3, rounded down, is 1: a single unit has no second half
        (4, 3, 4),  # 2 left, then 1
        (5, 4, 5),  # 5 // 2 = 2
        (6, 4, 5),  # 3 left, then ceil(3/2) = 2
        (7, 5, 6),
        (30, 28, 29),  # never more than 3
        (60, 58, 59),
    ],
)
def test_fix3_lights_when_three_units_are_left_and_half_of_a_short_period(
    n: int, yellow: int | None, half: int | None
) -> None:
    found = instants(a_clock(a_rule(n, Unit.DAY, ladder="fix3"), FIRST))
    assert (found.get("yellow"), found.get("half_yellow")) == (june(yellow), june(half))
    assert found["red"] == june(n + 1)


def test_fix3_counts_working_days_of_a_clock_in_working_days() -> None:
    # 10 wd from Fri 26 Sep 2025: 7=13 8=14 9=15 10=16 Oct. 3 left: day 8; 2 left: day 9. Red 24:00 of the 16th; then
    # 17, 20, 21, 22, 23.
    assert instants(a_clock(replace(POLICY.rules["ENT-01c"][-1], ladder="fix3"), "2025-09-26T11:30")) == {
        "yellow": "2025-10-14T00:00",
        "half_yellow": "2025-10-15T00:00",
        "red": "2025-10-17T00:00",
        "red_5wd": "2025-10-24T00:00",
    }


# -- one_day: the last working day ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "started", "yellow"),
    [
        (a_rule(2, Unit.DAY), "2026-03-02T09:00", None),  # fewer than 3 units
        (a_rule(3, Unit.DAY), "2026-03-02T09:00", "2026-03-05T00:00"),  # Thu 5, the last day itself
        (a_rule(5, Unit.DAY), "2026-03-02T09:00", "2026-03-06T00:00"),  # due Sat 7: Fri 6
        (a_rule(6, Unit.DAY), "2026-03-02T09:00", "2026-03-06T00:00"),  # due Sun 8: Fri 6
        (a_rule(5, Unit.WORKING_DAY), "2026-03-02T09:00", "2026-03-09T00:00"),  # Mon 9, the last day itself
        (a_rule(12, Unit.DAY), "2026-02-02T09:00", "2026-02-14T00:00"),  # due Sat 14, a make-up working day
        (a_rule(1, Unit.MONTH), "2026-09-05T09:00", "2026-09-30T00:00"),  # due Mon 5 Oct, in the holiday of 1-7
        # Rolled to Thu 8 Oct: the warning keeps to the last day of the count itself.
        (a_rule(30, Unit.DAY, roll=Roll.NEXT_WORKING_DAY), "2026-09-05T09:00", "2026-09-30T00:00"),
        # Over a long holiday the last working day is that of the start: nothing lights before there is a clock.
        (a_rule(7, Unit.DAY), "2026-09-30T10:00", "2026-09-30T10:00"),  # due Wed 7 Oct
        (a_rule(4, Unit.DAY), "2026-10-02T10:00", "2026-10-02T10:00"),  # due Tue 6 Oct
    ],
)
def test_one_day_lights_on_the_last_working_day_before_the_end(rule: Rule, started: str, yellow: str | None) -> None:
    clock = a_clock(replace(rule, ladder="one_day"), started)
    assert instants(clock).get("yellow") == yellow
    assert "half_yellow" not in instants(clock)


# -- post: late is yellow, later still is red -------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 10])
def test_post_lights_nothing_before_the_due_time_however_short_the_clock(n: int) -> None:
    clock = a_clock(a_rule(n, Unit.DAY, ladder="post"), FIRST)
    assert clock.rungs[0].code == "yellow"
    assert clock.rungs[0].at == clock.due_at
    assert light(clock, at=clock.due_at - A_MOMENT) is Light.GREEN
    assert light(clock, at=clock.due_at) is Light.YELLOW


def test_post_turns_red_after_five_working_days_and_is_told_of_once_more_after_ten() -> None:
    # HOT-07 from Mon 2 March: due Mon 9. 1=10 2=11 3=12 4=13 5=Mon 16; 6=17 7=18 8=19 9=20 10=Mon 23.
    clock = a_clock(replace(POLICY.rules["HOT-07"][-1], ladder="post"), "2026-03-02T09:00")
    assert instants(clock) == {
        "yellow": "2026-03-10T00:00",
        "red": "2026-03-17T00:00",
        "red_5wd": "2026-03-24T00:00",
    }
    assert due_on(clock, calendar()).isoformat() == "2026-03-09"
    assert light(clock, at=at("2026-03-17T00:00") - A_MOMENT) is Light.YELLOW
    assert light(clock, at=at("2026-03-17T00:00")) is Light.RED
    assert (local(yellow_at(clock)), local(red_at(clock))) == ("2026-03-10T00:00", "2026-03-17T00:00")


def test_post_counts_from_the_day_that_a_rolled_clock_is_due_on() -> None:
    # 5 Sep + 30 = 5 Oct, rolled to Thu 8: 1=9 2=Sat 10 (make-up) 3=12 4=13 5=14.
    rolled = a_clock(a_rule(30, Unit.DAY, roll=Roll.NEXT_WORKING_DAY, ladder="post"), "2026-09-05T09:00")
    assert (local(yellow_at(rolled)), local(red_at(rolled))) == ("2026-10-09T00:00", "2026-10-15T00:00")


# -- minutes and hours ------------------------------------------------------------------------------------------------

#: 24 h from Mon 2 March 08:00: two thirds at midnight, five sixths at 04:00. After red, whole working days: 4, 5, 6, 9, 10.
WARNED = {"yellow": "2026-03-03T00:00", "red": "2026-03-03T08:00", "red_5wd": "2026-03-11T00:00"}


@pytest.mark.parametrize(
    ("ladder", "found"),
    [
        ("third", {**WARNED, "half_yellow": "2026-03-03T04:00"}),
        ("fix3", {**WARNED, "half_yellow": "2026-03-03T04:00"}),
        ("one_day", WARNED),
        # Late on Tue 3 at 08:00, red one whole length later on Wed 4; then 5, 6, 9, 10, 11.
        ("post", {"yellow": "2026-03-03T08:00", "red": "2026-03-04T08:00", "red_5wd": "2026-03-12T00:00"}),
        ("signing", {"yellow": "2026-03-03T08:00"}),
        ("crisis", {"yellow": "2026-03-03T00:00", "red": "2026-03-03T08:00"}),
        ("window", {"reminder": "2026-03-03T00:00", "lapsed": "2026-03-03T08:00"}),
    ],
)
def test_a_clock_in_hours_has_the_rungs_of_every_ladder(ladder: str, found: dict[str, str]) -> None:
    assert instants(a_clock(a_rule(24, Unit.HOUR, ladder=ladder), "2026-03-02T08:00")) == found


@pytest.mark.parametrize(
    ("minutes", "ladder", "found"),
    [
        # 23:30 + 30 min = 00:00 of Tue 3, which is the end of Monday: 1=3 2=4 3=5 4=6 5=Mon 9.
        (30, "third", {"yellow": "23:50", "half_yellow": "23:55", "red": "03T00:00", "red_5wd": "10T00:00"}),
        # Late at 23:45, red at 00:00 of Tue 3, again the end of Monday.
        (15, "post", {"yellow": "23:45", "red": "03T00:00", "red_5wd": "10T00:00"}),
        (1, "one_day", {"yellow": "23:30", "red": "23:31", "red_5wd": "10T00:00"}),
    ],
)
def test_a_clock_that_ends_at_midnight_ends_with_the_day_before(
    minutes: int, ladder: str, found: dict[str, str]
) -> None:
    clock = a_clock(a_rule(minutes, Unit.MINUTE, ladder=ladder), "2026-03-02T23:30")
    wanted = {code: f"2026-03-{end}" if "T" in end else f"2026-03-02T{end}" for code, end in found.items()}
    assert instants(clock) == wanted


def test_a_pause_moves_the_yellow_and_the_red_of_a_late_clock_in_hours() -> None:
    # 24 h, paused from 3 March 02:00 to 5 March 00:00 (46 h): late on the 5th at 06:00, red a full length later.
    rule = a_rule(24, Unit.HOUR, ladder="post")
    clock = pause(a_clock(rule, "2026-03-02T08:00"), rule, POLICY, at=at("2026-03-03T02:00"),
                  until=at("2026-03-05T00:00"), ground="x")  # fmt: skip
    found = instants(clock)
    assert (found["yellow"], found["red"]) == ("2026-03-05T06:00", "2026-03-06T06:00")


# -- how many units are left ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "length", "left"),
    [
        ({"share_of": 3}, 10, 4),  # ceil(10/3)
        ({"share_of": 3, "rounding": "down"}, 10, 3),
        ({"share_of": 3, "cap": 2}, 10, 2),
        ({"share_of": 3}, 2, 0),  # below min_units, 3
        ({"share_of": 3, "min_units": 1}, 1, 1),
        ({"share_of": 5, "rounding": "down"}, 4, 0),  # a share of less than a unit is none
        ({"share_of": 5}, 4, 1),
        ({"share_of": 1, "cap": 99}, 7, 7),  # from the first day
        ({"at": "half_of_remaining", "share_of": 3}, 10, 2),  # of 4
        ({"at": "half_of_remaining", "share_of": 3}, 15, 3),  # of 5, rounded up
        ({"at": "half_of_remaining", "share_of": 3}, 5, 1),  # of 2
        ({"at": "half_of_remaining", "share_of": 3}, 3, 0),  # of 1: it would fall on the yellow itself
        ({"at": "half_of_remaining", "share_of": 3}, 2, 0),
    ],
)
def test_the_units_that_are_left_when_a_rung_lights(step: dict[str, object], length: int, left: int) -> None:
    rung = RungRule(**{"code": "x", "at": "remaining", **step})  # type: ignore[arg-type]  # fields of RungRule
    assert units_left(rung, length) == left


def test_a_rung_whose_share_is_less_than_a_unit_is_not_on_the_ladder() -> None:
    policy = with_ladder(
        RungRule(code="x", at="remaining", share_of=5, rounding="down"), RungRule(code="red", at="due")
    )
    assert set(instants(a_clock(a_rule(4, Unit.DAY, ladder="own"), FIRST, policy=policy))) == {"red"}


# -- who is told ------------------------------------------------------------------------------------------------------

HOLDER, HEAD, LEADER, ABOVE, ASSESSMENT = (
    Audience.HOLDER, Audience.UNIT_HEAD, Audience.DUTY_LEADER, Audience.UPSTREAM, Audience.ASSESSMENT_OFFICE,
)  # fmt: skip


@pytest.mark.parametrize("ladder", ["third", "fix3", "one_day", "post"])
def test_each_rung_tells_more_people_and_the_last_one_no_longer_the_handler(ladder: str) -> None:
    told = {rung.code: rung.tell for rung in shipped_policy().ladders[ladder].rungs}
    assert told.pop("half_yellow", (HOLDER, HEAD, LEADER)) == (HOLDER, HEAD, LEADER)
    assert told == {
        "yellow": (HOLDER, HEAD, Audience.DUTY_LEADER_DAILY),
        "red": (HOLDER, HEAD, LEADER, ABOVE),
        "red_5wd": (HEAD, LEADER, ABOVE, ASSESSMENT),  # domain: the talk is with the head of the unit
    }


def test_a_crisis_is_told_to_everyone_who_can_help_before_it_is_late() -> None:
    told = {rung.code: rung.tell for rung in shipped_policy().ladders["crisis"].rungs}
    assert told == {"yellow": (HOLDER, HEAD, LEADER, ABOVE), "red": (HOLDER, HEAD, LEADER, ABOVE, ASSESSMENT)}


def test_the_days_of_a_crisis_light_in_their_last_third() -> None:
    # OFC-04, 7 days from Mon 1 June: ceil(7/3) = 3 left: yellow on day 5.
    policy = policy_of("crisis")
    assert instants(a_clock("OFC-04", FIRST, policy=policy)) == {"yellow": june(5), "red": june(8)}


@pytest.mark.parametrize("ladder", sorted(shipped_policy().ladders))
def test_a_ladder_lights_yellow_and_red_once_and_the_holder_hears_of_every_light(ladder: str) -> None:
    rungs = shipped_policy().ladders[ladder].rungs
    lights = [rung.light for rung in rungs if rung.light]
    assert len(lights) == len(set(lights))
    assert all(HOLDER in rung.tell for rung in rungs if rung.light)


@pytest.mark.parametrize("ladder", ["fix3", "one_day", "post"])
def test_a_persons_window_lights_nothing_under_any_ladder(ladder: str) -> None:
    clock = a_clock(a_rule(30, Unit.DAY, kind=Kind.RIGHT, ladder=ladder), FIRST)
    assert {rung.light for rung in clock.rungs} == {None}
    assert light(clock, at=at("2027-01-01T00:00")) is Light.GREEN
