"""The office's own record, for auditors: who did what to accounts, units, rules and exports, in the order it happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query
from sqlalchemy import Connection, select
from starlette.responses import Response

from ledger.chain import IN_PLACE_OF, OFFICE_STREAM
from ledger.tables import Event
from ledger.upcasters import data_of
from people.directory import names_of_accounts, names_of_units
from web.access import RECORD, get
from web.context import Context, Ctx
from web.pages import render
from words import Words

PAGE = 50
_event = Event.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event of the office as an auditor reads it: who, when, what, and whom or what it is about."""

    seq: int
    at: str
    who: str
    in_place_of: str | None
    role: str
    code: str
    act: str  #: of an act that two decide
    about: str
    told: tuple[str, ...]


@get("/office-record", who=RECORD)
def office_record(ctx: Ctx, before: Annotated[int, Query(ge=1, le=2**31 - 1)] = 2**31 - 1) -> Response:
    """The events before that seq, the newest first."""
    with ctx.reading() as connection:
        entries = _entries(connection, ctx, before)
    older = entries[-1].seq if len(entries) == PAGE and entries[-1].seq > 1 else None
    return render(ctx, "pages/office_record.html", entries=entries, older=older)


def _entries(connection: Connection, ctx: Context, before: int) -> list[Entry]:
    columns = (_event.seq, _event.code, _event.recorded_at, _event.actor, _event.role, _event.data)
    query = select(*columns).where(_event.stream == OFFICE_STREAM, _event.seq < before)
    rows = [
        (row, data_of(row.code, row.data)) for row in connection.execute(query.order_by(_event.seq.desc()).limit(PAGE))
    ]
    people = [one for row, data in rows for one in (row.actor, *_named(data))]
    names, units = names_of_accounts(connection, people), names_of_units(connection)
    return [
        Entry(
            seq=row.seq,
            at=ctx.minute(row.recorded_at),
            who=names.get(row.actor, ""),
            in_place_of=names.get(data.get(IN_PLACE_OF, 0)),
            role=row.role,
            code=row.code,
            act=data.get("act", ""),
            about=_about(data, names, units, Words(ctx.language)),
            told=tuple(names.get(one, str(one)) for one in data.get("told") or ()),
        )
        for row, data in rows
    ]


def _named(data: Mapping[str, Any]) -> list[Any]:
    """The accounts that an event names."""
    return [data.get("account"), data.get("for"), data.get(IN_PLACE_OF), *(data.get("told") or ())]


def _about(data: Mapping[str, Any], names: Mapping[int, str], units: Mapping[int, str], words: Words) -> str:
    """The account, the unit or the thing that an event names; empty for what is about the office as a whole."""
    if data.get("account") is not None:
        name = names.get(data["account"], "")
        return f"{name} · {words('in place of %(name)s', name=names.get(data['for'], ''))}" if data.get("for") else name
    if data.get("unit") is not None:
        return units.get(data["unit"], "")
    if data.get("key") is not None:
        return words(f"key.{data['key']}")
    return next((str(data[name]) for name in ("report", "scheme", "year", "number", "version") if data.get(name)), "")
