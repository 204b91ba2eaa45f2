"""Somebody who owns the database: an SQLite file, or the tables of one on a PostgreSQL server.

Both speak the same SQL here, with `?` for a value, and see the same values: an instant is a text in UTC with six digits
of a second, a date is a text, a truth value is 0 or 1. No foreign key and no check keeps them from anything; unique
indexes, types and NOT NULL do.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg.adapt import Loader

Row = tuple[Any, ...]


class Refused(Exception):
    """The database did not take the change: a trigger, a type or an index forbids it."""


class Owner(Protocol):
    def execute(self, words: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows of the answer, if it has any. Raises `Refused`."""

    def columns(self, table: str) -> list[str]: ...

    def instants(self, table: str) -> set[str]: ...

    def key(self, table: str) -> list[str]:
        """The columns of the primary key, in its order."""

    def uniques(self, table: str) -> list[list[str]]:
        """The columns of each index that takes a value once, the primary key among them."""

    def triggers(self, table: str = "") -> Mapping[str, str]:
        """What takes each trigger away, of one table or of all, and what puts it back as it was."""


@contextmanager
def owner(url: str) -> Iterator[Owner]:
    """The database as its owner opens it, in no transaction."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(Path(url.removeprefix("sqlite:///")), isolation_level=None)) as file:
            for pragma in ("foreign_keys=off", "ignore_check_constraints=on", "synchronous=off"):
                file.execute(f"PRAGMA {pragma}").close()
            yield SqliteOwner(file)
        return
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True, prepare_threshold=None) as connection:
        yield PostgresqlOwner(connection)


class SqliteOwner:
    """Foreign keys and checks belong to a connection here: the owner goes without."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, words: str, values: Sequence[Any] = ()) -> list[Row]:
        try:
            return self._connection.execute(words, values).fetchall()
        except sqlite3.IntegrityError as error:
            raise Refused(str(error)) from error

    def columns(self, table: str) -> list[str]:
        return [name for _, name, *_ in self._info(table)]

    def instants(self, table: str) -> set[str]:
        return {name for _, name, declared, *_ in self._info(table) if declared == "DATETIME"}

    def key(self, table: str) -> list[str]:
        return [name for *_, name in sorted((place, name) for _, name, _, _, _, place in self._info(table) if place)]

    def uniques(self, table: str) -> list[list[str]]:
        indexes = [name for _, name, unique, *_ in self.execute(f"PRAGMA index_list({table})") if unique]
        named = [[name for _, _, name in self.execute(f"PRAGMA index_info({index})")] for index in indexes]
        # The key of numbers is the place of the row, which no index is needed for.
        return named if self.key(table) in named else [self.key(table), *named]

    def triggers(self, table: str = "") -> dict[str, str]:
        found = self.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
        return {f"DROP TRIGGER IF EXISTS {name}": sql for name, on, sql in found if table in ("", on)}

    def _info(self, table: str) -> list[Row]:
        return self.execute(f"PRAGMA table_info({table})")


class PostgresqlOwner:
    """Foreign keys and checks belong to the tables here: the owner takes them away."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection
        for name, loader in (("timestamptz", _Instant), ("date", _Text), ("bool", _Truth)):
            connection.adapters.register_loader(name, loader)
        self.execute("SET timezone = 'UTC'")
        self.execute("SET datestyle = 'ISO, YMD'")
        for table, name in self.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint "
            "WHERE connamespace = current_schema()::regnamespace AND contype IN ('f', 'c')"
        ):
            self.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")

    def execute(self, words: str, values: Sequence[Any] = ()) -> list[Row]:
        # As texts without a type, which the server reads as the column wants them.
        given = [None if value is None else str(value) for value in values]
        try:
            done = self._connection.execute(words.replace("?", "%s").encode(), given or None)
        except (psycopg.IntegrityError, psycopg.DataError, psycopg.errors.RaiseException) as error:
            raise Refused(str(error)) from error
        return done.fetchall() if done.description else []

    def columns(self, table: str) -> list[str]:
        return [name for name, _ in self._info(table)]

    def instants(self, table: str) -> set[str]:
        return {name for name, declared in self._info(table) if declared == "timestamp with time zone"}

    def key(self, table: str) -> list[str]:
        return self._indexed(table, "indisprimary")[0]

    def uniques(self, table: str) -> list[list[str]]:
        return self._indexed(table, "indisunique")

    def triggers(self, table: str = "") -> dict[str, str]:
        ways = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA", "D": "DISABLE"}
        found = self.execute(
            "SELECT tgrelid::regclass::text, tgname, tgenabled::text FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid "
            "WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal"
        )
        return {
            f"ALTER TABLE {on} DISABLE TRIGGER {name}": f"ALTER TABLE {on} {ways[way]} TRIGGER {name}"
            for on, name, way in found
            if table in ("", on)
        }

    def _info(self, table: str) -> list[Row]:
        return self.execute(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
            "WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            (table,),
        )

    def _indexed(self, table: str, which: str) -> list[list[str]]:
        found = self.execute(
            "SELECT array_agg(attname::text ORDER BY array_position(indkey::int2[], attnum)) "
            "FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey) "
            f"WHERE indrelid = to_regclass(?) AND {which} GROUP BY indexrelid ORDER BY indexrelid",
            (table,),
        )
        return [names for (names,) in found]


# -- values, spelled as SQLite has them -------------------------------------------------------------------------------


class _Text(Loader):
    def load(self, data: Any) -> str:
        return bytes(data).decode()


class _Instant(Loader):
    def load(self, data: Any) -> str:
        text = bytes(data).decode()
        if not text.endswith("+00"):
            return text  # infinity, or before Christ
        second, _, fraction = text.removesuffix("+00").partition(".")
        return f"{second}.{fraction:0<6}"


class _Truth(Loader):
    def load(self, data: Any) -> int:
        return int(bytes(data) == b"t")
