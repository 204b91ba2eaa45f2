"""人民调解: voluntary, free, with both sides at one table.

申请 → 征求意见 → 受理 → 指定/选定调解员 (披露, 更换) → 权利告知 → 调解会 → 达成, 部分达成 or 终止 → 司法确认, 履行, 回访 → 结案.
What the law forbids is blocked here and not merely warned of: no mediation against a refusal, no session before the
rights notice, no outsider without the parties' consent, no termination without the notice of other remedies.

Source: 人民调解法 (2010) §17-§33; 人民调解工作若干规定 §30, §33; 民事诉讼法 §205.
"""

from workflow.clocks import VOID
from workflow.definition import ANSWERED as ANSWER
from workflow.definition import Extend, PauseAll, ResumeAll, Start, Step, Stop, StopAll, always_first
from workflow.fields import values_of
from workflow.model import UNFILED, Audience, Relation, Role
from workflow.procedure import Part, Procedure, Shown
from workflow.procedures.every_case import rules
from workflow.procedures.every_case.commands import Accept, ExtendByConsent, Refuse, Resume, Suspend
from workflow.procedures.every_case.desk import (
    SETTLES_WITHDRAWAL,
    WITHDRAWAL_ASKED,
    ask_whoever_withdraws,
    desk_steps,
    is_to_be_withdrawn,
)
from workflow.procedures.every_case.lights import light_steps
from workflow.procedures.every_case.linking import link_steps
from workflow.procedures.every_case.rating import DISSATISFIED, REVISIT, rating_steps, whoever_is_dissatisfied_was_asked
from workflow.procedures.every_case.taking_back import take_back_step
from workflow.procedures.every_case.taking_part import people_steps
from workflow.procedures.every_case.tasks import TASK, task_steps
from workflow.procedures.mediation import agreements as ag
from workflow.procedures.mediation import rules as m
from workflow.procedures.mediation.commands import (
    Apply,
    ApplyForConfirmation,
    AppointMediators,
    CloseMediation,
    CorrectAgreement,
    Disclose,
    FollowUp,
    HoldSession,
    KeepMediator,
    NotifyRights,
    RecordConsent,
    RecordPerformance,
    ReplaceMediator,
    SeekConsent,
    Settle,
    SettleInPart,
    Terminate,
)
from workflow.procedures.mediation.records import Agreement, Session
from workflow.procedures.mediation.states import MediationState

S, R = MediationState, Relation
AT_WORK = (S.MEDIATOR_ASSIGNED, S.RIGHTS_NOTIFIED, S.IN_SESSION)
NEW = (S.APPLIED, S.CONSENT_PENDING)
ANSWERED = (S.SETTLED, S.TERMINATED, S.FOLLOWED_UP, S.CLOSED, S.NOT_ACCEPTED)
CLERKS = ((Role.CLERK, R.ABOVE), (Role.COORDINATOR, R.ABOVE))
MEDIATORS = ((Role.MEDIATOR, R.ASSIGNED),)
#: A mediator may be gone at any time; what is left to do then is somebody else's.
UNTIL_ENDED = (*AT_WORK, S.SETTLED, S.TERMINATED, S.FOLLOWED_UP)
UNTIL_CLOSED = (S.APPLIED, S.CONSENT_PENDING, S.ACCEPTED, *UNTIL_ENDED)

AGREEMENT_CHECKS = (
    ag.signed_by_every_party,
    ag.signed_while_mediated,
    ag.written_agreement_is_complete,
    ag.written_agreement_is_sealed,
    ag.oral_only_where_allowed,
    ag.performance_in_reach,
)

#: The limit that says how long a mediation takes.
DECIDING = ("period",)
ACCEPTS, LISTED = Part.ACCEPTS, Part.LISTED

MEDIATION = Procedure(
    name="mediation",
    states=MediationState,
    final=frozenset({S.NOT_ACCEPTED, S.CLOSED}),
    clocks={
        "intake": frozenset({ACCEPTS, LISTED}),
        "period": frozenset({LISTED}),
        "confirmation": frozenset(),
        "follow_up": frozenset({LISTED}),
        "closing": frozenset(),
        TASK: frozenset(),
        REVISIT: frozenset(),
    },
    deciding=DECIDING,
    records=(Session, Agreement),
    shown=Shown(
        main=("agreements", "sessions"), beside=("mediators",), flags=(m.SETTLED_LATE, m.BREACHED, WITHDRAWAL_ASKED, DISSATISFIED), consent=True,
        binding="case:settled",
    ),
    figures=(
        "registered", "accepted", "mediated", "settled", "settled_written", "settled_oral", "settled_in_part",
        "terminated", "success_rate", "amount_yuan",
    ),
    outcomes=(
        "settled.written", "settled.oral", "settled.in_part", *values_of(Terminate, "ground", prefix="terminated."),
        *values_of(Refuse, "ground", prefix="not_accepted."),
    ),
    steps=(
        Step(
            command=Apply, event="case:applied", sources=(UNFILED,), target=S.APPLIED,
            allowed=((Role.CLERK, R.ANYONE), (Role.COORDINATOR, R.ANYONE), (Role.PETITIONER, R.ANYONE)),
            checks=(rules.not_received_in_the_future, rules.not_received_in_another_age), writes=rules.open_case,
            clocks=(rules.on_receipt("intake"), rules.on_receipt("period", usual=False)), tells=(Audience.HOLDER,),
        ),
        Step(
            command=SeekConsent, event="case:consent_sought", sources=(S.APPLIED,), target=S.CONSENT_PENDING,
            allowed=CLERKS,
        ),
        Step(
            command=RecordConsent, event="party:consent_recorded", sources=(S.APPLIED, S.CONSENT_PENDING),
            target=S.CONSENT_PENDING, allowed=CLERKS, checks=(m.is_a_party,), writes=m.record_consent, first_when=m.somebody_was_asked, preset=m.the_one_who_is_awaited,
            clocks=(ResumeAll(when=m.nobody_else_is_awaited),),
        ),
        Step(
            command=Suspend, event="clock:paused", sources=(S.CONSENT_PENDING,), target=None, allowed=CLERKS,
            guards=(rules.may_be_paused, rules.not_paused), checks=(rules.pause_as_the_rule_allows,),
            clocks=(PauseAll(),), tells=(Audience.UNIT_HEAD,), quiet=True,
        ),
        Step(
            command=Resume, event="clock:resumed", sources=(S.CONSENT_PENDING,), target=None, allowed=CLERKS,
            guards=(rules.paused,), clocks=(ResumeAll(),), quiet=True,
        ),
        Step(
            command=Accept, event="case:accepted", sources=(S.APPLIED, S.CONSENT_PENDING), target=S.ACCEPTED,
            allowed=CLERKS, guards=(m.nobody_refuses, m.everybody_consents), clocks=(Stop("intake"), Start("period", event="acceptance")), counted_as="accepted",
        ),
        Step(
            command=Refuse, event="case:not_accepted", sources=(S.APPLIED, S.CONSENT_PENDING), target=S.NOT_ACCEPTED,
            allowed=CLERKS, writes=rules.note_refusal, clocks=(Stop("intake"), StopAll()), cannot_be_undone=True, aside=True,
            forgets=SETTLES_WITHDRAWAL, notes=ask_whoever_withdraws, preset=m.ground_of_refusal, first_when=is_to_be_withdrawn,
        ),
        Step(
            command=AppointMediators, event="mediator:appointed", sources=(S.ACCEPTED,), target=S.MEDIATOR_ASSIGNED,
            allowed=((Role.COORDINATOR, R.ABOVE),), checks=(rules.may_serve("chief"), rules.may_serve("others"), m.named_once), writes=m.appoint,
            tells=(Audience.HOLDER, Audience.UNIT_HEAD), brings_in=True,
        ),
        Step(
            command=Disclose, event="mediator:disclosed", sources=AT_WORK, target=None,
            allowed=(*MEDIATORS, (Role.COORDINATOR, R.ABOVE)), checks=(m.serves_here("mediator"),),
            writes=m.note_disclosure, tells=(Audience.UNIT_HEAD,),
        ),
        Step(
            command=KeepMediator, event="mediator:kept", sources=AT_WORK, target=None,
            allowed=((Role.COORDINATOR, R.ABOVE),), guards=(m.a_disclosure_is_open,),
            checks=(m.has_disclosed, rules.every_party_in("consenting")), writes=m.note_consent_to_stay, quiet=True, first_when=always_first,
        ),
        Step(
            command=ReplaceMediator, event="mediator:replaced", sources=UNTIL_ENDED, target=None,
            allowed=((Role.COORDINATOR, R.ABOVE),), checks=(m.serves_here("leaving"), rules.may_serve("arriving"), m.does_not_serve_yet),
            writes=m.replace_mediator, tells=(Audience.HOLDER,), brings_in=True,
        ),
        Step(
            command=NotifyRights, event="case:rights_notified", sources=(S.MEDIATOR_ASSIGNED,),
            target=S.RIGHTS_NOTIFIED, allowed=MEDIATORS, guards=(m.no_open_disclosure,),
            checks=(rules.every_party_in("signed_by"),), reaches="rights_notified",
        ),
        Step(
            command=HoldSession, event="case:session_held", sources=(S.RIGHTS_NOTIFIED, S.IN_SESSION),
            target=S.IN_SESSION, allowed=MEDIATORS, guards=(rules.not_paused, m.no_open_disclosure),
            checks=(m.invitees_only_by_consent,), writes=m.record_session, reaches="session_held",
        ),
        Step(
            command=ExtendByConsent, event="clock:extended", sources=(S.ACCEPTED, *AT_WORK), target=None,
            allowed=(*MEDIATORS, (Role.COORDINATOR, R.ABOVE)), guards=(rules.may_be_extended_by("parties", *DECIDING), rules.not_paused),
            checks=(rules.longer_within_the_rule(*DECIDING), rules.every_party_in("consenting")), clocks=(Extend(DECIDING),),
            tells=(Audience.HOLDER, Audience.UNIT_HEAD), notes=rules.note_lengths(*DECIDING),
        ),
        Step(
            command=Suspend, event="clock:paused", sources=AT_WORK, target=None,
            allowed=MEDIATORS, guards=(rules.may_be_paused, rules.not_paused),
            checks=(rules.pause_as_the_rule_allows,), clocks=(PauseAll(),), tells=(Audience.UNIT_HEAD,),
        ),
        Step(
            command=Resume, event="clock:resumed", sources=AT_WORK, target=None,
            allowed=MEDIATORS, guards=(rules.paused,), clocks=(ResumeAll(),), quiet=True,
        ),
        Step(
            command=Settle, event="case:settled", sources=(S.IN_SESSION,), target=S.SETTLED, allowed=MEDIATORS,
            guards=(rules.not_paused, m.no_open_disclosure), checks=AGREEMENT_CHECKS, writes=ag.record_agreement,
            clocks=(Stop("period"), Start("confirmation", at=ag.takes_effect_at), Start("follow_up", at=ag.performance_falls_due)),
            tells=(Audience.UNIT_HEAD,), reaches=ANSWER, counted_as="settled", notes=m.note_late, forgets=SETTLES_WITHDRAWAL,
        ),
        Step(
            command=SettleInPart, event="case:settled_in_part", sources=(S.IN_SESSION,), target=None,
            allowed=MEDIATORS, guards=(rules.not_paused, m.no_open_disclosure), checks=AGREEMENT_CHECKS,
            writes=ag.record_agreement, notes=m.note_late,
        ),
        Step(
            command=CorrectAgreement, event="agreement:corrected", sources=(S.IN_SESSION, S.SETTLED, S.FOLLOWED_UP, S.CLOSED), target=None,
            allowed=(*MEDIATORS, (Role.COORDINATOR, R.ABOVE)), guards=(ag.something_was_agreed,),
            checks=(ag.agreement_reads_otherwise, ag.agreement_may_still_be_corrected, ag.corrected_day_is_one), writes=ag.correct_agreement,
            clocks=(
                Stop("follow_up", VOID, when=ag.day_was_wrong), Start("follow_up", at=ag.right_day, when=ag.day_was_wrong),
            ), tells=(Audience.UNIT_HEAD,), minor=True, quiet=True,
        ),
        Step(
            command=Terminate, event="case:terminated", sources=(S.ACCEPTED, *AT_WORK), target=S.TERMINATED,
            allowed=(*MEDIATORS, *CLERKS),
            checks=(m.there_was_no_agreement, m.the_period_is_over, m.who_withdraws_ends_it, rules.confirmed("notice_given")),
            writes=m.note_terminated, clocks=(Stop("period"), Start("closing")), tells=(Audience.UNIT_HEAD,),
            reaches=ANSWER, cannot_be_undone=True, counted_as="terminated", aside=True, forgets=SETTLES_WITHDRAWAL,
            notes=ask_whoever_withdraws, preset=m.ground_of_ending, first_when=is_to_be_withdrawn,
        ),
        Step(
            command=ApplyForConfirmation, event="case:confirmation_applied", sources=(S.SETTLED, S.FOLLOWED_UP, S.CLOSED),
            target=None, allowed=MEDIATORS, guards=(ag.confirmation_window_is_open,),
            checks=(rules.every_party_in("consenting"), ag.a_court_confirms_it), clocks=(Stop("confirmation"),), reaches="confirmation_applied",
        ),
        Step(
            command=RecordPerformance, event="case:performance_recorded", sources=(S.SETTLED,), target=None,
            allowed=MEDIATORS, writes=m.note_performance, reaches="performance_recorded",
        ),
        Step(
            command=FollowUp, event="case:followed_up", sources=(S.SETTLED,), target=S.FOLLOWED_UP, allowed=MEDIATORS,
            guards=(m.performance_is_due_or_done,), writes=m.note_breach,
            clocks=(Stop("follow_up"), Start("closing")), reaches="followed_up", counted_as="followed_up",
        ),
        *rating_steps(answered=ANSWERED),
        Step(
            command=CloseMediation, event="case:closed", sources=(S.FOLLOWED_UP, S.TERMINATED), target=S.CLOSED,
            allowed=MEDIATORS, guards=(whoever_is_dissatisfied_was_asked,), checks=(rules.confirmed("papers_complete"),),
            clocks=(Stop("closing"), StopAll()), cannot_be_undone=True,
        ),
        *desk_steps(until_closed=UNTIL_CLOSED, ended=(S.CLOSED, S.NOT_ACCEPTED), joining=NEW, withdrawable=(*NEW, S.ACCEPTED, *AT_WORK)),
        *people_steps(until_closed=UNTIL_CLOSED),
        *task_steps(until_closed=UNTIL_CLOSED, deciding=DECIDING),
        *link_steps(until_closed=UNTIL_CLOSED, ended=(S.CLOSED, S.NOT_ACCEPTED)),
        take_back_step(until_closed=UNTIL_CLOSED, ended=(S.CLOSED, S.NOT_ACCEPTED)),
        *light_steps(
            (*MEDIATORS, *((role, R.SAME_UNIT) for role in (Role.COORDINATOR, Role.CLERK)), (Role.SUPERVISOR, R.ABOVE)), until_closed=UNTIL_CLOSED, ended=(S.CLOSED, S.NOT_ACCEPTED)
        ),
    ),
)  # fmt: skip
