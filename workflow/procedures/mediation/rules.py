"""What the table of mediation asks before a step and writes after it: consent, mediators, agreement, performance, the end.

The table itself is in `steps.py`; what other procedures ask too, in `every_case/rules.py`.

Source: 人民调解法 (2010) §17-§33; 民事诉讼法 §205; 民诉法解释 §355.
"""

from collections.abc import Mapping
from dataclasses import replace

from workflow.acts import happened
from workflow.clocks import due_on
from workflow.commands import Command
from workflow.definition import Draft, Situation
from workflow.model import AccountId, Consent, Reason
from workflow.procedures.every_case import rules
from workflow.procedures.every_case.desk import is_to_be_withdrawn
from workflow.procedures.every_case.taking_part import new_appointment
from workflow.procedures.mediation.commands import (
    AppointMediators,
    Disclose,
    FollowUp,
    HoldSession,
    KeepMediator,
    RecordConsent,
    RecordPerformance,
    ReplaceMediator,
    Terminate,
)
from workflow.procedures.mediation.records import Session
from workflow.procedures.mediation.states import MediationState
from workflow.records import Appointment

#: Milestones that depend on what was said: settled after the period; performed in full; found not to be.
SETTLED_LATE, PERFORMED, BREACHED = "settled_late", "performed", "breached"


# -- consent ----------------------------------------------------------------------------------------------------------


def nobody_refuses(situation: Situation) -> Reason | None:
    if any(party.consent is Consent.REFUSED for party in situation.facts.parties):
        return Reason(code="mediation.a_party_refuses")
    return None


def everybody_consents(situation: Situation) -> Reason | None:
    waiting = sum(1 for party in situation.facts.parties if party.consent is Consent.PENDING)
    return Reason(code="mediation.consent_missing", values={"missing": waiting}) if waiting else None


def nobody_else_is_awaited(situation: Situation, command: RecordConsent) -> bool:
    """The last answer is in: what was suspended for it goes on."""
    return not any(p.consent is Consent.PENDING for p in situation.facts.parties if p.number != command.party)


def is_a_party(situation: Situation, command: RecordConsent) -> Reason | None:
    known = {party.number for party in situation.facts.parties}
    return None if command.party in known else Reason(code="party.unknown", field="party")


def record_consent(situation: Situation, command: RecordConsent, draft: Draft) -> None:
    party = next(p for p in situation.facts.parties if p.number == command.party)
    draft.changed.append(replace(party, consent=Consent(command.answer)))


# -- mediators --------------------------------------------------------------------------------------------------------


def no_open_disclosure(situation: Situation) -> Reason | None:
    open_ones = any(a.disclosure == "open" for a in situation.facts.serving)
    return Reason(code="mediator.disclosure_unanswered") if open_ones else None


def somebody_was_asked(situation: Situation) -> bool:
    """Somebody's consent is sought and has not been given or refused yet."""
    facts = situation.facts
    return facts.state == MediationState.CONSENT_PENDING and any(p.consent is Consent.PENDING for p in facts.parties)


def the_one_who_is_awaited(situation: Situation) -> Mapping[str, str]:
    """Where one party has not answered yet, it is theirs."""
    awaited = [party.number for party in situation.facts.parties if party.consent is Consent.PENDING]
    return {"party": str(awaited[0])} if len(awaited) == 1 else {}


def a_disclosure_is_open(situation: Situation) -> Reason | None:
    return None if no_open_disclosure(situation) else Reason(code="mediator.nothing_disclosed")


def has_disclosed(situation: Situation, command: KeepMediator) -> Reason | None:
    """Consent to stay answers this mediator's own disclosure, and not another's."""
    disclosed = {a.person for a in situation.facts.serving if a.disclosure == "open"}
    return (
        None
        if not disclosed or command.mediator in disclosed
        else Reason(code="mediator.nothing_disclosed", field="mediator")
    )


def named_once(_situation: Situation, command: AppointMediators) -> Reason | None:
    named = (command.chief, *command.others)
    return Reason(code="others.named_twice", field="others") if len(set(named)) < len(named) else None


def serves_here(field: str):  # type: ignore[no-untyped-def]  # a check whose type `Step.checks` gives
    def check(situation: Situation, command: Command) -> Reason | None:
        known = {a.person for a in situation.facts.serving}
        return None if getattr(command, field) in known else Reason(code="mediator.not_serving", field=field)

    return check


def does_not_serve_yet(situation: Situation, command: ReplaceMediator) -> Reason | None:
    """Neither one who serves nor one who left after a disclosure may come in."""
    if command.arriving in {a.person for a in situation.facts.appointments}:
        return Reason(code="arriving.has_served", field="arriving")
    return None


def appoint(situation: Situation, command: AppointMediators, draft: Draft) -> None:
    """The case goes to the room of the mediator who leads it."""
    for person in (command.chief, *command.others):
        draft.new.append(new_appointment(draft, person, chief=person == command.chief, at=situation.now))
    unit = situation.unit_of(command.chief)
    draft.hand_over(situation.facts, unit=unit, person=command.chief, at=situation.now)


def note_disclosure(situation: Situation, command: Disclose, draft: Draft) -> None:
    draft.changed.append(replace(_of(situation, command.mediator), disclosure="open"))


def note_consent_to_stay(situation: Situation, command: KeepMediator, draft: Draft) -> None:
    draft.changed.append(replace(_of(situation, command.mediator), disclosure="kept"))


def replace_mediator(situation: Situation, command: ReplaceMediator, draft: Draft) -> None:
    leaving = _of(situation, command.leaving)
    draft.changed.append(replace(leaving, until_at=situation.now))
    draft.new.append(new_appointment(draft, command.arriving, chief=leaving.chief, at=situation.now))
    if leaving.chief:
        unit = situation.unit_of(command.arriving)
        draft.hand_over(situation.facts, unit=unit, person=command.arriving, at=situation.now)


def _of(situation: Situation, person: AccountId) -> Appointment:
    return next(a for a in situation.facts.serving if a.person == person)


# -- sessions -----------------------------------------------------------------------------------------------------


def invitees_only_by_consent(situation: Situation, command: HoldSession) -> Reason | None:
    return rules.every_party_in("consenting")(situation, command) if command.invitees else None


def record_session(situation: Situation, command: HoldSession, draft: Draft) -> None:
    invited = draft.texts.get("invitees", ())
    session = Session(
        number=draft.number(),
        form=command.form,
        place=draft.text("place"),
        minutes=draft.text("minutes"),
        invitees=invited[0] if invited else None,
        held_at=happened(situation, command),
        more_invitees=" ".join(str(number) for number in invited[1:]) or None,
    )
    draft.new.append(session)


def is_over(situation: Situation, name: str) -> bool:
    clock = situation.facts.running(name)
    return clock is not None and situation.now >= clock.due_at


# -- performance ------------------------------------------------------------------------------------------------------


def performance_is_due_or_done(situation: Situation) -> Reason | None:
    """Whether it was performed cannot be found before it falls due, unless it has been performed in full already."""
    clock = situation.facts.running("follow_up")
    if clock is None or situation.now >= clock.started_at or PERFORMED in situation.facts.milestones:
        return None
    first = situation.policy.calendar.local_day(clock.started_at)
    return Reason(code="follow_up.too_early", values={"first": first.isoformat()})


def note_performance(_situation: Situation, command: RecordPerformance, draft: Draft) -> None:
    if command.extent == "in_full":
        draft.reached.add(PERFORMED)


def note_breach(_situation: Situation, command: FollowUp, draft: Draft) -> None:
    if command.extent != "in_full":
        draft.reached.add(BREACHED)


def note_late(situation: Situation) -> tuple[Reason, ...]:
    """An agreement after the period counts as one, and the case says that it came late."""
    return (Reason(code="settle.late"),) if is_over(situation, "period") else ()


# -- termination ------------------------------------------------------------------------------------------------------


def there_was_no_agreement(situation: Situation, command: Terminate) -> Reason | None:
    """Nobody fails to agree who has never met."""
    met = "session_held" in situation.facts.milestones
    return None if command.ground != "no_agreement" or met else Reason(code="ground.nobody_has_met", field="ground")


def the_period_is_over(situation: Situation, command: Terminate) -> Reason | None:
    """What may still be agreed until a day has not failed before it."""
    if command.ground != "period_over" or is_over(situation, "period"):
        return None
    clock = situation.facts.running("period")
    last = due_on(clock, situation.policy.calendar).isoformat() if clock else None
    return Reason(code="ground.period_runs", field="ground", values={"last": last})


def who_withdraws_ends_it(_situation: Situation, command: Terminate) -> Reason | None:
    """Consent that is withdrawn is the ground, and no other (§17)."""
    if command.withdrawing and command.ground != "party_withdraws":
        return Reason(code="withdrawing.not_the_ground", field="withdrawing")
    return None


def ground_of_ending(situation: Situation) -> Mapping[str, str]:
    """What stands in the form when whoever brought the matter wants to withdraw it (§17, §23)."""
    return {"ground": "party_withdraws"} if is_to_be_withdrawn(situation) else {}


def ground_of_refusal(situation: Situation) -> Mapping[str, str]:
    return {"ground": "party_refuses"} if is_to_be_withdrawn(situation) else {}


def note_terminated(situation: Situation, command: Terminate, draft: Draft) -> None:
    for party in situation.facts.parties:
        if party.number in command.withdrawing:
            draft.changed.append(replace(party, consent=Consent.REFUSED))
    in_part = situation.facts.outcome == "settled.in_part"
    draft.outcome = "settled.in_part" if in_part else f"terminated.{command.ground}"
