"""Marks of cases written down by hand: which time limit a light belongs to, why it does not count, who held the case."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.workflow.factories import at, policy_of, shipped_policy
from workflow.clocks import extend, go_on, start, stop, void
from workflow.history import History, Lit, Taken
from workflow.marks import MEASURES, Mark, marks, waiver_of
from workflow.model import AccountId, CaseId, Clock, Custody, Light, Pause, RecordNumber, UnitId
from workflow.records import Rating, Waiver

POLICY = policy_of("hotline")
CALENDAR = shipped_policy().calendar
RULE = POLICY.rules["HOT-07"][-1]
ROOM, DESK = UnitId(3), UnitId(4)
MEDIATOR, OTHER = AccountId(7), AccountId(8)

#: The hotline order of Monday 2 March 2026, 09:00: yellow on the 6th, red on the 10th, both at 00:00.
BEGAN, YELLOW, RED = "2026-03-02T09:00", "2026-03-06T00:00", "2026-03-10T00:00"


def number(value: int) -> RecordNumber:
    return RecordNumber(value)


def an_order(name: str = "order", rule: str = "HOT-07", *, on: str = BEGAN, n: int = 1) -> Clock:
    return start(number(n), name, POLICY.rules[rule][-1], POLICY, at=at(on))


def lit(light: Light, on: str, *, clock: int = 1, seq: int = 5, unit: UnitId = ROOM) -> Lit:
    return Lit(
        clock=number(clock),
        rung=light.value,
        light=light,
        at=at(on),
        recorded_at=at(on),
        unit=unit,
        person=MEDIATOR,
        seq=seq,
    )


def held(n: int, unit: UnitId, person: AccountId | None, since: str, until: str | None = None) -> Custody:
    return Custody(number=number(n), unit=unit, person=person, from_at=at(since), until_at=at(until) if until else None)


def a_history(*clocks: Clock, **said: Any) -> History:
    whole = {
        "case_id": CaseId(1), "number": ("热线字", 2026, 1), "profile": "hotline", "procedure": "petition",
        "channel": "hotline", "intake_unit": ROOM, "received_at": at(BEGAN), "registered_at": at(BEGAN), "outcome": None,
        "closed_at": None, "reachable": True, "clocks": clocks, "custodies": (held(90, ROOM, MEDIATOR, BEGAN),),
        "ratings": (), "waivers": (), "lit": (), "steps": (), "seq": 50, "seq_of_end": 0,
        "written": {number(n): n + 100 for n in range(100)},
    }  # fmt: skip
    return History(**{**whole, **said})


def of(history: History, *measures: str) -> list[Mark]:
    return [mark for mark in marks(history, CALENDAR) if mark.measure in measures]


def said(history: History, *measures: str) -> list[tuple[str, str]]:
    return [(mark.measure, mark.outcome) for mark in of(history, *measures)]


def answered(clock: Clock, on: str, outcome: str = "met") -> Clock:
    return stop(clock, at=at(on), outcome=outcome)


TWO_LIGHTS = (lit(Light.YELLOW, YELLOW, seq=5), lit(Light.RED, RED, seq=9))


# -- one light a time limit -------------------------------------------------------------------------------------------


def test_red_supersedes_the_yellow_of_the_same_time_limit() -> None:
    found = of(a_history(an_order(), lit=TWO_LIGHTS), "lit", "light")
    assert [(mark.measure, mark.outcome, mark.seq) for mark in found] == [("lit", "red", 9), ("light", "red", 9)]


def test_a_second_red_of_the_same_time_limit_costs_nothing_more_and_the_first_stands() -> None:
    again = lit(Light.RED, "2026-03-12T00:00", seq=12, unit=DESK)
    (mark,) = of(a_history(an_order(), lit=(*TWO_LIGHTS, again)), "light")
    assert (mark.unit, mark.seq) == (ROOM, 9)


def test_two_time_limits_of_one_case_are_counted_each() -> None:
    contact = an_order("contact", "OFC-02", n=2)
    history = a_history(an_order(), contact, lit=(*TWO_LIGHTS, lit(Light.RED, "2026-03-04T00:00", clock=2, seq=3)))
    assert said(history, "light") == [("light", "red"), ("light", "red")]


def test_a_clock_that_goes_on_after_a_reopening_is_the_same_time_limit() -> None:
    first = answered(an_order(), "2026-03-06T10:00")
    first, again = go_on(first, number(2), RULE, POLICY, at=at("2026-03-16T10:00"))
    second = answered(again, "2026-03-17T10:00")
    second, third = go_on(second, number(3), RULE, POLICY, at=at("2026-03-30T10:00"))
    lights = (lit(Light.YELLOW, YELLOW), lit(Light.RED, "2026-04-03T00:00", clock=3, seq=20))
    history = a_history(first, second, third, lit=lights)
    assert said(history, "lit", "light") == [("lit", "red"), ("light", "red")]


def test_a_clock_that_an_extension_opened_is_a_time_limit_of_its_own() -> None:
    closed, longer = extend(an_order(), number(2), RULE, POLICY, at=at("2026-03-09T10:00"), length=15)
    lights = (lit(Light.YELLOW, YELLOW), lit(Light.YELLOW, "2026-03-17T00:00", clock=2, seq=15))
    found = of(a_history(closed, longer, lit=lights), "lit", "light")
    assert [(mark.measure, mark.clock, mark.ground) for mark in found] == [
        ("lit", 1, "extension_before_due"), ("lit", 2, None), ("light", 2, None),
    ]  # fmt: skip


# -- years ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instant", "year"),
    [
        ("2025-12-31T23:59:59.999999+08:00", 2025),
        ("2026-01-01T00:00:00+08:00", 2026),
        ("2025-12-31T15:59:59+00:00", 2025),
        ("2025-12-31T16:00:00+00:00", 2026),  # New Year in Shanghai
        ("2026-12-31T16:00:00+00:00", 2027),
    ],
)
def test_the_year_of_a_light_is_that_of_its_instant_in_the_offices_zone(instant: str, year: int) -> None:
    light = replace(lit(Light.RED, RED), at=datetime.fromisoformat(instant))
    assert [mark.year for mark in of(a_history(an_order(), lit=(light,)), "lit", "light")] == [year, year]


def test_a_red_supersedes_the_yellow_of_the_year_before() -> None:
    lights = (lit(Light.YELLOW, "2025-12-31T00:00"), lit(Light.RED, "2026-01-01T00:00", seq=9))
    assert [(mark.year, mark.outcome) for mark in of(a_history(an_order(), lit=lights), "light")] == [(2026, "red")]


# -- waivers by rule and by decision ----------------------------------------------------------------------------------


def test_an_extension_waives_what_had_lit_and_the_event_that_says_so_is_the_one_that_closed_the_clock() -> None:
    closed, longer = extend(an_order(), number(2), RULE, POLICY, at=at("2026-03-09T10:00"), length=15)
    light = lit(Light.YELLOW, YELLOW)
    assert waiver_of(light, closed, a_history(closed, longer, lit=(light,))) == ("extension_before_due", 101)


@pytest.mark.parametrize(
    ("began", "ended", "covered"),
    [
        ("2026-03-05T23:59", "2026-03-06T00:01", True),
        ("2026-03-06T00:00", "2026-03-07T00:00", False),  # it begins at the very instant: the light came first
        ("2026-03-05T00:00", "2026-03-06T00:00", False),  # it has ended by then
        ("2026-03-06T00:01", "2026-03-09T00:00", False),  # it begins after
    ],
)
def test_a_light_that_lit_while_the_clock_was_paused_does_not_count(began: str, ended: str, *, covered: bool) -> None:
    paused = replace(an_order(), pauses=(Pause(at=at(began), until=at(ended), ground="measurement"),))
    history = a_history(paused, lit=(lit(Light.YELLOW, YELLOW),))
    (mark,) = of(history, "lit")
    assert (mark.ground, mark.decided) == (("pause_covers_lighting", 101) if covered else (None, None))
    assert len(of(history, "light")) == (0 if covered else 1)


def a_waiver(decision: str | None, *, n: int = 40, rung: str = "yellow", ground: str = "force_majeure") -> Waiver:
    decided = at("2026-03-11T09:00") if decision else None
    return Waiver(
        number=number(n), clock=number(1), rung=rung, ground=ground, proposed_at=at("2026-03-10T09:00"),
        decided_at=decided, decision=decision, stage="appeal",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("waivers", "ground"),
    [
        ((), None),
        ((a_waiver(None),), None),  # proposed is not decided
        ((a_waiver("rejected"),), None),
        ((a_waiver("upheld"),), "force_majeure"),
        ((a_waiver("upheld", rung="red"),), None),  # another light of the same clock
        ((a_waiver("rejected"), a_waiver("upheld", n=41, ground="system_error")), "system_error"),
    ],
)
def test_a_light_is_waived_by_what_an_assessor_upheld(waivers: tuple[Waiver, ...], ground: str | None) -> None:
    light = lit(Light.YELLOW, YELLOW)
    history = a_history(an_order(), lit=(light,), waivers=waivers)
    found = waiver_of(light, an_order(), history)
    assert found == ((ground and (ground, 100 + waivers[-1].number)) or None)


@pytest.mark.parametrize("ground", MEASURES["returned"])
def test_whatever_was_not_ours_leaves_its_lights_and_counts_nothing(ground: str) -> None:
    clock = void(an_order(), at=at("2026-03-11T09:00"))
    history = a_history(
        clock, lit=TWO_LIGHTS, outcome=f"not_ours.{ground}", closed_at=at("2026-03-11T09:00"), seq_of_end=11
    )
    found = marks(history, CALENDAR)
    assert [(mark.measure, mark.outcome, mark.ground, mark.decided) for mark in found] == [
        ("lit", "red", ground, 11), ("taken", "taken", None, None), ("returned", ground, None, None),
    ]  # fmt: skip


def test_a_waived_red_leaves_the_yellow_to_be_counted() -> None:
    history = a_history(an_order(), lit=TWO_LIGHTS, waivers=(a_waiver("upheld", rung="red"),))
    assert said(history, "lit", "light") == [("lit", "red"), ("light", "yellow")]


# -- who held it ------------------------------------------------------------------------------------------------------

HANDED = (held(90, ROOM, MEDIATOR, BEGAN, "2026-03-05T10:00"), held(91, DESK, OTHER, "2026-03-05T10:00"))


@pytest.mark.parametrize(
    ("stopped", "unit", "person"),
    [
        ("2026-03-05T09:59", ROOM, MEDIATOR),
        ("2026-03-05T10:00", ROOM, MEDIATOR),  # what the handing over itself ends was the former holder's
        ("2026-03-05T10:01", DESK, OTHER),
        ("2026-03-02T09:00", ROOM, MEDIATOR),  # at the very beginning
    ],
)
def test_an_end_belongs_to_whoever_held_the_case_just_before(stopped: str, unit: UnitId, person: AccountId) -> None:
    history = a_history(answered(an_order(), stopped), custodies=HANDED)
    assert {(mark.unit, mark.person) for mark in of(history, "closed", "due")} == {(unit, person)}


@pytest.mark.parametrize(("rated", "unit"), [("2026-03-05T09:59", ROOM), ("2026-03-05T10:00", DESK)])
def test_a_rating_belongs_to_whoever_holds_the_case_at_that_instant(rated: str, unit: UnitId) -> None:
    rating = Rating(number=number(30), score="satisfied", comment=None, rated_at=at(rated))
    (mark,) = of(a_history(an_order(), custodies=HANDED, ratings=(rating,)), "rated")
    assert (mark.unit, mark.seq) == (unit, 130)


def test_a_light_belongs_to_whom_its_event_names_whatever_the_custody_says_later() -> None:
    (mark,) = of(a_history(an_order(), custodies=HANDED, lit=(lit(Light.RED, RED, unit=ROOM),)), "light")
    assert mark.unit == ROOM


# -- limits that ended ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stopped", "outcome"),
    [("2026-03-09T23:59", "in_time"), ("2026-03-10T00:00", "late"), ("2026-03-20T00:00", "late")],
)
def test_a_day_ends_at_midnight_and_midnight_itself_is_late(stopped: str, outcome: str) -> None:
    history = a_history(answered(an_order(), stopped))
    assert said(history, "closed", "due") == [("closed", outcome), ("due", f"closed_{outcome}")]
    assert [mark.at for mark in of(history, "due")] == [min(at(stopped), at(RED))]


@pytest.mark.parametrize(
    ("again", "closed"),
    [("2026-04-04T09:59", "reopened"), ("2026-04-04T10:00", "reopened"), ("2026-04-04T10:01", "in_time")],
)
def test_reopened_within_thirty_days_was_not_closed(again: str, closed: str) -> None:
    first, second = go_on(answered(an_order(), "2026-03-05T10:00"), number(2), RULE, POLICY, at=at(again))
    assert said(a_history(first, second), "closed", "reopened") == [("reopened", "reopened"), ("closed", closed)]


@pytest.mark.parametrize("outcome", ["extended", "reassigned", "void"])
def test_what_goes_on_or_was_void_has_not_ended(outcome: str) -> None:
    assert said(a_history(answered(an_order(), "2026-03-05T10:00", outcome)), "closed", "due", "accepted") == []


@pytest.mark.parametrize(
    ("name", "rule", "stopped", "expected"),
    [
        ("notice", "PET-02", "2026-03-05T10:00", []),  # cut short with time left: neither met nor missed
        ("notice", "PET-02", "2026-03-20T10:00", [("accepted", "late")]),
        ("order", "HOT-07", "2026-03-05T10:00", [("closed", "in_time"), ("due", "closed_in_time")]),
    ],
)
def test_what_the_end_of_the_case_cut_short(
    name: str, rule: str, stopped: str, expected: list[tuple[str, str]]
) -> None:
    clock = start(number(1), name, POLICY.rules[rule][-1], POLICY, at=at(BEGAN))
    found = said(a_history(answered(clock, stopped, "case_ended")), "accepted", "closed", "due")
    assert found == expected


def test_a_deciding_limit_that_is_over_and_open_is_due_and_one_that_is_not_over_is_nothing() -> None:
    assert said(a_history(an_order(), lit=TWO_LIGHTS[:1]), "due", "closed") == []
    (mark,) = of(a_history(an_order(), lit=TWO_LIGHTS), "due")
    assert (mark.outcome, mark.at, mark.seq) == ("open", at(RED), 9)


def test_neither_signing_nor_a_persons_window_is_accepting_or_deciding() -> None:
    signing = answered(an_order("signing", "OFC-01"), "2026-03-04T10:00")
    closing = answered(an_order("closing", "OFC-03", n=2), "2026-03-04T10:00")
    assert said(a_history(signing, closing), "accepted", "closed", "due", "crisis") == []


@pytest.mark.parametrize(("stopped", "outcome"), [("2026-03-02T09:29", "in_time"), ("2026-03-02T09:30", "late")])
def test_a_report_of_a_crisis_is_in_time_or_late_and_its_case_is_not_rated(stopped: str, outcome: str) -> None:
    report = answered(an_order("oral_report", "CRI-02"), stopped)
    rating = Rating(number=number(30), score="dissatisfied", comment=None, rated_at=at(RED))
    history = a_history(report, ratings=(rating,), steps=(an_answer("2026-03-05T10:00"),))
    assert said(history, "crisis", "rated", "answered") == [("crisis", outcome)]


HALF_PAST = "2026-03-02T09:30"  #: of a matter of 09:00, when half an hour is over


def a_crisis(responded: str | None, by_phone: str | None, in_writing: str | None) -> History:
    """A crisis of 09:00 whose first response (30 minutes), oral (30 minutes) and written report (2 hours) came then."""
    names = ("first_response", "CRI-01"), ("oral_report", "CRI-02"), ("written_report", "CRI-03")
    clocks = [an_order(name, rule, n=n) for n, (name, rule) in enumerate(names, start=1)]
    ends = (responded, by_phone, in_writing)
    return a_history(*(answered(clock, end) if end else clock for clock, end in zip(clocks, ends, strict=True)))


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        (("2026-03-02T09:05", "2026-03-02T09:10", "2026-03-02T10:59"), [("crisis_handled", "in_time")]),
        ((HALF_PAST, "2026-03-02T09:10", "2026-03-02T10:59"), [("crisis_handled", "late")]),  # the first response
        (("2026-03-02T09:05", HALF_PAST, "2026-03-02T10:59"), [("crisis_handled", "late")]),
        (("2026-03-02T09:05", "2026-03-02T09:10", "2026-03-02T11:00"), [("crisis_handled", "late")]),
        ((None, "2026-03-02T09:10", "2026-03-02T10:59"), []),  # something is still owed
    ],
)
def test_a_crisis_is_one_and_in_time_if_everything_owed_at_once_was(
    ends: tuple[str | None, str | None, str | None], expected: list[tuple[str, str]]
) -> None:
    assert said(a_crisis(*ends), "crisis_handled") == expected


def test_a_crisis_that_ended_before_its_reports_were_due_was_neither_handled_nor_missed() -> None:
    history = a_crisis("2026-03-02T09:05", "2026-03-02T09:10", None)
    written = answered(history.clocks[2], "2026-03-02T10:00", "case_ended")
    assert said(replace(history, clocks=(*history.clocks[:2], written)), "crisis_handled") == []


def test_a_first_response_that_is_no_crisis_earns_nothing() -> None:
    assert said(a_history(answered(an_order("first_response", "CRI-01"), BEGAN)), "crisis_handled") == []


@pytest.mark.parametrize(
    ("rule", "stopped", "expected"),
    [
        ("HOT-01", "2026-03-02T10:59", [("urgent", "closed_in_time")]),  # two hours
        ("HOT-01", "2026-03-02T11:00", [("urgent", "closed_late")]),
        ("HOT-02", "2026-03-03T08:59", [("urgent", "closed_in_time")]),  # twenty-four
        ("HOT-07", "2026-03-03T08:59", []),  # five working days
    ],
)
def test_what_is_counted_in_hours_is_urgent(rule: str, stopped: str, expected: list[tuple[str, str]]) -> None:
    assert said(a_history(answered(an_order("order", rule), stopped)), "urgent") == expected


def test_an_urgent_matter_that_is_overdue_and_not_answered_is_open() -> None:
    order = an_order("order", "HOT-01")
    red = lit(Light.RED, "2026-03-02T11:00")
    assert said(a_history(order, lit=(red,)), "urgent") == [("urgent", "open")]
    assert said(a_history(order), "urgent") == []  # nothing has lit: it is not over yet


def test_whatever_decides_a_crisis_is_urgent_whatever_it_is_counted_in() -> None:
    clocks = answered(an_order(), "2026-03-09T23:59"), an_order("oral_report", "CRI-02", n=2)
    assert said(a_history(*clocks), "urgent", "due") == [("due", "closed_in_time"), ("urgent", "closed_in_time")]


# -- the person's word ------------------------------------------------------------------------------------------------


def an_answer(on: str, *, event: str = "case:replied") -> Taken:
    return Taken(seq=20, event=event, command="Reply", at=at(on), done_at=at(on), actor=MEDIATOR, unit=ROOM, texts=())


@pytest.mark.parametrize(
    ("reachable", "rated", "expected"),
    [
        (True, False, [("answered", "unrated")]),
        (True, True, [("rated", "satisfied"), ("answered", "rated")]),
        (False, False, []),  # nobody could be asked
        (False, True, [("rated", "satisfied"), ("answered", "rated")]),  # a word that came all the same counts
    ],
)
def test_who_was_asked_and_who_answered(*, reachable: bool, rated: bool, expected: list[tuple[str, str]]) -> None:
    rating = Rating(number=number(30), score="satisfied", comment=None, rated_at=at(RED))
    history = a_history(
        an_order(), reachable=reachable, ratings=(rating,) if rated else (), steps=(an_answer("2026-03-05T10:00"),)
    )
    assert said(history, "rated", "answered") == expected


def test_an_answer_is_asked_about_once_however_often_the_matter_was_reopened() -> None:
    steps = (an_answer("2026-03-05T10:00"), an_answer("2026-03-17T10:00"))
    (mark,) = of(a_history(an_order(), steps=steps), "answered")
    assert mark.at == at("2026-03-05T10:00")


# -- the vocabulary ---------------------------------------------------------------------------------------------------


def test_every_mark_is_of_the_vocabulary_and_marks_are_a_function_of_the_history() -> None:
    first = answered(an_order(), "2026-03-05T10:00")
    first, again = go_on(first, number(2), RULE, POLICY, at=at("2026-03-16T10:00"))
    history = a_history(first, again, lit=(lit(Light.RED, "2026-04-03T00:00", clock=2),), steps=(an_answer(RED),))
    found = marks(history, CALENDAR)
    assert found == marks(history, CALENDAR)
    assert all(mark.outcome in MEASURES[mark.measure] for mark in found)
