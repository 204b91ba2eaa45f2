"""What the rules know of a case, and what a decision changes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from workflow.model import (
    AccountId,
    Appointment,
    Audience,
    CaseId,
    Clock,
    Custody,
    Json,
    Party,
    Record,
    RecordNumber,
    State,
    UnitId,
    Waiver,
)

R = TypeVar("R", bound=Record)
FIRST = RecordNumber(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """What the rules know of a case: no names, no texts."""

    id: CaseId | None
    procedure: str
    profile: str
    state: State
    version: int = 0
    dispute_type: str | None = None
    channel: str | None = None
    received_at: datetime | None = None
    registered_at: datetime | None = None
    holder_unit: UnitId | None = None
    holder_person: AccountId | None = None
    milestones: frozenset[str] = frozenset()
    next_number: RecordNumber = FIRST
    parties: tuple[Party, ...] = ()
    appointments: tuple[Appointment, ...] = ()
    records: Mapping[type[Record], tuple[Record, ...]] = field(default_factory=dict)  #: of the procedure's own kinds
    clocks: tuple[Clock, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    authors: frozenset[AccountId] = frozenset()  #: who has acted in it; known once a light of it is contested
    custody: Custody | None = None
    custodies: tuple[Custody, ...] = ()  #: all of them; known once something has lit, to those who answer for lights
    noticed: Mapping[str, datetime] = field(default_factory=dict)  #: when each light, `clock:rung`, was; known likewise
    closed_at: datetime | None = None
    outcome: str | None = None
    extension_asked: int | None = None

    def of(self, kind: type[R]) -> tuple[R, ...]:
        """The records of one of the procedure's own kinds, in the order of their numbers."""
        return self.records.get(kind, ())  # type: ignore[return-value]  # under each kind lie records of it

    def running(self, name: str) -> Clock | None:
        return next((c for c in self.clocks if c.name == name and c.stopped_at is None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The case's own row after the step."""

    state: State
    milestones: frozenset[str]
    next_number: RecordNumber
    holder_unit: UnitId
    holder_person: AccountId | None
    custody_number: RecordNumber
    custody_from: datetime
    next_due_at: datetime | None
    paused_until: datetime | None
    extension_asked: int | None
    outcome: str | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Everything that one accepted command changes. Whoever applies it computes nothing and asks nothing."""

    event: str
    data: Mapping[str, Json]  #: codes and figures only; personal text enters by the number of its record
    progress: Progress
    new: tuple[Record, ...]
    changed: tuple[Record, ...]
    tells: tuple[Audience, ...]
    case: Mapping[str, Json] = field(default_factory=dict)  #: columns of the case's own row that are corrected
