"""A command as a form and back: fields from the dataclass, limits from its types, words from the catalogue.

No form is written by hand: a new command needs labels, and nothing here. What was typed is kept as it was typed, so that
a refused form comes back whole.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from workflow.calendar import NoSuchTime, instant_of
from workflow.commands import Command, adapter_of
from workflow.model import Reason, Refusal
from workflow.shapes import Shape, shapes
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
#: As large as a key of the database can be.
LARGEST = 2**63 - 1


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
        return command_of(command, values, errors, known)
    except Refusal as refusal:
        raise FormIsWrong(with_errors(as_typed(command, typed, choices or {}), refusal.reasons)) from refusal


def command_of(
    command: type[Command], values: Mapping[str, Any], wrong: Iterable[Reason], known: Mapping[str, Shape]
) -> Command:
    """The command of these values, however they came here. Raises `Refusal` with what was `wrong` before and with everything that
    its types refuse of the other fields."""
    errors = list(wrong)
    try:
        made = adapter_of(command).validate_python(values)
        errors += _too_large(made, known)
    except ValidationError as error:
        named = {reason.field for reason in errors}
        errors += [reason for item in error.errors() if (reason := _reason(item, known)).field not in named]
    if errors:
        raise Refusal(tuple(errors))
    return made


def _too_large(made: Command, known: Mapping[str, Shape]) -> Iterator[Reason]:
    """Figures that no column holds, and that name nothing."""
    for name, shape in known.items():
        value = getattr(made, name)
        if any(
            isinstance(one, int) and abs(one) > LARGEST for one in (value if isinstance(value, tuple) else (value,))
        ):
            yield Reason(code="form.not_offered" if shape.choice else "form.not_a_number", field=name)


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


def _options(shape: Shape, choices: Choices) -> tuple[Option, ...]:
    if shape.literal:
        return tuple(Option(value=code, code=f"choice.{shape.name}.{code}") for code in shape.literal)
    return choices.get(shape.choice, ()) if shape.choice else ()


# -- from text to values ----------------------------------------------------------------------------------------------


def in_this_age(day: D) -> D:
    """A day that can be counted from in both directions. Raises `ValueError`."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(day)
    return day


def _value(shape: Shape, texts: list[str], zone: ZoneInfo, find_case: Callable[[str], int | None]) -> Any:
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
            return in_this_age(date.fromisoformat(texts[0]))
        case "datetime":
            return instant_of(in_this_age(datetime.fromisoformat(texts[0])).replace(tzinfo=None), zone)
        case _:
            return texts[0]


def _reason(item: Any, known: Mapping[str, Shape]) -> Reason:
    """A validation error as a reason: its type is the code, its limits are the figures."""
    field = str(item["loc"][0]) if item["loc"] else None
    if field and field in known and known[field].kind == "must" and item["type"] == "missing":
        return Reason(code=f"{field}.must_be_confirmed", field=field)  # a box left open is not "filled in"
    if field and field in known and known[field].kind in CHOSEN and item["type"] != "missing":
        return Reason(code="form.not_offered", field=field)
    values = {name: value for name, value in item.get("ctx", {}).items() if isinstance(value, int | str)}
    return Reason(code=f"form.{item['type']}", field=field, values=values)
