"""Somebody who owns the file changes one column of one row, to another value that the table takes."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import cases

LABELS: Mapping[str, Mapping[str, str]] = json.loads((Path(cases.__file__).parent / "labels.json").read_text("utf-8"))
#: Throws until a value is found that differs and that the table takes.
THROWS = 60
WORDS = ("x", "0", "2026-03-02 01:00:00.000000", "[]", "closed", "红")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What was changed, as a person would read it."""

    table: str
    column: str
    key: tuple[Any, ...]
    before: Any
    after: Any


def owner(file: Path) -> sqlite3.Connection:
    """The file as its owner opens it: without foreign keys and checks, which belong to a connection."""
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("foreign_keys=off", "ignore_check_constraints=on", "synchronous=off"):
        connection.execute(f"PRAGMA {pragma}").close()
    return connection


def triggers(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall())


def drop(connection: sqlite3.Connection, names: Mapping[str, str]) -> None:
    for name in names:
        connection.execute(f"DROP TRIGGER {name}")


def columns_with_rows(connection: sqlite3.Connection) -> tuple[list[tuple[str, str]], list[str]]:
    """Every column that the ledger vouches for or that is recomputed, of tables with rows; and the tables without."""
    found: list[tuple[str, str]] = []
    empty: list[str] = []
    for table, labels in LABELS.items():
        wanted = [column for column, label in labels.items() if label in ("hashed", "derived")]
        if wanted and connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None:
            empty.append(table)
        elif wanted:
            found += [(table, column) for column in wanted]
    return found, empty


def not_covered() -> list[tuple[str, str]]:
    """The columns that nothing vouches for, and why."""
    return [
        (f"{table}.{column}", label)
        for table, labels in LABELS.items()
        for column, label in labels.items()
        if label not in ("hashed", "derived")
    ]


def edit(connection: sqlite3.Connection, table: str, column: str, rng: Random) -> Edit:
    """Changes one row and returns what was changed. Raises `sqlite3.IntegrityError` if a trigger forbids it."""
    key = _key(connection, table)
    rows = connection.execute(f"SELECT {', '.join(key)} FROM {table} ORDER BY {', '.join(key)}").fetchall()
    where = " AND ".join(f"{name} = ?" for name in key)
    others = [value for (value,) in connection.execute(f"SELECT DISTINCT {column} FROM {table}")]
    for _ in range(THROWS):
        row = rng.choice(rows)
        (before,) = connection.execute(f"SELECT {column} FROM {table} WHERE {where}", row).fetchone()
        after = _other(before, others, rng)
        connection.execute("SAVEPOINT throw")
        try:
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (after, *row))
        except sqlite3.IntegrityError as error:
            connection.execute("ROLLBACK TO throw")
            if "append-only" in str(error):
                raise
            continue
        moved = [after if name == column else value for name, value in zip(key, row, strict=True)]
        (stored,) = connection.execute(f"SELECT {column} FROM {table} WHERE {where}", moved).fetchone()
        if (type(stored), stored) != (type(before), before):
            return Edit(table=table, column=column, key=row, before=before, after=stored)
        connection.execute("ROLLBACK TO throw")  # the column has made the old value of it
    raise AssertionError(f"{table}.{column} takes no other value")


def _key(connection: sqlite3.Connection, table: str) -> list[str]:
    info = connection.execute(f"PRAGMA table_info({table})").fetchall()
    return [name for _, name, _, _, _, place in sorted(info, key=lambda row: row[5]) if place]


def _other(value: Any, others: list[Any], rng: Random) -> Any:
    """Another value of the column, nothing at all, or this one changed a little."""
    ways: list[Callable[[], Any]] = [lambda: rng.choice(others), lambda: None]
    if isinstance(value, int):
        ways += [lambda: value + 1, lambda: value - 1, lambda: 1 - value, lambda: rng.randrange(10**6)] * 2
    elif isinstance(value, str) and value:
        ways += [lambda: _a_character(value, rng)] * 4 + [lambda: value + " ", lambda: value[:-1]]
    else:
        ways += [lambda: rng.choice(WORDS), lambda: 7]
    return rng.choice(ways)()


def _a_character(text: str, rng: Random) -> str:
    """One character less, more or other: a digit becomes a digit, so that an instant stays one."""
    place = rng.randrange(len(text))
    old = text[place]
    new = rng.choice("0123456789") if old.isdigit() else rng.choice(["", old + old, "x", old.swapcase()])
    return text[:place] + new + text[place + 1 :]
