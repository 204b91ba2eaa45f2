"""What an address says of what is looked for, read back as it was meant; whatever it says that means nothing is named.

Everything that is looked for stands in the address, so that a list can be kept, sent on and gone back to.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, get_args
from urllib.parse import urlencode

from sqlalchemy import Connection, Text, cast, literal, or_, select, union_all

from cases.search import ALL, CLOSED, DUE, LIGHTS, OPEN, SORTS, Wanted
from infra.terms import NotSought
from people.tables import Account, SavedView, Unit, UnitAbove
from web.context import Context
from web.forms import Option
from web.presenters.found import words_sought
from workflow.calendar import FIRST_YEAR, LAST_YEAR
from workflow.commands import Channel
from workflow.disputes import DISPUTE_TYPES
from workflow.model import HOLDERS

#: What lists are narrowed by, in the order of the form; each name as the address has it.
FILTERS = ("show", "light", "kind", "type", "channel", "unit", "handler", "mine", "due", "closed", "sort")
#: What else may stand in the address of a list.
BESIDE = frozenset({"q", "after", "lang", "done", "view"})
SHOWS = (ALL, OPEN, CLOSED)
CHANNELS = get_args(Channel)
#: Days within which something is due.
DUE_WITHIN = (0, 1, 3, 7, 15, 30)
MOST_DAYS = 366
_PERIOD = re.compile(r"(\d{4})(?:-(\d{2}))?")
_unit = Unit.__table__.c  # type: ignore[attr-defined]
_account = Account.__table__.c  # type: ignore[attr-defined]
_view = SavedView.__table__.c  # type: ignore[attr-defined]
_above = UnitAbove.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What of the address means nothing: a code of the catalogues, and what stood there."""

    code: str
    typed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for: as it was typed, and as it is looked for. With `faults` nothing is looked for."""

    typed: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    after: str | None = None
    wanted: Wanted = field(default_factory=Wanted)
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()  #: what has been understood otherwise than it may have been meant

    @property
    def is_empty(self) -> bool:
        """Nothing is asked for: the page has its box and its filters, and no list."""
        return not self.typed.strip() and not self.given

    def address(self, path: str = "/find", **other: str) -> str:
        """The same list at another place, or sorted otherwise; an empty value leaves a filter out."""
        told = {**({"q": self.typed} if self.typed else {}), **self.given, **other}
        query = urlencode({name: value for name, value in told.items() if value})
        return f"{path}?{query}" if query else path


def read_asked(ctx: Context, told: Mapping[str, str]) -> Asked:
    """`told`: what stands in the address, or stood there when a view was kept."""
    given = {name: told[name].strip() for name in FILTERS if told.get(name, "").strip()}
    typed, faults, notes = told.get("q", ""), list[Fault](), list[str]()
    faults += [Fault(code="find.no_such_filter", typed=name) for name in told if name not in BESIDE.union(FILTERS)]
    found = dict[str, Any]()
    for name, value in given.items():
        try:
            found |= _READ[name](value, ctx)
        except (ValueError, OverflowError):
            faults.append(Fault(code="find.not_understood", typed=f"{name}={value}"))
    try:
        found["words"] = words_sought(ctx, typed) if typed.strip() else ()
    except NotSought as error:
        faults.append(Fault(code=error.code, typed=error.typed))
    wanted = Wanted(**found) if not faults else Wanted()
    if wanted.sort == DUE and wanted.show == ALL:
        wanted, notes = _of_open(found), ["find.due_is_of_open"]
    return Asked(
        typed=typed, given=given, after=told.get("after"), wanted=wanted, faults=tuple(faults), notes=tuple(notes)
    )


def _of_open(found: Mapping[str, Any]) -> Wanted:
    return Wanted(**{**found, "show": OPEN})


def _one_of(name: str, values: Iterable[str]) -> Callable[[str, Context], dict[str, Any]]:
    known = frozenset(values)

    def read(value: str, _ctx: Context) -> dict[str, Any]:
        if value not in known:
            raise ValueError(value)
        return {name: value}

    return read


def _kind(value: str, ctx: Context) -> dict[str, Any]:
    if value not in ctx.office.policy.profiles:
        raise ValueError(value)
    return {"profile": value}


def _id(name: str) -> Callable[[str, Context], dict[str, Any]]:
    def read(value: str, _ctx: Context) -> dict[str, Any]:
        if not re.fullmatch(r"[0-9]{1,18}", value):
            raise ValueError(value)
        return {name: int(value)}

    return read


def _due(value: str, ctx: Context) -> dict[str, Any]:
    if not re.fullmatch(r"[0-9]{1,3}", value) or int(value) > MOST_DAYS:
        raise ValueError(value)
    end = ctx.office.policy.calendar.end_of(ctx.today + timedelta(days=int(value)))
    return {"due_by": end + timedelta(microseconds=1)}


def _closed(value: str, ctx: Context) -> dict[str, Any]:
    """A year or a month of it, by the office's own days."""
    found = _PERIOD.fullmatch(value)
    if found is None or not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
        raise ValueError(value)
    year, month = int(found[1]), int(found[2] or 1)
    first = date(year, month, 1)
    last = date(year + (not found[2] or month == 12), 1 if not found[2] else month % 12 + 1, 1)
    begins = ctx.office.policy.calendar.start_of
    return {"closed_from": begins(first), "closed_until": begins(last)}


_READ: Mapping[str, Callable[[str, Context], dict[str, Any]]] = {
    "show": _one_of("show", SHOWS),
    "light": _one_of("light", LIGHTS),
    "kind": _kind,
    "type": _one_of("dispute_type", DISPUTE_TYPES),
    "channel": _one_of("channel", CHANNELS),
    "unit": _id("unit"),
    "handler": _id("handler"),
    "mine": lambda value, ctx: {"mine": _one_of("mine", "1")(value, ctx) != {}},
    "due": _due,
    "closed": _closed,
    "sort": _one_of("sort", SORTS),
}


# -- what the form offers ---------------------------------------------------------------------------------------------


def offered(connection: Connection, ctx: Context) -> Mapping[str, tuple[Option, ...]]:
    """The filters with what each may be."""
    units, handlers, views = _named(connection, ctx)
    return {
        "show": tuple(Option(value=one, code=f"find.show.{one}") for one in SHOWS),
        "light": tuple(Option(value=one, code=f"light.{one}") for one in LIGHTS),
        "kind": tuple(
            Option(value=one.id, text=ctx.in_their_language(one.zh, one.en))
            for one in ctx.office.policy.profiles.values()
        ),
        "type": tuple(Option(value=one, code=f"dispute.{one}") for one in DISPUTE_TYPES),
        "channel": tuple(Option(value=one, code=f"channel.{one}") for one in CHANNELS),
        "views": views,
        "unit": units,
        "handler": handlers,
        "due": tuple(Option(value=str(days), code=f"find.due.{days}") for days in DUE_WITHIN),
        "sort": tuple(Option(value=one, code=f"find.sort.{one}") for one in SORTS),
    }


def _named(connection: Connection, ctx: Context) -> tuple[tuple[Option, ...], ...]:
    """The units below the reader's, whoever of them may hold a matter, and the views that the reader keeps: in one statement."""
    units = select(_above.unit).where(_above.above == ctx.actor.unit)
    holders = [_account.role == role.value for role in sorted(HOLDERS)]
    found = connection.execute(
        union_all(
            select(literal(1), cast(_unit.id, Text), _unit.name).where(_unit.id.in_(units)),
            select(literal(2), cast(_account.id, Text), _account.name).where(
                _account.unit_id.in_(units), or_(*holders)
            ),
            select(literal(3), _view.filters, _view.name).where(_view.account_id == ctx.actor.account),
        )
    ).all()
    return tuple(
        tuple(
            sorted(
                (Option(value=value, text=name) for of, value, name in found if of == what),
                key=lambda one: one.text or "",
            )
        )
        for what in (1, 2, 3)
    )
