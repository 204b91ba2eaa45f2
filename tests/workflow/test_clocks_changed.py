"""How a clock counts on after a pause or an extension. Times are local; each count stands beside its literal."""

from dataclasses import replace

import pytest

from tests.workflow.clock_factories import A_MOMENT, ONE, POLICY, TWO, a_clock, a_rule, codes, instants, with_ladder
from tests.workflow.factories import at, calendar, local
from workflow.clocks import (
    ClockRefuses,
    crossed,
    due_on,
    extend,
    light,
    next_crossing_at,
    pause,
    paused_until,
    red_at,
    resume,
    start,
    stop,
    yellow_at,
)
from workflow.model import Audience, Clock, Light, Unit
from workflow.policy_rules import RungRule

# -- pauses -----------------------------------------------------------------------------------------------------------


def paused(clock: Clock, rule: str, on: str, *, until: str, ground: str = "measurement") -> Clock:
    return pause(clock, POLICY.rules[rule][-1], POLICY, at=at(on), until=at(until), ground=ground)


def resumed(clock: Clock, rule: str, on: str) -> Clock:
    return resume(clock, POLICY.rules[rule][-1], POLICY, at=at(on))


def the_extended_order() -> Clock:
    """C5.2b before its pause: 15 working days from 27 April."""
    return start(TWO, "order", replace(POLICY.rules["HOT-07"][-1], length=15), POLICY, at=at("2026-04-27T09:15"))


def test_the_day_of_the_pause_is_used_up_and_the_day_of_its_end_is_not_counted() -> None:
    # C5.2b: 1=28 2=29 3=30 Apr 4=6 5=7 6=8 7=Sat 9 8=Mon 11 May (paused at 14:00), 12-15 not counted,
    # 9=18 10=19 11=20 12=21 13=22 14=25 15=26. k=5: yellow on day 11 = 20 May.
    clock = paused(the_extended_order(), "HOT-07", "2026-05-11T14:00", until="2026-05-22T00:00")
    clock = resumed(clock, "HOT-07", "2026-05-15T10:00")
    assert due_on(clock, calendar()).isoformat() == "2026-05-26"
    assert local(yellow_at(clock)) == "2026-05-20T00:00"
    assert local(red_at(clock)) == "2026-05-27T00:00"
    assert light(stop(clock, at=at("2026-05-22T11:00")), at=at("2026-12-01T00:00")) is Light.YELLOW


def test_an_hour_of_pause_within_one_day_costs_no_day() -> None:
    clock = paused(the_extended_order(), "HOT-07", "2026-05-11T14:00", until="2026-05-22T00:00")
    assert due_on(resumed(clock, "HOT-07", "2026-05-11T15:00"), calendar()).isoformat() == "2026-05-20"


def test_a_pause_ends_by_itself_at_the_day_that_was_named() -> None:
    # Until Fri 22 May: 12-22 not counted, so 9=25 10=26 11=27 12=28 13=29 May 14=1 15=2 June.
    clock = paused(the_extended_order(), "HOT-07", "2026-05-11T14:00", until="2026-05-22T00:00")
    assert due_on(clock, calendar()).isoformat() == "2026-06-02"
    assert paused_until(clock, at=at("2026-05-22T00:00") - A_MOMENT) == at("2026-05-22T00:00")
    assert paused_until(clock, at=at("2026-05-22T00:00")) is None
    assert paused_until(clock, at=at("2026-05-11T14:00") - A_MOMENT) is None


def test_the_end_of_a_pause_is_a_crossing_of_which_the_holder_is_told_and_that_lights_nothing() -> None:
    clock = paused(the_extended_order(), "HOT-07", "2026-05-11T14:00", until="2026-05-22T00:00")
    assert next_crossing_at(clock) == at("2026-05-22T00:00")
    (over,) = [rung for rung in clock.rungs if rung.code == "pause_over"]
    assert (over.light, over.tell) == (None, (Audience.HOLDER,))


def test_an_earlier_resumption_takes_the_planned_end_off_the_ladder() -> None:
    clock = paused(the_extended_order(), "HOT-07", "2026-05-11T14:00", until="2026-05-22T00:00")
    assert "pause_over" not in instants(resumed(clock, "HOT-07", "2026-05-15T10:00"))


def test_two_pauses_are_both_given_back() -> None:
    # As above to 15 May; again paused on Tue 19 (day 10) until Thu 21: 20 and 21 not counted, 11=22 12=25 ... 15=28.
    clock = paused(the_extended_order(), "HOT-07", "2026-05-11T14:00", until="2026-05-22T00:00")
    clock = resumed(clock, "HOT-07", "2026-05-15T10:00")
    clock = paused(clock, "HOT-07", "2026-05-19T09:00", until="2026-05-21T00:00")
    assert due_on(clock, calendar()).isoformat() == "2026-05-28"
    assert local(yellow_at(clock)) == "2026-05-22T00:00"


def test_a_pause_in_calendar_days_takes_its_weekends_along() -> None:
    # 15 d from 2 March; days 1-4 = 3-6; paused Fri 6, resumed Mon 9: 7, 8, 9 not counted; 5=10 ... 15=20.
    rule = a_rule(15, Unit.DAY)
    clock = pause(a_clock(rule, "2026-03-02T09:00"), rule, POLICY, at=at("2026-03-06T09:00"),
                  until=at("2026-03-09T00:00"), ground="x")  # fmt: skip
    assert due_on(clock, calendar()).isoformat() == "2026-03-20"


def test_a_pause_on_the_last_day_moves_nothing_but_what_would_light_during_it() -> None:
    # HOT-07 from Mon 2 March: due Mon 9, which the pause uses up. Red, Tue 10 at 00:00, and red_5wd, Tue 17 at 00:00, fall
    # into the pause and wait for its end.
    clock = a_clock("HOT-07", "2026-03-02T09:00")
    held = paused(clock, "HOT-07", "2026-03-09T10:00", until="2026-03-20T00:00")
    assert held.due_at == clock.due_at
    assert (instants(held)["red"], instants(held)["red_5wd"]) == ("2026-03-20T00:00", "2026-03-20T00:00")
    ended = resumed(held, "HOT-07", "2026-03-12T09:00")
    assert (instants(ended)["red"], instants(ended)["red_5wd"]) == ("2026-03-12T09:00", "2026-03-17T00:00")


@pytest.mark.parametrize(
    ("on", "until", "code"),
    [
        ("2026-03-04T10:00", "2026-03-04T10:00", "pause.ends_before_it_begins"),
        ("2026-03-04T10:00", "2026-03-04T09:59", "pause.ends_before_it_begins"),
        ("2026-03-02T08:59", "2026-03-04T00:00", "pause.before_the_start"),
        ("2026-03-10T00:00", "2026-03-12T00:00", "pause.after_the_due_time"),  # 24:00 of the last day is too late
        ("2026-03-12T10:00", "2026-03-20T00:00", "pause.after_the_due_time"),
    ],
)
def test_a_clock_refuses_a_pause_that_cannot_be(on: str, until: str, code: str) -> None:
    with pytest.raises(ClockRefuses) as caught:
        paused(a_clock("HOT-07", "2026-03-02T09:00"), "HOT-07", on, until=until)
    assert caught.value.code == str(caught.value) == code


def test_a_pause_may_begin_with_the_clock_and_until_the_moment_before_it_is_due() -> None:
    clock = a_clock("HOT-07", "2026-03-02T09:00")
    assert paused(clock, "HOT-07", "2026-03-02T09:00", until="2026-03-04T00:00").pauses
    assert pause(
        clock, POLICY.rules["HOT-07"][-1], POLICY, at=at("2026-03-10T00:00") - A_MOMENT, until=at("2026-03-12T00:00"),
        ground="appraisal",
    ).pauses  # fmt: skip


def test_a_clock_refuses_a_pause_that_begins_in_another_and_takes_one_that_follows_it_at_once() -> None:
    clock = paused(a_clock("HOT-07", "2026-03-02T09:00"), "HOT-07", "2026-03-04T10:00", until="2026-03-06T00:00")
    with pytest.raises(ClockRefuses, match=r"pause\.overlaps"):
        paused(clock, "HOT-07", "2026-03-05T23:59", until="2026-03-12T00:00")
    # 1=3 2=Wed 4 (paused), 5 and 6 not counted, and paused again from Fri 6 until Tue 10: 3=11 4=12 5=13.
    twice = paused(clock, "HOT-07", "2026-03-06T00:00", until="2026-03-10T00:00")
    assert due_on(twice, calendar()).isoformat() == "2026-03-13"


def test_in_hours_a_pause_moves_only_the_rungs_after_it() -> None:
    # 24 h from 2 March 08:00: yellow after 16 h, half after 20 h, due after 24 h. Paused for 46 h between the first two.
    rule = a_rule(24, Unit.HOUR)
    clock = pause(a_clock(rule, "2026-03-02T08:00"), rule, POLICY, at=at("2026-03-03T02:00"),
                  until=at("2026-03-05T00:00"), ground="x")  # fmt: skip
    found = instants(clock)
    assert found["yellow"] == "2026-03-03T00:00"
    assert found["half_yellow"] == "2026-03-05T02:00"  # 4 March 04:00 had no pause been, + 46 h
    assert found["red"] == "2026-03-05T06:00"


def test_the_held_light_does_not_change_during_a_pause() -> None:
    clock = paused(a_clock("HOT-07", "2026-03-02T09:00"), "HOT-07", "2026-03-06T10:00", until="2026-03-20T00:00")
    for instant in ("2026-03-06T10:00", "2026-03-10T00:00", "2026-03-19T23:59"):
        assert light(clock, at=at(instant)) is Light.YELLOW  # since 6 March 00:00, day 4 of 5


def test_a_paused_month_is_given_its_days_back() -> None:
    # 2 March + 1 month = 2 April; paused 10-30 March, so the 20 days 11..30 are not counted: 22 April.
    clock = a_clock("MED-02", "2026-03-02T09:00")
    held = paused(clock, "MED-02", "2026-03-10T10:00", until="2026-03-30T00:00", ground="appraisal")
    assert due_on(held, calendar()).isoformat() == "2026-04-22"


def test_a_pause_moves_the_yellow_of_a_month_by_its_own_days_and_no_more() -> None:
    # 31 calendar days, k = ceil(31/3) = 11, capped at 10: day 22. 8 days are counted by 10 March, the other 14 from 31
    # March on: 13 April, nine days before the last day.
    clock = a_clock("MED-02", "2026-03-02T09:00")
    held = paused(clock, "MED-02", "2026-03-10T10:00", until="2026-03-30T00:00", ground="appraisal")
    assert local(yellow_at(held)) == "2026-04-13T00:00"


# -- extension --------------------------------------------------------------------------------------------------------


def extended(clock: Clock, rule: str, on: str, *, to: int) -> tuple[Clock, Clock]:
    return extend(clock, TWO, POLICY.rules[rule][-1], POLICY, at=at(on), length=to)


def test_an_extension_counts_the_new_length_from_the_same_start_and_waives_the_light_then_lit() -> None:
    closed, longer = extended(a_clock("MED-03", "2026-09-15T10:00"), "MED-03", "2026-10-08T16:00", to=45)
    assert (closed.outcome, closed.waived, local(closed.stopped_at)) == ("extended", True, "2026-10-08T16:00")
    # 15 Sep + 45 = 30 Oct; k=10 (of 15, capped): yellow on day 36 = 21 Oct.
    assert (local(longer.started_at), longer.length, longer.extends) == ("2026-09-15T10:00", 45, ONE)
    assert due_on(longer, calendar()).isoformat() == "2026-10-30"
    assert (local(yellow_at(longer)), local(red_at(longer))) == ("2026-10-21T00:00", "2026-10-31T00:00")
    assert not longer.waived


@pytest.mark.parametrize(
    ("on", "to", "code"),
    [
        ("2026-03-02T08:59", 10, "extension.before_the_start"),
        ("2026-03-10T00:00", 10, "extension.after_the_due_time"),  # 24:00 of the last day, Mon 9, is too late
        ("2026-03-05T10:00", 5, "extension.not_longer"),
        ("2026-03-05T10:00", 4, "extension.not_longer"),
    ],
)
def test_a_clock_refuses_an_extension_that_cannot_be(on: str, to: int, code: str) -> None:
    with pytest.raises(ClockRefuses) as caught:
        extended(a_clock("HOT-07", "2026-03-02T09:00"), "HOT-07", on, to=to)
    assert caught.value.code == str(caught.value) == code


def test_an_extension_may_be_granted_until_the_moment_before_the_clock_is_due() -> None:
    clock, rule = a_clock("HOT-07", "2026-03-02T09:00"), POLICY.rules["HOT-07"][-1]
    _, longer = extend(clock, TWO, rule, POLICY, at=at("2026-03-10T00:00") - A_MOMENT, length=6)
    assert due_on(longer, calendar()).isoformat() == "2026-03-10"


def test_an_extension_of_a_green_clock_waives_nothing() -> None:
    closed, longer = extended(a_clock("HOT-07", "2026-04-27T09:15"), "HOT-07", "2026-04-30T10:00", to=15)
    assert (closed.outcome, closed.waived) == ("extended", False)
    assert due_on(longer, calendar()).isoformat() == "2026-05-20"


def test_a_light_that_lit_in_the_instant_of_the_extension_is_waived() -> None:
    clock = a_clock("MED-03", "2026-09-15T10:00")
    assert extended(clock, "MED-03", "2026-10-06T00:00", to=45)[0].waived
    assert not extend(clock, TWO, POLICY.rules["MED-03"][-1], POLICY, at=at("2026-10-06T00:00") - A_MOMENT, length=45)[
        0
    ].waived


def test_a_rung_that_precedes_the_opening_of_the_successor_is_crossed_at_the_opening() -> None:
    # 10 wd from Mon 2 March: due 16; to 12 wd: 11=17 12=18. k=4: yellow on day 9 = Fri 13, before Mon 16 10:00.
    _, longer = extended(a_clock("ENT-01c", "2026-03-02T10:00"), "ENT-01c", "2026-03-16T10:00", to=12)
    assert instants(longer) == {
        "yellow": "2026-03-16T10:00",
        "half_yellow": "2026-03-17T00:00",  # 2 left: day 11
        "red": "2026-03-19T00:00",
        "red_5wd": "2026-03-26T00:00",  # 19, 20, 23, 24, 25
    }
    assert light(longer, at=at("2026-03-16T10:00")) is Light.YELLOW
    assert codes(crossed(longer, until=at("2026-03-16T10:00"))) == ["yellow"]


def test_of_several_rungs_that_precede_the_opening_only_the_worst_light_is_crossed() -> None:
    policy = with_ladder(
        RungRule(code="yellow", light=Light.YELLOW, at="remaining", share_of=1, cap=99),
        RungRule(code="early_red", light=Light.RED, at="remaining", share_of=2, cap=99),
        RungRule(code="note", at="remaining", share_of=3, cap=99),
        RungRule(code="red", light=Light.RED, at="due"),
    )
    rule = a_rule(9, Unit.DAY, ladder="own")
    clock = a_clock(rule, "2026-06-01T09:00", policy=policy)
    # To 10 days, on day 9: yellow from day 1, early_red from day 6 (k=5), note from day 7 (k=4) are all past.
    _, longer = extend(clock, TWO, rule, policy, at=at("2026-06-10T12:00"), length=10)
    assert instants(longer) == {"early_red": "2026-06-10T12:00", "red": "2026-06-12T00:00"}


def test_a_rung_without_a_light_that_precedes_the_opening_is_told_no_more() -> None:
    policy = with_ladder(
        RungRule(code="note", at="remaining", share_of=2), RungRule(code="red", light=Light.RED, at="due")
    )
    rule = a_rule(9, Unit.DAY, ladder="own")
    # To 10 days, on day 9: the note of the successor (k=5, day 6) is past.
    _, longer = extend(
        a_clock(rule, "2026-06-01T09:00", policy=policy), TWO, rule, policy, at=at("2026-06-10T12:00"), length=10
    )
    assert instants(longer) == {"red": "2026-06-12T00:00"}


def test_a_light_noted_in_the_instant_of_the_extension_does_not_hide_the_light_of_the_successor() -> None:
    # 9 days: k=3, yellow on day 7. 10 days: k=4, yellow on day 7 as well: 00:00 of 8 June, when the extension is granted.
    rule = a_rule(9, Unit.DAY)
    seen = replace(a_clock(rule, "2026-06-01T09:00"), crossed_until=at("2026-06-08T00:00"))
    closed, longer = extend(seen, TWO, rule, POLICY, at=at("2026-06-08T00:00"), length=10)
    assert closed.waived
    assert codes(crossed(longer, until=at("2026-06-08T00:00"))) == ["yellow"]


def test_an_extension_keeps_the_pauses_of_the_count() -> None:
    # 5 wd from 27 April: 1=28 Apr (paused), 29 and 30 not counted, 2=6 3=7 4=8 5=Sat 9 May; to 15: 6=11 ... 15=22.
    clock = paused(a_clock("HOT-07", "2026-04-27T09:15"), "HOT-07", "2026-04-28T09:00", until="2026-04-30T00:00")
    assert due_on(clock, calendar()).isoformat() == "2026-05-09"
    _, longer = extended(clock, "HOT-07", "2026-05-07T10:00", to=15)
    assert due_on(longer, calendar()).isoformat() == "2026-05-22"


def test_a_month_is_extended_to_the_corresponding_day_of_a_later_month() -> None:
    _, longer = extended(a_clock("MED-02", "2026-01-31T09:00"), "MED-02", "2026-02-10T09:00", to=2)
    assert due_on(longer, calendar()).isoformat() == "2026-03-31"
