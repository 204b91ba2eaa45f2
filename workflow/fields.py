"""What fields of commands are made of: marks that say what a field is, and types that carry their limits.

Everything that looks at a command reads these marks: the form layer, the catalogue check, the writer of the ledger.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Annotated, Any, get_args, get_type_hints

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BeforeValidator

from workflow.model import AccountId, CaseId, Json, RecordNumber, TextKind
from workflow.spelling import as_json
from workflow.unseen import seen


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a field whose text is about people: stored apart, committed to by a salted hash, never logged."""

    kind: TextKind


@dataclass(frozen=True, slots=True)
class Choice:
    """Marks a field whose values the page must offer: `mediators`, `units`, `parties`, `dispute_types`, ..."""

    of: str


#: Choices that name somebody who is to take part from now on; those that name a unit; all that name people of the staff.
BROUGHT_IN = frozenset({"mediators", "handlers", "newcomers", "helpers"})
OF_UNITS = frozenset({"units", "co_units"})
OF_PEOPLE = BROUGHT_IN | {"appointed", "in_hand", "recusable"}


@dataclass(frozen=True, slots=True)
class OfCase:
    """Marks a field that names another case, by the number that stands on paper."""


@dataclass(frozen=True, slots=True)
class Last:
    """Marks a field that stands at the end of its form: it is needed rarely."""


@dataclass(frozen=True, slots=True)
class Must:
    """Marks a box that has to be ticked: a hard rule that the person confirms by name."""


@dataclass(frozen=True, slots=True)
class Sometimes:
    """Marks a field that may be left empty unless something else in the form asks for it; its help says when."""


@dataclass(frozen=True, slots=True)
class NotPreset:
    """Marks a field that a form shows empty, although the command knows what to take when nothing is said: what is preset is
    what is sent."""


MAX_SHORT, MAX_LONG, MAX_LINES = 200, 5000, 50

#: What nobody can see is no text: it counts as left out.
Seen = BeforeValidator(lambda value: seen(value) if isinstance(value, str) else value)

ShortText = Annotated[str, MinLen(1), MaxLen(MAX_SHORT), Seen]
_Long = Annotated[str, MinLen(1), MaxLen(MAX_LONG), Seen]
_OptionalShort = Annotated[str | None, MaxLen(MAX_SHORT), Seen]
_OptionalLong = Annotated[str | None, MaxLen(MAX_LONG), Seen]

Title = Annotated[ShortText, Personal(TextKind.TITLE)]
Statement = Annotated[_Long, Personal(TextKind.STATEMENT)]
Name = Annotated[ShortText, Personal(TextKind.PARTY_NAME)]
Names = Annotated[tuple[ShortText, ...], Personal(TextKind.PARTY_NAME), MaxLen(MAX_LINES)]
Contact = Annotated[_OptionalShort, Personal(TextKind.PARTY_CONTACT)]
Note = Annotated[_Long, Personal(TextKind.NOTE)]
OptionalNote = Annotated[_OptionalLong, Personal(TextKind.NOTE)]
Answer = Annotated[_Long, Personal(TextKind.REPLY)]
Minutes = Annotated[_Long, Personal(TextKind.MINUTES)]
Terms = Annotated[_Long, Personal(TextKind.TERMS)]
Comment = Annotated[_OptionalShort, Personal(TextKind.COMMENT)]
AppealText = Annotated[_Long, Personal(TextKind.APPEAL)]
Place = Annotated[ShortText, Personal(TextKind.NOTE)]
Mediator = Annotated[AccountId, Choice("mediators")]
Mediators = Annotated[tuple[AccountId, ...], Choice("mediators")]
Parties = Annotated[tuple[RecordNumber, ...], Choice("parties")]
DisputeType = Annotated[str, Choice("dispute_types"), NotPreset()]
TotalLength = Annotated[int, Ge(1), Le(3650)]
ShortLength = Annotated[int, Ge(1), Le(60)]
Confirmed = Annotated[bool, Must()]
NewTitle = Annotated[_OptionalShort, Personal(TextKind.TITLE)]
NewTerms = Annotated[_OptionalLong, Personal(TextKind.TERMS)]
NewName = Annotated[_OptionalShort, Personal(TextKind.PARTY_NAME)]
Message = Annotated[_Long, Personal(TextKind.STATEMENT)]


OtherCase = Annotated[CaseId, OfCase()]


# -- reading the marks of a command ------------------------------------------------------------------------------------

_ANNOTATIONS: dict[type[Any], dict[str, tuple[object, ...]]] = {}


def annotations_of(command: type[Any]) -> dict[str, tuple[object, ...]]:
    """The marks of each field of a command."""
    if command not in _ANNOTATIONS:
        hints = get_type_hints(command, include_extras=True)
        _ANNOTATIONS[command] = {name: getattr(hint, "__metadata__", ()) for name, hint in hints.items()}
    return _ANNOTATIONS[command]


def personal_fields(command: type[Any]) -> dict[str, TextKind]:
    """The fields of a command whose text is about people."""
    return {
        name: mark.kind for name, said in annotations_of(command).items() for mark in said if isinstance(mark, Personal)
    }


def choices_in(command: type[Any]) -> dict[str, str]:
    """The fields of a command whose values are offered, each with the name of what is."""
    return {
        name: mark.of for name, said in annotations_of(command).items() for mark in said if isinstance(mark, Choice)
    }


def values_of(command: type[Any], field: str, *, prefix: str = "") -> tuple[str, ...]:
    """What a field may say that takes one of some codes."""
    return tuple(f"{prefix}{code}" for code in get_args(get_type_hints(command)[field]))


def brings_people_in(command: type[Any]) -> bool:
    """Whether a command names somebody who is to take part from now on, so that `Situation.people` is needed."""
    return not BROUGHT_IN.isdisjoint(choices_in(command).values())


def cases_named_by(command: Any) -> frozenset[CaseId]:
    """The other cases that a command names."""
    named = (
        getattr(command, name)
        for name, said in annotations_of(type(command)).items()
        if any(isinstance(mark, OfCase) for mark in said)
    )
    return frozenset(case for case in named if case is not None)


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
