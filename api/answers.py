"""What the interface answers, as dataclasses: the JSON is made of them, and so is its description.

Codes are the program's own and stay as they are; beside each stand the words for whoever reads it. Instants are in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter
from starlette.responses import Response

from cases.feed import Entry
from words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A code, and what it is called in the reader's language."""

    code: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A reason why something is not possible, or what has to be known beforehand."""

    code: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    account: int
    name: str
    role: Coded
    unit: str
    acts_as_post: int | None
    in_place_of: str | None
    scopes: tuple[str, ...]
    expires_at: datetime
    office: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """The light of a matter or of a time limit; `due_at` and `number` are those of the time limit that it is about."""

    code: str
    words: str
    clock: Coded | None
    number: int | None
    due_at: datetime | None
    left: str | None
    provisional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A matter in a list. `title` and `parties` are empty for whoever may not know them."""

    public_id: str
    number: str
    title: str | None
    parties: tuple[str, ...]
    procedure: Coded
    dispute_type: Coded
    state: Coded
    next_step: Coded | None
    holder: str
    light: Light
    closed_at: datetime | None
    outcome: Coded | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseList:
    """`next`: what to ask for as `after` to get the next page; `looked_through`: this page ends because it has looked at as much as a
    page may, and more may follow."""

    items: tuple[Listed, ...]
    next: str | None
    looked_through: bool
    masked: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken:
    """What came of a step; sent again under the same key, the same. `tracking_code`: a new one that the step has made."""

    public_id: str
    version: int
    seq: int
    tracking_code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """A kind of matter that may be registered here, and what that asks for."""

    profile: str
    matter: str
    name: str
    procedure: Coded
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matters:
    items: tuple[Matter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A matter that was opened; sent again under the same key, the same. The person follows it with the tracking code, which is
    told here and nowhere else; `proof` is what the receipt shows."""

    public_id: str
    number: str
    tracking_code: str
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    event: Coded
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAnswer:
    """An order as whoever sent it may follow it: what the tracking page shows, and no more."""

    order_number: str
    public_id: str
    number: str
    state: Coded
    stands: str
    received_at: datetime
    due_at: datetime | None
    ended: bool
    answers: tuple[str, ...]
    happened: tuple[Told, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """`next`: what to ask for as `after`, also where nothing is in this page. `more`: ask at once, there is more."""

    items: tuple[Entry, ...]
    next: int
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedDate:
    clock: Coded
    before: datetime
    after: datetime
    before_words: str
    after_words: str
    is_asked: bool


_WRITERS: dict[type[Any], TypeAdapter[Any]] = {}


def writer_of(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in _WRITERS:
        _WRITERS[kind] = TypeAdapter(kind)
    return _WRITERS[kind]


def answered(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    content = writer_of(type(value)).dump_json(value)
    return Response(content, status_code=status, media_type="application/json", headers=dict(headers or {}))


def as_data(value: Any) -> Any:
    """The same as plain values, for what stands inside another answer."""
    return writer_of(type(value)).dump_python(value, mode="json")


def coded(words: Words, of: str, code: str) -> Coded:
    return Coded(code=code, words=words(f"{of}.{code}"))


def coded_or_none(words: Words, of: str, code: str | None) -> Coded | None:
    return None if code is None else coded(words, of, code)


def plain(value: date | datetime | Any) -> Any:
    """A value of a row as JSON spells it."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, date) else value
