"""人民调解: voluntary, free, with both sides at one table.

申请 → 征求意见 → 受理 → 指定/选定调解员 (披露, 更换) → 权利告知 → 调解会 → 达成, 部分达成 or 终止 → 司法确认, 履行, 回访 → 结案.
What the law forbids is blocked here and not merely warned of: no mediation against a refusal, no session before the
rights notice, no outsider without the parties' consent, no termination without the notice of other remedies.

Source: 人民调解法 (2010) §17-§33; 人民调解工作若干规定 §30, §33; 民事诉讼法 §205.
"""

from dataclasses import replace
from datetime import datetime

from workflow import commands as c
from workflow.definition import (
    Draft,
    Extend,
    PauseAll,
    Procedure,
    ResumeAll,
    Situation,
    Start,
    Step,
    Stop,
    StopAll,
)  # fmt: skip
from workflow.model import (
    FINAL_STATES,
    AccountId,
    Agreement,
    Appointment,
    Audience,
    Consent,
    Reason,
    Relation,
    Role,
    Session,
    State,
)
from workflow.procedures import rules
from workflow.procedures.lights import light_steps

S, R = State, Relation
AT_WORK = (S.MEDIATOR_ASSIGNED, S.RIGHTS_NOTIFIED, S.IN_SESSION)
ANSWERED = (S.SETTLED, S.TERMINATED, S.FOLLOWED_UP, S.CLOSED, S.NOT_ACCEPTED)
CLERKS = ((Role.CLERK, R.ABOVE), (Role.COORDINATOR, R.ABOVE))
MEDIATORS = ((Role.MEDIATOR, R.ASSIGNED),)
UNTIL_CLOSED = (S.APPLIED, S.CONSENT_PENDING, S.ACCEPTED, *AT_WORK, S.SETTLED, S.TERMINATED, S.FOLLOWED_UP)

#: Types of dispute whose agreement concerns personal status: no judicial confirmation (民诉法解释 §355).
STATUS_TYPES = frozenset({"10"})
#: Labour disputes need a written agreement (劳动争议调解仲裁法 §14).
WRITTEN_ONLY_TYPES = frozenset({"19"})


# -- consent ----------------------------------------------------------------------------------------------------------


def nobody_refuses(situation: Situation) -> Reason | None:
    if any(party.consent is Consent.REFUSED for party in situation.facts.parties):
        return Reason(code="mediation.a_party_refuses")
    return None


def everybody_consents(situation: Situation) -> Reason | None:
    waiting = sum(1 for party in situation.facts.parties if party.consent is Consent.PENDING)
    return Reason(code="mediation.consent_missing", values={"missing": waiting}) if waiting else None


def is_a_party(situation: Situation, command: c.RecordConsent) -> Reason | None:
    known = {party.number for party in situation.facts.parties}
    return None if command.party in known else Reason(code="party.unknown", field="party")


def record_consent(situation: Situation, command: c.RecordConsent, draft: Draft) -> None:
    party = next(p for p in situation.facts.parties if p.number == command.party)
    draft.changed.append(replace(party, consent=Consent(command.answer)))


# -- mediators --------------------------------------------------------------------------------------------------------


def serving(situation: Situation) -> tuple[Appointment, ...]:
    return tuple(a for a in situation.facts.appointments if a.until_at is None)


def no_open_disclosure(situation: Situation) -> Reason | None:
    open_ones = any(a.disclosure == "open" for a in serving(situation))
    return Reason(code="mediator.disclosure_unanswered") if open_ones else None


def a_disclosure_is_open(situation: Situation) -> Reason | None:
    return None if no_open_disclosure(situation) else Reason(code="mediator.nothing_disclosed")


def has_disclosed(situation: Situation, command: c.KeepMediator) -> Reason | None:
    """Consent to stay answers this mediator's own disclosure, and not another's."""
    disclosed = {a.person for a in serving(situation) if a.disclosure == "open"}
    return (
        None
        if not disclosed or command.mediator in disclosed
        else Reason(code="mediator.nothing_disclosed", field="mediator")
    )


def named_once(_situation: Situation, command: c.AppointMediators) -> Reason | None:
    named = (command.chief, *command.others)
    return Reason(code="others.named_twice", field="others") if len(set(named)) < len(named) else None


def serves_here(field: str):  # type: ignore[no-untyped-def]  # a check whose type `Step.checks` gives
    def check(situation: Situation, command: c.Command) -> Reason | None:
        known = {a.person for a in serving(situation)}
        return None if getattr(command, field) in known else Reason(code="mediator.not_serving", field=field)

    return check


def does_not_serve_yet(situation: Situation, command: c.ReplaceMediator) -> Reason | None:
    """Neither one who serves nor one who left after a disclosure may come in."""
    if command.arriving in {a.person for a in situation.facts.appointments}:
        return Reason(code="arriving.has_served", field="arriving")
    return None


def appoint(situation: Situation, command: c.AppointMediators, draft: Draft) -> None:
    """The case goes to the room of the mediator who leads it."""
    for person in (command.chief, *command.others):
        draft.new.append(_appointment(draft, person, chief=person == command.chief, at=situation.now))
    unit = situation.people[command.chief]
    draft.hand_over(situation.facts, unit=unit, person=command.chief, at=situation.now)


def _appointment(draft: Draft, person: AccountId, *, chief: bool, at: datetime) -> Appointment:
    return Appointment(number=draft.number(), person=person, chief=chief, from_at=at, until_at=None)


def note_disclosure(situation: Situation, command: c.Disclose, draft: Draft) -> None:
    draft.changed.append(replace(_of(situation, command.mediator), disclosure="open"))


def note_consent_to_stay(situation: Situation, command: c.KeepMediator, draft: Draft) -> None:
    draft.changed.append(replace(_of(situation, command.mediator), disclosure="kept"))


def replace_mediator(situation: Situation, command: c.ReplaceMediator, draft: Draft) -> None:
    leaving = _of(situation, command.leaving)
    draft.changed.append(replace(leaving, until_at=situation.now))
    draft.new.append(_appointment(draft, command.arriving, chief=leaving.chief, at=situation.now))
    if leaving.chief:
        unit = situation.people[command.arriving]
        draft.hand_over(situation.facts, unit=unit, person=command.arriving, at=situation.now)


def _of(situation: Situation, person: AccountId) -> Appointment:
    return next(a for a in serving(situation) if a.person == person)


# -- sessions and agreement -------------------------------------------------------------------------------------------


def invitees_only_by_consent(situation: Situation, command: c.HoldSession) -> Reason | None:
    return rules.every_party_in("consenting")(situation, command) if command.invitees else None


def record_session(situation: Situation, command: c.HoldSession, draft: Draft) -> None:
    invited = draft.texts.get("invitees", ())
    session = Session(
        number=draft.number(),
        form=command.form,
        place=draft.text("place"),
        minutes=draft.text("minutes"),
        invitees=invited[0] if invited else None,
        held_at=situation.now,
        more_invitees=" ".join(str(number) for number in invited[1:]) or None,
    )
    draft.new.append(session)


def written_agreement_is_complete(_situation: Situation, command: c.Agreed) -> Reason | None:
    """A written agreement takes effect when all parties and the mediator have signed and the seal is on it (§29)."""
    if command.form == "written" and not command.mediator_signed:
        return Reason(code="mediator_signed.missing", field="mediator_signed")
    return None


def written_agreement_is_sealed(_situation: Situation, command: c.Agreed) -> Reason | None:
    if command.form == "written" and not command.sealed:
        return Reason(code="sealed.missing", field="sealed")
    return None


def oral_only_where_allowed(situation: Situation, command: c.Agreed) -> Reason | None:
    if command.form == "oral" and situation.facts.dispute_type in WRITTEN_ONLY_TYPES:
        return Reason(code="form.must_be_written", field="form")
    return None


def performance_in_reach(situation: Situation, command: c.Agreed) -> Reason | None:
    ahead = (command.performance_due_on - situation.policy.calendar.local_day(situation.now)).days
    if ahead < 0:
        return Reason(code="performance_due_on.in_the_past", field="performance_due_on")
    if ahead > rules.LONGEST_DAYS:
        return Reason(code="performance_due_on.too_far", field="performance_due_on")
    return None


def record_agreement(situation: Situation, command: c.Agreed, draft: Draft) -> None:
    partial = isinstance(command, c.SettleInPart)
    agreement = Agreement(
        number=draft.number(),
        form=command.form,
        partial=partial,
        terms=draft.text("terms"),
        amount_yuan=command.amount_yuan,
        effective_at=situation.now,
        performance_due_on=command.performance_due_on,
    )
    draft.new.append(agreement)
    draft.outcome = f"settled.{'in_part' if partial else command.form}"


def performance_falls_due(situation: Situation, command: c.Agreed) -> datetime:
    return situation.policy.calendar.start_of(command.performance_due_on)


def not_about_status(situation: Situation) -> Reason | None:
    if situation.facts.dispute_type in STATUS_TYPES:
        return Reason(code="confirmation.not_for_status")
    return None


def confirmation_window_is_open(situation: Situation) -> Reason | None:
    clock = situation.facts.running("confirmation")
    if clock is None or situation.now >= clock.due_at:
        return Reason(code="confirmation.window_over")
    return None


def note_terminated(situation: Situation, command: c.Terminate, draft: Draft) -> None:
    in_part = situation.facts.outcome == "settled.in_part"
    draft.outcome = "settled.in_part" if in_part else f"terminated.{command.ground}"


AGREEMENT_CHECKS = (
    rules.every_party_in("signed_by"),
    written_agreement_is_complete,
    written_agreement_is_sealed,
    oral_only_where_allowed,
    performance_in_reach,
)

MEDIATION = Procedure(
    name="mediation",
    final=FINAL_STATES,
    steps=(
        Step(
            command=c.Apply, event="case:applied", sources=(S.UNFILED,), target=S.APPLIED,
            allowed=((Role.CLERK, R.ANYONE), (Role.COORDINATOR, R.ANYONE), (Role.PETITIONER, R.ANYONE)),
            checks=(rules.not_received_in_the_future, rules.not_received_in_another_age), writes=rules.open_case,
            clocks=(rules.on_receipt("intake"),), tells=(Audience.HOLDER,),
        ),
        Step(
            command=c.SeekConsent, event="case:consent_sought", sources=(S.APPLIED,), target=S.CONSENT_PENDING,
            allowed=CLERKS,
        ),
        Step(
            command=c.RecordConsent, event="party:consent_recorded", sources=(S.APPLIED, S.CONSENT_PENDING),
            target=S.CONSENT_PENDING, allowed=CLERKS, checks=(is_a_party,), writes=record_consent,
        ),
        Step(
            command=c.Accept, event="case:accepted", sources=(S.APPLIED, S.CONSENT_PENDING), target=S.ACCEPTED,
            allowed=CLERKS, guards=(nobody_refuses, everybody_consents), clocks=(Stop("intake"), Start("period")),
        ),
        Step(
            command=c.Refuse, event="case:not_accepted", sources=(S.APPLIED, S.CONSENT_PENDING), target=S.NOT_ACCEPTED,
            allowed=CLERKS, writes=rules.note_refusal, clocks=(Stop("intake"), StopAll()), cannot_be_undone=True,
        ),
        Step(
            command=c.AppointMediators, event="mediator:appointed", sources=(S.ACCEPTED,), target=S.MEDIATOR_ASSIGNED,
            allowed=((Role.COORDINATOR, R.ABOVE),), checks=(rules.may_serve("chief"), rules.may_serve("others"), named_once), writes=appoint,
            tells=(Audience.HOLDER, Audience.UNIT_HEAD),
        ),
        Step(
            command=c.Disclose, event="mediator:disclosed", sources=AT_WORK, target=None,
            allowed=(*MEDIATORS, (Role.COORDINATOR, R.ABOVE)), checks=(serves_here("mediator"),),
            writes=note_disclosure, tells=(Audience.UNIT_HEAD,),
        ),
        Step(
            command=c.KeepMediator, event="mediator:kept", sources=AT_WORK, target=None,
            allowed=((Role.COORDINATOR, R.ABOVE),), guards=(a_disclosure_is_open,),
            checks=(has_disclosed, rules.every_party_in("consenting")), writes=note_consent_to_stay,
        ),
        Step(
            command=c.ReplaceMediator, event="mediator:replaced", sources=AT_WORK, target=None,
            allowed=((Role.COORDINATOR, R.ABOVE),), checks=(serves_here("leaving"), rules.may_serve("arriving"), does_not_serve_yet),
            writes=replace_mediator, tells=(Audience.HOLDER,),
        ),
        Step(
            command=c.NotifyRights, event="case:rights_notified", sources=(S.MEDIATOR_ASSIGNED,),
            target=S.RIGHTS_NOTIFIED, allowed=MEDIATORS, guards=(no_open_disclosure,),
            checks=(rules.every_party_in("signed_by"),), marks="rights_notified",
        ),
        Step(
            command=c.HoldSession, event="case:session_held", sources=(S.RIGHTS_NOTIFIED, S.IN_SESSION),
            target=S.IN_SESSION, allowed=MEDIATORS, guards=(rules.not_paused, no_open_disclosure),
            checks=(invitees_only_by_consent,), writes=record_session, marks="session_held",
        ),
        Step(
            command=c.ExtendByConsent, event="clock:extended", sources=(S.ACCEPTED, *AT_WORK), target=None,
            allowed=(*MEDIATORS, (Role.COORDINATOR, R.ABOVE)), guards=(rules.may_be_extended_by("parties"), rules.not_paused),
            checks=(rules.longer_within_the_rule, rules.every_party_in("consenting")), clocks=(Extend(("period",)),),
            tells=(Audience.HOLDER, Audience.UNIT_HEAD),
        ),
        Step(
            command=c.Suspend, event="clock:paused", sources=AT_WORK, target=None,
            allowed=MEDIATORS, guards=(rules.may_be_paused, rules.not_paused),
            checks=(rules.pause_as_the_rule_allows,), clocks=(PauseAll(),), tells=(Audience.UNIT_HEAD,),
        ),
        Step(
            command=c.Resume, event="clock:resumed", sources=AT_WORK, target=None,
            allowed=MEDIATORS, guards=(rules.paused,), clocks=(ResumeAll(),),
        ),
        Step(
            command=c.Settle, event="case:settled", sources=(S.IN_SESSION,), target=S.SETTLED, allowed=MEDIATORS,
            guards=(rules.not_paused, no_open_disclosure), checks=AGREEMENT_CHECKS, writes=record_agreement,
            clocks=(Stop("period"), Start("confirmation"), Start("follow_up", at=performance_falls_due)),
            tells=(Audience.UNIT_HEAD,), marks="answered",
        ),
        Step(
            command=c.SettleInPart, event="case:settled_in_part", sources=(S.IN_SESSION,), target=None,
            allowed=MEDIATORS, guards=(rules.not_paused, no_open_disclosure), checks=AGREEMENT_CHECKS,
            writes=record_agreement,
        ),
        Step(
            command=c.Terminate, event="case:terminated", sources=(S.ACCEPTED, *AT_WORK), target=S.TERMINATED,
            allowed=(*MEDIATORS, (Role.COORDINATOR, R.ABOVE)), checks=(rules.confirmed("notice_given"),),
            writes=note_terminated, clocks=(Stop("period"), Start("closing")), tells=(Audience.UNIT_HEAD,),
            marks="answered", cannot_be_undone=True,
        ),
        Step(
            command=c.ApplyForConfirmation, event="case:confirmation_applied", sources=(S.SETTLED, S.FOLLOWED_UP),
            target=None, allowed=MEDIATORS, guards=(not_about_status, confirmation_window_is_open),
            checks=(rules.every_party_in("consenting"),), clocks=(Stop("confirmation"),), marks="confirmation_applied",
        ),
        Step(
            command=c.RecordPerformance, event="case:performance_recorded", sources=(S.SETTLED,), target=None,
            allowed=MEDIATORS, marks="performance_recorded",
        ),
        Step(
            command=c.FollowUp, event="case:followed_up", sources=(S.SETTLED,), target=S.FOLLOWED_UP, allowed=MEDIATORS,
            clocks=(Stop("follow_up"), Start("closing")), marks="followed_up",
        ),
        Step(
            command=c.Rate, event="case:rated", sources=ANSWERED, target=None, allowed=((Role.PETITIONER, R.BY_CODE),),
            guards=(rules.not_rated_yet,), writes=rules.record_rating, marks="rated",
        ),
        Step(
            command=c.CloseMediation, event="case:closed", sources=(S.FOLLOWED_UP, S.TERMINATED), target=S.CLOSED,
            allowed=MEDIATORS, checks=(rules.confirmed("papers_complete"),),
            clocks=(Stop("closing"), StopAll()), cannot_be_undone=True,
        ),
        *light_steps(
            (*MEDIATORS, *((role, R.SAME_UNIT) for role in (Role.COORDINATOR, Role.CLERK)), (Role.SUPERVISOR, R.ABOVE)), until_closed=UNTIL_CLOSED
        ),
    ),
)  # fmt: skip
