"""What fields of commands are made of: marks that say what a field is, and types that carry their limits.

Everything that looks at a command reads these marks: the form layer, the catalogue check, the writer of the ledger.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Annotated, Any, get_type_hints

from annotated_types import Ge, Le, MaxLen, MinLen

from workflow.model import AccountId, Json, RecordNumber, TextKind
from workflow.spelling import as_json


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a field whose text is about people: stored apart, committed to by a salted hash, never logged."""

    kind: TextKind


@dataclass(frozen=True, slots=True)
class Choice:
    """Marks a field whose values the page must offer: `mediators`, `units`, `parties`, `dispute_types`, ..."""

    of: str


#: Choices that name somebody who is to take part from now on.
BROUGHT_IN = frozenset({"mediators", "handlers"})


@dataclass(frozen=True, slots=True)
class Must:
    """Marks a box that has to be ticked: a hard rule that the person confirms by name."""


@dataclass(frozen=True, slots=True)
class Sometimes:
    """Marks a field that may be left empty unless something else in the form asks for it; its help says when."""


MAX_SHORT, MAX_LONG, MAX_LINES = 200, 5000, 50

Title = Annotated[str, Personal(TextKind.TITLE), MinLen(1), MaxLen(MAX_SHORT)]
Statement = Annotated[str, Personal(TextKind.STATEMENT), MinLen(1), MaxLen(MAX_LONG)]
Name = Annotated[str, Personal(TextKind.PARTY_NAME), MinLen(1), MaxLen(MAX_SHORT)]
Names = Annotated[
    tuple[Annotated[str, MinLen(1), MaxLen(MAX_SHORT)], ...], Personal(TextKind.PARTY_NAME), MaxLen(MAX_LINES)
]
Contact = Annotated[str | None, Personal(TextKind.PARTY_CONTACT), MaxLen(MAX_SHORT)]
Note = Annotated[str, Personal(TextKind.NOTE), MinLen(1), MaxLen(MAX_LONG)]
OptionalNote = Annotated[str | None, Personal(TextKind.NOTE), MaxLen(MAX_LONG)]
Answer = Annotated[str, Personal(TextKind.REPLY), MinLen(1), MaxLen(MAX_LONG)]
Minutes = Annotated[str, Personal(TextKind.MINUTES), MinLen(1), MaxLen(MAX_LONG)]
Terms = Annotated[str, Personal(TextKind.TERMS), MinLen(1), MaxLen(MAX_LONG)]
Comment = Annotated[str | None, Personal(TextKind.COMMENT), MaxLen(MAX_SHORT)]
AppealText = Annotated[str, Personal(TextKind.APPEAL), MinLen(1), MaxLen(MAX_LONG)]
Place = Annotated[str, Personal(TextKind.NOTE), MinLen(1), MaxLen(MAX_SHORT)]
Mediator = Annotated[AccountId, Choice("mediators")]
Mediators = Annotated[tuple[AccountId, ...], Choice("mediators")]
Parties = Annotated[tuple[RecordNumber, ...], Choice("parties")]
DisputeType = Annotated[str, Choice("dispute_types")]
TotalLength = Annotated[int, Ge(1), Le(3650)]
Confirmed = Annotated[bool, Must()]


# -- reading the marks of a command ------------------------------------------------------------------------------------

_MARKS: dict[type[Any], dict[str, tuple[object, ...]]] = {}


def marks_of(command: type[Any]) -> dict[str, tuple[object, ...]]:
    """The marks of each field of a command."""
    if command not in _MARKS:
        hints = get_type_hints(command, include_extras=True)
        _MARKS[command] = {name: getattr(hint, "__metadata__", ()) for name, hint in hints.items()}
    return _MARKS[command]


def personal_fields(command: type[Any]) -> dict[str, TextKind]:
    """The fields of a command whose text is about people."""
    return {
        name: mark.kind for name, marks in marks_of(command).items() for mark in marks if isinstance(mark, Personal)
    }


def choices_in(command: type[Any]) -> dict[str, str]:
    """The fields of a command whose values are offered, each with the name of what is."""
    return {name: mark.of for name, marks in marks_of(command).items() for mark in marks if isinstance(mark, Choice)}


def brings_people_in(command: type[Any]) -> bool:
    """Whether a command names somebody who is to take part from now on, so that `Situation.people` is needed."""
    return not BROUGHT_IN.isdisjoint(choices_in(command).values())


def personal_texts(command: Any) -> Iterable[tuple[str, TextKind, str]]:
    """Each text about people that a command carries: its field, its kind, its words."""
    for name, kind in personal_fields(type(command)).items():
        value = getattr(command, name)
        for text in value if isinstance(value, tuple) else (value,):
            if text:
                yield name, kind, text


def codes_of(command: Any) -> dict[str, Json]:
    """Everything else that a command carries: codes and figures, as the ledger spells them."""
    personal = personal_fields(type(command))
    return {f.name: as_json(getattr(command, f.name)) for f in fields(command) if f.name not in personal}
