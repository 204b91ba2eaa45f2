"""What may be asked of a case of more than one procedure: accepting and refusing it, time, lights, the person's rating."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, Literal

from annotated_types import MaxLen

from workflow.commands import Act, Command
from workflow.fields import (
    MAX_SHORT,
    Answer,
    AppealText,
    Choice,
    Comment,
    Contact,
    Message,
    Name,
    NewName,
    NewTitle,
    Note,
    OptionalNote,
    OtherCase,
    Parties,
    ShortLength,
    Sometimes,
    TotalLength,
)
from workflow.model import AccountId, RecordNumber, UnitId

#: The events in which whoever handles a matter asks for more time, or for a pause.
EXTENSION_ASKED, PAUSE_ASKED = "case:extension_requested", "case:pause_requested"


@dataclass(frozen=True, kw_only=True)
class Accept(Act):
    """受理, and the notice of it given to the person."""


@dataclass(frozen=True, kw_only=True)
class Refuse(Command):
    """不予受理: the ground, and the channel that is open to the person instead."""

    ground: Literal["not_competent", "statutory_route", "already_in_hand", "final_review_done", "party_refuses"]
    proper_channel: Answer


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

    is_of_a_year: ClassVar[bool] = True
    light: Annotated[str, Choice("lights"), MaxLen(MAX_SHORT)]  #: the number of the clock and the code of the rung
    ground: Literal["force_majeure", "system_error", "not_attributable", "other"]
    evidence: AppealText


@dataclass(frozen=True, kw_only=True)
class AskAgain(Command):
    """再次申请: the one further request after a rejected appeal, before the year is closed."""

    is_of_a_year: ClassVar[bool] = True
    waiver: Annotated[RecordNumber, Choice("rejected_appeals")]
    evidence: AppealText


@dataclass(frozen=True, kw_only=True)
class DecideWaiver(Command):
    """An assessor outside the handling of the case decides whether a lit light counts."""

    waiver: Annotated[RecordNumber, Choice("waivers")]
    decision: Literal["upheld", "rejected"]
    reason: AppealText


@dataclass(frozen=True, kw_only=True)
class Lengthening(Command):
    """What speaks of a new total length of a time limit, in the unit of its rule."""

    to_length: TotalLength


@dataclass(frozen=True, kw_only=True)
class ExtendByConsent(Lengthening):
    """The parties lengthen it in writing."""

    consenting: Parties


@dataclass(frozen=True, kw_only=True)
class Pausing(Command):
    """What speaks of a pause: on a ground that the rule knows, until a day that is named."""

    ground: Annotated[str, Choice("pause_grounds")]
    until: date


@dataclass(frozen=True, kw_only=True)
class Suspend(Pausing):
    """中止 on a ground that the rule knows, until a day that is named. Consent is recorded where the rule asks for it; on
    some grounds a supervisor decides, once the person has been told of the measures and the day."""

    answers: ClassVar[str | None] = PAUSE_ASKED
    consenting: Annotated[Parties, Sometimes()] = ()
    person_told: bool = False
    note: OptionalNote = None


@dataclass(frozen=True, kw_only=True)
class Resume(Command):
    """恢复 before the planned day."""

    note: OptionalNote = None


@dataclass(frozen=True, kw_only=True)
class Rate(Command):
    """评价, only through the person's own channel."""

    score: Literal["satisfied", "fairly_satisfied", "dissatisfied"]
    comment: Comment = None


@dataclass(frozen=True, kw_only=True)
class Revisit(Act):
    """回访: whoever is dissatisfied was asked what is missing, by somebody who did not handle the matter, and is told what came of it."""

    finding: Literal["explained", "put_right", "other_way", "not_reached"]
    answer: Answer


@dataclass(frozen=True, kw_only=True)
class AddNote(Act):
    """记事: what whoever has the matter in hand wants to keep: a call, one that nobody answered, a visit."""

    occasion: Literal["note", "call", "unanswered_call", "visit"] = "note"
    note: Note


@dataclass(frozen=True, kw_only=True)
class Correct(Command):
    """更正 what was entered wrongly. What it was stays in the record; every page shows what is right."""

    title: NewTitle = None
    dispute_type: Annotated[str | None, Choice("dispute_types")] = None
    party: Annotated[RecordNumber | None, Choice("parties")] = None
    party_name: NewName = None
    contact: Contact = None
    reason: Note


@dataclass(frozen=True, kw_only=True)
class AddParty(Command):
    """增加当事人: somebody whom nobody had named when the matter came in."""

    side: Literal["applicant", "respondent"]
    party_name: Name
    contact: Contact = None


@dataclass(frozen=True, kw_only=True)
class RenewCode(Command):
    """补发查询码 to whoever has lost theirs and was identified. The one before opens nothing any more."""

    identified_by: Literal["id_document", "call_back", "known_person"]


@dataclass(frozen=True, kw_only=True)
class WriteBack(Command):
    """补充说明 by whoever brought the matter, through their own channel."""

    message: Message


@dataclass(frozen=True, kw_only=True)
class HandOver(Command):
    """移交 what somebody has in hand to another person, who goes on where they stopped. No clock begins anew."""

    leaving: Annotated[AccountId, Choice("in_hand")]
    to: Annotated[AccountId, Choice("handlers")]
    ground: Literal["leaves_office", "moves", "absent", "evens_load"]
    note: OptionalNote = None


@dataclass(frozen=True, kw_only=True)
class Recuse(Command):
    """回避: the case does not exist any more for somebody who has an interest in it. What they have in hand goes to another."""

    person: Annotated[AccountId, Choice("recusable")]
    to: Annotated[AccountId | None, Choice("handlers"), Sometimes()] = None
    ground: Literal["interest", "relative", "other_ties", "asked_by_party"]
    note: OptionalNote = None


@dataclass(frozen=True, kw_only=True)
class BringIn(Command):
    """增加参与人: somebody of the staff who helps with the matter, or somebody from outside who speaks for a party or sent it."""

    part: Literal["co_handler", "recorder", "counsellor", "reviewer", "agent", "informant", "sender"]
    person: Annotated[AccountId | None, Choice("newcomers"), Sometimes()] = None
    party_name: Annotated[NewName, Sometimes()] = None
    contact: Contact = None


@dataclass(frozen=True, kw_only=True)
class EndPart(Command):
    """Somebody who was brought in takes part no longer."""

    participant: Annotated[RecordNumber, Choice("participants")]


@dataclass(frozen=True, kw_only=True)
class AskUnit(Command):
    """请协办: another unit is asked for something. It answers for the limit of that; the matter stays where it is."""

    co_unit: Annotated[UnitId, Choice("co_units")]
    what: Note
    length: ShortLength


@dataclass(frozen=True, kw_only=True)
class GiveTask(Command):
    """交办任务 to a colleague who helps with the matter."""

    person: Annotated[AccountId, Choice("helpers")]
    what: Note
    length: ShortLength


@dataclass(frozen=True, kw_only=True)
class AnswerTask(Act):
    """反馈: what was asked for is done, or why it cannot be."""

    task: Annotated[RecordNumber, Choice("my_tasks")]
    reply: Note


@dataclass(frozen=True, kw_only=True)
class EndTask(Command):
    """What was asked for is needed no longer. What has lit stays."""

    task: Annotated[RecordNumber, Choice("tasks")]
    note: OptionalNote = None


@dataclass(frozen=True, kw_only=True)
class LinkCases(Command):
    """关联 this matter with another one that it has to do with."""

    other: OtherCase
    kind: Literal["duplicate_of", "part_of", "follows", "related"]
    note: OptionalNote = None


@dataclass(frozen=True, kw_only=True)
class Unlink(Command):
    """取消关联 that was a mistake."""

    link: Annotated[RecordNumber, Choice("links")]
    reason: Note


@dataclass(frozen=True, kw_only=True)
class TakeBack(Command):
    """撤回上一步 that was a mistake, as if it had not been taken."""

    is_of_a_year: ClassVar[bool] = True
    reason: Note


@dataclass(frozen=True, kw_only=True)
class AskToWithdraw(Command):
    """申请撤回 the matter, by whoever brought it, through their own channel. It goes on until the office has asked them."""


@dataclass(frozen=True, kw_only=True)
class GoOnWithIt(Command):
    """继续办理: whoever brought the matter has thought better of withdrawing it."""
