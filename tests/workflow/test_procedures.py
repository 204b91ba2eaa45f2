"""What the procedures forbid: each hard rule blocks, says why, and lets through what it should.

The shape of the tables is in `test_matrix.py`; how clocks count is in `test_clocks.py`. 2 March 2026 is a Monday.
"""

from collections.abc import Callable
from dataclasses import fields
from datetime import date
from typing import Any

import pytest

from tests.workflow.factories import (
    CENTRE,
    CLERK,
    COORDINATOR,
    ELSEWHERE,
    FOURTH,
    MEDIATOR,
    PETITIONER,
    ROOM,
    SECOND,
    SUPERVISOR,
    THIRD,
    a_matter_in_hand,
    a_mediation_in_session,
    a_mediation_with_mediators,
    a_mediation_with_rights_notified,
    a_registered_matter,
    a_replied_matter,
    a_session,
    a_settled_mediation,
    all_parties,
    an_accepted_mediation,
    an_actor,
    an_agreement,
    an_applied_mediation,
    applying,
    at,
    calendar,
    decided,
    local,
    refusal,
    refused,
    registering,
    situation,
    take,
    the_clock,
    unfiled,
)
from workflow import commands as c
from workflow.clocks import due_on, paused_until
from workflow.definition import Procedure, ProcedureIsUnsound, Start, Step, Stop, StopAll
from workflow.machine import available_steps
from workflow.model import (
    FINAL_STATES,
    AccountId,
    Actor,
    CaseFacts,
    Consent,
    Custody,
    Reason,
    RecordNumber,
    Relation,
    Role,
    Session,
    State,
    Text,
)

CHIEF = AccountId(4)
assert MEDIATOR.account == CHIEF
TUESDAY = "2026-03-03T10:00"


def is_open(facts: CaseFacts, command: type[c.Command], *, by: Actor, on: str = TUESDAY) -> bool:
    """Whether the button would be offered: the actor may take the step and no guard closes it."""
    return any(step.command is command and not why for step, why in available_steps(situation(facts, by, on)))


# -- received_at ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("profile", "make"), [("petition", registering), ("mediation-30d", applying)])
def test_a_matter_cannot_have_been_received_in_the_future(profile: str, make: Callable[..., c.Intake]) -> None:
    opening = make(received_at=at("2026-03-03T10:01"))
    (reason,) = refusal(unfiled(profile), opening, by=CLERK, on=TUESDAY)
    assert reason == Reason(code="received_at.in_the_future", field="received_at")
    assert decided(unfiled(profile), make(received_at=at(TUESDAY)), by=CLERK, on=TUESDAY)


@pytest.mark.parametrize(("profile", "make"), [("petition", registering), ("mediation-30d", applying)])
def test_a_slip_of_the_year_is_not_taken_for_a_date(profile: str, make: Callable[..., c.Intake]) -> None:
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


# -- consent to mediate -----------------------------------------------------------------------------------------------


def the_respondent(facts: CaseFacts) -> RecordNumber:
    return facts.parties[-1].number


def test_nobody_is_made_to_mediate_after_a_refusal() -> None:
    facts = an_applied_mediation()
    facts = take(facts, c.RecordConsent(party=the_respondent(facts), answer="refused"), by=CLERK, on=TUESDAY)
    assert refused(facts, c.Accept(), by=CLERK, on=TUESDAY) == ("mediation.a_party_refuses",)
    assert not is_open(facts, c.Accept, by=CLERK)
    refusing = c.Refuse(ground="party_refuses", proper_channel="court")
    ended = take(facts, refusing, by=CLERK, on=TUESDAY)
    assert (ended.state, ended.outcome) == (State.NOT_ACCEPTED, "not_accepted.party_refuses")
    assert [clock.outcome for clock in ended.clocks] == ["met"]  # the answer was given in time


def test_a_party_that_refused_may_still_change_its_mind() -> None:
    facts = an_applied_mediation()
    for answer in ("refused", "given"):
        facts = take(facts, c.RecordConsent(party=the_respondent(facts), answer=answer), by=CLERK, on=TUESDAY)
    assert take(facts, c.Accept(), by=CLERK, on=TUESDAY).state is State.ACCEPTED


def test_there_is_no_acceptance_before_every_party_has_consented() -> None:
    facts = an_applied_mediation(more_applicants=("a2",), respondents=("b", "b2"))
    assert [party.consent for party in facts.parties] == [
        Consent.GIVEN,
        Consent.GIVEN,
        Consent.PENDING,
        Consent.PENDING,
    ]
    (reason,) = refusal(facts, c.Accept(), by=CLERK, on=TUESDAY)
    assert reason == Reason(code="mediation.consent_missing", values={"missing": 2})
    for party in facts.parties[2:]:
        assert not is_open(facts, c.Accept, by=CLERK)
        facts = take(facts, c.RecordConsent(party=party.number, answer="given"), by=CLERK, on=TUESDAY)
    assert is_open(facts, c.Accept, by=CLERK)


def test_consent_of_somebody_who_is_no_party_is_not_recorded() -> None:
    consenting = c.RecordConsent(party=RecordNumber(99), answer="given")
    assert refused(an_applied_mediation(), consenting, by=CLERK, on=TUESDAY) == ("party.unknown",)


def test_waiting_for_consent_does_not_stop_the_clock_of_acceptance() -> None:
    facts = take(an_applied_mediation(), c.SeekConsent(), by=CLERK, on=TUESDAY)
    intake = the_clock(facts, "intake")
    assert intake.stopped_at is None
    assert paused_until(intake, at=at(TUESDAY)) is None


def test_the_period_runs_from_acceptance_and_not_from_application() -> None:
    facts = an_applied_mediation(on="2026-03-02T09:00")
    facts = take(facts, c.RecordConsent(party=the_respondent(facts), answer="given"), by=CLERK, on="2026-03-04T09:00")
    facts = take(facts, c.Accept(), by=CLERK, on="2026-03-04T10:00")
    # MED-03: 4 March + 30 = 3 April.
    assert due_on(the_clock(facts, "period"), calendar()).isoformat() == "2026-04-03"


# -- mediators --------------------------------------------------------------------------------------------------------


def test_nobody_is_appointed_twice() -> None:
    appointing = c.AppointMediators(chief=CHIEF, others=(SECOND, CHIEF))
    assert refused(an_accepted_mediation(), appointing, by=COORDINATOR, on=TUESDAY) == ("others.named_twice",)


def test_the_chief_mediator_holds_the_case_from_the_appointment_on() -> None:
    facts = a_mediation_with_mediators(on="2026-03-02T09:00")
    assert facts.holder_person == CHIEF
    assert [(a.person, a.chief) for a in facts.appointments] == [(CHIEF, True), (SECOND, False)]


def test_only_who_is_on_the_roster_is_appointed_or_comes_in() -> None:
    stranger = AccountId(99)
    appointing = c.AppointMediators(chief=stranger, others=(stranger, SECOND))
    assert refusal(an_accepted_mediation(), appointing, by=COORDINATOR, on=TUESDAY) == (
        Reason(code="person.not_on_roster", field="chief"),
        Reason(code="person.not_on_roster", field="others"),
        Reason(code="others.named_twice", field="others"),
    )
    arriving = c.ReplaceMediator(leaving=SECOND, arriving=stranger, ground="unavailable")
    assert refused(a_mediation_in_session(), arriving, by=COORDINATOR, on=TUESDAY) == ("person.not_on_roster",)


def test_a_mediation_goes_to_the_room_of_the_mediator_who_leads_it() -> None:
    facts = an_accepted_mediation()
    assert facts.holder_unit == CENTRE
    assert take(facts, c.AppointMediators(chief=CHIEF), by=COORDINATOR, on=TUESDAY).holder_unit == ROOM


def disclosing(by: AccountId = SECOND) -> c.Disclose:
    return c.Disclose(mediator=by, ground="interest", note="n")


def test_while_a_disclosure_is_unanswered_there_is_no_rights_notice_no_session_and_no_agreement() -> None:
    facts = take(a_mediation_with_mediators(), disclosing(), by=MEDIATOR, on=TUESDAY)
    notifying = c.NotifyRights(signed_by=all_parties(facts))
    assert refused(facts, notifying, by=MEDIATOR, on=TUESDAY) == ("mediator.disclosure_unanswered",)

    facts = take(a_mediation_with_rights_notified(), disclosing(), by=MEDIATOR, on=TUESDAY)
    assert refused(facts, a_session(), by=MEDIATOR, on=TUESDAY) == ("mediator.disclosure_unanswered",)

    facts = take(a_mediation_in_session(), disclosing(), by=MEDIATOR, on=TUESDAY)
    assert refused(facts, an_agreement(facts), by=MEDIATOR, on=TUESDAY) == ("mediator.disclosure_unanswered",)
    in_part = an_agreement_in_part(facts)
    assert refused(facts, in_part, by=MEDIATOR, on=TUESDAY) == ("mediator.disclosure_unanswered",)


def test_a_mediator_stays_after_a_disclosure_only_if_every_party_agrees() -> None:
    facts = take(a_mediation_in_session(), disclosing(), by=MEDIATOR, on=TUESDAY)
    one_side = c.KeepMediator(mediator=SECOND, consenting=all_parties(facts)[:1])
    (reason,) = refusal(facts, one_side, by=COORDINATOR, on=TUESDAY)
    assert reason == Reason(code="consenting.not_every_party", field="consenting", values={"missing": 1})
    kept = take(facts, c.KeepMediator(mediator=SECOND, consenting=all_parties(facts)), by=COORDINATOR, on=TUESDAY)
    assert decided(kept, a_session(), by=MEDIATOR, on=TUESDAY)


def test_nobody_is_kept_who_disclosed_nothing() -> None:
    facts = a_mediation_in_session()
    keeping = c.KeepMediator(mediator=SECOND, consenting=all_parties(facts))
    assert refused(facts, keeping, by=COORDINATOR, on=TUESDAY) == ("mediator.nothing_disclosed",)


def test_a_replacement_answers_the_disclosure() -> None:
    facts = take(a_mediation_in_session(), disclosing(), by=MEDIATOR, on=TUESDAY)
    replacing = c.ReplaceMediator(leaving=SECOND, arriving=THIRD, ground="disclosure")
    facts = take(facts, replacing, by=COORDINATOR, on=TUESDAY)
    assert decided(facts, a_session(), by=MEDIATOR, on=TUESDAY)
    assert decided(facts, a_session(), by=an_actor(Role.MEDIATOR, THIRD), on=TUESDAY)
    assert refused(facts, a_session(), by=an_actor(Role.MEDIATOR, SECOND), on=TUESDAY) == ("step.not_yours",)


@pytest.mark.parametrize("arriving", [SECOND, CHIEF])
def test_a_mediator_who_was_replaced_or_who_serves_may_not_come_in(arriving: AccountId) -> None:
    facts = a_mediation_in_session()
    facts = take(facts, c.ReplaceMediator(leaving=SECOND, arriving=THIRD, ground="party_request"),
                 by=COORDINATOR, on=TUESDAY)  # fmt: skip
    again = c.ReplaceMediator(leaving=THIRD, arriving=arriving, ground="party_request")
    assert refused(facts, again, by=COORDINATOR, on=TUESDAY) == ("arriving.has_served",)


def test_only_a_mediator_who_serves_can_leave_or_disclose() -> None:
    facts = a_mediation_in_session()
    leaving = c.ReplaceMediator(leaving=THIRD, arriving=FOURTH, ground="unavailable")
    assert refused(facts, leaving, by=COORDINATOR, on=TUESDAY) == ("mediator.not_serving",)
    assert refused(facts, disclosing(THIRD), by=MEDIATOR, on=TUESDAY) == ("mediator.not_serving",)


def test_who_replaces_the_chief_mediator_is_chief_and_holds_the_case_without_a_gap() -> None:
    facts = a_mediation_in_session()
    replacing = c.ReplaceMediator(leaving=CHIEF, arriving=THIRD, ground="party_request")
    decision = decided(facts, replacing, by=COORDINATOR, on=TUESDAY)
    ended = next(r for r in decision.changed if isinstance(r, Custody))
    begun = next(r for r in decision.new if isinstance(r, Custody))
    assert (begun.person, begun.until_at) == (THIRD, None)
    assert ended.until_at == begun.from_at == at(TUESDAY)
    after = take(facts, replacing, by=COORDINATOR, on=TUESDAY)
    assert [a.person for a in after.appointments if a.chief and a.until_at is None] == [THIRD]


# -- what enters the ledger -------------------------------------------------------------------------------------------


def test_an_event_carries_the_fields_of_its_command_and_nothing_else() -> None:
    facts = an_order_with_an_extension_asked_for()
    data = decided(facts, granting(15), by=SUPERVISOR, on=TUESDAY).data
    assert data["command"] == {"name": "GrantExtension", "to_length": 15, "person_told": True}
    accepted = decided(a_registered_matter(), c.Accept(), by=CLERK, on=TUESDAY)
    assert accepted.data == {"command": {"name": "Accept"}}


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


# -- sessions ---------------------------------------------------------------------------------------------------------


def test_there_is_no_session_before_the_rights_notice() -> None:
    facts = a_mediation_with_mediators()
    (reason,) = refusal(facts, a_session(), by=MEDIATOR, on=TUESDAY)
    assert reason == Reason(code="step.not_open", values={"state": "mediator_assigned"})


def test_the_rights_notice_is_signed_by_every_party() -> None:
    facts = a_mediation_with_mediators(respondents=("b", "b2"))
    notifying = c.NotifyRights(signed_by=all_parties(facts)[:1])
    (reason,) = refusal(facts, notifying, by=MEDIATOR, on=TUESDAY)
    assert reason == Reason(code="signed_by.not_every_party", field="signed_by", values={"missing": 2})


def test_outsiders_come_only_with_the_consent_of_every_party() -> None:
    facts = a_mediation_with_rights_notified()
    with_guests = a_session(invitees=("an expert",), consenting=all_parties(facts)[:1])
    assert refused(facts, with_guests, by=MEDIATOR, on=TUESDAY) == ("consenting.not_every_party",)
    assert refused(facts, a_session(invitees=("an expert",)), by=MEDIATOR, on=TUESDAY) == (
        "consenting.not_every_party",
    )
    agreed = a_session(invitees=("an expert",), consenting=all_parties(facts))
    assert decided(facts, agreed, by=MEDIATOR, on=TUESDAY)
    assert decided(facts, a_session(), by=MEDIATOR, on=TUESDAY)  # without outsiders nobody is asked


def test_a_session_is_a_record_whose_words_are_texts_of_their_own() -> None:
    facts = a_mediation_with_rights_notified()
    decision = decided(facts, a_session(place="room 3", minutes="what was said"), by=MEDIATOR, on=TUESDAY)
    (session,) = [r for r in decision.new if isinstance(r, Session)]
    words = {r.number: r.content for r in decision.new if isinstance(r, Text)}
    assert (words[session.place], words[session.minutes]) == ("room 3", "what was said")
    assert "what was said" not in str(decision.data)


# -- agreements -------------------------------------------------------------------------------------------------------


def the_fields_of(agreed: c.Agreed) -> dict[str, Any]:
    return {field.name: getattr(agreed, field.name) for field in fields(agreed)}


def an_agreement_in_part(facts: CaseFacts) -> c.SettleInPart:
    return c.SettleInPart(**the_fields_of(an_agreement(facts)))


@pytest.mark.parametrize(
    ("lacking", "code"),
    [
        ({"signed_by": ()}, "signed_by.not_every_party"),
        ({"mediator_signed": False}, "mediator_signed.missing"),
        ({"sealed": False}, "sealed.missing"),
        ({"performance_due_on": date(2026, 3, 2)}, "performance_due_on.in_the_past"),
    ],
)
@pytest.mark.parametrize("kind", [c.Settle, c.SettleInPart])
def test_a_written_agreement_takes_effect_only_when_it_is_complete(
    kind: type[c.Agreed], lacking: dict[str, object], code: str
) -> None:
    facts = a_mediation_in_session()
    whole = the_fields_of(an_agreement(facts))
    assert refused(facts, kind(**{**whole, **lacking}), by=MEDIATOR, on=TUESDAY) == (code,)
    assert decided(facts, kind(**whole), by=MEDIATOR, on=TUESDAY)


def test_a_refusal_carries_every_reason_at_once() -> None:
    facts = a_mediation_in_session(dispute_type="19")
    facts = take(facts, disclosing(), by=MEDIATOR, on=TUESDAY)
    oral = an_agreement(facts, form="oral", signed_by=(), performance_due_on=date(2026, 3, 2))
    assert refused(facts, oral, by=MEDIATOR, on=TUESDAY) == (
        "mediator.disclosure_unanswered",
        "signed_by.not_every_party",
        "form.must_be_written",
        "performance_due_on.in_the_past",
    )


def test_an_oral_agreement_needs_no_seal() -> None:
    facts = a_mediation_in_session()
    oral = an_agreement(facts, form="oral", mediator_signed=False, sealed=False)
    assert take(facts, oral, by=MEDIATOR, on=TUESDAY).outcome == "settled.oral"


def test_a_labour_dispute_is_settled_only_in_writing() -> None:
    facts = a_mediation_in_session(dispute_type="19")
    assert refused(facts, an_agreement(facts, form="oral"), by=MEDIATOR, on=TUESDAY) == ("form.must_be_written",)
    assert decided(facts, an_agreement(facts), by=MEDIATOR, on=TUESDAY)


def test_a_settlement_starts_the_parties_window_and_the_follow_up_at_the_day_of_performance() -> None:
    facts = a_mediation_in_session()
    facts = take(facts, an_agreement(facts, performance_due_on=date(2026, 3, 20)), by=MEDIATOR, on=TUESDAY)
    assert the_clock(facts, "period").outcome == "met"
    # MED-07 from 3 March: + 30 = 2 April, a Thursday. MED-10 from Fri 20 March: 23, 24, 25, 26, 27.
    assert due_on(the_clock(facts, "confirmation"), calendar()).isoformat() == "2026-04-02"
    assert local(the_clock(facts, "follow_up").started_at) == "2026-03-20T00:00"
    assert due_on(the_clock(facts, "follow_up"), calendar()).isoformat() == "2026-03-27"


# -- termination ------------------------------------------------------------------------------------------------------


def terminating(**fields: object) -> c.Terminate:
    whole = {"ground": "party_withdraws", "remedies": "court", "notice_given": True, **fields}
    return c.Terminate(**whole)  # type: ignore[arg-type]  # the fields of Terminate


def test_a_mediation_is_not_terminated_without_the_notice_of_other_remedies() -> None:
    facts = a_mediation_in_session()
    assert refused(facts, terminating(notice_given=False), by=MEDIATOR, on=TUESDAY) == (
        "notice_given.must_be_confirmed",
    )
    ended = take(facts, terminating(), by=MEDIATOR, on=TUESDAY)
    assert (ended.state, ended.outcome) == (State.TERMINATED, "terminated.party_withdraws")
    assert the_clock(ended, "closing").stopped_at is None  # an open case always has a next date


def test_the_notice_of_other_remedies_says_something() -> None:
    with pytest.raises(ValueError, match="remedies"):
        c.adapter_of(c.Terminate).validate_python({"ground": "no_agreement", "remedies": " ", "notice_given": True})


def test_what_was_agreed_in_part_remains_after_a_termination() -> None:
    facts = a_mediation_in_session()
    in_part = an_agreement_in_part(facts)
    facts = take(facts, in_part, by=MEDIATOR, on=TUESDAY)
    assert facts.state is State.IN_SESSION
    assert take(facts, terminating(), by=MEDIATOR, on=TUESDAY).outcome == "settled.in_part"


# -- judicial confirmation --------------------------------------------------------------------------------------------


def confirming(facts: CaseFacts) -> c.ApplyForConfirmation:
    return c.ApplyForConfirmation(consenting=all_parties(facts))


def test_personal_status_is_not_judicially_confirmed() -> None:
    facts = a_settled_mediation(dispute_type="10")
    assert refused(facts, confirming(facts), by=MEDIATOR, on=TUESDAY) == ("confirmation.not_for_status",)


def test_judicial_confirmation_is_applied_for_within_the_window_and_not_after_it() -> None:
    facts = a_settled_mediation(on="2026-03-02T09:00")  # 2 March + 30 = 1 April, a Wednesday
    assert take(facts, confirming(facts), by=MEDIATOR, on="2026-04-01T23:59").milestones >= {"confirmation_applied"}
    assert refused(facts, confirming(facts), by=MEDIATOR, on="2026-04-02T00:00") == ("confirmation.window_over",)


def test_judicial_confirmation_is_applied_for_once_and_by_all() -> None:
    facts = a_settled_mediation()
    alone = c.ApplyForConfirmation(consenting=all_parties(facts)[:1])
    assert refused(facts, alone, by=MEDIATOR, on=TUESDAY) == ("consenting.not_every_party",)
    facts = take(facts, confirming(facts), by=MEDIATOR, on=TUESDAY)
    assert refused(facts, confirming(facts), by=MEDIATOR, on=TUESDAY) == ("confirmation.window_over",)


def test_a_mediation_is_not_closed_before_its_papers_are_complete() -> None:
    facts = take(a_settled_mediation(), c.FollowUp(extent="in_full", note="n"), by=MEDIATOR, on="2026-03-23T10:00")
    incomplete = c.CloseMediation(papers_complete=False)
    assert refused(facts, incomplete, by=MEDIATOR, on="2026-03-23T11:00") == ("papers_complete.must_be_confirmed",)
    closed = take(facts, c.CloseMediation(papers_complete=True), by=MEDIATOR, on="2026-03-23T11:00")
    assert closed.state is State.CLOSED
    assert all(clock.stopped_at for clock in closed.clocks)
    assert the_clock(closed, "confirmation").outcome == "case_ended"


# -- extension --------------------------------------------------------------------------------------------------------


def asking(to: int) -> c.RequestExtension:
    return c.RequestExtension(to_length=to, reason="r")


def granting(to: int) -> c.GrantExtension:
    return c.GrantExtension(to_length=to, person_told=True)


def an_order_with_an_extension_asked_for() -> CaseFacts:
    return take(a_matter_in_hand("hotline", on="2026-03-02T09:00"), asking(15), by=MEDIATOR, on=TUESDAY)


def test_nothing_is_granted_that_was_not_asked_for() -> None:
    assert refused(a_matter_in_hand("hotline"), granting(15), by=SUPERVISOR, on=TUESDAY) == ("extension.not_asked_for",)


def test_an_extension_is_granted_before_the_due_time_and_not_at_it() -> None:
    facts = an_order_with_an_extension_asked_for()  # HOT-07: due on Mon 9 March
    assert decided(facts, granting(15), by=SUPERVISOR, on="2026-03-09T23:59")
    assert refused(facts, granting(15), by=SUPERVISOR, on="2026-03-10T00:00") == ("extension.too_late",)
    assert refused(facts, asking(15), by=MEDIATOR, on="2026-03-10T00:00") == ("extension.too_late",)


def test_an_extension_is_longer_than_before_and_no_longer_than_the_rule_allows() -> None:
    facts = an_order_with_an_extension_asked_for()
    (reason,) = refusal(facts, granting(5), by=SUPERVISOR, on=TUESDAY)
    assert reason == Reason(code="to_length.not_longer", field="to_length", values={"length": 5})
    (reason,) = refusal(facts, granting(16), by=SUPERVISOR, on=TUESDAY)
    assert reason == Reason(code="to_length.beyond_rule", field="to_length", values={"max": 15})
    assert refused(facts, asking(16), by=MEDIATOR, on=TUESDAY) == ("to_length.beyond_rule",)


def test_an_extension_that_the_rule_allows_once_is_not_granted_twice() -> None:
    facts = take(an_order_with_an_extension_asked_for(), granting(10), by=SUPERVISOR, on=TUESDAY)
    (reason,) = refusal(facts, asking(15), by=MEDIATOR, on=TUESDAY)
    assert reason == Reason(code="extension.used_up", values={"times": 1})
    assert not is_open(facts, c.RequestExtension, by=MEDIATOR)


def test_a_grant_uses_up_the_request() -> None:
    facts = an_order_with_an_extension_asked_for()
    assert facts.extension_asked == 15
    assert take(facts, granting(15), by=SUPERVISOR, on=TUESDAY).extension_asked is None


def test_an_extension_is_granted_only_when_the_person_was_told() -> None:
    untold = c.GrantExtension(to_length=15, person_told=False)
    assert refused(an_order_with_an_extension_asked_for(), untold, by=SUPERVISOR, on=TUESDAY) == (
        "person_told.must_be_confirmed",
    )


def test_the_handler_who_asks_does_not_grant() -> None:
    facts = an_order_with_an_extension_asked_for()
    assert refused(facts, granting(15), by=MEDIATOR, on=TUESDAY) == ("step.not_yours",)


def test_a_mediation_is_extended_by_the_consent_of_every_party_and_as_often_as_they_agree() -> None:
    facts = a_mediation_in_session(on="2026-03-02T09:00")
    alone = c.ExtendByConsent(to_length=45, consenting=all_parties(facts)[:1])
    assert refused(facts, alone, by=MEDIATOR, on=TUESDAY) == ("consenting.not_every_party",)
    for length in (45, 60):
        agreed = c.ExtendByConsent(to_length=length, consenting=all_parties(facts))
        facts = take(facts, agreed, by=MEDIATOR, on=TUESDAY)
    # 2 March + 60 = 1 May (29 days of March, 30 of April, 1).
    assert due_on(the_clock(facts, "period"), calendar()).isoformat() == "2026-05-01"
    assert [clock.outcome for clock in facts.clocks if clock.name == "period"] == ["extended", "extended", None]


def test_a_clock_whose_rule_knows_no_extension_is_not_extended() -> None:
    facts = take(a_registered_matter("petition"), c.Accept(), by=CLERK, on="2026-03-02T09:30")
    assert refused(facts, granting(90), by=SUPERVISOR, on=TUESDAY) == ("step.not_open",)
    settled = a_settled_mediation()
    agreed = c.ExtendByConsent(to_length=45, consenting=all_parties(settled))
    assert refused(settled, agreed, by=MEDIATOR, on=TUESDAY) == ("step.not_open",)


def test_the_event_of_an_extension_says_which_clock_follows_which_and_whether_a_light_was_waived() -> None:
    facts = an_order_with_an_extension_asked_for()
    first = the_clock(facts, "order").number
    data = decided(facts, granting(15), by=SUPERVISOR, on="2026-03-06T08:00").data["extension"]  # yellow since 00:00
    assert data == {"clock": first, "successor": facts.next_number, "waived": True}


# -- pause ------------------------------------------------------------------------------------------------------------


def suspending(until: str, *, ground: str = "measurement", **fields: object) -> c.Suspend:
    return c.Suspend(ground=ground, until=date.fromisoformat(until), **fields)  # type: ignore[arg-type]


def test_a_clock_is_paused_only_on_a_ground_that_its_rule_knows() -> None:
    facts = a_matter_in_hand("hotline")
    assert refused(facts, suspending("2026-03-10", ground="party_unable"), by=MEDIATOR, on=TUESDAY) == (
        "ground.not_in_rule",
    )
    assert decided(facts, suspending("2026-03-10", ground="appraisal"), by=MEDIATOR, on=TUESDAY)


def test_a_clock_whose_rule_knows_no_pause_is_not_paused() -> None:
    assert not is_open(a_matter_in_hand("petition"), c.Suspend, by=MEDIATOR)
    assert "pause.not_allowed_by_rule" in refused(
        a_matter_in_hand("petition"), suspending("2026-03-10"), by=MEDIATOR, on=TUESDAY
    )
    assert not is_open(a_mediation_in_session("mediation-30d"), c.Suspend, by=MEDIATOR)


@pytest.mark.parametrize("until", ["2026-03-03", "2026-03-02"])
def test_a_pause_ends_in_the_future(until: str) -> None:
    assert refused(a_matter_in_hand("hotline"), suspending(until), by=MEDIATOR, on=TUESDAY) == (
        "until.not_in_the_future",
    )
    assert decided(a_matter_in_hand("hotline"), suspending("2026-03-04"), by=MEDIATOR, on=TUESDAY)


def test_a_pause_is_no_longer_than_the_rule_allows() -> None:
    # HOT-07: at most 60 days; 3 March + 60 = 2 May.
    assert decided(a_matter_in_hand("hotline"), suspending("2026-05-02"), by=MEDIATOR, on=TUESDAY)
    (reason,) = refusal(a_matter_in_hand("hotline"), suspending("2026-05-03"), by=MEDIATOR, on=TUESDAY)
    assert reason == Reason(code="until.beyond_rule", field="until", values={"max_days": 60})


def test_a_pause_needs_the_parties_consent_where_the_rule_asks_for_it() -> None:
    facts = a_mediation_in_session("mediation-month")
    alone = suspending("2026-03-10", ground="appraisal", consenting=all_parties(facts)[:1])
    assert refused(facts, alone, by=MEDIATOR, on=TUESDAY) == ("consenting.not_every_party",)
    agreed = suspending("2026-03-10", ground="appraisal", consenting=all_parties(facts))
    assert decided(facts, agreed, by=MEDIATOR, on=TUESDAY)


def a_paused_order() -> CaseFacts:
    return take(a_matter_in_hand("hotline"), suspending("2026-03-10"), by=MEDIATOR, on=TUESDAY)


def test_while_paused_a_matter_is_neither_answered_nor_passed_on_nor_extended_nor_paused_again() -> None:
    facts, now = a_paused_order(), "2026-03-04T10:00"
    why = ("pause.resume_first",)
    assert refused(facts, c.Reply(form="oral", answer="r"), by=MEDIATOR, on=now) == why
    assert refused(facts, c.Assign(unit=ROOM, handler=SECOND), by=COORDINATOR, on=now) == why
    assert refused(facts, asking(15), by=MEDIATOR, on=now) == why
    assert refused(facts, suspending("2026-03-12"), by=MEDIATOR, on=now) == why


def test_only_the_clocks_whose_rule_knows_the_ground_are_paused() -> None:
    facts = a_paused_order()
    assert paused_until(the_clock(facts, "order"), at=at(TUESDAY)) == at("2026-03-10T00:00")
    assert the_clock(facts, "contact").pauses == ()  # OFC-02: the person is still to be contacted


def test_a_matter_is_resumed_only_while_it_is_paused() -> None:
    assert refused(a_matter_in_hand("hotline"), c.Resume(), by=MEDIATOR, on=TUESDAY) == ("pause.not_paused",)
    facts = a_paused_order()
    assert refused(facts, c.Resume(), by=MEDIATOR, on="2026-03-10T00:00") == ("pause.not_paused",)  # ended by itself
    resumed = take(facts, c.Resume(), by=MEDIATOR, on="2026-03-05T09:00")
    # 1=Tue 3 (paused), 4 and 5 not counted, 2=6 3=9 4=10 5=11.
    assert due_on(the_clock(resumed, "order"), calendar()).isoformat() == "2026-03-11"
    assert decided(resumed, c.Reply(form="oral", answer="r"), by=MEDIATOR, on="2026-03-05T09:01")


# -- passing on -------------------------------------------------------------------------------------------------------


def test_the_persons_clock_never_restarts_when_a_matter_is_passed_on() -> None:
    facts = a_matter_in_hand("petition", on="2026-03-02T09:00")
    before = the_clock(facts, "decision")
    facts = take(facts, c.Assign(unit=ROOM, handler=SECOND), by=COORDINATOR, on="2026-03-10T09:00")
    assert the_clock(facts, "decision") == before
    # The new handler's own clock of signing runs: 1=Wed 11 March.
    assert due_on(the_clock(facts, "signing"), calendar()).isoformat() == "2026-03-11"


def test_a_contact_that_is_owed_goes_on_being_owed_after_a_reassignment() -> None:
    facts = a_matter_in_hand("petition", on="2026-03-02T09:00")
    owed = the_clock(facts, "contact")
    facts = take(facts, c.Assign(unit=ROOM, handler=SECOND), by=COORDINATOR, on="2026-03-02T17:00")
    assert [clock for clock in facts.clocks if clock.name == "contact"] == [owed]


def test_a_reassignment_before_signing_ends_the_first_clock_of_signing_without_a_fault() -> None:
    facts = take(a_registered_matter(), c.Accept(), by=CLERK, on="2026-03-02T09:30")
    facts = take(facts, c.Assign(unit=ROOM, handler=CHIEF), by=COORDINATOR, on="2026-03-02T10:00")
    facts = take(facts, c.Assign(unit=ROOM, handler=SECOND), by=COORDINATOR, on="2026-03-02T11:00")
    assert [clock.outcome for clock in facts.clocks if clock.name == "signing"] == ["reassigned", None]


def test_a_matter_is_not_assigned_to_who_holds_it_unsigned_already() -> None:
    facts = take(a_registered_matter(), c.Accept(), by=CLERK, on="2026-03-02T09:30")
    assigning = c.Assign(unit=ROOM, handler=CHIEF)
    facts = take(facts, assigning, by=COORDINATOR, on="2026-03-02T10:00")
    assert refused(facts, assigning, by=COORDINATOR, on=TUESDAY) == ("handler.holds_it_already",)
    assert decided(facts, c.Assign(unit=ROOM, handler=SECOND), by=COORDINATOR, on=TUESDAY)


def test_a_person_is_given_a_matter_only_with_the_unit_they_belong_to() -> None:
    facts = take(a_registered_matter(), c.Accept(), by=CLERK, on="2026-03-02T09:30")
    for handler, unit in ((CHIEF, CENTRE), (AccountId(99), ROOM)):
        assigning = c.Assign(unit=unit, handler=handler)
        assert refused(facts, assigning, by=COORDINATOR, on=TUESDAY) == ("handler.not_of_unit",)
    assert decided(facts, c.Assign(unit=CENTRE), by=COORDINATOR, on=TUESDAY)


def test_who_signs_for_a_matter_of_the_unit_holds_it() -> None:
    facts = take(a_registered_matter(), c.Accept(), by=CLERK, on="2026-03-02T09:30")
    facts = take(facts, c.Assign(unit=ROOM), by=COORDINATOR, on="2026-03-02T10:00")
    assert facts.holder_person is None
    assert take(facts, c.SignFor(), by=MEDIATOR, on="2026-03-02T10:30").holder_person == CHIEF


def test_custody_episodes_follow_each_other_without_a_gap() -> None:
    facts = take(a_registered_matter(on="2026-03-02T09:00"), c.Accept(), by=CLERK, on="2026-03-02T09:30")
    decision = decided(facts, c.Assign(unit=ROOM, handler=CHIEF), by=COORDINATOR, on="2026-03-02T10:00")
    (ended,) = [r for r in decision.changed if isinstance(r, Custody)]
    (begun,) = [r for r in decision.new if isinstance(r, Custody)]
    assert (ended.unit, local(ended.until_at)) == (CENTRE, "2026-03-02T10:00")
    assert (begun.unit, local(begun.from_at), begun.until_at) == (ROOM, "2026-03-02T10:00", None)


# -- rating -----------------------------------------------------------------------------------------------------------


RATING = c.Rate(score="satisfied")


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
    closed = take(a_replied_matter(), c.Close(outcome="resolved"), by=MEDIATOR, on="2026-03-04T10:00")
    rated = take(closed, RATING, by=PETITIONER, on="2026-03-09T10:00")
    assert (rated.state, rated.outcome, local(rated.closed_at)) == (State.CLOSED, "resolved", "2026-03-04T10:00")


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
    assert refused(facts, c.Reply(form="oral", answer="r"), by=stranger, on=TUESDAY) == ("step.not_yours",)


def test_a_supervisor_of_another_branch_does_not_grant() -> None:
    other = an_actor(Role.SUPERVISOR, 90, ELSEWHERE)
    facts = an_order_with_an_extension_asked_for()
    assert refused(facts, granting(15), by=other, on=TUESDAY) == ("step.not_yours",)


def test_a_command_of_the_other_procedure_is_not_open() -> None:
    assert refused(a_matter_in_hand(), c.NotifyRights(signed_by=()), by=MEDIATOR, on=TUESDAY) == ("step.not_open",)


def test_what_is_offered_is_what_the_engine_lets_through() -> None:
    facts = a_matter_in_hand("hotline")
    offered = {step.command.__name__: [r.code for r in why] for step, why in available_steps(
        situation(facts, MEDIATOR, TUESDAY))}  # fmt: skip
    assert offered == {
        "ContactPerson": [],
        "RespondFirst": [],
        "RequestExtension": [],
        "Suspend": [],
        "Resume": ["pause.not_paused"],
        "Reply": [],
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
        a_settled_mediation(), c.FollowUp(extent="in_part", note="n"), by=MEDIATOR, on="2026-03-23T10:00"
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
        take(a_replied_matter(), c.Close(outcome="resolved"), by=MEDIATOR, on=TUESDAY),
        take(a_registered_matter(), c.Refuse(ground="not_competent", proper_channel="x"), by=CLERK, on=TUESDAY),
        take(an_applied_mediation(), c.Refuse(ground="not_competent", proper_channel="x"), by=CLERK, on=TUESDAY),
    ],
)
def test_an_ended_case_has_no_running_clock(ended: CaseFacts) -> None:
    assert ended.state in FINAL_STATES
    assert local(ended.closed_at) == TUESDAY
    assert not [clock for clock in ended.clocks if clock.stopped_at is None]


# -- unsound procedures do not get built ------------------------------------------------------------------------------


S = State
ANYBODY = ((Role.CLERK, Relation.ANYONE),)


def row(command: type[c.Command], source: State, target: State | None, *changes: object) -> Step:
    return Step(command=command, event="case:x", sources=(source,), target=target, allowed=ANYBODY, clocks=changes)  # type: ignore[arg-type]


OPENS = row(c.Register, S.UNFILED, S.REGISTERED)
ENDS = row(c.Close, S.REGISTERED, S.CLOSED)


def test_the_smallest_sound_procedure_is_built() -> None:
    assert Procedure(name="p", final=FINAL_STATES, steps=(OPENS, ENDS)).by_command["Close"] == (ENDS,)


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ((OPENS,), "no way to an end from: .*registered"),
        ((OPENS, ENDS, row(c.Accept, S.REGISTERED, S.ACCEPTED)), "no way to an end from: .*accepted"),
        (
            (OPENS, ENDS, row(c.Accept, S.REGISTERED, S.ACCEPTED), row(c.Reply, S.ACCEPTED, None)),
            "no way to an end from: .*accepted",  # a step that stays is no way out
        ),
        ((OPENS, ENDS, row(c.Accept, S.HANDLING, S.CLOSED)), "never reached: .*handling"),
        ((OPENS, ENDS, row(c.Close, S.REGISTERED, None)), "Close means two steps in registered"),
        (
            (row(c.Register, S.UNFILED, S.REGISTERED, Start("order")), row(c.Close, S.REGISTERED, S.CLOSED, StopAll())),
            "started or stopped only: .*order",
        ),
        ((OPENS, row(c.Close, S.REGISTERED, S.CLOSED, Stop("order"))), "started or stopped only: .*order"),
    ],
)
def test_a_procedure_that_strands_a_case_answers_twice_or_never_stops_a_clock_is_not_built(
    steps: tuple[Step, ...], why: str
) -> None:
    with pytest.raises(ProcedureIsUnsound, match=why):
        Procedure(name="p", final=FINAL_STATES, steps=steps)
