"""What a mediation forbids: each hard rule blocks, says why, and lets through what it should. 2 March 2026 is a Monday."""

from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest

from tests.workflow.factories import (
    CENTRE,
    CHIEF,
    CLERK,
    COORDINATOR,
    FOURTH,
    MEDIATOR,
    ROOM,
    SECOND,
    THIRD,
    TUESDAY,
    a_mediation_in_session,
    a_mediation_with_mediators,
    a_mediation_with_rights_notified,
    a_session,
    a_settled_mediation,
    all_parties,
    an_accepted_mediation,
    an_actor,
    an_agreement,
    an_applied_mediation,
    at,
    calendar,
    decided,
    is_open,
    local,
    refusal,
    refused,
    take,
    terminating,
    the_clock,
)
from workflow.clocks import due_on, paused_until
from workflow.commands import adapter_of
from workflow.facts import CaseFacts
from workflow.model import AccountId, Consent, Custody, Kind, Reason, RecordNumber, Role, Text
from workflow.procedures.every_case.commands import Accept, Refuse
from workflow.procedures.mediation.commands import (
    Agreed,
    ApplyForConfirmation,
    AppointMediators,
    CloseMediation,
    Disclose,
    FollowUp,
    KeepMediator,
    NotifyRights,
    RecordConsent,
    ReplaceMediator,
    SeekConsent,
    Settle,
    SettleInPart,
    Terminate,
)
from workflow.procedures.mediation.records import Session

# -- consent to mediate -----------------------------------------------------------------------------------------------


def the_respondent(facts: CaseFacts) -> RecordNumber:
    return facts.parties[-1].number


def test_nobody_is_made_to_mediate_after_a_refusal() -> None:
    facts = an_applied_mediation()
    facts = take(facts, RecordConsent(party=the_respondent(facts), answer="refused"), by=CLERK, on=TUESDAY)
    assert refused(facts, Accept(), by=CLERK, on=TUESDAY) == ("mediation.a_party_refuses",)
    assert not is_open(facts, Accept, by=CLERK)
    refusing = Refuse(ground="party_refuses", proper_channel="court")
    ended = take(facts, refusing, by=CLERK, on=TUESDAY)
    assert (ended.state, ended.outcome) == ("not_accepted", "not_accepted.party_refuses")
    assert [clock.outcome for clock in ended.clocks] == ["met"]  # the answer was given in time


def test_a_party_that_refused_may_still_change_its_mind() -> None:
    facts = an_applied_mediation()
    for answer in ("refused", "given"):
        facts = take(facts, RecordConsent(party=the_respondent(facts), answer=answer), by=CLERK, on=TUESDAY)
    assert take(facts, Accept(), by=CLERK, on=TUESDAY).state == "accepted"


def test_there_is_no_acceptance_before_every_party_has_consented() -> None:
    facts = an_applied_mediation(more_applicants=("a2",), respondents=("b", "b2"))
    assert [party.consent for party in facts.parties] == [
        Consent.GIVEN,
        Consent.GIVEN,
        Consent.PENDING,
        Consent.PENDING,
    ]
    (reason,) = refusal(facts, Accept(), by=CLERK, on=TUESDAY)
    assert reason == Reason(code="mediation.consent_missing", values={"missing": 2})
    for party in facts.parties[2:]:
        assert not is_open(facts, Accept, by=CLERK)
        facts = take(facts, RecordConsent(party=party.number, answer="given"), by=CLERK, on=TUESDAY)
    assert is_open(facts, Accept, by=CLERK)


def test_consent_of_somebody_who_is_no_party_is_not_recorded() -> None:
    consenting = RecordConsent(party=RecordNumber(99), answer="given")
    assert refused(an_applied_mediation(), consenting, by=CLERK, on=TUESDAY) == ("party.unknown",)


def test_waiting_for_consent_does_not_stop_the_clock_of_acceptance() -> None:
    facts = take(an_applied_mediation(), SeekConsent(), by=CLERK, on=TUESDAY)
    intake = the_clock(facts, "intake")
    assert intake.stopped_at is None
    assert paused_until(intake, at=at(TUESDAY)) is None


def test_the_period_runs_from_acceptance_and_not_from_application() -> None:
    facts = an_applied_mediation(on="2026-03-02T09:00")
    facts = take(facts, RecordConsent(party=the_respondent(facts), answer="given"), by=CLERK, on="2026-03-04T09:00")
    facts = take(facts, Accept(), by=CLERK, on="2026-03-04T10:00")
    # MED-03: 4 March + 30 = 3 April.
    assert due_on(the_clock(facts, "period"), calendar()).isoformat() == "2026-04-03"


# -- mediators --------------------------------------------------------------------------------------------------------


def test_nobody_is_appointed_twice() -> None:
    appointing = AppointMediators(chief=CHIEF, others=(SECOND, CHIEF))
    assert refused(an_accepted_mediation(), appointing, by=COORDINATOR, on=TUESDAY) == ("others.named_twice",)


def test_the_chief_mediator_holds_the_case_from_the_appointment_on() -> None:
    facts = a_mediation_with_mediators(on="2026-03-02T09:00")
    assert facts.holder_person == CHIEF
    assert [(a.person, a.chief) for a in facts.appointments] == [(CHIEF, True), (SECOND, False)]


def test_only_who_is_on_the_roster_is_appointed_or_comes_in() -> None:
    stranger = AccountId(99)
    appointing = AppointMediators(chief=stranger, others=(stranger, SECOND))
    assert refusal(an_accepted_mediation(), appointing, by=COORDINATOR, on=TUESDAY) == (
        Reason(code="person.not_on_roster", field="chief"),
        Reason(code="person.not_on_roster", field="others"),
        Reason(code="others.named_twice", field="others"),
    )
    arriving = ReplaceMediator(leaving=SECOND, arriving=stranger, ground="unavailable")
    assert refused(a_mediation_in_session(), arriving, by=COORDINATOR, on=TUESDAY) == ("person.not_on_roster",)


def test_a_mediation_goes_to_the_room_of_the_mediator_who_leads_it() -> None:
    facts = an_accepted_mediation()
    assert facts.holder_unit == CENTRE
    assert take(facts, AppointMediators(chief=CHIEF), by=COORDINATOR, on=TUESDAY).holder_unit == ROOM


def disclosing(by: AccountId = SECOND) -> Disclose:
    return Disclose(mediator=by, ground="interest", note="n")


def test_while_a_disclosure_is_unanswered_there_is_no_rights_notice_no_session_and_no_agreement() -> None:
    facts = take(a_mediation_with_mediators(), disclosing(), by=MEDIATOR, on=TUESDAY)
    notifying = NotifyRights(signed_by=all_parties(facts))
    assert refused(facts, notifying, by=MEDIATOR, on=TUESDAY) == ("mediator.disclosure_unanswered",)

    facts = take(a_mediation_with_rights_notified(), disclosing(), by=MEDIATOR, on=TUESDAY)
    assert refused(facts, a_session(), by=MEDIATOR, on=TUESDAY) == ("mediator.disclosure_unanswered",)

    facts = take(a_mediation_in_session(), disclosing(), by=MEDIATOR, on=TUESDAY)
    assert refused(facts, an_agreement(facts), by=MEDIATOR, on=TUESDAY) == ("mediator.disclosure_unanswered",)
    in_part = an_agreement_in_part(facts)
    assert refused(facts, in_part, by=MEDIATOR, on=TUESDAY) == ("mediator.disclosure_unanswered",)


def test_a_mediator_stays_after_a_disclosure_only_if_every_party_agrees() -> None:
    facts = take(a_mediation_in_session(), disclosing(), by=MEDIATOR, on=TUESDAY)
    one_side = KeepMediator(mediator=SECOND, consenting=all_parties(facts)[:1])
    (reason,) = refusal(facts, one_side, by=COORDINATOR, on=TUESDAY)
    assert reason == Reason(code="consenting.not_every_party", field="consenting", values={"missing": 1})
    kept = take(facts, KeepMediator(mediator=SECOND, consenting=all_parties(facts)), by=COORDINATOR, on=TUESDAY)
    assert decided(kept, a_session(), by=MEDIATOR, on=TUESDAY)


def test_nobody_is_kept_who_disclosed_nothing() -> None:
    facts = a_mediation_in_session()
    keeping = KeepMediator(mediator=SECOND, consenting=all_parties(facts))
    assert refused(facts, keeping, by=COORDINATOR, on=TUESDAY) == ("mediator.nothing_disclosed",)


def test_a_replacement_answers_the_disclosure() -> None:
    facts = take(a_mediation_in_session(), disclosing(), by=MEDIATOR, on=TUESDAY)
    replacing = ReplaceMediator(leaving=SECOND, arriving=THIRD, ground="disclosure")
    facts = take(facts, replacing, by=COORDINATOR, on=TUESDAY)
    assert decided(facts, a_session(), by=MEDIATOR, on=TUESDAY)
    assert decided(facts, a_session(), by=an_actor(Role.MEDIATOR, THIRD), on=TUESDAY)
    assert refused(facts, a_session(), by=an_actor(Role.MEDIATOR, SECOND), on=TUESDAY) == ("step.not_yours",)


@pytest.mark.parametrize("arriving", [SECOND, CHIEF])
def test_a_mediator_who_was_replaced_or_who_serves_may_not_come_in(arriving: AccountId) -> None:
    facts = a_mediation_in_session()
    facts = take(facts, ReplaceMediator(leaving=SECOND, arriving=THIRD, ground="party_request"),
                 by=COORDINATOR, on=TUESDAY)  # fmt: skip
    again = ReplaceMediator(leaving=THIRD, arriving=arriving, ground="party_request")
    assert refused(facts, again, by=COORDINATOR, on=TUESDAY) == ("arriving.has_served",)


def test_only_a_mediator_who_serves_can_leave_or_disclose() -> None:
    facts = a_mediation_in_session()
    leaving = ReplaceMediator(leaving=THIRD, arriving=FOURTH, ground="unavailable")
    assert refused(facts, leaving, by=COORDINATOR, on=TUESDAY) == ("mediator.not_serving",)
    assert refused(facts, disclosing(THIRD), by=MEDIATOR, on=TUESDAY) == ("mediator.not_serving",)


def test_who_replaces_the_chief_mediator_is_chief_and_holds_the_case_without_a_gap() -> None:
    facts = a_mediation_in_session()
    replacing = ReplaceMediator(leaving=CHIEF, arriving=THIRD, ground="party_request")
    decision = decided(facts, replacing, by=COORDINATOR, on=TUESDAY)
    ended = next(r for r in decision.changed if isinstance(r, Custody))
    begun = next(r for r in decision.new if isinstance(r, Custody))
    assert (begun.person, begun.until_at) == (THIRD, None)
    assert ended.until_at == begun.from_at == at(TUESDAY)
    after = take(facts, replacing, by=COORDINATOR, on=TUESDAY)
    assert [a.person for a in after.appointments if a.chief and a.until_at is None] == [THIRD]


# -- sessions ---------------------------------------------------------------------------------------------------------


def test_there_is_no_session_before_the_rights_notice() -> None:
    facts = a_mediation_with_mediators()
    (reason,) = refusal(facts, a_session(), by=MEDIATOR, on=TUESDAY)
    assert reason == Reason(code="step.not_open", values={"state": "mediator_assigned"})


def test_the_rights_notice_is_signed_by_every_party() -> None:
    facts = a_mediation_with_mediators(respondents=("b", "b2"))
    notifying = NotifyRights(signed_by=all_parties(facts)[:1])
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


@pytest.mark.parametrize("invited", [(), ("an expert",), ("an expert", "a neighbour", "an elder")])
def test_a_session_keeps_everybody_who_was_invited_in_their_order(invited: tuple[str, ...]) -> None:
    facts = a_mediation_with_rights_notified()
    held = a_session(invitees=invited, consenting=all_parties(facts))
    decision = decided(facts, held, by=MEDIATOR, on=TUESDAY)
    (session,) = [r for r in decision.new if isinstance(r, Session)]
    words = {r.number: r.content for r in decision.new if isinstance(r, Text)}
    kept = [session.invitees, *map(int, (session.more_invitees or "").split())]
    assert tuple(words[RecordNumber(number)] for number in kept if number is not None) == invited


def test_a_session_is_a_record_whose_words_are_texts_of_their_own() -> None:
    facts = a_mediation_with_rights_notified()
    decision = decided(facts, a_session(place="room 3", minutes="what was said"), by=MEDIATOR, on=TUESDAY)
    (session,) = [r for r in decision.new if isinstance(r, Session)]
    words = {r.number: r.content for r in decision.new if isinstance(r, Text)}
    assert (words[session.place], words[session.minutes]) == ("room 3", "what was said")
    assert "what was said" not in str(decision.data)


# -- agreements -------------------------------------------------------------------------------------------------------


def the_fields_of(agreed: Agreed) -> dict[str, Any]:
    return {field.name: getattr(agreed, field.name) for field in fields(agreed)}


def an_agreement_in_part(facts: CaseFacts) -> SettleInPart:
    return SettleInPart(**the_fields_of(an_agreement(facts)))


@pytest.mark.parametrize(
    ("lacking", "code"),
    [
        ({"signed_by": ()}, "signed_by.not_every_party"),
        ({"mediator_signed": False}, "mediator_signed.missing"),
        ({"sealed": False}, "sealed.missing"),
        ({"performance_due_on": date(2026, 3, 2)}, "performance_due_on.in_the_past"),
    ],
)
@pytest.mark.parametrize("kind", [Settle, SettleInPart])
def test_a_written_agreement_takes_effect_only_when_it_is_complete(
    kind: type[Agreed], lacking: dict[str, object], code: str
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
        "form.must_be_written",
        "performance_due_on.in_the_past",
    )


def an_oral_agreement(facts: CaseFacts, **fields: object) -> Settle:
    """Performed on the day it is reached, with nothing signed."""
    nothing = {"form": "oral", "signed_by": (), "mediator_signed": False, "sealed": False, "writing_not_needed": True}
    return an_agreement(facts, **{**nothing, "performance_due_on": date(2026, 3, 3), **fields})


def test_an_oral_agreement_has_nothing_to_sign_or_seal() -> None:
    facts = a_mediation_in_session()
    assert take(facts, an_oral_agreement(facts), by=MEDIATOR, on=TUESDAY).outcome == "settled.oral"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"performance_due_on": date(2026, 3, 4)}, "form.oral_is_performed_at_once"),
        ({"writing_not_needed": False}, "writing_not_needed.must_be_confirmed"),
    ],
)
def test_what_is_performed_later_or_is_wanted_in_writing_is_not_settled_orally(
    fields: dict[str, object], why: str
) -> None:
    facts = a_mediation_in_session()
    assert refused(facts, an_oral_agreement(facts, **fields), by=MEDIATOR, on=TUESDAY) == (why,)


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


def test_a_mediation_is_not_terminated_without_the_notice_of_other_remedies() -> None:
    facts = a_mediation_in_session()
    assert refused(facts, terminating(notice_given=False), by=MEDIATOR, on=TUESDAY) == (
        "notice_given.must_be_confirmed",
    )
    ended = take(facts, terminating(), by=MEDIATOR, on=TUESDAY)
    assert (ended.state, ended.outcome) == ("terminated", "terminated.party_withdraws")
    assert the_clock(ended, "closing").stopped_at is None  # an open case always has a next date


def test_the_notice_of_other_remedies_says_something() -> None:
    with pytest.raises(ValueError, match="remedies"):
        adapter_of(Terminate).validate_python({"ground": "no_agreement", "remedies": " ", "notice_given": True})


def test_what_was_agreed_in_part_remains_after_a_termination() -> None:
    facts = a_mediation_in_session()
    in_part = an_agreement_in_part(facts)
    facts = take(facts, in_part, by=MEDIATOR, on=TUESDAY)
    assert facts.state == "in_session"
    assert take(facts, terminating(), by=MEDIATOR, on=TUESDAY).outcome == "settled.in_part"


# -- judicial confirmation --------------------------------------------------------------------------------------------


def confirming(facts: CaseFacts) -> ApplyForConfirmation:
    return ApplyForConfirmation(consenting=all_parties(facts), subject="performance")


@pytest.mark.parametrize("subject", ["status", "property_title", "ip_title", "special_procedure"])
def test_status_title_and_what_has_its_own_procedure_are_not_judicially_confirmed(subject: str) -> None:
    facts = a_settled_mediation()
    command = replace(confirming(facts), subject=subject)  # type: ignore[arg-type]  # one of the four
    assert refused(facts, command, by=MEDIATOR, on=TUESDAY) == (f"confirmation.not_for_{subject}",)


def test_what_a_family_dispute_leaves_to_be_paid_is_confirmed_like_any_other() -> None:
    facts = a_settled_mediation(dispute_type="10")
    assert take(facts, confirming(facts), by=MEDIATOR, on=TUESDAY).milestones >= {"confirmation_applied"}


def test_judicial_confirmation_is_applied_for_within_the_window_and_not_after_it() -> None:
    facts = a_settled_mediation(on="2026-03-02T09:00")  # 2 March + 30 = 1 April, a Wednesday
    assert take(facts, confirming(facts), by=MEDIATOR, on="2026-04-01T23:59").milestones >= {"confirmation_applied"}
    assert refused(facts, confirming(facts), by=MEDIATOR, on="2026-04-02T00:00") == ("confirmation.window_over",)


def test_judicial_confirmation_is_applied_for_once_and_by_all() -> None:
    facts = a_settled_mediation()
    alone = replace(confirming(facts), consenting=all_parties(facts)[:1])
    assert refused(facts, alone, by=MEDIATOR, on=TUESDAY) == ("consenting.not_every_party",)
    facts = take(facts, confirming(facts), by=MEDIATOR, on=TUESDAY)
    assert refused(facts, confirming(facts), by=MEDIATOR, on=TUESDAY) == ("confirmation.window_over",)


def test_a_mediation_is_not_closed_before_its_papers_are_complete() -> None:
    facts = take(a_settled_mediation(), FollowUp(extent="in_full", note="n"), by=MEDIATOR, on="2026-03-23T10:00")
    incomplete = CloseMediation(papers_complete=False)
    assert refused(facts, incomplete, by=MEDIATOR, on="2026-03-23T11:00") == ("papers_complete.must_be_confirmed",)
    closed = take(facts, CloseMediation(papers_complete=True), by=MEDIATOR, on="2026-03-23T11:00")
    assert closed.state == "closed"
    assert all(clock.stopped_at for clock in closed.clocks if clock.kind is Kind.DUTY)
