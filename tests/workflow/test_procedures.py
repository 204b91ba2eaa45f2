"""What holds for every procedure: intake, passing on, rating, who may, what an event carries, and what is never built.

The shape of the tables is in `test_matrix.py`; mediation's own rules in `test_mediation.py`. 2 March 2026 is a Monday.
"""

from collections.abc import Callable, Iterable
from dataclasses import fields
from enum import StrEnum

import pytest

from tests.workflow.factories import (
    CENTRE,
    CHIEF,
    CLERK,
    COORDINATOR,
    ELSEWHERE,
    MEDIATOR,
    PETITIONER,
    ROOM,
    SECOND,
    SUPERVISOR,
    TUESDAY,
    a_matter_in_hand,
    a_mediation_in_session,
    a_mediation_with_mediators,
    a_paused_order,
    a_registered_matter,
    a_replied_matter,
    a_settled_mediation,
    an_accepted_mediation,
    an_actor,
    an_applied_mediation,
    an_order_with_an_extension_asked_for,
    applying,
    at,
    calendar,
    decided,
    granting,
    local,
    refusal,
    refused,
    registering,
    situation,
    take,
    terminating,
    the_clock,
    unfiled,
)
from workflow.clocks import due_on
from workflow.commands import Command, Intake
from workflow.deciding import available_steps
from workflow.definition import Start, Step, Stop, StopAll
from workflow.facts import CaseFacts
from workflow.foresight import foreseen
from workflow.model import UNFILED, AccountId, Actor, Clock, Custody, Reason, RecordNumber, Relation, Role, State, Text
from workflow.procedure import Procedure, ProcedureIsUnsound
from workflow.procedures import COMMANDS, PROCEDURES
from workflow.procedures.every_case.commands import Accept, Rate, Refuse
from workflow.procedures.mediation.commands import FollowUp, NotifyRights
from workflow.procedures.petition.commands import Assign, Close, FindNotOurs, Register, Reply, SignFor

# -- received_at ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("profile", "make"), [("petition", registering), ("mediation-30d", applying)])
def test_a_matter_cannot_have_been_received_in_the_future(profile: str, make: Callable[..., Intake]) -> None:
    opening = make(received_at=at("2026-03-03T10:01"))
    (reason,) = refusal(unfiled(profile), opening, by=CLERK, on=TUESDAY)
    assert reason == Reason(code="received_at.in_the_future", field="received_at")
    assert decided(unfiled(profile), make(received_at=at(TUESDAY)), by=CLERK, on=TUESDAY)


@pytest.mark.parametrize(("profile", "make"), [("petition", registering), ("mediation-30d", applying)])
def test_a_slip_of_the_year_is_not_taken_for_a_date(profile: str, make: Callable[..., Intake]) -> None:
    wrong = make(received_at=at("2025-03-01T10:00"))  # 367 days before 3 March 2026
    assert refused(unfiled(profile), wrong, by=CLERK, on=TUESDAY) == ("received_at.more_than_a_year_ago",)
    assert decided(unfiled(profile), make(received_at=at("2025-03-02T10:00")), by=CLERK, on=TUESDAY)


def test_a_letter_of_friday_that_is_registered_on_monday_is_counted_from_friday() -> None:
    facts = a_registered_matter(on="2026-03-02T09:30", received_at=at("2026-02-27T16:00"))
    # PET-02: 27 Feb + 15 = 14 March.
    assert due_on(the_clock(facts, "notice"), calendar()).isoformat() == "2026-03-14"
    assert (local(facts.received_at), local(facts.registered_at)) == ("2026-02-27T16:00", "2026-03-02T09:30")
    assert facts.custody is not None
    assert local(facts.custody.from_at) == "2026-02-27T16:00"


# -- what enters the ledger -------------------------------------------------------------------------------------------


def test_an_event_carries_the_fields_of_its_command_and_nothing_else() -> None:
    facts = an_order_with_an_extension_asked_for()
    data = decided(facts, granting(15), by=SUPERVISOR, on=TUESDAY).data
    assert data["command"] == {"name": "GrantExtension", "to_length": 15, "person_told": True}
    accepted = decided(a_registered_matter(), Accept(), by=CLERK, on=TUESDAY)
    assert accepted.data == {"command": {"name": "Accept"}}


def test_what_a_step_will_do_is_known_before_its_form_is_filled_in() -> None:
    facts = a_matter_in_hand("hotline")
    steps = {step.command: step for step in PROCEDURES["petition"].machine.steps_from(facts.state)}
    found = foreseen(situation(facts, MEDIATOR, TUESDAY), steps[Reply])
    assert set(found.stops) == {"contact", "order"}
    assert found.starts == ("closing",)
    assert found.tells == steps[Reply].tells
    decision = decided(facts, Reply(form="oral", answer="r"), by=MEDIATOR, on=TUESDAY)
    clocks = [one for one in (*decision.new, *decision.changed) if isinstance(one, Clock)]
    assert {one.name for one in clocks if one.stopped_at} == set(found.stops), "and that is what it does"
    assert {one.name for one in clocks if not one.stopped_at} == set(found.starts)


def test_a_step_that_voids_is_foreseen_to_end_a_persons_time_too() -> None:
    facts = a_registered_matter()
    steps = {step.command: step for step in PROCEDURES["petition"].machine.steps_from(facts.state)}
    found = foreseen(situation(facts, COORDINATOR, TUESDAY), steps[FindNotOurs])
    assert set(found.stops) == {clock.name for clock in facts.clocks_running}


def test_no_field_stands_where_the_event_has_the_name_of_its_command() -> None:
    assert [kind.__name__ for kind in COMMANDS.values() if "name" in {field.name for field in fields(kind)}] == []


def test_personal_text_enters_an_event_only_by_the_number_of_its_record() -> None:
    opening = registering(
        title="a title", statement="a wish", applicant="a name", respondents=("a firm", "a bank"), channel="letter"
    )
    decision = decided(unfiled("petition"), opening, by=CLERK, on=TUESDAY)
    words = {r.number: r.content for r in decision.new if isinstance(r, Text)}
    said = decision.data["command"]
    assert isinstance(said, dict)
    assert said["channel"] == "letter"
    assert [words[RecordNumber(n)] for n in said["respondents"]] == ["a firm", "a bank"]  # type: ignore[union-attr,arg-type]
    assert not [word for word in words.values() if word in str(decision.data)]


# -- passing on -------------------------------------------------------------------------------------------------------


def test_the_persons_clock_never_restarts_when_a_matter_is_passed_on() -> None:
    facts = a_matter_in_hand("petition", on="2026-03-02T09:00")
    before = the_clock(facts, "decision")
    facts = take(facts, Assign(unit=ROOM, handler=SECOND), by=COORDINATOR, on="2026-03-10T09:00")
    assert the_clock(facts, "decision") == before
    # The new handler's own clock of signing runs: 1=Wed 11 March.
    assert due_on(the_clock(facts, "signing"), calendar()).isoformat() == "2026-03-11"


def test_a_contact_that_is_owed_goes_on_being_owed_after_a_reassignment() -> None:
    facts = a_matter_in_hand("petition", on="2026-03-02T09:00")
    owed = the_clock(facts, "contact")
    facts = take(facts, Assign(unit=ROOM, handler=SECOND), by=COORDINATOR, on="2026-03-02T17:00")
    assert [clock for clock in facts.clocks if clock.name == "contact"] == [owed]


def test_a_reassignment_before_signing_ends_the_first_clock_of_signing_without_a_fault() -> None:
    facts = take(a_registered_matter(), Accept(), by=CLERK, on="2026-03-02T09:30")
    facts = take(facts, Assign(unit=ROOM, handler=CHIEF), by=COORDINATOR, on="2026-03-02T10:00")
    facts = take(facts, Assign(unit=ROOM, handler=SECOND), by=COORDINATOR, on="2026-03-02T11:00")
    assert [clock.outcome for clock in facts.clocks if clock.name == "signing"] == ["reassigned", None]


def test_a_matter_is_not_assigned_to_who_holds_it_unsigned_already() -> None:
    facts = take(a_registered_matter(), Accept(), by=CLERK, on="2026-03-02T09:30")
    assigning = Assign(unit=ROOM, handler=CHIEF)
    facts = take(facts, assigning, by=COORDINATOR, on="2026-03-02T10:00")
    assert refused(facts, assigning, by=COORDINATOR, on=TUESDAY) == ("handler.holds_it_already",)
    assert decided(facts, Assign(unit=ROOM, handler=SECOND), by=COORDINATOR, on=TUESDAY)


def test_a_person_is_given_a_matter_only_with_the_unit_they_belong_to() -> None:
    facts = take(a_registered_matter(), Accept(), by=CLERK, on="2026-03-02T09:30")
    for handler, unit in ((CHIEF, CENTRE), (AccountId(99), ROOM)):
        assigning = Assign(unit=unit, handler=handler)
        assert refused(facts, assigning, by=COORDINATOR, on=TUESDAY) == ("handler.not_of_unit",)
    assert decided(facts, Assign(unit=CENTRE), by=COORDINATOR, on=TUESDAY)


def test_who_signs_for_a_matter_of_the_unit_holds_it() -> None:
    facts = take(a_registered_matter(), Accept(), by=CLERK, on="2026-03-02T09:30")
    facts = take(facts, Assign(unit=ROOM), by=COORDINATOR, on="2026-03-02T10:00")
    assert facts.holder_person is None
    assert take(facts, SignFor(), by=MEDIATOR, on="2026-03-02T10:30").holder_person == CHIEF


def test_custody_episodes_follow_each_other_without_a_gap() -> None:
    facts = take(a_registered_matter(on="2026-03-02T09:00"), Accept(), by=CLERK, on="2026-03-02T09:30")
    decision = decided(facts, Assign(unit=ROOM, handler=CHIEF), by=COORDINATOR, on="2026-03-02T10:00")
    (ended,) = [r for r in decision.changed if isinstance(r, Custody)]
    (begun,) = [r for r in decision.new if isinstance(r, Custody)]
    assert (ended.unit, local(ended.until_at)) == (CENTRE, "2026-03-02T10:00")
    assert (begun.unit, local(begun.from_at), begun.until_at) == (ROOM, "2026-03-02T10:00", None)


# -- rating -----------------------------------------------------------------------------------------------------------


RATING = Rate(score="satisfied")


def test_only_the_person_with_the_code_rates_and_only_once() -> None:
    facts = a_replied_matter()
    for official in (MEDIATOR, CLERK, COORDINATOR, SUPERVISOR):
        assert refused(facts, RATING, by=official, on=TUESDAY) == ("step.not_yours",)
    rated = take(facts, RATING, by=PETITIONER, on=TUESDAY)
    assert refused(rated, RATING, by=PETITIONER, on=TUESDAY) == ("rating.given_already",)


def test_there_is_nothing_to_rate_before_the_answer() -> None:
    assert refused(a_matter_in_hand(), RATING, by=PETITIONER, on=TUESDAY) == ("step.not_open",)
    assert refused(a_mediation_in_session(), RATING, by=PETITIONER, on=TUESDAY) == ("step.not_open",)


def test_a_rating_may_come_after_the_closing_and_changes_neither_state_nor_day_of_closing() -> None:
    closed = take(a_replied_matter(), Close(outcome="resolved"), by=MEDIATOR, on="2026-03-04T10:00")
    rated = take(closed, RATING, by=PETITIONER, on="2026-03-09T10:00")
    assert (rated.state, rated.outcome, local(rated.closed_at)) == ("closed", "resolved", "2026-03-04T10:00")


# -- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stranger",
    [
        an_actor(Role.MEDIATOR, 77),  # the same unit, not assigned
        an_actor(Role.MEDIATOR, 78, ELSEWHERE),
        an_actor(Role.SUPERVISOR, 3),
        an_actor(Role.ADMINISTRATOR, 79, CENTRE, {ROOM}),
        an_actor(Role.AUDITOR, 80, CENTRE, {ROOM}),
        an_actor(Role.ASSESSOR, 81, CENTRE, {ROOM}),
        Actor(account=None, role=Role.SYSTEM, unit=None),
        PETITIONER,
    ],
)
def test_an_actor_without_the_role_or_the_relation_is_refused_before_anything_else(stranger: Actor) -> None:
    facts = a_paused_order()  # a guard would refuse too, and is not shown to a stranger
    assert refused(facts, Reply(form="oral", answer="r"), by=stranger, on=TUESDAY) == ("step.not_yours",)


def test_a_supervisor_of_another_branch_does_not_grant() -> None:
    other = an_actor(Role.SUPERVISOR, 90, ELSEWHERE)
    facts = an_order_with_an_extension_asked_for()
    assert refused(facts, granting(15), by=other, on=TUESDAY) == ("step.not_yours",)


def test_a_command_of_the_other_procedure_is_not_open() -> None:
    assert refused(a_matter_in_hand(), NotifyRights(signed_by=()), by=MEDIATOR, on=TUESDAY) == ("step.not_open",)


def test_what_is_offered_is_what_the_engine_lets_through() -> None:
    facts = a_matter_in_hand("hotline")  # nothing lit, no crisis: what answers to those is not even named
    offered = {step.command.__name__: [r.code for r in why] for step, why in available_steps(
        situation(facts, MEDIATOR, TUESDAY))}  # fmt: skip
    assert offered == {
        "ContactPerson": [],
        "RespondFirst": [],
        "RequestExtension": [],
        "Suspend": [],
        "RequestSuspension": [],
        "Reply": [],
        "AddNote": [],
        "Correct": [],
        "AddParty": [],
        "Recuse": [],
        "BringIn": [],
        "AskUnit": [],
        "LinkCases": [],
        "TakeBack": [],
    }


# -- every open case has a next date ----------------------------------------------------------------------------------


OPEN_CASES = {
    "registered": a_registered_matter(),
    "in hand": a_matter_in_hand(),
    "replied": a_replied_matter(),
    "order registered": a_registered_matter("hotline"),
    "order in hand": a_matter_in_hand("hotline"),
    "order replied": a_replied_matter("hotline"),
    "enterprise in hand": a_matter_in_hand("enterprise"),
    "applied": an_applied_mediation(),
    "accepted": an_accepted_mediation(),
    "with mediators": a_mediation_with_mediators(),
    "in session": a_mediation_in_session(),
    "settled": a_settled_mediation(),
    "followed up": take(
        a_settled_mediation(),
        FollowUp(extent="in_part", note="n"),
        by=MEDIATOR,
        on="2026-03-23T10:00",
    ),
    "terminated": take(a_mediation_in_session(), terminating(), by=MEDIATOR, on=TUESDAY),
}


@pytest.mark.parametrize("name", sorted(OPEN_CASES))
def test_every_open_case_has_a_holder_and_a_next_date(name: str) -> None:
    facts = OPEN_CASES[name]
    assert facts.holder_unit is not None
    assert [clock for clock in facts.clocks if clock.stopped_at is None]


@pytest.mark.parametrize(
    "ended",
    [
        take(a_replied_matter(), Close(outcome="resolved"), by=MEDIATOR, on=TUESDAY),
        take(a_registered_matter(), Refuse(ground="not_competent", proper_channel="x"), by=CLERK, on=TUESDAY),
        take(an_applied_mediation(), Refuse(ground="not_competent", proper_channel="x"), by=CLERK, on=TUESDAY),
    ],
)
def test_an_ended_case_has_no_running_clock(ended: CaseFacts) -> None:
    assert ended.state in PROCEDURES[ended.procedure].final
    assert local(ended.closed_at) == TUESDAY
    assert not [clock for clock in ended.clocks if clock.stopped_at is None]


# -- unsound procedures do not get built ------------------------------------------------------------------------------


REGISTERED, ACCEPTED, HANDLING, CLOSED = "registered", "accepted", "handling", "closed"
ANYBODY = ((Role.CLERK, Relation.ANYONE),)
WHOEVER_HAS_IT = ((Role.MEDIATOR, Relation.ASSIGNED),)


def row(
    command: type[Command],
    source: State,
    target: State | None,
    *changes: object,
    allowed: tuple[tuple[Role, Relation], ...] = ANYBODY,
    **more: bool,
) -> Step:
    return Step(
        command=command, event="case:x", sources=(source,), target=target, allowed=allowed, clocks=changes, **more  # type: ignore[arg-type]
    )  # fmt: skip


def made_of(*steps: Step, clocks: Iterable[str] = ()) -> Procedure:
    states = {str(s) for step in steps for s in (*step.sources, step.target) if s} - {UNFILED}
    return Procedure(
        name="p", states=StrEnum("States", {state.upper(): state for state in sorted(states)}), steps=steps,
        final=frozenset({CLOSED}), clocks=dict.fromkeys(clocks, frozenset()),
    )  # fmt: skip


OPENS = row(Register, UNFILED, REGISTERED)
ENDS = row(Close, REGISTERED, CLOSED)
STARTS, STOPS = row(Register, UNFILED, REGISTERED, Start("order")), row(Close, REGISTERED, CLOSED, Stop("order"))


def test_the_smallest_sound_procedure_is_built() -> None:
    assert made_of(OPENS, ENDS).machine.steps_of("Close", REGISTERED) == (ENDS,)
    assert made_of(STARTS, STOPS, clocks=["order"]).clocks == {"order": frozenset()}


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ((OPENS,), "no way to an end from: .*registered"),
        ((OPENS, ENDS, row(Accept, REGISTERED, ACCEPTED)), "no way to an end from: .*accepted"),
        (
            (OPENS, ENDS, row(Accept, REGISTERED, ACCEPTED), row(Reply, ACCEPTED, None)),
            "no way to an end from: .*accepted",  # a step that stays is no way out
        ),
        ((OPENS, ENDS, row(Accept, HANDLING, CLOSED)), "never reached: .*handling"),
        ((OPENS, ENDS, row(Close, REGISTERED, None)), "Close means two steps in registered"),
        ((STARTS, row(Close, REGISTERED, CLOSED, StopAll())), "started or stopped only: .*order"),
        ((OPENS, STOPS), "started or stopped only: .*order"),
        ((STARTS, STOPS), "declared or started only: .*order"),
        (
            (OPENS, row(Close, REGISTERED, CLOSED, allowed=WHOEVER_HAS_IT)),
            "whoever had the matter is gone: .*registered",
        ),
        (
            (OPENS, row(Accept, REGISTERED, None), row(Close, REGISTERED, CLOSED, allowed=WHOEVER_HAS_IT)),
            "whoever had the matter is gone: .*registered",  # a step that neither moves nor gives it away helps nobody
        ),
        (
            (OPENS, row(Close, REGISTERED, CLOSED, allowed=((Role.SYSTEM, Relation.ANYONE),))),
            "whoever had the matter is gone: .*registered",
        ),
    ],
)
def test_a_procedure_that_strands_a_case_answers_twice_or_never_stops_a_clock_is_not_built(
    steps: tuple[Step, ...], why: str
) -> None:
    with pytest.raises(ProcedureIsUnsound, match=why):
        made_of(*steps)


def test_a_step_that_gives_the_matter_to_somebody_is_enough_where_its_holder_is_gone() -> None:
    gives = row(Assign, REGISTERED, None, brings_in=True)
    assert made_of(OPENS, gives, row(Close, REGISTERED, CLOSED, allowed=WHOEVER_HAS_IT))


@pytest.mark.parametrize("state", ["settled", "terminated", "followed_up"])
def test_a_mediator_who_is_gone_is_replaced_also_after_the_sessions(state: str) -> None:
    (step,) = PROCEDURES["mediation"].machine.steps_of("ReplaceMediator", state)
    assert (Role.COORDINATOR, Relation.ABOVE) in step.allowed
