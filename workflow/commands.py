"""What a person may ask of a case: one frozen dataclass a command, its limits written as types.

Forms, validation, labels and the event's data are all derived from these fields and their marks (`fields.py`): personal
text goes to a table of its own and enters the ledger only as a commitment; a choice is offered by the page; everything
else is a code or a figure. Who may ask, and when, is in `procedures/`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import ConfigDict, TypeAdapter

from workflow.fields import (
    MAX_LINES,
    MAX_SHORT,
    Answer,
    AppealText,
    Choice,
    Comment,
    Confirmed,
    Contact,
    DisputeType,
    Mediator,
    Mediators,
    Minutes,
    Name,
    Names,
    Note,
    OptionalNote,
    Parties,
    Personal,
    Place,
    ShortText,
    Sometimes,
    Statement,
    Terms,
    Title,
    TotalLength,
)
from workflow.model import AccountId, RecordNumber, TextKind, UnitId

Channel = Literal[
    "visit", "letter", "call", "online", "hotline", "informant", "outreach", "enterprise_order", "upstream", "patrol",
    "court_police",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Command:
    """What every command is: its fields and no others."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", str_strip_whitespace=True)


@dataclass(frozen=True, kw_only=True)
class Intake(Command):
    """What happened, with whom, what is wanted. `received_at` is the one time a person may enter: when a letter that is
    registered later had come in. It may not lie in the future."""

    title: Title
    statement: Statement
    applicant: Name
    applicant_contact: Contact = None
    more_applicants: Names = ()
    dispute_type: DisputeType = "99"
    channel: Channel = "visit"
    received_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Register(Intake):
    """登记 a petition, a hotline order or an enterprise's order. Whom it is about may be left open. Where it is unclear who
    the person is or where to write to, no written notice is owed (信访工作条例 §23 二款)."""

    respondents: Names = ()
    identity_unclear: bool = False


@dataclass(frozen=True, kw_only=True)
class Apply(Intake):
    """申请 mediation, in writing or orally. Against whom must be said."""

    respondents: Annotated[
        tuple[ShortText, ...],
        Personal(TextKind.PARTY_NAME),
        MinLen(1),
        MaxLen(MAX_LINES),
    ]


@dataclass(frozen=True, kw_only=True)
class Accept(Command):
    """受理, and the notice of it given to the person."""


@dataclass(frozen=True, kw_only=True)
class Refuse(Command):
    """不予受理: the ground, and the channel that is open to the person instead."""

    ground: Literal["not_competent", "statutory_route", "already_in_hand", "final_review_done", "party_refuses"]
    proper_channel: Answer


@dataclass(frozen=True, kw_only=True)
class FindNotOurs(Command):
    """The matter should never have been counted here: out of scope, a duplicate, returned with the sender's consent. Its
    clocks are void; a coordinator answers for it, and the person is told where the matter is."""

    ground: Literal["out_of_scope", "duplicate", "returned_with_consent"]
    proper_channel: Answer


@dataclass(frozen=True, kw_only=True)
class ReportByPhone(Command):
    """电话报告 to the level above or the police: who was told, and what."""

    note: Note


@dataclass(frozen=True, kw_only=True)
class ReportInWriting(Command):
    """书面报告 to the level above."""

    note: Note


@dataclass(frozen=True, kw_only=True)
class Acknowledge(Command):
    """知悉: a light is seen and in hand. Its reminders climb no further; the next light tells everyone again."""


@dataclass(frozen=True, kw_only=True)
class ExplainLateness(Command):
    """书面说明: why a time limit has turned red, owed within two working days of the light."""

    explanation: Note


@dataclass(frozen=True, kw_only=True)
class AppealLight(Command):
    """申诉: the unit that a light is counted against says why it should not count. The light itself stays."""

    light: Annotated[str, Choice("lights"), MaxLen(MAX_SHORT)]  #: the number of the clock and the code of the rung
    ground: Literal["force_majeure", "system_error", "not_attributable", "other"]
    evidence: AppealText


@dataclass(frozen=True, kw_only=True)
class AskAgain(Command):
    """再次申请: the one further request after a rejected appeal, before the year is closed."""

    waiver: Annotated[RecordNumber, Choice("rejected_appeals")]
    evidence: AppealText


@dataclass(frozen=True, kw_only=True)
class DecideWaiver(Command):
    """An assessor outside the handling of the case decides whether a lit light counts."""

    waiver: Annotated[RecordNumber, Choice("waivers")]
    decision: Literal["upheld", "rejected"]
    reason: AppealText


@dataclass(frozen=True, kw_only=True)
class Reopen(Command):
    """重新办理 a closed matter. Its time limit goes on from where it stood; it does not begin again."""

    ground: Literal["person_disagrees", "not_finished", "supervised", "new_facts"]
    note: Note


@dataclass(frozen=True, kw_only=True)
class Assign(Command):
    """转送 or 交办 to a unit, and to a person of it if known."""

    unit: Annotated[UnitId, Choice("units")]
    handler: Annotated[AccountId | None, Choice("handlers")] = None
    form: Literal["assign_with_report", "refer"] = "assign_with_report"
    instruction: OptionalNote = None


@dataclass(frozen=True, kw_only=True)
class SignFor(Command):
    """签收 what was assigned, or what the time for it has signed for and nobody holds yet."""


@dataclass(frozen=True, kw_only=True)
class SignByTime(Command):
    """自动签收: nobody has signed in time. Given by the timers and never by a person."""


@dataclass(frozen=True, kw_only=True)
class ContactPerson(Command):
    """先行联系诉求人."""

    note: Note


@dataclass(frozen=True, kw_only=True)
class RespondFirst(Command):
    """首次响应: what the person was told."""

    note: Note


@dataclass(frozen=True, kw_only=True)
class RequestExtension(Command):
    """The handler asks for a new total length."""

    to_length: TotalLength
    reason: Note


@dataclass(frozen=True, kw_only=True)
class GrantExtension(Command):
    """A supervisor grants it before the due time; the person is told why."""

    to_length: TotalLength
    person_told: Confirmed


@dataclass(frozen=True, kw_only=True)
class RefuseExtension(Command):
    """A supervisor does not lengthen it, and says why."""

    reason: Note


@dataclass(frozen=True, kw_only=True)
class ExtendByConsent(Command):
    """The parties lengthen it in writing."""

    to_length: TotalLength
    consenting: Parties


@dataclass(frozen=True, kw_only=True)
class Suspend(Command):
    """中止 on a ground that the rule knows, until a day that is named. Consent is recorded where the rule asks for it; on
    some grounds a supervisor decides, once the person has been told of the measures and the day."""

    ground: Annotated[str, Choice("pause_grounds")]
    until: date
    consenting: Annotated[Parties, Sometimes()] = ()
    person_told: bool = False
    note: OptionalNote = None


@dataclass(frozen=True, kw_only=True)
class RequestSuspension(Command):
    """The handler asks a supervisor for a pause on a ground that lies in nobody's hand."""

    ground: Annotated[str, Choice("pause_grounds")]
    until: date
    reason: Note


@dataclass(frozen=True, kw_only=True)
class Resume(Command):
    """恢复 before the planned day."""

    note: OptionalNote = None


@dataclass(frozen=True, kw_only=True)
class Reply(Command):
    """答复: the handling decision or an oral reply, in words the person will read."""

    form: Literal["handling_decision", "oral"]
    answer: Answer


@dataclass(frozen=True, kw_only=True)
class Rate(Command):
    """评价, only through the person's own channel."""

    score: Literal["satisfied", "fairly_satisfied", "dissatisfied"]
    comment: Comment = None


@dataclass(frozen=True, kw_only=True)
class Close(Command):
    """办结: what came of the matter."""

    outcome: Literal["resolved", "explained", "assisted", "handled_by_law"]


@dataclass(frozen=True, kw_only=True)
class SeekConsent(Command):
    """征求意见 of the other side."""

    note: OptionalNote = None


@dataclass(frozen=True, kw_only=True)
class RecordConsent(Command):
    """One party's answer. A clear refusal ends the matter as not accepted: nobody is made to mediate."""

    party: Annotated[RecordNumber, Choice("parties")]
    answer: Literal["given", "refused"]


@dataclass(frozen=True, kw_only=True)
class AppointMediators(Command):
    """指定 by the committee or 选定 by the parties."""

    chief: Mediator
    others: Mediators = ()
    chosen_by: Literal["committee", "parties"] = "committee"


@dataclass(frozen=True, kw_only=True)
class Disclose(Command):
    """披露 of an interest in the matter or a tie to a party."""

    mediator: Annotated[AccountId, Choice("appointed")]
    ground: Literal["party_or_relative", "interest", "other_relation"]
    note: Note


@dataclass(frozen=True, kw_only=True)
class KeepMediator(Command):
    """After a disclosure, every party agrees in writing that the mediator stays."""

    mediator: Annotated[AccountId, Choice("appointed")]
    consenting: Parties


@dataclass(frozen=True, kw_only=True)
class ReplaceMediator(Command):
    """更换: after a disclosure, or because one party asks."""

    leaving: Annotated[AccountId, Choice("appointed")]
    arriving: Mediator
    ground: Literal["disclosure", "party_request", "unavailable"]


@dataclass(frozen=True, kw_only=True)
class NotifyRights(Command):
    """权利义务告知书 signed by every party."""

    signed_by: Parties


@dataclass(frozen=True, kw_only=True)
class HoldSession(Command):
    """调解会: joint or separate; outsiders only with the parties' consent."""

    form: Literal["joint", "caucus"]
    place: Place
    minutes: Minutes
    invitees: Annotated[tuple[ShortText, ...], Personal(TextKind.NOTE), MaxLen(MAX_LINES)] = ()
    consenting: Annotated[Parties, Sometimes()] = ()


@dataclass(frozen=True, kw_only=True)
class Agreed(Command):
    """What an agreement says; a written one has been signed by everyone, an oral one has nothing to sign."""

    form: Literal["written", "oral"]
    terms: Terms
    performance_due_on: date
    signed_by: Parties = ()
    signed_on: date | None = None  #: the day of the last signature; None: today
    mediator_signed: bool = False
    sealed: bool = False
    writing_not_needed: bool = False  #: no party asks for writing, and the dispute is neither major nor complex
    amount_yuan: Annotated[int | None, Ge(0), Le(10**12)] = None


@dataclass(frozen=True, kw_only=True)
class Settle(Agreed):
    """达成调解协议 on everything."""


@dataclass(frozen=True, kw_only=True)
class SettleInPart(Agreed):
    """部分达成: the rest goes on or is terminated."""


@dataclass(frozen=True, kw_only=True)
class Terminate(Command):
    """终止调解, with the written notice of the other remedies. Whoever withdraws consent is recorded as refusing: nobody is
    made to go on."""

    ground: Literal["party_withdraws", "no_agreement", "period_over", "concealment_or_sham", "legal_bar"]
    withdrawing: Parties = ()
    remedies: Answer
    notice_given: Confirmed


@dataclass(frozen=True, kw_only=True)
class ApplyForConfirmation(Command):
    """共同申请司法确认 within the parties' thirty days, and what the agreement is about: a court confirms what is to be done
    or paid, and no status or title."""

    consenting: Parties
    subject: Literal["performance", "status", "property_title", "ip_title", "special_procedure"] = "performance"


@dataclass(frozen=True, kw_only=True)
class RecordPerformance(Command):
    """履行, in full or in part."""

    extent: Literal["in_full", "in_part"]
    note: OptionalNote = None


@dataclass(frozen=True, kw_only=True)
class FollowUp(Command):
    """回访: performance as found, and whether the dispute shows signs of flaring up again."""

    extent: Literal["in_full", "in_part", "not_performed"]
    signs_of_escalation: bool = False
    note: Note


@dataclass(frozen=True, kw_only=True)
class CloseMediation(Command):
    """结案."""

    papers_complete: Confirmed


_ADAPTERS: dict[type[Command], TypeAdapter[Command]] = {}


def adapter_of(command: type[Command]) -> TypeAdapter[Command]:
    """What turns values that were typed into the command, or says what is wrong with them."""
    if command not in _ADAPTERS:
        _ADAPTERS[command] = TypeAdapter(command)
    return _ADAPTERS[command]
