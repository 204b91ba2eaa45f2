"""信访: petitions, and by other profiles hotline orders and enterprise orders.

登记 → 受理 or 不予受理 → 转办 → 签收 → 先行联系, 首次响应, 办理 → 答复 → 评价 → 办结. Which clocks run, and how long, is in the
profile (`policies/profiles/`): `notice` and `decision` for a petition, `order` and `first_response` for an order.

Source: 信访工作条例 (2022) §17-§23, §34; local hotline rules as named in the policy files.
"""

from workflow.clocks import VOID
from workflow.definition import (
    ANSWERED as ANSWER,
)
from workflow.definition import (
    Extend,
    GoOn,
    PauseAll,
    ResumeAll,
    Start,
    Step,
    Stop,
    StopAll,
    VoidAll,
    always_first,
)
from workflow.fields import values_of
from workflow.model import NOT_OURS, UNFILED, Audience, Relation, Role
from workflow.procedure import Part, Procedure, Shown
from workflow.procedures.every_case import rules
from workflow.procedures.every_case.commands import (
    EXTENSION_ASKED,
    PAUSE_ASKED,
    Accept,
    ExtendByConsent,
    Refuse,
    Resume,
    Suspend,
)
from workflow.procedures.every_case.desk import (
    SETTLES_WITHDRAWAL,
    WITHDRAWAL_ASKED,
    a_withdrawal_waits,
    desk_steps,
    is_to_be_withdrawn,
)
from workflow.procedures.every_case.lights import light_steps
from workflow.procedures.every_case.linking import link_steps
from workflow.procedures.every_case.rating import (
    DISSATISFIED,
    RATED_BEFORE,
    REOPENED,
    REVISIT,
    rating_steps,
    whoever_is_dissatisfied_was_asked,
)
from workflow.procedures.every_case.taking_back import take_back_step
from workflow.procedures.every_case.taking_part import people_steps
from workflow.procedures.every_case.tasks import TASK, task_steps
from workflow.procedures.petition import rules as p
from workflow.procedures.petition.commands import (
    Assign,
    Close,
    ConfirmWithdrawal,
    ContactPerson,
    FindNotOurs,
    GrantExtension,
    RefuseExtension,
    Register,
    Reopen,
    Reply,
    ReportByPhone,
    ReportInWriting,
    RequestExtension,
    RequestSuspension,
    RespondFirst,
    SignByTime,
    SignFor,
)
from workflow.procedures.petition.states import PetitionState

S, R = PetitionState, Relation
OPEN = (S.REGISTERED, S.ACCEPTED, S.DISPATCHED, S.HANDLING)
ANSWERED = (S.REPLIED, S.CLOSED, S.NOT_ACCEPTED)
UNTIL_CLOSED = (*OPEN, S.REPLIED)
CLERKS = ((Role.CLERK, R.ABOVE), (Role.COORDINATOR, R.ABOVE))
HANDLERS = ((Role.MEDIATOR, R.ASSIGNED), (Role.COORDINATOR, R.SAME_UNIT))
REPORTERS = (*HANDLERS, (Role.CLERK, R.ABOVE), (Role.SUPERVISOR, R.ABOVE))
#: Who is told of a light, and may say that it is in hand.
TOLD = (*HANDLERS, (Role.CLERK, R.SAME_UNIT), (Role.SUPERVISOR, R.ABOVE))


#: The limits that say how long a petition, or an order, takes.
DECIDING = ("decision", "order")
ACCEPTS, REPORTS, AT_ONCE, LISTED = Part.ACCEPTS, Part.REPORTS, Part.AT_ONCE, Part.LISTED

PETITION = Procedure(
    name="petition",
    states=PetitionState,
    final=frozenset({S.NOT_ACCEPTED, S.CLOSED}),
    clocks={
        "notice": frozenset({ACCEPTS, LISTED}),
        "screening": frozenset(),
        "referral": frozenset({LISTED}),
        "dispatch": frozenset(),
        "signing": frozenset({LISTED}),
        "contact": frozenset({ACCEPTS, LISTED}),
        "first_response": frozenset({ACCEPTS, AT_ONCE, LISTED}),
        "order": frozenset({LISTED}),
        "decision": frozenset({LISTED}),
        "oral_report": frozenset({REPORTS, AT_ONCE}),
        "written_report": frozenset({REPORTS, AT_ONCE}),
        "closing": frozenset(),
        TASK: frozenset(),
        REVISIT: frozenset(),
    },
    deciding=DECIDING,
    shown=Shown(flags=(p.SIGNED_BY_TIME, WITHDRAWAL_ASKED, DISSATISFIED)),
    figures=(
        "registered", "accepted", "not_accepted", "not_ours", "answered", "closed", "in_time", "on_time_rate",
    ),
    outcomes=(
        *values_of(Close, "outcome"), *values_of(FindNotOurs, "ground", prefix=NOT_OURS),
        *values_of(Refuse, "ground", prefix="not_accepted."), "not_accepted.returned_late", p.WITHDRAWN,
    ),
    channel_of={"hotline": "hotline", "enterprise": "enterprise_order"},
    unsigned=frozenset({S.DISPATCHED, S.HANDLING}),
    steps=(
        Step(
            command=Register, event="case:registered", sources=(UNFILED,), target=S.REGISTERED,
            allowed=((Role.CLERK, R.ANYONE), (Role.COORDINATOR, R.ANYONE), (Role.PETITIONER, R.ANYONE)),
            checks=(rules.not_received_in_the_future, rules.not_received_in_another_age),
            writes=rules.open_case,
            clocks=(
                rules.on_receipt("notice", when=p.notice_is_owed), rules.on_receipt("screening", when=p.no_notice_is_owed),
                rules.on_receipt("referral"), rules.on_receipt("dispatch"),
                rules.on_receipt("first_response"), rules.on_receipt("order"),
                rules.on_receipt("oral_report"), rules.on_receipt("written_report"),
            ),
            tells=(Audience.HOLDER,),
        ),
        Step(
            command=Accept, event="case:accepted", sources=(S.REGISTERED,), target=S.ACCEPTED, allowed=CLERKS,
            clocks=(Stop("notice"), Stop("screening"), Start("decision")), counted_as="accepted",
        ),
        Step(
            command=Refuse, event="case:not_accepted", sources=(S.REGISTERED,), target=S.NOT_ACCEPTED, allowed=CLERKS,
            writes=rules.note_refusal, clocks=(Stop("notice"), Stop("screening"), StopAll()), cannot_be_undone=True, aside=True,
            forgets=SETTLES_WITHDRAWAL,
        ),
        Step(
            command=FindNotOurs, event="case:found_not_ours", sources=(S.REGISTERED,), target=S.NOT_ACCEPTED,
            allowed=((Role.COORDINATOR, R.ABOVE),), writes=p.note_not_ours, clocks=(VoidAll(unless=p.is_returned_late),),
            tells=(Audience.UNIT_HEAD,), cannot_be_undone=True, aside=True, forgets=SETTLES_WITHDRAWAL,
        ),
        Step(
            command=Assign, event="case:assigned", sources=(S.ACCEPTED, S.DISPATCHED, S.HANDLING), target=S.DISPATCHED,
            allowed=((Role.COORDINATOR, R.ABOVE), (Role.SUPERVISOR, R.ABOVE)),
            guards=(rules.not_paused,), checks=(p.handler_belongs_to_unit, p.handler_is_another_than_before), writes=p.hand_to_handler,
            clocks=(
                Stop("referral"), Stop("dispatch"), Stop("signing", outcome="reassigned"),
                Start("signing", on_receipt=True), Start("contact", on_receipt=True),
                Start("order", on_receipt=True, event="dispatch", usual=False),
            ),
            tells=(Audience.HOLDER, Audience.UNIT_HEAD), brings_in=True, at_once=True,
        ),
        Step(
            command=SignFor, event="case:signed", sources=(S.DISPATCHED, S.HANDLING), target=S.HANDLING,
            allowed=((Role.MEDIATOR, R.ASSIGNED), (Role.MEDIATOR, R.SAME_UNIT), (Role.COORDINATOR, R.SAME_UNIT)),
            guards=(p.nobody_has_signed_yet,), writes=p.take_in_hand, clocks=(Stop("signing"),),
            forgets=frozenset({p.SIGNED_BY_TIME}), quiet=True, first_when=always_first, at_once=True,
        ),
        Step(
            command=SignByTime, event="case:signed_by_time", sources=(S.DISPATCHED,), target=S.HANDLING,
            allowed=((Role.SYSTEM, R.ANYONE),), guards=(p.signing_is_overdue,), clocks=(Stop("signing", outcome="by_time"),),
            tells=(Audience.HOLDER, Audience.UNIT_HEAD), reaches=p.SIGNED_BY_TIME, quiet=True,
        ),
        Step(
            command=ContactPerson, event="case:contacted", sources=(S.DISPATCHED, S.HANDLING), target=None,
            allowed=HANDLERS, clocks=(Stop("contact"),), reaches="contacted",
        ),
        Step(
            command=RespondFirst, event="case:first_responded", sources=OPEN, target=None,
            allowed=(*HANDLERS, (Role.CLERK, R.ABOVE)),
            clocks=(Stop("first_response"),), reaches="first_responded",
        ),
        Step(
            command=ReportByPhone, event="case:reported_by_phone", sources=UNTIL_CLOSED, target=None, allowed=REPORTERS,
            guards=(rules.runs("oral_report"),), clocks=(Stop("oral_report"),),
            tells=(Audience.UNIT_HEAD, Audience.DUTY_LEADER), reaches="reported_by_phone", quiet=True,
        ),
        Step(
            command=ReportInWriting, event="case:reported_in_writing", sources=UNTIL_CLOSED, target=None, allowed=REPORTERS,
            guards=(rules.runs("written_report"),), clocks=(Stop("written_report"),),
            tells=(Audience.UNIT_HEAD, Audience.DUTY_LEADER), reaches="reported_in_writing", quiet=True,
        ),
        Step(
            command=RequestExtension, event=EXTENSION_ASKED, sources=(S.HANDLING,), target=None,
            allowed=HANDLERS, guards=(rules.may_be_extended_by("supervisor", *DECIDING), rules.not_paused), checks=(rules.longer_within_the_rule(*DECIDING),),
            writes=p.note_extension_request, tells=(Audience.UNIT_HEAD,), notes=rules.note_lengths(*DECIDING),
        ),
        Step(
            command=GrantExtension, event="clock:extended", sources=(S.HANDLING,), target=None,
            allowed=((Role.SUPERVISOR, R.ABOVE),),
            guards=(
                p.extension_is_asked_for, p.decides_about_others, rules.may_be_extended_by("supervisor", *DECIDING),
                rules.not_paused,
            ),
            checks=(rules.longer_within_the_rule(*DECIDING), rules.confirmed("person_told")),
            writes=p.settle_extension_request, clocks=(Extend(DECIDING),), tells=(Audience.HOLDER,), notes=rules.note_lengths(*DECIDING), preset=p.length_asked_for, first_when=p.an_extension_waits,
        ),
        Step(
            command=RefuseExtension, event="case:extension_refused", sources=(S.HANDLING,), target=None,
            allowed=((Role.SUPERVISOR, R.ABOVE),), guards=(p.extension_is_asked_for, p.decides_about_others),
            writes=p.settle_extension_request, tells=(Audience.HOLDER,), quiet=True,
        ),
        Step(
            command=ExtendByConsent, event="clock:extended", sources=(S.HANDLING,), target=None, allowed=HANDLERS,
            guards=(rules.may_be_extended_by("parties", *DECIDING), rules.not_paused),
            checks=(rules.longer_within_the_rule(*DECIDING), rules.every_party_in("consenting")),
            clocks=(Extend(DECIDING),), tells=(Audience.UNIT_HEAD,), quiet=True, notes=rules.note_lengths(*DECIDING),
        ),
        Step(
            command=RequestSuspension, event=PAUSE_ASKED, sources=(S.HANDLING,), target=None,
            allowed=HANDLERS, guards=(rules.may_be_paused, p.some_ground_needs_approval, rules.not_paused),
            checks=(rules.pause_as_the_rule_allows, p.approval_is_needed), tells=(Audience.UNIT_HEAD,), quiet=True,
        ),
        Step(
            command=Suspend, event="clock:paused", sources=(S.HANDLING,), target=None,
            allowed=((Role.SUPERVISOR, R.ABOVE), *HANDLERS), guards=(rules.may_be_paused, rules.not_paused),
            checks=(rules.pause_as_the_rule_allows, p.approved_where_it_must_be), clocks=(PauseAll(),),
            tells=(Audience.HOLDER, Audience.UNIT_HEAD),
        ),
        Step(
            command=Resume, event="clock:resumed", sources=(S.HANDLING,), target=None,
            allowed=((Role.SUPERVISOR, R.ABOVE), *HANDLERS), guards=(rules.paused,), clocks=(ResumeAll(),), quiet=True,
        ),
        Step(
            command=Reply, event="case:replied", sources=(S.HANDLING,), target=S.REPLIED, allowed=HANDLERS,
            guards=(rules.not_paused,), writes=p.settle_extension_request,
            clocks=(Stop("contact"), Stop("first_response"), Stop("decision"), Stop("order"), Start("closing")),
            tells=(Audience.UNIT_HEAD,), reaches=ANSWER, likened=True, counted_as="answered", forgets=SETTLES_WITHDRAWAL,
        ),
        *rating_steps(answered=ANSWERED),
        Step(
            command=ConfirmWithdrawal, event="case:withdrawn", sources=OPEN, target=S.CLOSED,
            allowed=(*HANDLERS, (Role.COORDINATOR, R.ABOVE)), guards=(a_withdrawal_waits,),
            checks=(rules.confirmed("of_own_will"),), writes=p.note_withdrawn, clocks=(StopAll(),),
            tells=(Audience.UNIT_HEAD,), cannot_be_undone=True, aside=True, quiet=True, forgets=SETTLES_WITHDRAWAL,
            first_when=is_to_be_withdrawn,
        ),
        Step(
            command=Close, event="case:closed", sources=(S.REPLIED,), target=S.CLOSED,
            allowed=(*HANDLERS, (Role.COORDINATOR, R.ABOVE)), guards=(whoever_is_dissatisfied_was_asked,),
            writes=p.note_outcome, clocks=(Stop("closing"), StopAll()), cannot_be_undone=True,
        ),
        Step(
            command=Reopen, event="case:reopened", sources=(S.REPLIED, S.CLOSED), target=S.HANDLING,
            allowed=((Role.COORDINATOR, R.ABOVE), (Role.SUPERVISOR, R.ABOVE)),
            guards=(p.over_or_contested, rules.a_clock_can_go_on(*DECIDING)),
            writes=p.forget_outcome, clocks=(Stop(REVISIT), Stop("closing", VOID), GoOn(DECIDING)),
            tells=(Audience.HOLDER, Audience.UNIT_HEAD), reaches=REOPENED, forgets=RATED_BEFORE, quiet=True,
        ),
        *desk_steps(until_closed=UNTIL_CLOSED, ended=(S.CLOSED, S.NOT_ACCEPTED), joining=OPEN, withdrawable=OPEN),
        *people_steps(until_closed=UNTIL_CLOSED),
        *task_steps(until_closed=UNTIL_CLOSED, deciding=DECIDING),
        *link_steps(until_closed=UNTIL_CLOSED, ended=(S.CLOSED, S.NOT_ACCEPTED)),
        take_back_step(until_closed=UNTIL_CLOSED, ended=(S.CLOSED, S.NOT_ACCEPTED)),
        *light_steps(TOLD, until_closed=UNTIL_CLOSED, ended=(S.CLOSED, S.NOT_ACCEPTED)),
    ),
)  # fmt: skip
