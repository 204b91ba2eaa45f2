"""What the interface answers of one matter and of its steps; everything else is in `answers.py`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.answers import Coded, Light, Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    number: int
    name: Coded
    rule: str
    kind: str
    length: int
    unit: str
    started_at: datetime
    due_at: datetime
    yellow_at: datetime | None
    red_at: datetime | None
    paused_until: datetime | None
    stopped_at: datetime | None
    outcome: Coded | None
    waived: bool
    provisional: bool
    light: Light


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    side: Coded
    name: str | None
    contact: str | None
    consent: Coded


@dataclass(frozen=True, slots=True, kw_only=True)
class Mediator:
    name: str
    is_chief: bool
    disclosure: Coded


@dataclass(frozen=True, slots=True, kw_only=True)
class TakesPart:
    part: Coded
    name: str | None
    contact: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedOf:
    """What another unit or a colleague was asked for."""

    who: str
    what: str | None
    answer: str | None
    light: Light | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    kind: Coded
    public_id: str | None
    number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStep:
    """A step that may be taken: `fields` is the JSON Schema of what it asks for, with what there is to choose from."""

    command: Coded
    is_likeliest: bool
    cannot_be_undone: bool
    fields: Mapping[str, Any]
    notes: tuple[Said, ...]
    stops: tuple[Coded, ...]
    starts: tuple[Coded, ...]
    tells: tuple[Coded, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedStep:
    command: Coded
    reasons: tuple[Said, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOfOthers:
    command: Coded
    roles: tuple[Coded, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    field: Coded
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    field: Coded
    before: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A line of what has happened, as the page of the matter has it."""

    seq: int
    event: Coded
    occurred_at: datetime
    recorded_at: datetime
    who: str | None
    role: Coded
    in_place_of: str | None
    is_taken_back: bool
    clock: Coded | None
    rung: Coded | None
    link: Linked | None
    texts: tuple[str, ...]
    entered: tuple[Entered, ...]
    corrected: tuple[Corrected, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAnswer:
    """A matter as its page shows it to this account. `version` goes back with a step."""

    public_id: str
    number: str
    version: int
    procedure: Coded
    profile: str
    state: Coded
    outcome: Coded | None
    flags: tuple[Coded, ...]
    dispute_type: Coded
    channel: Coded
    received_at: datetime
    registered_at: datetime
    closed_at: datetime | None
    holder: str
    title: str | None
    statement: tuple[str, ...]
    masked: bool
    light: Light
    clocks: tuple[Clock, ...]
    parties: tuple[Party, ...]
    mediators: tuple[Mediator, ...]
    participants: tuple[TakesPart, ...]
    tasks: tuple[AskedOf, ...]
    links: tuple[Linked, ...]
    sessions: tuple[Mapping[str, Any], ...]
    agreements: tuple[Mapping[str, Any], ...]
    ratings: tuple[Mapping[str, Any], ...]
    answers: tuple[str, ...]
    open_steps: tuple[OpenStep, ...]
    closed_steps: tuple[ClosedStep, ...]
    at_any_time: tuple[Coded, ...]
    steps_of_others: tuple[StepOfOthers, ...]
    timeline: tuple[Happened, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAnswer:
    """One step, and the version of the matter that it would be taken on. `fields` is empty where nothing that could be entered would
    open it; the notes say why."""

    public_id: str
    number: str
    version: int
    command: Coded
    cannot_be_undone: bool
    fields: Mapping[str, Any] | None
    notes: tuple[Said, ...]
