"""How `verify` reads a database: an SQLite file or a backup of it opened read-only, or one read-only snapshot of
PostgreSQL. Rows come as plain values, instants in the ledger's spelling. What is checked stands in `checking.py`.

    CannotRead      no such file, no database, no server, another schema

Only the standard library and, for PostgreSQL, the driver: nothing here is shared with the program that is verified.
"""

import json
import re
import sqlite3
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, Protocol

Row = tuple[Any, ...]
#: Rows that are fetched at a time.
PAGE = 2000
SQLITE_URL = re.compile(r"sqlite(\+\w+)?:///(?P<path>[^?]+)")
POSTGRESQL_URL = re.compile(r"postgres(ql)?(\+\w+)?://")

APPEND_ONLY = "BEGIN RAISE EXCEPTION 'the ledger is append-only'; END"
NO_GAPS = (
    "BEGIN IF NEW.seq IS DISTINCT FROM (SELECT COALESCE(MAX(seq), 0) + 1 FROM event WHERE stream = NEW.stream) "
    "THEN RAISE EXCEPTION 'the ledger has no gaps'; END IF; RETURN NEW; END"
)
#: Beside the ledger, the tables whose rows are added and stay as they are.
KEPT = ("policy_version", "anchor", "year_close", "year_cutoff")
_SQLITE_KEPT = {
    f"{table}_no_{change}": {
        "sql": f"CREATE TRIGGER {table}_no_{change} BEFORE {change.upper()} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the table {table} is append-only'); END"
    }
    for table in KEPT
    for change in ("update", "delete")
}
_POSTGRESQL_KEPT: dict[str, dict[str, Any]] = {
    f"{table}_no_{change}": {
        "table": table,
        "tgenabled": "A",
        "tgtype": kind,
        "conditions": 0,
        "prosrc": APPEND_ONLY,
    }
    for table in KEPT
    for change, kind in (("change", 27), ("truncate", 34))
}
#: What protects the ledger, as each database describes it; nothing else may react to a change of any table. `tgtype` adds
#: up: 1 each row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate; `tgenabled` A is ENABLE ALWAYS.
TRIGGERS: dict[str, dict[str, dict[str, Any]]] = {
    "sqlite": {
        "event_no_update": {
            "sql": "CREATE TRIGGER event_no_update BEFORE UPDATE ON event "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        },
        "event_no_delete": {
            "sql": "CREATE TRIGGER event_no_delete BEFORE DELETE ON event "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        },
        "event_at_the_end": {
            "sql": "CREATE TRIGGER event_at_the_end BEFORE INSERT ON event "
            "WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM event WHERE stream = NEW.stream) "
            "BEGIN SELECT RAISE(ABORT, 'the ledger has no gaps'); END"
        },
        **_SQLITE_KEPT,
    },
    "postgresql": {
        "event_no_change": {
            "table": "event", "tgenabled": "A", "tgtype": 27, "conditions": 0, "prosrc": APPEND_ONLY,
        },
        "event_no_truncate": {
            "table": "event", "tgenabled": "A", "tgtype": 34, "conditions": 0, "prosrc": APPEND_ONLY,
        },
        "event_at_the_end": {"table": "event", "tgenabled": "A", "tgtype": 7, "conditions": 0, "prosrc": NO_GAPS},
        **_POSTGRESQL_KEPT,
    },
}  # fmt: skip


class CannotRead(Exception):
    """The database cannot be read to its end, so nothing can be said about it."""


class CannotReadBeside(CannotRead):
    """Not the database but something that was given beside it, such as a kept anchor; the message names it."""


@dataclass(frozen=True, slots=True)
class Span:
    """The streams from `first` on and below `end`; None is open. What a damaged file has beside numbers, nothing or a text,
    lies at an open end."""

    first: int | None
    end: int | None


#: The rows with one of these in their first column; None is all of them.
Only = Collection[int] | Span | None


class Source(Protocol):
    """A database that is read and never written."""

    kind: str

    def rows(self, table: str, columns: Sequence[str], order: Sequence[str], only: Only = None) -> Iterator[Row]:
        """The rows of a table in order, a page at a time; `only` those. Raises `CannotRead` for a table or column that is not
        there."""

    def triggers(self) -> dict[str, dict[str, Any]]:
        """Every trigger of the schema by name, and whatever else reacts to a change of a table."""

    def damage(self) -> Iterator[str] | None:
        """What the database's own checks of its file complain about; None where there is no such check."""


@contextmanager
def opened(database: str) -> Iterator[Source]:
    """The database as one unchanging view. Raises `CannotRead`, also for an error while it is being read."""
    if POSTGRESQL_URL.match(database):
        with _postgresql(POSTGRESQL_URL.sub("postgresql://", database, count=1)) as source:
            yield source
        return
    url = SQLITE_URL.fullmatch(database.split("?")[0])
    try:
        with closing(sqlite_file(Path(url["path"] if url else database))) as connection:
            yield SqliteSource(connection)
    except sqlite3.Error as error:
        raise CannotRead(str(error)) from error


def sqlite_file(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise CannotRead(f"no such file: {path}")
    address = path.resolve().as_uri() + "?mode=ro"
    try:
        return _sqlite(address)
    except sqlite3.OperationalError:
        # A file in write-ahead mode needs two files beside it. Where they cannot be made, and none is there, nobody
        # else has it open: then it may be read as a thing that does not change.
        if path.with_name(path.name + "-wal").exists():
            raise
        return _sqlite(address + "&immutable=1")


def _sqlite(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, isolation_level=None)
    try:
        for pragma in ("query_only=on", "trusted_schema=off", "cell_size_check=on"):
            connection.execute(f"PRAGMA {pragma}").close()
        connection.text_factory = _text
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


class SqliteSource:
    kind = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.text_factory = str

    def rows(self, table: str, columns: Sequence[str], order: Sequence[str], only: Only = None) -> Iterator[Row]:
        if not self._answers("SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)):
            raise CannotRead(f"no table {table}")
        types = {name: declared for _, name, declared, *_ in self._answers(f"PRAGMA table_info({table})")}
        where, given = _condition(only, "{0} IN (SELECT value FROM json_each(?))", json.dumps)
        return chain.from_iterable(self._pages(_select(table, columns, order, types, _sqlite_value, where), given))

    def triggers(self) -> dict[str, dict[str, Any]]:
        found = self._answers("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return {name: {"sql": _one_line(sql)} for name, sql in found}

    def damage(self) -> Iterator[str]:
        for (line,) in self._answers("PRAGMA integrity_check"):
            if line != "ok":
                yield line
        for table, row, parent, _ in self._answers("PRAGMA foreign_key_check"):
            yield f"{table} row {row} refers to a row of {parent} that is not there"

    def _answers(self, query: str, given: tuple[Any, ...] = ()) -> list[Row]:
        return [*chain.from_iterable(self._pages(query, given))]

    def _pages(self, query: str, given: tuple[Any, ...]) -> Iterator[list[Row]]:
        """The answer, page by page, its texts read by the driver itself, which takes a third of the time. It refuses bytes that
        are no UTF-8: from the first page that has some on, this database is read the slow way."""
        cursor, passed = self._connection.execute(query, given), 0
        while True:
            try:
                page = cursor.fetchmany(PAGE)
            except sqlite3.OperationalError:
                if self._connection.text_factory is _text:
                    raise
                self._connection.text_factory = _text
                cursor = self._connection.execute(query, given)
                deque(islice(cursor, passed), maxlen=0)
                continue
            if not page:
                return
            passed += len(page)
            yield page


def _text(raw: bytes) -> str:
    """Bytes that are no UTF-8 are kept as they are: they fail a comparison, not the reading."""
    return raw.decode("utf-8", "surrogateescape")


def _sqlite_value(column: str, declared: str) -> str:
    if declared != "DATETIME":
        return column
    return f"CASE typeof({column}) WHEN 'text' THEN replace({column}, ' ', 'T') || 'Z' ELSE {column} END"


@contextmanager
def _postgresql(url: str) -> Iterator[Source]:
    try:
        import psycopg
    except ImportError as error:
        raise CannotRead("the driver psycopg is not installed") from error
    try:
        connected = psycopg.connect(url, application_name="huiyin verify")
    except psycopg.Error:  # what it says repeats the host, which is half of a password with an @ in it
        raise CannotRead("the server cannot be reached, or refuses this user, password or database") from None
    try:
        with closing(connected) as connection, ExitStack() as cursors:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            connection.execute("SET LOCAL datestyle = 'ISO, YMD'")
            yield PostgresqlSource(connection, cursors)
    except psycopg.Error as error:
        raise CannotRead(str(error).strip()) from error


class PostgresqlSource:
    kind = "postgresql"

    def __init__(self, connection: Any, cursors: ExitStack) -> None:
        self._connection = connection
        self._cursors = cursors  #: closes each of them at the end
        self._names = count(1)

    def rows(self, table: str, columns: Sequence[str], order: Sequence[str], only: Only = None) -> Iterator[Row]:
        types = self._all(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute JOIN pg_class c ON c.oid = attrelid "
            "WHERE c.oid = to_regclass(%s) AND c.relkind = 'r' AND attnum > 0 AND NOT attisdropped",
            table,
        )
        if not types:
            raise CannotRead(f"no table {table}")
        cursor = self._cursors.enter_context(self._connection.cursor(name=f"verify_{next(self._names)}"))
        where, given = _condition(only, "{0} = ANY (%s)", list)
        cursor.execute(_select(table, columns, order, dict(types), _postgresql_value, where), given)
        return chain.from_iterable(iter(partial(cursor.fetchmany, PAGE), []))

    def triggers(self) -> dict[str, dict[str, Any]]:
        found = self._all(
            "SELECT tgname, relname, tgenabled::text, tgtype, "
            "(tgqual IS NOT NULL)::int + cardinality(tgattr::int2[]), prosrc FROM pg_trigger "
            "JOIN pg_proc p ON p.oid = tgfoid JOIN pg_class c ON c.oid = tgrelid "
            "WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal"
        )
        made = {
            name: {"table": on, "tgenabled": way, "tgtype": kind, "conditions": conditions, "prosrc": _one_line(body)}
            for name, on, way, kind, conditions, body in found
        }
        rules = self._all("SELECT rulename, definition FROM pg_rules WHERE schemaname = current_schema()")
        return made | {name: {"rule": _one_line(definition)} for name, definition in rules}

    def damage(self) -> None:
        """The server's files are not ours to read: `pg_amcheck` and data checksums are its own means."""

    def _all(self, query: str, *values: str) -> list[Row]:
        rows: list[Row] = self._connection.execute(query, values).fetchall()
        return rows


def _postgresql_value(column: str, declared: str) -> str:
    match declared:
        case "timestamp with time zone":
            spelled = f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
            # to_char would drop infinity and the letters BC.
            return f"CASE WHEN isfinite({column}) AND {column} > '0001-01-02' THEN {spelled} ELSE {column}::text END"
        case "date":
            return f"{column}::text"
        case _:
            return column


def _one_line(text: Any) -> str:
    return " ".join(str(text).split())


def _condition(only: Only, among: str, listed: Callable[[list[int]], Any]) -> tuple[str, tuple[Any, ...]]:
    """The condition on the first column, whose name stands for {0}, and what it is given."""
    if only is None:
        return "TRUE", ()
    if not isinstance(only, Span):
        return among, (listed(sorted(only)),)
    from_first = "TRUE" if only.first is None else f"{{0}} >= {only.first:d}"
    if only.end is None:
        return from_first, ()
    below = f"{{0}} < {only.end:d}"
    return f"({below} OR {{0}} IS NULL)" if only.first is None else f"{from_first} AND {below}", ()


def _select(
    table: str, columns: Sequence[str], order: Sequence[str], types: dict[str, str], value: Any, where: str
) -> str:
    if missing := sorted({*columns, *order} - set(types)):
        raise CannotRead(f"table {table} has no column {', '.join(missing)}")
    # With the table before it, a quoted name can never be read as a string.
    named = {name: f'"{table}"."{name}"' for name in (*columns, *order)}
    values = ", ".join(value(named[name], types[name]) for name in columns)
    ordered = ", ".join(named[name] for name in order)
    condition = where.format(named[columns[0]])
    return f'SELECT {values} FROM "{table}" WHERE {condition} ORDER BY {ordered}'  # noqa: S608 (names from labels.json, not from the database)
