"""What may be asked of a petition or an order, beside what may be asked of every case (`every_case/commands.py`)."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from workflow.commands import Act, Command, Intake
from workflow.fields import Answer, Choice, Confirmed, Names, Note, OptionalNote
from workflow.model import AccountId, UnitId
from workflow.procedures.every_case.commands import EXTENSION_ASKED, Lengthening, Pausing


@dataclass(frozen=True, kw_only=True)
class Register(Intake):
    """登记 a petition, a hotline order or an enterprise's order. Whom it is about may be left open. Where it is unclear who
    the person is or where to write to, no written notice is owed (信访工作条例 §23 二款)."""

    respondents: Names = ()
    identity_unclear: bool = False


@dataclass(frozen=True, kw_only=True)
class FindNotOurs(Command):
    """The matter should never have been counted here: out of scope, a duplicate, returned with the sender's consent. Its
    clocks are void; a coordinator answers for it, and the person is told where the matter is."""

    ground: Literal["out_of_scope", "duplicate", "returned_with_consent"]
    proper_channel: Answer


@dataclass(frozen=True, kw_only=True)
class ReportByPhone(Act):
    """电话报告 to the level above or the police: who was told, and what."""

    note: Note


@dataclass(frozen=True, kw_only=True)
class ReportInWriting(Act):
    """书面报告 to the level above."""

    note: Note


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
class ContactPerson(Act):
    """先行联系诉求人."""

    note: Note


@dataclass(frozen=True, kw_only=True)
class RespondFirst(Act):
    """首次响应: what the person was told."""

    note: Note


@dataclass(frozen=True, kw_only=True)
class RequestExtension(Lengthening):
    """The handler asks for a new total length."""

    reason: Note


@dataclass(frozen=True, kw_only=True)
class GrantExtension(Lengthening):
    """A supervisor grants it before the due time; the person is told why."""

    answers: ClassVar[str | None] = EXTENSION_ASKED
    person_told: Confirmed


@dataclass(frozen=True, kw_only=True)
class RefuseExtension(Command):
    """A supervisor does not lengthen it, and says why."""

    answers: ClassVar[str | None] = EXTENSION_ASKED
    reason: Note


@dataclass(frozen=True, kw_only=True)
class RequestSuspension(Pausing):
    """The handler asks a supervisor for a pause on a ground that lies in nobody's hand."""

    reason: Note


@dataclass(frozen=True, kw_only=True)
class Reply(Act):
    """答复: the handling decision or an oral reply, in words the person will read."""

    form: Literal["handling_decision", "oral"]
    answer: Answer


@dataclass(frozen=True, kw_only=True)
class Close(Command):
    """办结: what came of the matter."""

    outcome: Literal["resolved", "explained", "assisted", "handled_by_law"]


@dataclass(frozen=True, kw_only=True)
class ConfirmWithdrawal(Act):
    """确认撤回: the person was asked, and wants it of their own will. The matter ends without an answer."""

    of_own_will: Confirmed
    note: Note
