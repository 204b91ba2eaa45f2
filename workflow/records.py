"""What a case has beside its clocks, texts, parties and custody: one kind a class; and the milestones that say that it has any."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from workflow.model import AccountId, CaseId, Charge, Clock, Custody, Party, Record, RecordNumber, Text, UnitId


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment(Record):
    """A mediator of the case; `disclosure` is none, open (an interest was disclosed) or kept (all parties agreed)."""

    table: ClassVar[str] = "appointment"

    person: AccountId
    chief: bool
    from_at: datetime
    until_at: datetime | None
    disclosure: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant(Record):
    """Somebody who takes part beside whoever holds the case: one of the staff by the account, somebody from outside by name."""

    table: ClassVar[str] = "participant"

    part: str
    person: AccountId | None
    name: RecordNumber | None  #: of its text
    contact: RecordNumber | None
    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Record):
    """Another case that this one has to do with. The other one has the link too, of the opposite kind."""

    table: ClassVar[str] = "link"

    kind: str
    other: CaseId
    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Record):
    """Something that another unit, or a colleague beside the holder, was asked for; its time limit is the clock about it."""

    table: ClassVar[str] = "task"

    unit: UnitId
    person: AccountId | None
    what: RecordNumber  #: of its text
    answer: RecordNumber | None
    from_at: datetime
    until_at: datetime | None

    @property
    def charge(self) -> Charge:
        return Charge(self.unit, self.person)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack(Record):
    """That a step was taken back: the event of the step, or a record that it had made and that counts no more."""

    table: ClassVar[str] = "taken_back"

    seq: int
    record: RecordNumber | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating(Record):
    table: ClassVar[str] = "rating"

    score: str
    comment: RecordNumber | None
    rated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver(Record):
    """A lit light that is proposed not to count, on a ground, until an assessor decides. The light itself stays.

    `stage` is `recount` (a new calendar or rule would not have lit it), `appeal` or `further`: the one further request
    after an appeal was rejected. Those two are asked for by the unit that the light is counted against.
    """

    table: ClassVar[str] = "waiver"

    clock: RecordNumber
    rung: str
    ground: str
    proposed_at: datetime
    decided_at: datetime | None = None
    decision: str | None = (
        None  #: upheld: it does not count; rejected, or withdrawn with the step that proposed it: it does
    )
    stage: str | None = None
    unit: UnitId | None = None
    asked_by: AccountId | None = None
    evidence: RecordNumber | None = None  #: of its text
    decided_by: AccountId | None = None


#: The kinds of records that cases of every procedure have.
OF_EVERY_CASE: tuple[type[Record], ...] = (
    Clock,
    Text,
    Party,
    Custody,
    Appointment,
    Participant,
    Link,
    Task,
    TakenBack,
    Rating,
    Waiver,
)


#: The milestone of a case that does not exist for somebody any more.
HAS_RECUSALS = "somebody_recused"


#: The milestone of a case that has to do with another.
HAS_LINKS = "linked"


#: The milestone of a case that somebody was brought into, so that others need not look for anybody.
HAS_PARTICIPANTS = "participants_brought_in"


#: The milestone of a case that somebody else was asked for something about.
HAS_TASKS = "others_asked"


#: The part of a participant who may do what whoever holds the case may do.
CO_HANDLER = "co_handler"


#: The milestone of a case that has waivers, so that others need not look for any.
HAS_WAIVERS = "waiver_proposed"
