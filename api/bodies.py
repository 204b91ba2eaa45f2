"""What a program sends: one JSON object, read as forms are read, and made into a command by the same types.

Here is only what differs from a form: how a value is spelled in JSON. Limits, obligations and codes are those of the command
(`web.forms.command_of`), whether a choice is offered say the rules (`workflow/offers.py`).
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from pydantic import ConfigDict, TypeAdapter, ValidationError

from api.caller import Ctx
from web.forms import command_of, in_this_age
from web.problems import Problem
from workflow.calendar import NoSuchTime, instant_of
from workflow.commands import Command
from workflow.model import Reason, Refusal
from workflow.shapes import Shape, shapes
from workflow.unseen import has_lone_surrogate, seen

JSON_TYPE = "application/json"
KEY, LONGEST_KEY = "Idempotency-Key", 200
#: What a key that is no text of the right kind is called, by the kind of the field.
KINDS = {
    "line": "text", "text": "text", "case": "text", "lines": "list", "ticks": "list", "tick": "yes_or_no",
    "must": "yes_or_no", "number": "number", "date": "date", "datetime": "datetime",
}  # fmt: skip
#: By what pydantic calls it, what is wrong with the object around a command.
_WRONG = {
    "missing": "missing", "unexpected_keyword_argument": "unknown_field", "int_type": "not_a_number",
    "string_type": "not_a_text", "dict_type": "not_a_object", "string_too_long": "string_too_long",
    "string_too_short": "string_too_short", "string_pattern_mismatch": "string_pattern_mismatch",
    "greater_than_equal": "greater_than_equal", "less_than_equal": "less_than_equal", "literal_error": "literal_error",
}  # fmt: skip
T = TypeVar("T")
#: Of an object around a command: nothing is guessed, and nothing more is taken than it has.
STRICT = ConfigDict(strict=True, extra="forbid")


async def body(request: Request, ctx: Ctx) -> Mapping[str, Any]:  # noqa: ARG001 (who asks is known before anything of theirs is read)
    """The object that was sent. Raises `Problem` for anything else."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON_TYPE:
        raise Problem("not_json", status=415)
    try:
        said = json.loads((await request.body()).decode(), parse_constant=_no_constant)
        text = json.dumps(said, ensure_ascii=False)
    except (ValueError, RecursionError):  # also of bytes that are no UTF-8
        raise Problem("malformed", status=400) from None
    if not isinstance(said, dict) or has_lone_surrogate(text):
        raise Problem("malformed", status=400)
    return said


Body = Annotated[Mapping[str, Any], Depends(body)]


def key_of(request: Request) -> str:
    """The key under which this is taken once. Raises `Problem` without one."""
    key = request.headers.get(KEY, "")
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Problem("key_missing", status=400, longest=LONGEST_KEY)
    return key


#: Made once: what an object may be is worked out from its class.
_READERS: dict[type, TypeAdapter[Any]] = {}


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _READERS:
        _READERS[kind] = TypeAdapter(kind)
    return _READERS[kind]


def read_around(kind: type[T], said: Mapping[str, Any]) -> T:
    """The object around a command. Raises `Refusal`."""
    try:
        read: T = _adapter(kind).validate_json(json.dumps(dict(said)))
    except ValidationError as error:
        raise Refusal(tuple(_reason(item) for item in error.errors())) from None
    return read


def read_command(
    kind: type[Command], said: Mapping[str, Any], *, zone: ZoneInfo, find_case: Callable[[str], int | None] | None = None
) -> Command:  # fmt: skip
    """The command of an object of its fields. Raises `Refusal`; what says nothing counts as left out, as in a form."""
    known = {shape.name: shape for shape in shapes(kind)}
    wrong = [Reason(code="form.unknown_field", field=name[:LONGEST_KEY]) for name in said if name not in known]
    values: dict[str, Any] = {}
    for name, shape in known.items():
        try:
            value = _value(shape, _tidy(said.get(name)), zone, find_case or (lambda _typed: None))
        except NoSuchTime:
            wrong.append(Reason(code="form.no_such_time", field=name))
        except (ValueError, OverflowError):
            wrong.append(Reason(code=f"form.not_a_{_kind(shape)}", field=name))
        else:
            values |= {} if value is None else {name: value}
    return command_of(kind, values, wrong, known)


def _kind(shape: Shape) -> str:
    return KINDS.get(shape.kind) or ("number" if shape.figures else "text")


def _tidy(value: Any) -> Any:
    """As a form has it: without what nobody sees around a text; a text that shows nothing is none."""
    if isinstance(value, list):
        return [one for one in map(_tidy_text, value) if one is not None] or None
    return _tidy_text(value)


def _tidy_text(value: Any) -> Any:
    return seen(value.replace("\r\n", "\n").replace("\0", "")) or None if isinstance(value, str) else value


def _value(shape: Shape, value: Any, zone: ZoneInfo, find_case: Callable[[str], int | None]) -> Any:
    """The value as the command has it. Raises `ValueError`, `NoSuchTime`."""
    if value is None:
        return None
    match shape.kind:
        case "lines" | "ticks":
            inner = int if shape.figures else str
            if not isinstance(value, list) or not all(type(one) is inner for one in value):
                raise ValueError
            return tuple(value)
        case "tick" | "must":
            wanted: type = bool
        case _:
            wanted = int if shape.figures and shape.kind != "case" else str
    if type(value) is not wanted:
        raise ValueError
    return _of_text(shape.kind, value, zone, find_case)


def _of_text(kind: str, value: Any, zone: ZoneInfo, find_case: Callable[[str], int | None]) -> Any:
    match kind:
        case "case":
            if (found := find_case(value)) is None:
                raise ValueError
            return found
        case "date":
            return in_this_age(date.fromisoformat(value))
        case "datetime":
            said = in_this_age(datetime.fromisoformat(value))
            return said.astimezone(UTC) if said.tzinfo else instant_of(said, zone)
        case _:
            return value


def _no_constant(_word: str) -> None:
    """JSON has no NaN and no Infinity."""
    raise ValueError


def _reason(item: Any) -> Reason:
    values = {name: value for name, value in item.get("ctx", {}).items() if isinstance(value, int | str)}
    field = str(item["loc"][0])[:LONGEST_KEY] if item["loc"] else None
    return Reason(code=f"form.{_WRONG.get(item['type'], 'malformed')}", field=field, values=values)
