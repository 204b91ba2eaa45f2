"""What a person may ask of a case: one frozen dataclass a command, its limits written as types.

Forms, validation, labels and the event's data are all derived from these fields and their marks (`fields.py`): personal
text goes to a table of its own and enters the ledger only as a commitment; a choice is offered by the page; everything
else is a code or a figure. Who may ask, and when, is in `procedures/`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter

from workflow.fields import (
    Contact,
    DisputeType,
    Last,
    Name,
    Names,
    Statement,
    Title,
)
from workflow.model import Record

Channel = Literal[
    "visit", "letter", "call", "online", "hotline", "informant", "outreach", "enterprise_order", "upstream", "patrol",
    "court_police",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Command:
    """What every command is: its fields and no others. `looks_at`: records of these kinds are loaded for whoever decides it."""

    looks_at: ClassVar[tuple[type[Record], ...]] = ()
    is_of_a_year: ClassVar[bool] = False  #: a closed year may forbid it
    answers: ClassVar[str | None] = None  #: the event in which it was asked for what this decides
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", str_strip_whitespace=True)


@dataclass(frozen=True, kw_only=True)
class Act(Command):
    """Something that is done in the world. `happened_at`: when, if that was before it is entered (`acts.py`)."""

    happened_at: Annotated[datetime | None, Last()] = None


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


_ADAPTERS: dict[type[Command], TypeAdapter[Command]] = {}


def adapter_of(command: type[Command]) -> TypeAdapter[Command]:
    """What turns values that were typed into the command, or says what is wrong with them."""
    if command not in _ADAPTERS:
        _ADAPTERS[command] = TypeAdapter(command)
    return _ADAPTERS[command]
