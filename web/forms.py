"""A command as a form and back: fields from the dataclass, limits from its types, words from the catalogue.

No form is written by hand: a new command needs labels, and nothing here. What was typed is kept as it was typed, so that
a refused form comes back whole.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

from annotated_types import MaxLen
from pydantic import ValidationError

from workflow.calendar import NoSuchTime, instant_of
from workflow.commands import Command, adapter_of
from workflow.fields import MAX_SHORT, Choice, Last, Must, OfCase, Sometimes, annotations_of
from workflow.model import Reason, Refusal
from workflow.unseen import seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A value and its words, or the code under which the catalogue has them."""

    value: str
    text: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field as a page shows it. `values` is what was typed; `errors` are reasons about this field."""

    name: str
    kind: str  #: line, text, lines, number, date, datetime, case, tick, options, ticks
    required: bool
    sometimes: bool = False  #: not required by itself, but something else in the form may ask for it
    max_length: int | None = None
    options: tuple[Option, ...] = ()
    values: tuple[str, ...] = ()
    errors: tuple[Reason, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it looks alike for everybody: nothing typed, nothing wrong, and no name among what it offers."""
        offered = {option.value for option in self.options}
        return not self.errors and offered.issuperset(self.values) and all(o.text is None for o in self.options)

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView:
    """A whole form: its command, its fields, and the errors that belong to no field."""

    command: str
    fields: tuple[Field, ...]
    errors: tuple[Reason, ...] = ()

    @property
    def all_errors(self) -> tuple[Reason, ...]:
        return (*self.errors, *(error for field in self.fields for error in field.errors))


#: Kinds of fields whose values are chosen and not typed.
CHOSEN = frozenset({"options", "ticks"})


class FormIsWrong(Exception):
    """What was typed is not the command. Carries the form as typed, with every error at its field."""

    def __init__(self, form: FormView) -> None:
        super().__init__(", ".join(error.code for error in form.all_errors))
        self.form = form


Choices = Mapping[str, tuple[Option, ...]]
D = TypeVar("D", bound=date)
#: Days of other ages are slips of the pen; at the ends of all time nothing can be counted any more.
FIRST_YEAR, LAST_YEAR = 1900, 2999


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    name: str
    kind: str
    required: bool
    sometimes: bool
    max_length: int | None
    literal: tuple[str, ...]
    choice: str | None
    usual: str | None  #: what the command takes when nothing is said; the form shows it chosen


def blank_form(command: type[Command], choices: Choices, *, preset: Mapping[str, str] | None = None) -> FormView:
    """The empty form of a command, with what can be known beforehand filled in."""
    given = {shape.name: shape.usual for shape in shapes(command) if shape.usual} | dict(preset or {})
    return FormView(
        command=command.__name__,
        fields=tuple(
            Field(
                name=shape.name,
                kind=shape.kind,
                required=shape.required,
                sometimes=shape.sometimes,
                max_length=shape.max_length,
                options=_options(shape, choices),
                values=(given[shape.name],) if shape.name in given else (),
            )
            for shape in shapes(command)
        ),
    )


def read_form(
    command: type[Command],
    typed: Mapping[str, list[str]],
    choices: Choices | None,
    *,
    zone: ZoneInfo,
    hidden: frozenset[str] = frozenset(),
    find_case: Callable[[str], int | None] = lambda _typed: None,
) -> Command:
    """The command that was typed. Raises `FormIsWrong` with the form as it was typed. Unknown fields are refused. Without
    `choices` it is left to the rules whether a choice is offered (`workflow/offers.py`). `find_case` finds the case of a number
    that was typed."""
    known = {shape.name: shape for shape in shapes(command) if shape.name not in hidden}
    values: dict[str, Any] = {}
    errors: list[Reason] = [Reason(code="form.unknown_field") for name in typed if name not in known]
    for name, shape in known.items():
        texts = list(filter(None, map(seen, typed.get(name, ()))))
        if not texts:
            continue
        offered = {option.value for option in _options(shape, choices or {})}
        if (choices is not None or shape.literal) and shape.kind in CHOSEN and not set(texts) <= offered:
            errors.append(Reason(code="form.not_offered", field=name))
            continue
        try:
            values[name] = _value(shape, texts, zone, find_case)
        except NoSuchTime:
            errors.append(Reason(code="form.no_such_time", field=name))
        except ValueError:
            errors.append(Reason(code=f"form.not_a_{shape.kind}", field=name))
    try:
        made = adapter_of(command).validate_python(values)
    except ValidationError as error:
        named = {reason.field for reason in errors}
        errors += [reason for item in error.errors() if (reason := _reason(item, known)).field not in named]
    if errors:
        raise FormIsWrong(with_errors(as_typed(command, typed, choices or {}), errors))
    return made


def as_typed(command: type[Command], typed: Mapping[str, list[str]], choices: Choices) -> FormView:
    form = blank_form(command, choices)
    return replace(form, fields=tuple(replace(field, values=tuple(typed.get(field.name, ()))) for field in form.fields))


def with_errors(form: FormView, reasons: list[Reason] | tuple[Reason, ...]) -> FormView:
    """The form with each reason at its field; a reason about no field of this form stands on top."""
    names = {field.name for field in form.fields}
    return replace(
        form,
        fields=tuple(
            replace(field, errors=(*field.errors, *(r for r in reasons if r.field == field.name)))
            for field in form.fields
        ),
        errors=(*form.errors, *(r for r in reasons if r.field not in names)),
    )


def form_again(
    command: type[Command], typed: Mapping[str, list[str]], choices: Choices, error: FormIsWrong | Refusal
) -> FormView:
    """The form as it was typed, with why it was not taken."""
    if isinstance(error, FormIsWrong):
        return error.form
    return with_errors(as_typed(command, typed, choices), error.reasons)


# -- from types to fields ---------------------------------------------------------------------------------------------


_SHAPES: dict[type[Command], tuple[_Shape, ...]] = {}


def shapes(command: type[Command]) -> tuple[_Shape, ...]:
    """What each field of a command looks like in a form."""
    if command not in _SHAPES:
        hints = get_type_hints(command, include_extras=True)
        found = [_shape(field.name, hints[field.name], default=field.default) for field in fields(command)]
        last = {name for name, marks in annotations_of(command).items() if any(isinstance(m, Last) for m in marks)}
        _SHAPES[command] = tuple(sorted(found, key=lambda shape: shape.name in last))
    return _SHAPES[command]


def _shape(name: str, hint: Any, *, default: Any) -> _Shape:
    kind, marks = _flattened(hint)
    choice = next((mark.of for mark in marks if isinstance(mark, Choice)), None)
    limit = next((mark.max_length for mark in marks if isinstance(mark, MaxLen)), None)
    literal = tuple(get_args(kind)) if get_origin(kind) is Literal else ()
    return _Shape(
        name=name,
        kind=_kind(kind, marks, choice=choice, limit=limit),
        required=default is MISSING or isinstance(default, str),
        sometimes=any(isinstance(mark, Sometimes) for mark in marks),
        max_length=limit if kind is str else None,
        literal=literal,
        choice=choice,
        usual=default if isinstance(default, str) else None,
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


def _options(shape: _Shape, choices: Choices) -> tuple[Option, ...]:
    if shape.literal:
        return tuple(Option(value=code, code=f"choice.{shape.name}.{code}") for code in shape.literal)
    return choices.get(shape.choice, ()) if shape.choice else ()


# -- from text to values ----------------------------------------------------------------------------------------------


def _in_this_age(day: D) -> D:
    """A day that can be counted from in both directions. Raises `ValueError`."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(day)
    return day


def _value(shape: _Shape, texts: list[str], zone: ZoneInfo, find_case: Callable[[str], int | None]) -> Any:
    match shape.kind:
        case "case":
            if (found := find_case(texts[0])) is None:
                raise ValueError
            return found
        case "lines":
            return tuple(filter(None, map(seen, texts[0].split("\n"))))
        case "ticks":
            return tuple(texts)
        case "tick" | "must":
            return texts[0] == "yes"
        case "number":
            return int(texts[0])
        case "date":
            return _in_this_age(date.fromisoformat(texts[0]))
        case "datetime":
            return instant_of(_in_this_age(datetime.fromisoformat(texts[0])).replace(tzinfo=None), zone)
        case _:
            return texts[0]


def _reason(item: Any, known: Mapping[str, _Shape]) -> Reason:
    """A validation error as a reason: its type is the code, its limits are the figures."""
    field = str(item["loc"][0]) if item["loc"] else None
    if field and field in known and known[field].kind == "must" and item["type"] == "missing":
        return Reason(code=f"{field}.must_be_confirmed", field=field)  # a box left open is not "filled in"
    if field and field in known and known[field].kind in CHOSEN and item["type"] != "missing":
        return Reason(code="form.not_offered", field=field)
    values = {name: value for name, value in item.get("ctx", {}).items() if isinstance(value, int | str)}
    return Reason(code=f"form.{item['type']}", field=field, values=values)
