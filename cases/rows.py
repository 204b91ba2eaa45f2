"""Values of the rules as rows of the record, and back. Instants inside JSON are ISO 8601 in UTC, to the microsecond."""

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import insert, update
from sqlalchemy.sql import bindparam

from cases import tables
from infra.columns import Row
from infra.statements import Statement
from workflow import clocks as counting
from workflow import model
from workflow.model import Audience, Clock, Json, Kind, Light, Pause, Rung, Unit
from workflow.procedures import RECORDS
from workflow.spelling import as_json, stamp

#: The tables by their names.
_TABLES: Mapping[str, type[Row]] = {
    str(table.__tablename__): table
    for table in vars(tables).values()
    if isinstance(table, type) and issubclass(table, Row) and table is not Row
}
#: Each kind of record and its one table. Texts have a writer of their own (`cases/apply.py`): they need a salt.
TABLE_OF: Mapping[type[model.Record], type[Row]] = {kind: _TABLES[kind.table] for kind in RECORDS}
KEY = ("case_id", "number")
R = TypeVar("R", bound=model.Record)
_COMPACT = json.JSONEncoder(separators=(",", ":"))


def _columns(table: type[Row]) -> list[str]:
    return [column.name for column in table.__table__.columns]  # type: ignore[attr-defined]  # SQLModel sets it


INSERT = {
    kind: Statement(insert(table).values({name: bindparam(name) for name in _columns(table)}).inline())
    for kind, table in TABLE_OF.items()
}
UPDATE = {
    kind: Statement(
        update(table)
        .where(*(table.__table__.c[name] == bindparam(f"key_{name}") for name in KEY))  # type: ignore[attr-defined]
        .values({name: bindparam(name) for name in _columns(table) if name not in KEY})
    )
    for kind, table in TABLE_OF.items()
}


def to_row(record: model.Record) -> dict[str, Any]:
    """The columns of a record, without the case it belongs to."""
    if isinstance(record, Clock):
        return _clock_row(record)
    return {f.name: getattr(record, f.name) for f in fields(record)}


def vouched(row: Mapping[str, Any], *, without: frozenset[str]) -> dict[str, Json]:
    """The columns of a row as they enter the ledger."""
    return {name: as_json(value) for name, value in row.items() if name not in without}


def _clock_row(clock: Clock) -> dict[str, Any]:
    return {
        "number": clock.number,
        "name": clock.name,
        "rule": clock.rule,
        "policy": clock.policy,
        "kind": clock.kind.value,
        "started_at": clock.started_at,
        "length": clock.length,
        "unit": clock.unit.value,
        "due_at": clock.due_at,
        "rungs": _rungs_text(clock.rungs),
        "pauses": _COMPACT.encode([[stamp(p.at), stamp(p.until), p.ground] for p in clock.pauses]),
        "provisional": clock.provisional,
        "extends": clock.extends,
        "opened_at": clock.opened_at,
        "acknowledged_at": clock.acknowledged_at,
        "waived": clock.waived,
        "about": clock.about,
        "charged_unit": clock.charged_unit,
        "charged_person": clock.charged_person,
        "stopped_at": clock.stopped_at,
        "outcome": clock.outcome,
        "yellow_at": counting.yellow_at(clock),
        "red_at": counting.red_at(clock),
        "crossed_until": clock.crossed_until,
        "next_crossing_at": counting.next_crossing_at(clock),
    }


def _rungs_text(rungs: tuple[Rung, ...]) -> str:
    return _COMPACT.encode([[r.code, r.light and r.light.value, stamp(r.at), [a.value for a in r.tell]] for r in rungs])


def from_row(kind: type[R], values: Mapping[str, Any]) -> R:
    """A record of one of a procedure's own kinds, from the columns of its row."""
    return kind(**{f.name: values[f.name] for f in fields(kind)})


#: The columns that `clock_from` reads, in its order.
CLOCK_COLUMNS = (
    "number", "name", "rule", "policy", "kind", "started_at", "length", "unit", "due_at", "rungs", "pauses",
    "provisional", "extends", "opened_at", "acknowledged_at", "waived", "about", "charged_unit",
    "charged_person", "stopped_at", "outcome", "crossed_until",
)  # fmt: skip


def clock_from(values: tuple[Any, ...]) -> Clock:
    return clock_of(dict(zip(CLOCK_COLUMNS, values, strict=True)))


def clock_of(row: Mapping[str, Any]) -> Clock:
    """The clock of a row with `CLOCK_COLUMNS` and no other."""
    return Clock(
        **{
            **row,
            "kind": Kind(row["kind"]),
            "unit": Unit(row["unit"]),
            "rungs": rungs_from(row["rungs"]),
            "pauses": _pauses_from(row["pauses"]),
        }
    )


@lru_cache(maxsize=1024)
def _pauses_from(text: str) -> tuple[Pause, ...]:
    """Remembered: nearly all clocks have none."""
    return tuple(
        Pause(at=datetime.fromisoformat(at), until=datetime.fromisoformat(until), ground=ground)
        for at, until, ground in json.loads(text)
    )


@lru_cache(maxsize=4096)
def rungs_from(text: str) -> tuple[Rung, ...]:
    """The ladder of a clock. Remembered: the clocks that one rule starts on one day all have the same."""
    return tuple(
        Rung(
            code=code,
            light=Light(light) if light else None,
            at=datetime.fromisoformat(at),
            tell=tuple(Audience(a) for a in tell),
        )
        for code, light, at, tell in json.loads(text)
    )
