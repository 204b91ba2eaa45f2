"""A light that somebody has in hand: who may say so, what it covers, and until when.

HOT-07 from Mon 2 March 2026: yellow Fri 6, half of it Mon 9, red Tue 10, five working days later Tue 17, all at 00:00.
"""

from dataclasses import replace

import pytest

from tests.workflow.clock_factories import A_MOMENT, POLICY, TWO, a_clock
from tests.workflow.factories import (
    CLERK,
    COORDINATOR,
    ELSEWHERE,
    MEDIATOR,
    PETITIONER,
    SUPERVISOR,
    a_matter_in_hand,
    a_mediation_in_session,
    a_registered_matter,
    a_replied_matter,
    an_actor,
    at,
    decided,
    is_open,
    refused,
    take,
    the_clock,
)
from workflow.clocks import covers, extend, is_acknowledged, light, move, pause, stop, waits_for_word
from workflow.model import Actor, Clock, Light, Role
from workflow.procedures.every_case.commands import Acknowledge
from workflow.procedures.petition.commands import ContactPerson

MONDAY, FRIDAY = "2026-03-02T09:00", "2026-03-06T09:00"


def an_order(acknowledged: str | None = None) -> Clock:
    return replace(a_clock("HOT-07", MONDAY), acknowledged_at=at(acknowledged) if acknowledged else None)


# -- what a word covers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("acknowledged", "now", "covered"),
    [
        (None, "2026-03-09T00:00", False),  # nobody has said a word
        ("2026-03-06T00:00", "2026-03-06T00:00", True),  # in the very instant
        ("2026-03-06T09:00", "2026-03-09T00:00", True),  # the reminder of the light that was acknowledged
        ("2026-03-06T09:00", "2026-03-09T23:59", True),
        ("2026-03-06T09:00", "2026-03-10T00:00", False),  # red: a new light needs a new word
        ("2026-03-06T09:00", "2026-03-17T00:00", False),
        ("2026-03-10T09:00", "2026-03-17T00:00", True),
        ("2026-03-10T00:00", "2026-03-17T00:00", True),
        ("2026-03-05T09:00", "2026-03-09T00:00", False),  # a word given before anything was lit
        ("2026-03-06T09:00", "2026-03-06T08:00", False),  # asked of the hour before the word
        ("2026-03-05T09:00", "2026-03-05T10:00", False),  # nothing is lit, so nothing is covered
    ],
)
def test_a_word_covers_the_light_that_was_shown_when_it_was_given(
    acknowledged: str | None, now: str, covered: bool
) -> None:
    clock = an_order(acknowledged)
    assert is_acknowledged(clock, at=at(now)) is covered
    assert covers(clock.acknowledged_at, clock.rungs, at=at(now)) is covered


@pytest.mark.parametrize(
    ("acknowledged", "now", "waits"),
    [
        (None, "2026-03-05T23:59", False),  # green
        (None, "2026-03-06T00:00", True),
        ("2026-03-06T09:00", "2026-03-06T08:59", True),
        ("2026-03-06T09:00", "2026-03-06T09:00", False),
        ("2026-03-06T09:00", "2026-03-09T12:00", False),
        ("2026-03-06T09:00", "2026-03-10T00:00", True),  # red
        ("2026-03-10T09:00", "2026-12-01T00:00", False),
    ],
)
def test_a_clock_waits_for_a_word_while_it_is_lit_and_nobody_has_it_in_hand(
    acknowledged: str | None, now: str, waits: bool
) -> None:
    assert waits_for_word(an_order(acknowledged), at=at(now)) is waits


def test_a_stopped_clock_and_a_persons_window_wait_for_nobody() -> None:
    assert not waits_for_word(stop(an_order(), at=at("2026-03-11T09:00")), at=at("2026-03-12T09:00"))
    assert not waits_for_word(a_clock("MED-07", MONDAY), at=at("2026-12-01T00:00"))


def test_a_word_takes_no_light_back() -> None:
    assert light(an_order(FRIDAY), at=at("2026-03-09T00:00")) is Light.YELLOW
    assert light(an_order(FRIDAY), at=at("2026-03-10T00:00")) is Light.RED


def test_an_extension_opens_a_clock_that_nobody_has_acknowledged() -> None:
    rule, now = POLICY.rules["HOT-07"][-1], at("2026-03-06T10:00")
    closed, longer = extend(an_order(FRIDAY), TWO, rule, POLICY, at=now, length=15)
    assert (closed.acknowledged_at, longer.acknowledged_at) == (at(FRIDAY), None)


def test_a_pause_and_a_move_keep_the_word_that_was_given() -> None:
    rule, now = POLICY.rules["HOT-07"][-1], at("2026-03-06T10:00")
    held = pause(an_order(FRIDAY), rule, POLICY, at=now, until=at("2026-03-12T00:00"), ground="appraisal")
    assert is_acknowledged(held, at=at("2026-03-10T00:00"))  # nothing new lights during the pause
    assert is_acknowledged(move(an_order(FRIDAY), rule, POLICY, at=now), at=now)


# -- saying it --------------------------------------------------------------------------------------------------------


def test_there_is_nothing_to_acknowledge_before_a_light_and_after_a_word() -> None:
    facts = a_matter_in_hand("hotline", on=MONDAY)
    facts = take(facts, ContactPerson(note="n"), by=MEDIATOR, on=MONDAY)
    assert refused(facts, Acknowledge(), by=MEDIATOR, on="2026-03-05T23:59") == ("acknowledge.nothing_lit",)
    facts = take(facts, Acknowledge(), by=MEDIATOR, on=FRIDAY)
    assert the_clock(facts, "order").acknowledged_at == at(FRIDAY)
    assert refused(facts, Acknowledge(), by=MEDIATOR, on="2026-03-09T12:00") == ("acknowledge.nothing_lit",)
    assert not is_open(facts, Acknowledge, by=SUPERVISOR, on="2026-03-09T12:00")


def test_red_is_acknowledged_anew() -> None:
    facts = take(a_matter_in_hand("hotline", on=MONDAY), Acknowledge(), by=MEDIATOR, on=FRIDAY)
    again = take(facts, Acknowledge(), by=SUPERVISOR, on="2026-03-10T10:00")
    assert the_clock(again, "order").acknowledged_at == at("2026-03-10T10:00")


def test_every_lit_clock_is_acknowledged_and_no_other() -> None:
    # Of a petition registered on 2 March the contact is red since Wed 4, and the decision of 60 days green.
    facts = take(a_matter_in_hand(on=MONDAY), Acknowledge(), by=MEDIATOR, on=FRIDAY)
    assert {clock.name: clock.acknowledged_at for clock in facts.clocks if clock.stopped_at is None} == {
        "contact": at(FRIDAY),
        "decision": None,
    }


def test_a_word_given_for_one_clock_is_not_overwritten_by_that_for_another() -> None:
    facts = take(a_matter_in_hand("hotline", on=MONDAY), Acknowledge(), by=MEDIATOR, on="2026-03-04T10:00")
    facts = take(facts, Acknowledge(), by=MEDIATOR, on=FRIDAY)  # the order is yellow by now
    assert the_clock(facts, "contact").acknowledged_at == at("2026-03-04T10:00")
    assert the_clock(facts, "order").acknowledged_at == at(FRIDAY)


def test_acknowledging_moves_nothing_and_tells_nobody() -> None:
    facts = a_matter_in_hand("hotline", on=MONDAY)
    decision = decided(facts, Acknowledge(), by=MEDIATOR, on=FRIDAY)
    assert (decision.event, decision.tells, decision.new) == ("clock:acknowledged", (), ())
    after = take(facts, Acknowledge(), by=MEDIATOR, on=FRIDAY)
    assert (after.state, after.holder_person, after.milestones) == (facts.state, facts.holder_person, facts.milestones)
    assert [clock.rungs for clock in after.clocks] == [clock.rungs for clock in facts.clocks]


@pytest.mark.parametrize("actor", [MEDIATOR, SUPERVISOR, an_actor(Role.COORDINATOR, 60), an_actor(Role.SUPERVISOR, 61)])
def test_who_is_told_may_say_that_it_is_in_hand(actor: Actor) -> None:
    assert is_open(a_matter_in_hand("hotline", on=MONDAY), Acknowledge, by=actor, on=FRIDAY)


@pytest.mark.parametrize(
    "stranger",
    [an_actor(Role.MEDIATOR, 62), an_actor(Role.SUPERVISOR, 63, ELSEWHERE), COORDINATOR, CLERK, PETITIONER],
)
def test_nobody_else_says_so(stranger: Actor) -> None:
    facts = a_matter_in_hand("hotline", on=MONDAY)
    assert refused(facts, Acknowledge(), by=stranger, on=FRIDAY) == ("step.not_yours",)


def test_a_clerk_who_is_told_of_a_light_may_say_that_it_is_in_hand() -> None:
    # Registered at the centre, notice yellow on Fri 13 March: coordinator, clerk and the head of the centre are told.
    assert is_open(a_registered_matter(on=MONDAY), Acknowledge, by=CLERK, on="2026-03-13T09:00")


def test_a_mediation_is_acknowledged_too() -> None:
    # MED-03 from 2 March: yellow on day 21 = 23 March.
    facts = take(a_mediation_in_session(on=MONDAY), Acknowledge(), by=MEDIATOR, on="2026-03-23T09:00")
    assert the_clock(facts, "period").acknowledged_at == at("2026-03-23T09:00")


def test_the_window_for_closing_never_waits_for_a_word() -> None:
    assert refused(a_replied_matter("hotline", on=MONDAY), Acknowledge(), by=MEDIATOR, on="2026-06-01T09:00") == (
        "acknowledge.nothing_lit",
    )


def test_a_light_is_acknowledged_in_the_instant_in_which_it_lights_and_not_before() -> None:
    facts = a_matter_in_hand("hotline", on=MONDAY)
    facts = take(facts, ContactPerson(note="n"), by=MEDIATOR, on=MONDAY)
    order = the_clock(facts, "order")
    assert not waits_for_word(order, at=at("2026-03-06T00:00") - A_MOMENT)
    assert is_open(facts, Acknowledge, by=MEDIATOR, on="2026-03-06T00:00")
