"""What becomes of a running clock when another policy or calendar is published, and of one that was never ours.

Times are local; each count stands beside its literal. HOT-07 from Mon 2 March 2026 is 1=3 2=4 3=5 4=Fri 6 5=Mon 9.
"""

from dataclasses import replace
from datetime import date, datetime

import pytest

from tests.workflow.clock_factories import A_MOMENT, POLICY, TWO, a_clock, a_rule, codes, instants
from tests.workflow.factories import at, calendar, local
from workflow.clocks import crossed, due_on, extend, light, move, next_crossing_at, pause, paused_until, stop, void
from workflow.model import Clock, Kind, Light, Unit
from workflow.policy import CasePolicy
from workflow.policy_rules import Rule

HOT_07 = POLICY.rules["HOT-07"][-1]
MONDAY = "2026-03-02T09:00"


def with_days(*, off: tuple[str, ...] = (), work: tuple[str, ...] = ()) -> CasePolicy:
    """The next version: the same rules under a calendar with these days off and these worked."""
    days = calendar()
    changed = replace(
        days,
        off=days.off | {date.fromisoformat(day) for day in off},
        work=days.work | {date.fromisoformat(day) for day in work},
    )
    return replace(POLICY, version="next", calendar=changed)


NEXT = with_days()


def an_order(*, noted_until: str | None = None) -> Clock:
    """HOT-07 from Monday 2 March; what it had crossed by that time is in the ledger."""
    clock = a_clock(HOT_07, MONDAY)
    return noted(clock, noted_until) if noted_until else clock


def noted(clock: Clock, until: str) -> Clock:
    lit = crossed(clock, until=at(until))
    return replace(clock, crossed_until=lit[-1].rung.at) if lit else clock


def moved(clock: Clock, on: str, *, rule: Rule = HOT_07, policy: CasePolicy = NEXT) -> Clock:
    return move(clock, rule, policy, at=at(on))


# -- another calendar -------------------------------------------------------------------------------------------------


def test_a_new_day_off_moves_the_due_time_and_the_rungs_to_come() -> None:
    # Wed 4 off: 1=3 2=5 3=6 4=9 5=Tue 10; then 11, 12, 13, 16, 17.
    found = moved(an_order(), "2026-03-03T10:00", policy=with_days(off=("2026-03-04",)))
    assert due_on(found, calendar()).isoformat() == "2026-03-10"
    assert instants(found) == {
        "yellow": "2026-03-09T00:00",
        "half_yellow": "2026-03-10T00:00",
        "red": "2026-03-11T00:00",
        "red_5wd": "2026-03-18T00:00",
    }
    assert found.policy == "next"


def test_a_new_make_up_day_moves_the_due_time_forward() -> None:
    # Sat 7 worked: 1=3 2=4 3=5 4=6 5=Sat 7.
    found = moved(an_order(), "2026-03-03T10:00", policy=with_days(work=("2026-03-07",)))
    assert due_on(found, calendar()).isoformat() == "2026-03-07"
    assert instants(found)["yellow"] == "2026-03-06T00:00"


def test_a_move_that_changes_no_day_changes_nothing_but_the_version() -> None:
    for clock in (an_order(), an_order(noted_until="2026-03-06T08:00"), an_order(noted_until="2026-03-12T08:00")):
        assert moved(clock, "2026-03-12T10:00") == replace(clock, policy="next")


def test_a_clock_that_no_longer_needs_an_unknown_year_is_no_longer_provisional() -> None:
    # 3 wd from Mon 28 Dec 2026: red_5wd needs 2027.
    rule = a_rule(3)
    clock = a_clock(rule, "2026-12-28T09:00")
    assert clock.provisional
    published = replace(calendar(), published=frozenset({2025, 2026, 2027}))
    found = move(clock, rule, replace(POLICY, calendar=published), at=at("2026-12-29T09:00"))
    assert not found.provisional
    assert found.rungs == clock.rungs


# -- what is crossed stays crossed ------------------------------------------------------------------------------------


def test_a_rung_in_the_ledger_stays_at_the_instant_at_which_it_was_crossed() -> None:
    # Thu 5 turns out to have been off: 4=9 5=Tue 10. The yellow of Fri 6 was lit and stays; the half of it moves to the 10th.
    clock = an_order(noted_until="2026-03-06T08:00")
    found = moved(clock, "2026-03-06T10:00", policy=with_days(off=("2026-03-05",)))
    assert instants(found)["yellow"] == "2026-03-06T00:00"
    assert instants(found)["half_yellow"] == "2026-03-10T00:00"
    assert light(found, at=at("2026-03-06T10:00")) is Light.YELLOW
    assert next_crossing_at(found) == at("2026-03-10T00:00")


def test_red_that_was_lit_stays_red_although_the_new_due_time_is_later() -> None:
    # Red since Tue 10; on Wed 11 the limit becomes 10 days: 6=10 7=11 8=12 9=13 10=Mon 16; then 17, 18, 19, 20, 23.
    clock = an_order(noted_until="2026-03-10T08:00")
    found = moved(clock, "2026-03-11T10:00", rule=replace(HOT_07, length=10))
    assert due_on(found, calendar()).isoformat() == "2026-03-16"
    assert light(found, at=at("2026-03-11T10:00")) is Light.RED
    assert instants(found) == {
        "yellow": "2026-03-06T00:00",
        "half_yellow": "2026-03-09T00:00",
        "red": "2026-03-10T00:00",
        "red_5wd": "2026-03-24T00:00",  # no warning after red, and red is not told of twice
    }
    assert codes(crossed(found, until=at("2026-12-01T00:00"))) == ["red_5wd"]


def test_nobody_is_warned_of_what_is_red_already() -> None:
    # 2 days, too short for a warning: due Wed 4, red since Thu 5. To 10 days on Fri 6, whose yellow would be Wed 11.
    clock = noted(a_clock(replace(HOT_07, length=2), MONDAY), "2026-03-05T08:00")
    found = moved(clock, "2026-03-06T10:00", rule=replace(HOT_07, length=10))
    assert instants(found) == {"red": "2026-03-05T00:00", "red_5wd": "2026-03-24T00:00"}
    assert due_on(found, calendar()).isoformat() == "2026-03-16"


def test_a_reminder_that_was_given_is_not_given_again() -> None:
    # red_5wd was told of on Tue 17; a longer limit puts it ahead again.
    clock = an_order(noted_until="2026-03-17T08:00")
    found = moved(clock, "2026-03-17T10:00", rule=replace(HOT_07, length=10))
    assert next_crossing_at(found) is None
    assert found.rungs == clock.rungs


# -- a rung that the new count puts into the past ---------------------------------------------------------------------


def test_a_rung_that_the_new_count_puts_into_the_past_lights_at_the_moment_of_the_move() -> None:
    # To 4 days on Fri 6 at 10:00, seen green until then: yellow would have been day 3 = Thu 5, half of it day 4 = Fri 6.
    clock = replace(a_clock(replace(HOT_07, length=9), MONDAY), length=9)
    found = moved(clock, "2026-03-06T10:00", rule=replace(HOT_07, length=4))
    assert due_on(found, calendar()).isoformat() == "2026-03-06"
    assert instants(found) == {
        "yellow": "2026-03-06T10:00",  # nobody could have known of it before
        "red": "2026-03-07T00:00",
        "red_5wd": "2026-03-14T00:00",  # 9, 10, 11, 12, Fri 13
    }
    assert light(found, at=at("2026-03-06T10:00") - A_MOMENT) is Light.GREEN
    assert codes(crossed(found, until=at("2026-03-06T10:00"))) == ["yellow"]


def test_of_several_rungs_in_the_past_only_the_worst_light_is_left() -> None:
    # To 3 days on Fri 6: due Thu 5, so both yellow and red would have lit before.
    clock = a_clock(replace(HOT_07, length=9), MONDAY)
    found = moved(clock, "2026-03-06T10:00", rule=replace(HOT_07, length=3))
    assert instants(found) == {"red": "2026-03-06T10:00", "red_5wd": "2026-03-13T00:00"}  # 6, 9, 10, 11, Thu 12
    assert found.due_at == at("2026-03-06T00:00")


def test_red_that_the_move_brings_about_comes_after_the_yellow_that_was_lit_before() -> None:
    # Yellow since Fri 6; on Mon 9 at 10:00 the limit becomes 4 days, over since 24:00 of Fri 6.
    clock = an_order(noted_until="2026-03-09T08:00")
    found = moved(clock, "2026-03-09T10:00", rule=replace(HOT_07, length=4))
    assert instants(found)["yellow"] == "2026-03-06T00:00"
    assert instants(found)["red"] == "2026-03-09T10:00"
    assert codes(crossed(found, until=at("2026-03-09T10:00"))) == ["red"]


def test_what_the_sweep_has_not_noted_yet_keeps_its_true_instant_when_the_move_does_not_touch_it() -> None:
    clock = an_order()  # nobody has swept since the yellow of Fri 6
    found = moved(clock, "2026-03-06T10:00", policy=with_days(off=("2026-03-16",)))  # only red_5wd is later
    assert instants(found)["yellow"] == "2026-03-06T00:00"
    assert instants(found)["red_5wd"] == "2026-03-18T00:00"


# -- pauses, extensions, kinds ----------------------------------------------------------------------------------------


def paused(clock: Clock, on: str, until: str) -> Clock:
    return pause(clock, HOT_07, POLICY, at=at(on), until=at(until), ground="appraisal")


def test_the_end_of_a_pause_is_still_told_of_after_a_move() -> None:
    # Paused Wed 4 until Wed 11 (5-11 not counted): 2=4 3=12 4=13 5=16; with Thu 12 off: 3=13 4=16 5=17.
    clock = paused(an_order(), "2026-03-04T10:00", "2026-03-11T00:00")
    found = moved(clock, "2026-03-06T10:00", policy=with_days(off=("2026-03-12",)))
    assert instants(found)["pause_over"] == "2026-03-11T00:00"
    assert due_on(found, calendar()).isoformat() == "2026-03-17"
    assert paused_until(found, at=at("2026-03-06T10:00")) == at("2026-03-11T00:00")
    assert next_crossing_at(found) == at("2026-03-11T00:00")


def test_a_pause_that_was_over_and_noted_is_not_told_of_again() -> None:
    clock = noted(paused(an_order(), "2026-03-04T10:00", "2026-03-11T00:00"), "2026-03-11T08:00")
    found = moved(clock, "2026-03-11T10:00")
    assert [rung.code for rung in found.rungs].count("pause_over") == 1
    assert "pause_over" not in codes(crossed(found, until=at("2026-12-01T00:00")))


@pytest.mark.parametrize(
    ("length", "kept"),
    [
        (7, 15),  # what was granted stays granted
        (20, 20),  # and a rule that has become longer counts
    ],
)
def test_a_length_that_an_extension_has_granted_stays(length: int, kept: int) -> None:
    _, longer = extend(an_order(), TWO, HOT_07, POLICY, at=at("2026-03-04T10:00"), length=15)
    assert moved(longer, "2026-03-05T10:00", rule=replace(HOT_07, length=length)).length == kept


def test_a_clock_that_was_never_extended_takes_the_length_of_the_new_rule() -> None:
    for length in (3, 7):
        assert moved(an_order(), "2026-03-03T10:00", rule=replace(HOT_07, length=length)).length == length


def test_a_clock_that_an_extension_opened_keeps_its_opening_light_after_a_move() -> None:
    # 10 wd from 2 March to 12 on Mon 16 at 10:00: its yellow, day 9 = Fri 13, was crossed at the opening.
    rule = POLICY.rules["ENT-01c"][-1]
    _, longer = extend(a_clock(rule, MONDAY), TWO, rule, POLICY, at=at("2026-03-16T10:00"), length=12)
    for clock in (longer, noted(longer, "2026-03-16T10:00")):
        found = moved(clock, "2026-03-16T12:00", rule=rule, policy=with_days(off=("2026-03-17",)))
        assert instants(found)["yellow"] == "2026-03-16T10:00"
        assert due_on(found, calendar()).isoformat() == "2026-03-19"  # 11=18 12=19


def test_a_duty_that_becomes_a_persons_window_lights_no_more_and_keeps_what_it_lit() -> None:
    clock = an_order(noted_until="2026-03-06T08:00")
    found = moved(clock, "2026-03-06T10:00", rule=replace(HOT_07, kind=Kind.RIGHT))
    assert found.kind is Kind.RIGHT
    assert [rung.code for rung in found.rungs if rung.light] == ["yellow"]
    assert light(found, at=at("2026-12-01T00:00")) is Light.YELLOW


def test_a_clock_may_be_moved_to_another_unit() -> None:
    # 5 calendar days from 2 March: Sat 7; k=2: yellow on day 4 = Fri 6, half of it Sat 7.
    found = moved(an_order(), "2026-03-03T10:00", rule=replace(HOT_07, unit=Unit.DAY))
    assert (found.unit, due_on(found, calendar()).isoformat()) == (Unit.DAY, "2026-03-07")
    assert instants(found)["half_yellow"] == "2026-03-07T00:00"


def test_a_clock_may_be_moved_to_another_ladder() -> None:
    found = moved(an_order(), "2026-03-03T10:00", rule=replace(HOT_07, ladder="post"))
    assert instants(found) == {
        "yellow": "2026-03-10T00:00",
        "red": "2026-03-17T00:00",
        "red_5wd": "2026-03-24T00:00",
    }


# -- counting anew ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("swept", [True, False])
def test_a_later_pause_leaves_the_opening_light_of_an_extension_where_it_lit(swept: bool) -> None:
    # Opened yellow on Mon 16 at 10:00 (day 9 = Fri 13 had passed); paused an hour later until Thu 19.
    rule = POLICY.rules["ENT-01c"][-1]
    _, longer = extend(a_clock(rule, MONDAY), TWO, rule, POLICY, at=at("2026-03-16T10:00"), length=12)
    clock = noted(longer, "2026-03-16T10:00") if swept else longer
    held = pause(clock, rule, POLICY, at=at("2026-03-16T11:00"), until=at("2026-03-19T00:00"), ground="x")
    # 10=Mon 16 (paused), 17-19 not counted, 11=20 12=Mon 23; then 24, 25, 26, 27, 30.
    assert instants(held) == {
        "yellow": "2026-03-16T10:00",
        "pause_over": "2026-03-19T00:00",
        "half_yellow": "2026-03-20T00:00",
        "red": "2026-03-24T00:00",
        "red_5wd": "2026-03-31T00:00",
    }


# -- void -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "shown", "waived"),
    [
        ("2026-03-05T23:59", Light.GREEN, False),
        ("2026-03-06T00:00", Light.YELLOW, True),
        ("2026-03-11T10:00", Light.RED, True),
    ],
)
def test_a_clock_that_was_never_ours_is_void_and_what_it_lit_is_kept_and_not_counted(
    on: str, shown: Light, waived: bool
) -> None:
    found = void(an_order(), at=at(on))
    assert (found.outcome, local(found.stopped_at), found.waived) == ("void", on, waived)
    assert light(found, at=at("2026-12-01T00:00")) is shown
    assert crossed(found, until=at("2026-12-01T00:00")) == ()
    assert next_crossing_at(found) is None


def test_a_window_that_is_void_has_no_light_to_waive() -> None:
    assert not void(a_clock("MED-07", MONDAY), at=at("2026-12-01T00:00")).waived
    instant: datetime = at("2026-03-11T10:00")
    assert not stop(an_order(), at=instant).waived  # only a void clock's light is waived
