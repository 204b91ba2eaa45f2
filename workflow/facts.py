"""What the rules know of a case, and what a decision changes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, NoReturn, TypeVar

from workflow.model import (
    AccountId,
    Actor,
    Audience,
    CaseId,
    Charge,
    Clock,
    Custody,
    Json,
    Party,
    Record,
    RecordNumber,
    Role,
    State,
    UnitId,
)
from workflow.records import CO_HANDLER, Appointment, Link, Participant, Task, Waiver

R = TypeVar("R", bound=Record)


class FactIsMissing(Exception):
    """A rule has looked at something that was not loaded for whoever asks. No rule may take it for nothing."""


class Missing:
    """Stands where a fact was not loaded: whatever is asked of it is refused."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _refuse(self, *_: object) -> NoReturn:
        raise FactIsMissing(self._name)

    __iter__ = __len__ = __bool__ = __contains__ = __getitem__ = __reversed__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = _refuse

    def get(self, *_: object) -> NoReturn:
        self._refuse()


@cache
def missing(name: str) -> Any:
    """The default of a fact that is only loaded for those who answer for it."""
    return Missing(name)


FIRST = RecordNumber(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastStep:
    """The last step of a case that moved it, and how the case stood before it: what taking it back restores."""

    seq: int
    command: str
    taken_at: datetime
    by: AccountId | None  #: None: the person's own, or that of the timers
    is_final: bool  #: it says of itself that it cannot be undone
    stands_alone: bool  #: nothing that came later changed what it wrote
    state: State
    gained: frozenset[str]  #: milestones that it reached
    lost: frozenset[str]  #: milestones that it forgot
    outcome: str | None
    extension_asked: int | None
    held: tuple[UnitId, AccountId | None] | None  #: who had the case, if the step gave it to somebody else
    clocks: tuple[Clock, ...]  #: that it changed, as they were
    records: tuple[Record, ...]  #: the same of other records
    new: frozenset[RecordNumber]  #: of what it made: clocks, appointments, a session, an agreement


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
    participants: tuple[Participant, ...] = ()  #: also those who have left
    tasks: tuple[Task, ...] = ()  #: also those that are done
    links: tuple[Link, ...] = ()  #: also those that were taken away
    #: Every case that its links lead to, from one to the next; known of a case that is to be linked.
    leads_to: frozenset[CaseId] = missing("leads_to")
    #: When the last act of the case was done; known where an earlier instant is entered for the next.
    acted_at: datetime = field(default=missing("acted_at"))
    #: Known where one is to be taken back; None: there is none.
    last_step: LastStep | None = field(default=missing("last_step"))
    recused: frozenset[AccountId] = frozenset()  #: those for whom the case does not exist
    records: Mapping[type[Record], tuple[Record, ...]] = field(default_factory=dict)  #: of the procedure's own kinds
    clocks: tuple[Clock, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    #: Who asked for what is decided, and in whose place; known to those who decide.
    asked_by: frozenset[AccountId] = missing("asked_by")
    authors: frozenset[AccountId] = missing("authors")  #: who has acted in it; known once a light of it is contested
    custody: Custody | None = None
    #: All of them; known once something has lit, to those who answer for lights.
    custodies: tuple[Custody, ...] = missing("custodies")
    noticed: Mapping[str, datetime] = missing("noticed")  #: when each light, `clock:rung`, was; known likewise
    closed_at: datetime | None = None
    outcome: str | None = None
    extension_asked: int | None = None

    def of(self, kind: type[R]) -> tuple[R, ...]:
        """The records of one of the procedure's own kinds, in the order of their numbers. Raises `FactIsMissing` for a kind that
        was not loaded."""
        if kind not in self.records:
            raise FactIsMissing(kind.__name__)
        return self.records[kind]  # type: ignore[return-value]  # under each kind lie records of it

    @property
    def serving(self) -> tuple[Appointment, ...]:
        """The mediators of the case as it stands."""
        return tuple(one for one in self.appointments if one.until_at is None)

    @property
    def taking_part(self) -> tuple[Participant, ...]:
        return tuple(one for one in self.participants if one.until_at is None)

    @property
    def in_hand_of(self) -> frozenset[AccountId]:
        """Whose matter it is: the holder, the mediators, the co-handlers."""
        co_handlers = {one.person for one in self.taking_part if one.part == CO_HANDLER}
        found = {self.holder_person, *(one.person for one in self.serving), *co_handlers}
        return frozenset(one for one in found if one is not None)

    @property
    def tasks_open(self) -> tuple[Task, ...]:
        return tuple(one for one in self.tasks if one.until_at is None)

    def tasks_of(self, actor: Actor) -> tuple[Task, ...]:
        """What somebody was asked for by name, or as one of those who answer for the unit that was."""
        answers = actor.role is not Role.MEDIATOR
        return tuple(
            one for one in self.tasks_open if one.person in actor.accounts or (answers and one.unit in actor.units)
        )

    def is_charged_to(self, actor: Actor, clock: Clock) -> bool:
        """Whether somebody answers for a clock: what others were asked for is theirs, all else whoever's the case is."""
        if clock.charge is None:
            return bool(actor.accounts & self.in_hand_of) or self.holder_unit in actor.units
        answers = actor.role is not Role.MEDIATOR
        return clock.charge.person in actor.accounts or (answers and clock.charge.unit in actor.units)

    @property
    def linked(self) -> tuple[Link, ...]:
        return tuple(one for one in self.links if one.until_at is None)

    @property
    def clocks_running(self) -> tuple[Clock, ...]:
        return tuple(clock for clock in self.clocks if clock.stopped_at is None)

    def charge_of(self, clock: Clock) -> Charge:
        """Whose a clock of the case is: whoever it is charged to, or whoever holds the case."""
        assert self.holder_unit is not None, "a case that has clocks is held"
        return clock.charge or Charge(self.holder_unit, self.holder_person)

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
    occurred_at: datetime | None = None  #: when it was done, if that was before it is entered
    recused: tuple[AccountId, ...] = ()  #: for whom the case does not exist from now on
    asked: tuple[Charge, ...] = ()  #: those who are asked for something (`Audience.ASKED`)
    beside: Mapping[CaseId, "Decision"] = field(default_factory=dict)  #: what the same step changes of other cases
