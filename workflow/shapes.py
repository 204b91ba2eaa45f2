"""What the fields of a command look like to whoever fills them in: pages, stories, and programs alike."""

import types
from dataclasses import MISSING, dataclass, fields
from datetime import date, datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import MaxLen

from workflow.commands import Command
from workflow.fields import MAX_SHORT, Choice, Last, Must, NotPreset, OfCase, Sometimes, annotations_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A field of a command as whoever fills it in meets it, in whatever form that is."""

    name: str
    kind: str
    required: bool
    sometimes: bool
    max_length: int | None
    literal: tuple[str, ...]
    choice: str | None
    figures: bool  #: its values are numbers, be they chosen or entered
    usual: str | None  #: what the command takes when nothing is said; the form shows it chosen


_SHAPES: dict[type[Command], tuple[Shape, ...]] = {}


def shapes(command: type[Command]) -> tuple[Shape, ...]:
    """What each field of a command looks like in a form."""
    if command not in _SHAPES:
        hints = get_type_hints(command, include_extras=True)
        found = [_shape(field.name, hints[field.name], default=field.default) for field in fields(command)]
        last = {name for name, marks in annotations_of(command).items() if any(isinstance(m, Last) for m in marks)}
        _SHAPES[command] = tuple(sorted(found, key=lambda shape: shape.name in last))
    return _SHAPES[command]


def _shape(name: str, hint: Any, *, default: Any) -> Shape:
    kind, marks = _flattened(hint)
    choice = next((mark.of for mark in marks if isinstance(mark, Choice)), None)
    limit = next((mark.max_length for mark in marks if isinstance(mark, MaxLen)), None)
    usual = default if isinstance(default, str) and not any(isinstance(mark, NotPreset) for mark in marks) else None
    literal = tuple(get_args(kind)) if get_origin(kind) is Literal else ()
    return Shape(
        name=name,
        kind=_kind(kind, marks, choice=choice, limit=limit),
        required=default is MISSING or usual is not None,
        sometimes=any(isinstance(mark, Sometimes) for mark in marks),
        max_length=limit if kind is str else None,
        literal=literal,
        choice=choice,
        figures=_flattened(get_args(kind)[0])[0] is int if get_origin(kind) is tuple else kind is int,
        usual=usual,
    )


def _flattened(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """The bare type, without `Annotated` and `| None`, and every mark on the way to it."""
    marks: tuple[Any, ...] = ()
    while True:
        if get_origin(hint) is Annotated:
            hint, *more = get_args(hint)
            marks = (*marks, *more)
        elif get_origin(hint) in (Union, types.UnionType):
            hint = next(arg for arg in get_args(hint) if arg is not type(None))
        elif hasattr(hint, "__supertype__"):
            hint = hint.__supertype__
        else:
            return hint, marks


def _kind(kind: Any, marks: tuple[Any, ...], *, choice: str | None, limit: int | None) -> str:
    many, must = get_origin(kind) is tuple, any(isinstance(mark, Must) for mark in marks)
    if any(isinstance(mark, OfCase) for mark in marks):
        return "case"
    if choice:
        return "ticks" if many else "options"
    if many:
        return "lines"
    if get_origin(kind) is Literal:
        return "options"
    if kind is bool:
        return "must" if must else "tick"
    plain = {int: "number", date: "date", datetime: "datetime"}
    return plain.get(kind) or ("line" if limit is not None and limit <= MAX_SHORT else "text")
