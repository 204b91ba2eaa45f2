"""What the program says to the driver: every statement with its values, in order, as one step is taken."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Engine, event

from infra.db import open_engine

#: Types of values, the table's name before a column, and the new id that the library asks PostgreSQL for and nobody
#: reads: none of them is a difference in what is done.
_NOISE = re.compile(r"::[A-Z]+(?: WITH TIME ZONE)?|\b[a-z_]+\.(?=[a-z_])| RETURNING [a-z_.]+$")
_NAMED, _NULLS = re.compile(r"%\((\w+)\)s"), re.compile(r"\b(?:true|false|1|0)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One call of the driver. `many`: the values are a list of rows. `shape`: the statement without its spelling."""

    shape: str
    values: Any
    many: bool


def shape_of(sql: str) -> str:
    """The statement with one spelling of blanks, names, values and constants."""
    plain = _NOISE.sub("", _NAMED.sub("?", sql.replace('"', ""))).replace("%s", "?")
    return _NULLS.sub("?", re.sub(r"\s+", " ", plain)).replace("( ", "(").strip()


@contextmanager
def recorder(engine: Engine) -> Iterator[tuple[Engine, list[Said]]]:
    """A second engine on the same database, and the list of what is said through it."""
    said: list[Said] = []
    listening = open_engine(engine.url.render_as_string(hide_password=False))
    sqlite = engine.dialect.name == "sqlite"
    own = {"factory": _sqlite_connection(said)} if sqlite else {"cursor_factory": _postgresql_cursor(said)}
    event.listen(listening, "do_connect", lambda _dialect, _record, _args, options: options.update(own))
    yield listening, said
    listening.dispose()


def _note(said: list[Said], sql: str, values: Any, *, many: bool) -> None:
    """Notes a statement on a table of ours; pings, pragmas and the transaction's own words are not of the comparison."""
    if {"FROM", "INTO", "SET"} & set(words := sql.split()) and words[0] in {"SELECT", "INSERT", "UPDATE", "DELETE"}:
        names = _NAMED.findall(sql)
        rows = [[row[name] for name in names] if names else list(row) for row in (values if many else [values])]
        said.append(Said(shape=shape_of(sql), values=rows if many else rows[0], many=many))


def _sqlite_connection(said: list[Said]) -> type[sqlite3.Connection]:
    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, values: Any = ()) -> "Cursor":
            _note(said, sql, values, many=False)
            return super().execute(sql, values)

        def executemany(self, sql: str, rows: Any) -> "Cursor":
            _note(said, sql, rows, many=True)
            return super().executemany(sql, rows)

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

    return Connection


def _postgresql_cursor(said: list[Said]) -> type[psycopg.Cursor[Any]]:
    class Cursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            _note(said, query, params or (), many=False)
            return super().execute(query, params, **options)

        def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
            rows = list(params_seq)
            _note(said, query, rows, many=True)
            super().executemany(query, rows, **options)

    return Cursor
