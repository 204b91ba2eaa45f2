"""What may be asked of a mediation, beside what may be asked of every case (`every_case/commands.py`)."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le, MaxLen, MinLen

from workflow.commands import Act, Command, Intake
from workflow.fields import (
    MAX_LINES,
    Answer,
    Choice,
    Confirmed,
    Mediator,
    Mediators,
    Minutes,
    NewTerms,
    Note,
    OptionalNote,
    Parties,
    Personal,
    Place,
    ShortText,
    Sometimes,
    Terms,
)
from workflow.model import AccountId, Record, RecordNumber, TextKind
from workflow.procedures.mediation.records import Agreement


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
class SeekConsent(Act):
    """征求意见 of the other side."""

    note: OptionalNote = None


@dataclass(frozen=True, kw_only=True)
class RecordConsent(Act):
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
class NotifyRights(Act):
    """权利义务告知书 signed by every party."""

    signed_by: Parties


@dataclass(frozen=True, kw_only=True)
class HoldSession(Act):
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
class CorrectAgreement(Command):
    """更正协议: the last agreement was entered otherwise than it stands on paper. What it says on paper nobody corrects."""

    looks_at: ClassVar[tuple[type[Record], ...]] = (Agreement,)
    is_of_a_year: ClassVar[bool] = True
    amount_yuan: Annotated[int | None, Ge(0), Le(10**12)] = None
    performance_due_on: date | None = None
    terms: NewTerms = None
    reason: Note


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
class RecordPerformance(Act):
    """履行, in full or in part."""

    extent: Literal["in_full", "in_part"]
    note: OptionalNote = None


@dataclass(frozen=True, kw_only=True)
class FollowUp(Act):
    """回访: performance as found, and whether the dispute shows signs of flaring up again."""

    extent: Literal["in_full", "in_part", "not_performed"]
    signs_of_escalation: bool = False
    note: Note


@dataclass(frozen=True, kw_only=True)
class CloseMediation(Command):
    """结案."""

    papers_complete: Confirmed
