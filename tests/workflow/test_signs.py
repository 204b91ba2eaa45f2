"""Signs of gaming: each kind once where it just is one and once just beside. Arithmetic in comments; March 2026 begins on
a Sunday, so that the 2nd is a Monday, and has no holiday."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.workflow.clock_factories import POLICY, TWO, a_clock, a_rule
from tests.workflow.factories import CASE, CENTRE, ROOM, at, calendar
from workflow.clocks import extend, go_on, pause, stop
from workflow.history import History, Lit, Taken
from workflow.model import AccountId, Clock, Custody, Kind, Light, RecordNumber, Unit, UnitId
from workflow.policy_rules import Rule
from workflow.signs import SINGLE_SIGNS, Sign, signs

START = "2026-03-02T09:00"
THIRTY, FIVE, FOUR = a_rule(30, Unit.DAY), a_rule(5), a_rule(4)
A_DAY_IN_HOURS, TWO_HOURS = a_rule(24, Unit.HOUR), a_rule(2, Unit.HOUR)


def a_history(*clocks_: Clock, **values: Any) -> History:
    """A case that the room has held since it came in on Monday 2 March, 09:00, with these clocks."""
    started = at(START)
    held = Custody(number=RecordNumber(90), unit=ROOM, person=None, from_at=started, until_at=None)
    fields: dict[str, Any] = {
        "case_id": CASE, "number": ("访字", 2026, 1), "profile": "petition", "procedure": "petition", "channel": "visit",
        "intake_unit": CENTRE, "received_at": started, "registered_at": started, "outcome": None, "closed_at": None,
        "reachable": True, "clocks": clocks_, "custodies": (held,), "ratings": (), "waivers": (), "lit": (),
        "steps": (), "written": {clock.number: 7 for clock in clocks_} | {held.number: 7}, "seq": 9, "seq_of_end": 0,
    }  # fmt: skip
    return History(**{**fields, **values})


def taken(command: str, when: str | datetime, *, seq: int = 7) -> Taken:
    instant = at(when) if isinstance(when, str) else when
    return Taken(
        seq=seq, event="x", command=command, at=instant, done_at=instant, actor=AccountId(4), unit=ROOM, texts=()
    )


def paused(rule: Rule, when: str, *, clock: Clock | None = None, ground: str = "measurement") -> History:
    """Paused for a day, by somebody who asked for it."""
    begin = at(when)
    made = pause(
        clock or a_clock(rule, START), rule, POLICY, at=begin, until=begin.replace(day=begin.day + 1), ground=ground
    )
    return a_history(made, steps=(taken("Suspend", when),))


def passed_on(rule: Rule, when: str, *, clock: Clock | None = None, to: UnitId = ROOM) -> History:
    """Held by the centre, and handed over at an instant."""
    begin, change = at(START), at(when)
    held = (
        Custody(number=RecordNumber(90), unit=CENTRE, person=None, from_at=begin, until_at=change),
        Custody(number=RecordNumber(91), unit=to, person=None, from_at=change, until_at=None),
    )
    history = a_history(clock or a_clock(rule, START), custodies=held)
    return replace(history, written={**history.written, RecordNumber(90): 5, RecordNumber(91): 5})


def extended(rule: Rule, when: str, *, to: int, start: str = START) -> History:
    return a_history(*extend(a_clock(rule, start), TWO, rule, POLICY, at=at(when), length=to))


def reopened(rule: Rule, answered: str, again: str) -> History:
    return a_history(*go_on(stop(a_clock(rule, START), at=at(answered)), TWO, rule, POLICY, at=at(again)))


def registered(received: str, registered_at: str) -> History:
    return a_history(received_at=at(received), registered_at=at(registered_at))


def found(history: History) -> tuple[Sign, ...]:
    return signs(history, calendar())


def codes(history: History) -> list[str]:
    return [sign.code for sign in found(history)]


# -- pauses ------------------------------------------------------------------------------------------------------------


def test_a_pause_in_the_last_three_of_thirty_days_is_a_sign_with_what_was_left() -> None:
    # Day 1 is 3 March, day 30 is 1 April: the last tenth is 30 March (day 28), 31 March and 1 April.
    (sign,) = found(paused(THIRTY, "2026-03-30T00:00"))
    assert (sign.code, sign.seq, sign.at, sign.unit) == ("late_pause", 7, at("2026-03-30T00:00"), ROOM)
    assert sign.figures == {
        "clock": "own", "number": 1, "left": 3, "of": 30, "unit": "day", "percent": 10, "ground": "measurement",
    }  # fmt: skip


def test_a_pause_on_the_day_before_is_none() -> None:
    # 29 March is day 27, with four days left.
    assert codes(paused(THIRTY, "2026-03-29T23:59")) == []


def test_of_five_working_days_the_last_one_is_the_end_and_so_is_the_weekend_before_it() -> None:
    # Days 1-5 are 3, 4, 5, 6 and 9 March; a tenth of five, rounded up, is one day.
    assert codes(paused(FIVE, "2026-03-06T23:59")) == []
    assert codes(paused(FIVE, "2026-03-07T00:00")) == ["late_pause"]
    assert codes(paused(FIVE, "2026-03-09T10:00")) == ["late_pause"]


def test_a_limit_of_four_days_is_too_short_to_have_an_end() -> None:
    # Its last day is Friday 6 March.
    assert codes(paused(FOUR, "2026-03-06T17:00")) == []


def test_a_limit_in_hours_ends_with_the_last_tenth_of_its_running_time() -> None:
    # 24 h from 09:00: a tenth is 144 minutes, from 06:36 on.
    assert codes(paused(A_DAY_IN_HOURS, "2026-03-03T06:35")) == []
    (sign,) = found(paused(A_DAY_IN_HOURS, "2026-03-03T06:36"))
    assert (sign.figures["left"], sign.figures["of"], sign.figures["unit"]) == (144, 1440, "minute")


def test_a_limit_of_two_hours_has_no_such_end() -> None:
    assert codes(paused(TWO_HOURS, "2026-03-02T10:59")) == []


def test_what_earlier_pauses_gave_back_was_still_left() -> None:
    # 24 h, stopped from 12:00 to 18:00: due at 15:00, so that the last 144 minutes begin at 12:36.
    clock = pause(
        a_clock(A_DAY_IN_HOURS, START), A_DAY_IN_HOURS, POLICY, at=at("2026-03-02T12:00"),
        until=at("2026-03-02T18:00"), ground="measurement",
    )  # fmt: skip
    assert codes(paused(A_DAY_IN_HOURS, "2026-03-03T12:35", clock=clock)) == []
    assert codes(paused(A_DAY_IN_HOURS, "2026-03-03T12:36", clock=clock)) == ["late_pause"]
    # Five working days, of which 5 and 6 March were not counted: 3=1, 4=2, 9=3, 10=4, 11=5.
    clock = pause(
        a_clock(FIVE, START), FIVE, POLICY, at=at("2026-03-04T12:00"), until=at("2026-03-06T12:00"), ground="hearing"
    )
    assert codes(paused(FIVE, "2026-03-10T23:59", clock=clock)) == []
    assert codes(paused(FIVE, "2026-03-11T00:00", clock=clock)) == ["late_pause"]


def test_a_pause_that_the_procedure_makes_between_answer_and_reopening_is_no_sign() -> None:
    # Answered on the last day and opened again 31 days later: the limit stood still meanwhile, by rule.
    again = reopened(THIRTY, "2026-04-01T10:00", "2026-05-02T10:01")
    assert again.clocks[1].pauses
    assert codes(replace(again, steps=(taken("Suspend", "2026-04-01T10:00"),))) == []


def test_a_window_of_the_persons_own_shows_nothing() -> None:
    rule = replace(THIRTY, kind=Kind.RIGHT)
    assert codes(paused(rule, "2026-03-30T00:00")) == []


def test_two_limits_that_one_event_paused_are_one_sign_of_the_one_with_the_least_left() -> None:
    # On 9 March one of five working days is left (20 %), and on the other limit one of seven days: 3-9 March (14 %).
    seven = a_rule(7, Unit.DAY)
    first = paused(FIVE, "2026-03-09T10:00")
    second = replace(paused(seven, "2026-03-09T10:00").clocks[0], number=TWO)
    (sign,) = found(replace(first, clocks=(*first.clocks, second)))
    assert (sign.figures["number"], sign.figures["percent"]) == (2, 14)


# -- transfers ---------------------------------------------------------------------------------------------------------


def test_a_transfer_to_another_unit_in_the_last_tenth_is_a_sign_of_the_unit_that_let_go() -> None:
    (sign,) = found(passed_on(THIRTY, "2026-03-30T00:00"))
    assert (sign.code, sign.seq, sign.unit) == ("late_transfer", 5, CENTRE)
    assert (sign.figures["from"], sign.figures["to"], sign.figures["left"]) == (CENTRE, ROOM, 3)


def test_a_transfer_before_the_last_tenth_or_within_the_unit_is_none() -> None:
    assert codes(passed_on(THIRTY, "2026-03-29T23:59")) == []
    assert codes(passed_on(THIRTY, "2026-03-30T00:00", to=CENTRE)) == []


def test_a_transfer_that_meets_the_limit_is_none() -> None:
    # The duty to refer ends with the referral; only what the receiver has to bear counts.
    when = "2026-03-30T10:00"
    clock = stop(a_clock(THIRTY, START), at=at(when))
    assert codes(passed_on(THIRTY, when, clock=clock)) == []


def test_a_transfer_after_the_due_time_saves_nobody_a_light() -> None:
    assert codes(passed_on(THIRTY, "2026-04-02T00:00")) == []


# -- extensions --------------------------------------------------------------------------------------------------------


def test_an_extension_in_the_last_tenth_is_a_sign_with_the_minutes_that_were_left() -> None:
    (sign,) = found(extended(THIRTY, "2026-03-30T00:00", to=60))
    assert (sign.code, sign.seq) == ("late_extension", 7)
    # 30, 31 March and 1 April to their end: 3 x 1440 minutes.
    assert (sign.figures["minutes"], sign.figures["to_length"], sign.figures["length_unit"]) == (4320, 60, "day")


def test_an_extension_on_the_day_before_is_none() -> None:
    assert codes(extended(THIRTY, "2026-03-29T23:59", to=60)) == []


def test_an_extension_on_the_last_working_day_before_a_holiday_is_a_sign_though_days_are_left() -> None:
    # Seven days from Monday 27 April are 28 April to 4 May, of which only 28, 29 and 30 April are worked on.
    seven = a_rule(7, Unit.DAY)
    assert codes(extended(seven, "2026-04-29T17:00", to=14, start="2026-04-27T09:00")) == []
    (sign,) = found(extended(seven, "2026-04-30T09:00", to=14, start="2026-04-27T09:00"))
    assert (sign.code, sign.figures["left"]) == ("late_extension", 5)


def test_a_limit_of_four_days_may_be_extended_on_its_last_day() -> None:
    assert codes(extended(FOUR, "2026-03-06T17:00", to=8)) == []


# -- reopening ---------------------------------------------------------------------------------------------------------


def test_a_matter_opened_again_within_thirty_days_of_its_answer_is_a_sign() -> None:
    # Answered on 10 March, day 8 of 30: 23 days were left, that day included. 9 April, 10:00, is 30 days later.
    (sign,) = found(reopened(THIRTY, "2026-03-10T10:00", "2026-04-09T10:00"))
    assert (sign.code, sign.at) == ("reopened", at("2026-04-09T10:00"))
    assert (sign.figures["left"], sign.figures["days"], sign.figures["overdue"]) == (23, 30, False)


def test_a_matter_opened_again_later_is_none() -> None:
    assert codes(reopened(THIRTY, "2026-03-10T10:00", "2026-04-09T10:01")) == []


def test_a_matter_that_was_answered_overdue_says_so() -> None:
    # Due at the end of 1 April.
    (sign,) = found(reopened(THIRTY, "2026-04-02T00:00", "2026-04-03T00:00"))
    assert (sign.figures["overdue"], sign.figures["days"]) == (True, 1)


# -- registration ------------------------------------------------------------------------------------------------------


def test_a_letter_of_friday_may_be_registered_on_monday() -> None:
    assert codes(registered("2026-03-06T16:00", "2026-03-09T17:00")) == []


def test_a_letter_of_friday_that_is_registered_on_tuesday_is_a_sign() -> None:
    # Monday and Tuesday are two working days; Saturday to Tuesday are four days.
    (sign,) = found(registered("2026-03-06T16:00", "2026-03-10T00:00"))
    assert (sign.code, sign.seq, sign.unit) == ("late_registration", 1, ROOM)
    assert sign.figures == {"working_days": 2, "days": 4}


# -- entered late -------------------------------------------------------------------------------------------------------


def entered(done: str, entered: str) -> History:
    step = replace(taken("ContactPerson", entered, seq=12), event="case:contacted", done_at=at(done))
    return a_history(stop(a_clock(FIVE, START), at=at(done)), steps=(step,))


def test_what_is_entered_more_than_a_working_day_later_is_a_sign() -> None:
    assert codes(entered("2026-03-04T17:00", "2026-03-05T17:00")) == []
    (sign,) = found(entered("2026-03-04T17:00", "2026-03-06T09:00"))
    assert (sign.code, sign.seq, sign.unit) == ("late_entry", 12, ROOM)
    assert sign.figures == {"working_days": 2, "days": 2, "command": "ContactPerson", "after_light": False}


# -- not ours ----------------------------------------------------------------------------------------------------------


def lit(light: Light, when: str, *, seq: int) -> Lit:
    return Lit(
        clock=RecordNumber(1), rung=light.value, light=light, at=at(when), recorded_at=at(when), unit=ROOM, person=None,
        seq=seq,
    )  # fmt: skip


def found_not_ours(*lights: Lit, on: str = "2026-03-11T09:00") -> History:
    clock = a_clock(FIVE, START)
    return a_history(clock, lit=lights, steps=(taken("FindNotOurs", on, seq=12),), outcome="not_ours.duplicate")


YELLOW, RED = lit(Light.YELLOW, "2026-03-06T00:00", seq=5), lit(Light.RED, "2026-03-10T00:00", seq=6)


@pytest.mark.parametrize(
    ("lights", "light", "day"),
    [((YELLOW,), "yellow", "2026-03-06"), ((RED,), "red", "2026-03-10"), ((YELLOW, RED), "red", "2026-03-10")],
)
def test_a_matter_found_not_to_be_ours_after_a_light_is_a_sign(lights: tuple[Lit, ...], light: str, day: str) -> None:
    (sign,) = found(found_not_ours(*lights))
    assert (sign.code, sign.seq, sign.unit) == ("not_ours_after_light", 12, ROOM)
    assert (sign.figures["light"], sign.figures["lit_on"]) == (light, day)


def test_a_matter_found_not_to_be_ours_in_time_is_none() -> None:
    assert codes(found_not_ours()) == []
    assert codes(found_not_ours(YELLOW, on="2026-03-05T23:59")) == []  # before it lit
    assert codes(a_history(a_clock(FIVE, START), lit=(RED,))) == []  # red, and ours


# -- all of them -------------------------------------------------------------------------------------------------------


def test_every_kind_of_sign_of_a_single_case_is_known_to_the_list() -> None:
    histories = (
        paused(THIRTY, "2026-03-30T00:00"),
        passed_on(THIRTY, "2026-03-30T00:00"),
        extended(THIRTY, "2026-03-30T00:00", to=60),
        reopened(THIRTY, "2026-03-10T10:00", "2026-04-09T10:00"),
        registered("2026-03-06T16:00", "2026-03-10T00:00"),
        found_not_ours(RED),
        entered("2026-03-04T17:00", "2026-03-06T09:00"),
    )
    assert [code for history in histories for code in codes(history)] == list(SINGLE_SIGNS)


def test_no_figure_says_anything_of_a_person() -> None:
    allowed = {
        "clock", "number", "left", "of", "unit", "percent", "ground", "from", "to", "minutes", "to_length",
        "length_unit", "overdue", "days", "working_days", "command", "after_light",
        "light", "lit_on",
    }  # fmt: skip
    for history in (
        paused(THIRTY, "2026-03-30T00:00"),
        passed_on(THIRTY, "2026-03-30T00:00"),
        extended(THIRTY, "2026-03-30T00:00", to=60),
        reopened(THIRTY, "2026-04-02T00:00", "2026-04-03T00:00"),
        registered("2026-03-06T16:00", "2026-03-10T00:00"),
        found_not_ours(RED),
        entered("2026-03-04T17:00", "2026-03-06T09:00"),
    ):
        assert {name for sign in found(history) for name in sign.figures} <= allowed
