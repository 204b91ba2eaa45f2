"""What a step is made of: who may take it, its guards, what it writes, which clocks it moves, what its form shows.

The tables themselves, which an official can read, are in `procedures/`; what a whole table has to say and to prove is in
`procedure.py`, what happens when a step is taken in `deciding.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflow.clocks import CASE_ENDED, About
from workflow.commands import Command
from workflow.facts import CaseFacts, missing
from workflow.model import (
    AccountId,
    Actor,
    Audience,
    CaseId,
    Charge,
    Custody,
    Json,
    Reason,
    Record,
    RecordNumber,
    Relation,
    Role,
    State,
    Text,
    TextKind,
    UnitId,
)
from workflow.policy import CasePolicy
from workflow.policy_rules import Event, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything that a rule may look at. `people` are all who may serve here, with the units that each serves in: whoever is
    not among them is closed, has another role, is recused or is out of the actor's reach. Known where somebody is to be named."""

    facts: CaseFacts
    actor: Actor
    now: datetime
    policy: CasePolicy
    people: Mapping[AccountId, tuple[UnitId, ...]] = field(default=missing("people"))
    #: Whose post has to do with the matter: those of the units that hold it and took it in, and of the units above these; with
    #: the roles by which they answer for it, themselves and where it is held. Known where one of them is to be recused.
    colleagues: Mapping[AccountId, frozenset[Role]] = field(default=missing("colleagues"))
    closed_years: frozenset[int] = frozenset()  #: years whose assessment is final
    #: Units that can be asked for something beside the one that holds the case. Known where one of them is to be asked.
    co_units: frozenset[UnitId] = field(default=missing("co_units"))
    others: Mapping[CaseId, CaseFacts] = field(default_factory=dict)  #: other cases that the command names

    def unit_of(self, person: AccountId) -> UnitId:
        """Where a matter goes with one of `people`: it stays in its unit if they serve there, or else comes to their first."""
        units = self.people[person]
        return next((unit for unit in units if unit == self.facts.holder_unit), units[0])


class Draft:
    """The records of one decision while it is being written down. Lives inside one call of `decide`."""

    def __init__(self, facts: CaseFacts) -> None:
        self._next = facts.next_number
        self.texts: dict[str, list[RecordNumber]] = {}  #: the numbers of each personal field's texts
        self.new: list[Record] = []
        self.changed: list[Record] = []
        self.data: dict[str, Json] = {}
        self.case: dict[str, Json] = {}  #: columns of the case's own row that were entered wrongly
        self.recused: list[AccountId] = []
        self.asked: list[Charge] = []
        self.beside: dict[CaseId, Draft] = {}  #: what the step writes of other cases
        self.custody: Custody | None = None
        self.state: State | None = None  #: where the case stands then, if the table does not say it
        self.lost: set[str] = set()  #: milestones that it has not reached any more
        self.outcome: str | None = facts.outcome
        self.reached: set[str] = set()  #: milestones that depend on what was said
        self.extension_asked: int | None = facts.extension_asked

    @property
    def next_number(self) -> RecordNumber:
        return self._next

    def number(self) -> RecordNumber:
        taken = self._next
        self._next = RecordNumber(taken + 1)
        return taken

    def write_text(self, field_name: str, kind: TextKind, content: str) -> None:
        number = self.number()
        self.new.append(Text(number=number, kind=kind, content=content))
        self.texts.setdefault(field_name, []).append(number)

    def text(self, field_name: str) -> RecordNumber:
        """The number of a field that holds exactly one text."""
        return self.texts[field_name][0]

    def optional_text(self, field_name: str) -> RecordNumber | None:
        return next(iter(self.texts.get(field_name, ())), None)

    def hand_over(self, facts: CaseFacts, *, unit: UnitId, person: AccountId | None, at: datetime) -> None:
        """Ends the present custody and begins the next at the same instant."""
        if facts.custody:
            held = facts.custody
            self.changed.append(
                Custody(number=held.number, unit=held.unit, person=held.person, from_at=held.from_at, until_at=at)
            )
        self.custody = Custody(number=self.number(), unit=unit, person=person, from_at=at, until_at=None)
        self.new.append(self.custody)


Guard = Callable[[Situation], Reason | None]
Check = Callable[[Situation, Any], Reason | None]
Writer = Callable[[Situation, Any, Draft], None]
Instant = Callable[[Situation, Any], datetime]
When = Callable[[Situation, Any], bool]
Notes = Callable[[Situation], tuple[Reason, ...]]
Preset = Callable[[Situation], Mapping[str, str]]
Likely = Callable[[Situation], bool]
#: The record that a clock is about, which the step has written; and the number of the one that a command names.
AboutWhat = Callable[[Situation, Any, Draft], About]
Named = Callable[[Any], RecordNumber]


@dataclass(frozen=True, slots=True)
class Start:
    """Starts a named clock, now or at an instant that the command or the case names. `on_receipt`: it starts with
    something that comes in, so that an office's intake cut-off may move it (`CasePolicy.deemed_received`).

    `event` is what happens here, for a clock that one rule counts from this and another from that; `usual`: so does a
    rule that does not say. `when`: only then is the time limit owed at all. `about`: a record, beside others of that name.
    """

    name: str
    at: Instant | None = None
    on_receipt: bool = False
    event: Event | None = None
    usual: bool = True
    when: When | None = None
    about: AboutWhat | None = None

    def counts_for(self, rule: Rule) -> bool:
        """Whether a rule counts from here."""
        return self.event is None or rule.counts_from == self.event or (rule.counts_from is None and self.usual)


@dataclass(frozen=True, slots=True)
class Stop:
    """Stops a named clock, if it runs; `when`: only then; `about`: the one about that record."""

    name: str
    outcome: str = "met"
    when: When | None = None
    about: Named | None = None

    @property
    def is_sure(self) -> bool:
        """Whatever is typed, it stops."""
        return self.when is None and self.about is None


@dataclass(frozen=True, slots=True)
class StopAll:
    """Ends every duty that still runs: nothing is owed in a finished case. A person's or another body's time goes on:
    our closing takes nothing from them."""

    outcome: str = CASE_ENDED


@dataclass(frozen=True, slots=True)
class VoidAll:
    """Ends every clock that still runs as one that should never have counted: the matter was not ours; `unless` that is
    said too late to change what was owed."""

    unless: When


@dataclass(frozen=True, slots=True)
class AcknowledgeAll:
    """Notes on every lit clock that somebody who was told has it in hand: reminders of that light stop climbing."""


@dataclass(frozen=True, slots=True)
class PauseAll:
    """Pauses every running clock whose rule knows the command's ground."""


@dataclass(frozen=True, slots=True)
class ResumeAll:
    """Ends every running pause now; with `when`, only then."""

    when: When | None = None


@dataclass(frozen=True, slots=True)
class PutBack:
    """The clocks as they were before the step that is taken back; those that it started never counted."""


@dataclass(frozen=True, slots=True)
class FollowTasks:
    """The clocks about what others were asked for go where that goes: to somebody else, or to an end."""


@dataclass(frozen=True, slots=True)
class Extend:
    """Closes the first of these clocks that runs and opens its successor of the command's total length."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GoOn:
    """After a reopening, the last of these clocks goes on: same start, the time between not counted."""

    names: tuple[str, ...]


ClockChange = (
    Start | Stop | StopAll | VoidAll | AcknowledgeAll | PauseAll | ResumeAll | PutBack | FollowTasks | Extend | GoOn
)


def nothing_more(_situation: Situation, _command: Any, _draft: Draft) -> None:
    """The writer of a step that writes its event and nothing else."""


def nothing_to_note(_situation: Situation) -> tuple[Reason, ...]:
    """Of a step whose form says all there is to know."""
    return ()


def nothing_preset(_situation: Situation) -> Mapping[str, str]:
    """Of a step whose form comes empty."""
    return {}


def never_first(_situation: Situation) -> bool:
    """Of a step that is the likeliest only by what is due and by its place in the table."""
    return False


def always_first(_situation: Situation) -> bool:
    """Of a step that is open only while somebody waits for it."""
    return True


#: The milestone of a step that gives the person the answer, which can be rated from then on.
ANSWERED = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One row of a procedure. `allowed` has no default: a step that nobody was given is a step that nobody may take."""

    command: type[Command]
    event: str
    sources: tuple[State, ...]
    target: State | None  #: None: the case stays where it is
    allowed: tuple[tuple[Role, Relation], ...]
    guards: tuple[Guard, ...] = ()
    checks: tuple[Check, ...] = ()
    writes: Writer = nothing_more
    clocks: tuple[ClockChange, ...] = ()
    tells: tuple[Audience, ...] = ()
    tells_if: tuple[tuple[When, Audience], ...] = ()  #: who is told besides, for what was said
    reaches: str | None = None  #: the milestone that the case has reached after it
    forgets: frozenset[str] = frozenset()  #: milestones that are to be reached anew after it
    cannot_be_undone: bool = False
    minor: bool = False  #: never what a case waits for: kept apart from the steps that are
    answers_light: bool = False  #: about a light that was shown: at any time, and apart from the course of the case
    quiet: bool = False  #: hidden while its guards close it: it is needed rarely
    aside: bool = False  #: ends the matter without an answer on its merits: off the usual path
    brings_in: bool = False  #: gives the matter to a person, also if the one who had it is gone
    at_once: bool = False  #: may be taken for several cases by one form, each by its own rules
    likened: bool = False  #: an answer of its own words: equal ones in several cases are a sign
    counted_as: str | None = None  #: the figure of a bulletin that its day counts in
    #: What whoever fills in its form has to know, what stands in it already, and when it is what the case waits for.
    notes: Notes = nothing_to_note
    preset: Preset = nothing_preset
    first_when: Likely = never_first
