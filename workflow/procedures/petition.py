"""信访: petitions, and by other profiles hotline orders and enterprise orders.

登记 → 受理 or 不予受理 → 转办 → 签收 → 先行联系, 首次响应, 办理 → 答复 → 评价 → 办结. Which clocks run, and how long, is in the
profile (`policies/profiles/`): `notice` and `decision` for a petition, `order` and `first_response` for an order.

Source: 信访工作条例 (2022) §17-§23, §34; local hotline rules as named in the policy files.
"""

from workflow import commands as c
from workflow.definition import (
    Draft,
    Extend,
    GoOn,
    PauseAll,
    Procedure,
    ResumeAll,
    Situation,
    Start,
    Step,
    Stop,
    StopAll,
    VoidAll,
)
from workflow.model import FINAL_STATES, Audience, Reason, Relation, Role, State
from workflow.procedures import rules
from workflow.procedures.lights import light_steps

S, R = State, Relation
OPEN = (S.REGISTERED, S.ACCEPTED, S.DISPATCHED, S.HANDLING)
ANSWERED = (S.REPLIED, S.CLOSED, S.NOT_ACCEPTED)
UNTIL_CLOSED = (*OPEN, S.REPLIED)
CLERKS = ((Role.CLERK, R.ABOVE), (Role.COORDINATOR, R.ABOVE))
HANDLERS = ((Role.MEDIATOR, R.ASSIGNED), (Role.COORDINATOR, R.SAME_UNIT))
REPORTERS = (*HANDLERS, (Role.CLERK, R.ABOVE), (Role.SUPERVISOR, R.ABOVE))
#: The milestone of a matter that nobody has signed for in time, until somebody does.
SIGNED_BY_TIME = "signed_by_time"
#: Who is told of a light, and may say that it is in hand.
TOLD = (*HANDLERS, (Role.CLERK, R.SAME_UNIT), (Role.SUPERVISOR, R.ABOVE))


def handler_is_another_than_before(situation: Situation, command: c.Assign) -> Reason | None:
    """Assigning to the present holder would restart nothing and tell nobody anything new."""
    facts = situation.facts
    if facts.state is S.DISPATCHED and (command.unit, command.handler) == (facts.holder_unit, facts.holder_person):
        return Reason(code="handler.holds_it_already", field="handler")
    return None


def handler_belongs_to_unit(situation: Situation, command: c.Assign) -> Reason | None:
    """A person is given the matter together with the unit that answers for it."""
    if command.handler is not None and situation.people.get(command.handler) != command.unit:
        return Reason(code="handler.not_of_unit", field="handler")
    return None


def hand_to_handler(situation: Situation, command: c.Assign, draft: Draft) -> None:
    draft.hand_over(situation.facts, unit=command.unit, person=command.handler, at=situation.now)
    draft.extension_asked = None  # whoever handles it now asks anew


def take_in_hand(situation: Situation, _command: c.SignFor, draft: Draft) -> None:
    """Whoever signs for the matter holds it from now on."""
    unit, account = situation.actor.unit, situation.actor.account
    assert unit is not None
    if account != situation.facts.holder_person:
        draft.hand_over(situation.facts, unit=unit, person=account, at=situation.now)


def nobody_has_signed_yet(situation: Situation) -> Reason | None:
    """What was assigned is signed for, and what time has signed for is taken in hand by a person all the same."""
    facts = situation.facts
    waits = facts.state is S.DISPATCHED or SIGNED_BY_TIME in facts.milestones
    return None if waits else Reason(code="signing.in_hand")


def signing_is_overdue(situation: Situation) -> Reason | None:
    clock = situation.facts.running("signing")
    return None if clock and situation.now >= clock.due_at else Reason(code="signing.not_overdue")


def notice_is_owed(situation: Situation, command: c.Register) -> bool:
    """Whoever gives no name or address is owed no written notice (§23 二款); where the profile has no screening to take
    its place, the matter keeps that date."""
    today = situation.policy.calendar.local_day(situation.now)
    return not command.identity_unclear or situation.policy.rule("screening", on=today) is None


def no_notice_is_owed(situation: Situation, command: c.Register) -> bool:
    return not notice_is_owed(situation, command)


PETITION = Procedure(
    name="petition",
    final=FINAL_STATES,
    steps=(
        Step(
            command=c.Register, event="case:registered", sources=(S.UNFILED,), target=S.REGISTERED,
            allowed=((Role.CLERK, R.ANYONE), (Role.COORDINATOR, R.ANYONE), (Role.PETITIONER, R.ANYONE)),
            checks=(rules.not_received_in_the_future, rules.not_received_in_another_age),
            writes=rules.open_case,
            clocks=(
                rules.on_receipt("notice", when=notice_is_owed), rules.on_receipt("screening", when=no_notice_is_owed),
                rules.on_receipt("referral"), rules.on_receipt("dispatch"),
                rules.on_receipt("first_response"), rules.on_receipt("order"),
                rules.on_receipt("oral_report"), rules.on_receipt("written_report"),
            ),
            tells=(Audience.HOLDER,),
        ),
        Step(
            command=c.Accept, event="case:accepted", sources=(S.REGISTERED,), target=S.ACCEPTED, allowed=CLERKS,
            clocks=(Stop("notice"), Stop("screening"), Start("decision")),
        ),
        Step(
            command=c.Refuse, event="case:not_accepted", sources=(S.REGISTERED,), target=S.NOT_ACCEPTED, allowed=CLERKS,
            writes=rules.note_refusal, clocks=(Stop("notice"), Stop("screening"), StopAll()), cannot_be_undone=True,
        ),
        Step(
            command=c.FindNotOurs, event="case:found_not_ours", sources=(S.REGISTERED,), target=S.NOT_ACCEPTED,
            allowed=((Role.COORDINATOR, R.ABOVE),), writes=rules.note_not_ours, clocks=(VoidAll(unless=rules.is_returned_late),),
            tells=(Audience.UNIT_HEAD,), cannot_be_undone=True,
        ),
        Step(
            command=c.Assign, event="case:assigned", sources=(S.ACCEPTED, S.DISPATCHED, S.HANDLING), target=S.DISPATCHED,
            allowed=((Role.COORDINATOR, R.ABOVE), (Role.SUPERVISOR, R.ABOVE)),
            guards=(rules.not_paused,), checks=(handler_belongs_to_unit, handler_is_another_than_before), writes=hand_to_handler,
            clocks=(
                Stop("referral"), Stop("dispatch"), Stop("signing", outcome="reassigned"),
                Start("signing", on_receipt=True), Start("contact", on_receipt=True),
                Start("order", on_receipt=True, event="dispatch", usual=False),
            ),
            tells=(Audience.HOLDER, Audience.UNIT_HEAD),
        ),
        Step(
            command=c.SignFor, event="case:signed", sources=(S.DISPATCHED, S.HANDLING), target=S.HANDLING,
            allowed=((Role.MEDIATOR, R.ASSIGNED), (Role.MEDIATOR, R.SAME_UNIT), (Role.COORDINATOR, R.SAME_UNIT)),
            guards=(nobody_has_signed_yet,), writes=take_in_hand, clocks=(Stop("signing"),),
            forgets=frozenset({SIGNED_BY_TIME}), quiet=True,
        ),
        Step(
            command=c.SignByTime, event="case:signed_by_time", sources=(S.DISPATCHED,), target=S.HANDLING,
            allowed=((Role.SYSTEM, R.ANYONE),), guards=(signing_is_overdue,), clocks=(Stop("signing", outcome="by_time"),),
            tells=(Audience.HOLDER, Audience.UNIT_HEAD), marks=SIGNED_BY_TIME, quiet=True,
        ),
        Step(
            command=c.ContactPerson, event="case:contacted", sources=(S.DISPATCHED, S.HANDLING), target=None,
            allowed=HANDLERS, clocks=(Stop("contact"),), marks="contacted",
        ),
        Step(
            command=c.RespondFirst, event="case:first_responded", sources=OPEN, target=None,
            allowed=(*HANDLERS, (Role.CLERK, R.ABOVE)),
            clocks=(Stop("first_response"),), marks="first_responded",
        ),
        Step(
            command=c.ReportByPhone, event="case:reported_by_phone", sources=UNTIL_CLOSED, target=None, allowed=REPORTERS,
            guards=(rules.runs("oral_report"),), clocks=(Stop("oral_report"),),
            tells=(Audience.UNIT_HEAD, Audience.DUTY_LEADER), marks="reported_by_phone", quiet=True,
        ),
        Step(
            command=c.ReportInWriting, event="case:reported_in_writing", sources=UNTIL_CLOSED, target=None, allowed=REPORTERS,
            guards=(rules.runs("written_report"),), clocks=(Stop("written_report"),),
            tells=(Audience.UNIT_HEAD, Audience.DUTY_LEADER), marks="reported_in_writing", quiet=True,
        ),
        Step(
            command=c.RequestExtension, event="case:extension_requested", sources=(S.HANDLING,), target=None,
            allowed=HANDLERS, guards=(rules.may_be_extended_by("supervisor"), rules.not_paused), checks=(rules.longer_within_the_rule,),
            writes=rules.note_extension_request, tells=(Audience.UNIT_HEAD,),
        ),
        Step(
            command=c.GrantExtension, event="clock:extended", sources=(S.HANDLING,), target=None,
            allowed=((Role.SUPERVISOR, R.ABOVE),),
            guards=(rules.extension_is_asked_for, rules.may_be_extended_by("supervisor"), rules.not_paused),
            checks=(rules.longer_within_the_rule, rules.confirmed("person_told")),
            writes=rules.settle_extension_request, clocks=(Extend(("decision", "order")),), tells=(Audience.HOLDER,),
        ),
        Step(
            command=c.RefuseExtension, event="case:extension_refused", sources=(S.HANDLING,), target=None,
            allowed=((Role.SUPERVISOR, R.ABOVE),), guards=(rules.extension_is_asked_for,),
            writes=rules.settle_extension_request, tells=(Audience.HOLDER,), quiet=True,
        ),
        Step(
            command=c.ExtendByConsent, event="clock:extended", sources=(S.HANDLING,), target=None, allowed=HANDLERS,
            guards=(rules.may_be_extended_by("parties"), rules.not_paused),
            checks=(rules.longer_within_the_rule, rules.every_party_in("consenting")),
            clocks=(Extend(("decision", "order")),), tells=(Audience.UNIT_HEAD,), quiet=True,
        ),
        Step(
            command=c.RequestSuspension, event="case:pause_requested", sources=(S.HANDLING,), target=None,
            allowed=HANDLERS, guards=(rules.may_be_paused, rules.some_ground_needs_approval, rules.not_paused),
            checks=(rules.pause_as_the_rule_allows, rules.approval_is_needed), tells=(Audience.UNIT_HEAD,), quiet=True,
        ),
        Step(
            command=c.Suspend, event="clock:paused", sources=(S.HANDLING,), target=None,
            allowed=((Role.SUPERVISOR, R.ABOVE), *HANDLERS), guards=(rules.may_be_paused, rules.not_paused),
            checks=(rules.pause_as_the_rule_allows, rules.approved_where_it_must_be), clocks=(PauseAll(),),
            tells=(Audience.HOLDER, Audience.UNIT_HEAD),
        ),
        Step(
            command=c.Resume, event="clock:resumed", sources=(S.HANDLING,), target=None,
            allowed=((Role.SUPERVISOR, R.ABOVE), *HANDLERS), guards=(rules.paused,), clocks=(ResumeAll(),),
        ),
        Step(
            command=c.Reply, event="case:replied", sources=(S.HANDLING,), target=S.REPLIED, allowed=HANDLERS,
            guards=(rules.not_paused,), writes=rules.settle_extension_request,
            clocks=(Stop("contact"), Stop("first_response"), Stop("decision"), Stop("order"), Start("closing")),
            tells=(Audience.UNIT_HEAD,), marks="answered",
        ),
        Step(
            command=c.Rate, event="case:rated", sources=ANSWERED, target=None, allowed=((Role.PETITIONER, R.BY_CODE),),
            guards=(rules.not_rated_yet,), writes=rules.record_rating, marks="rated",
        ),
        Step(
            command=c.Close, event="case:closed", sources=(S.REPLIED,), target=S.CLOSED,
            allowed=(*HANDLERS, (Role.COORDINATOR, R.ABOVE)),
            writes=rules.note_outcome, clocks=(Stop("closing"), StopAll()), cannot_be_undone=True,
        ),
        Step(
            command=c.Reopen, event="case:reopened", sources=(S.CLOSED,), target=S.HANDLING,
            allowed=((Role.COORDINATOR, R.ABOVE), (Role.SUPERVISOR, R.ABOVE)),
            guards=(rules.a_clock_can_go_on,), writes=rules.forget_outcome, clocks=(GoOn(("decision", "order")),),
            tells=(Audience.HOLDER, Audience.UNIT_HEAD), marks="reopened", forgets=frozenset({"rated"}),
        ),
        *light_steps(TOLD, until_closed=UNTIL_CLOSED),
    ),
)  # fmt: skip
