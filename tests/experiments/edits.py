"""Somebody who owns the database changes one row: a column of it to another value that the table takes, or the whole row,
which is taken out, or put in a second time under another key. Each change can be undone exactly.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import cases
from tests.experiments.owners import Owner, Refused, Row
from verify.office import COVERED

LABELS: Mapping[str, Mapping[str, str]] = json.loads((Path(cases.__file__).parent / "labels.json").read_text("utf-8"))
#: Throws until a value is found that differs and that the table takes.
THROWS = 500
#: Characters of a change that a person reads.
SHOWN = 200
WORDS = ("x", "0", "2026-03-02 01:00:00.000000", "[]", "closed", "红")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The row before and after, with all of its columns; none if there was or is none."""

    table: str
    columns: Sequence[str]
    before: Row | None
    after: Row | None

    def __str__(self) -> str:
        if self.before and self.after:
            rows = zip(self.columns, self.before, self.after, strict=True)
            changed = (f"{name} from {old!r} to {new!r}" for name, old, new in rows if old != new)
            return f"{self.table}, {_shown(', '.join(changed))}"
        return f"{self.table}, {'put in' if self.after else 'taken out'}: {_shown(str(self.after or self.before))}"


def vouched_with_rows(owner: Owner) -> tuple[list[tuple[str, str]], list[str]]:
    """Every column that the ledger vouches for or that is recomputed, of tables with rows; and the tables without."""
    found: list[tuple[str, str]] = []
    empty: list[str] = []
    for table, labels in LABELS.items():
        wanted = [column for column, label in labels.items() if label in COVERED]
        if wanted and not owner.execute(f"SELECT 1 FROM {table} LIMIT 1"):
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
        if label not in COVERED
    ]


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


# -- changes. Each raises `Refused` if a trigger forbids it -----------------------------------------------------------


def edit(owner: Owner, table: str, column: str, rng: Random) -> Change:
    """One column of one row has another value."""
    columns, rows = _rows(owner, table)
    place = columns.index(column)
    others = sorted({row[place] for row in rows}, key=repr)

    def throw() -> Change | None:
        before = rng.choice(rows)
        wanted = (*before[:place], _other(before[place], others, rng), *before[place + 1 :])
        where, key = _where(owner, table, columns, before)
        owner.execute(f'UPDATE {table} SET "{column}" = ? WHERE {where}', (wanted[place], *key))
        after = _read(owner, table, columns, wanted)
        if after is None:  # the column has made another value of its key
            return None
        same = (type(after[place]), after[place]) == (type(before[place]), before[place])
        return None if same else Change(table=table, columns=columns, before=before, after=after)

    return _thrown(owner, throw, f"{table}.{column} takes no other value")


def take_out(owner: Owner, table: str, rng: Random) -> Change:
    """One row is gone."""
    columns, rows = _rows(owner, table)
    change = Change(table=table, columns=columns, before=rng.choice(rows), after=None)
    _delete(owner, change, change.before)
    return change


def put_in(owner: Owner, table: str, rng: Random) -> Change:
    """One row stands there a second time, with other values only where an index asks for them."""
    columns, rows = _rows(owner, table)
    uniques = owner.uniques(table)

    def throw() -> Change:
        wanted = dict(zip(columns, rng.choice(rows), strict=True))
        changed: set[str] = set()
        for names in uniques:
            if not changed & set(names):
                name = rng.choice(names)
                wanted[name] = _other(wanted[name], [row[columns.index(name)] for row in rows], rng)
                changed.add(name)
        _insert(owner, table, columns, tuple(wanted.values()))
        after = _read(owner, table, columns, tuple(wanted.values()))
        if after is None:
            raise Refused("another key was made of the one that was given")
        return Change(table=table, columns=columns, before=None, after=after)

    return _thrown(owner, throw, f"{table} takes no other row")


def undo(owner: Owner, change: Change) -> None:
    """The row is as it was, in all of its columns."""
    if change.after:
        _delete(owner, change, change.after)
    if change.before:
        _insert(owner, change.table, change.columns, change.before)


# -- rows -------------------------------------------------------------------------------------------------------------


def _thrown(owner: Owner, throw: Callable[[], Change | None], failed: str) -> Change:
    """The first throw that the database takes and that changes something."""
    for _ in range(THROWS):
        owner.execute("SAVEPOINT throw")
        try:
            change = throw()
        except Refused as error:
            owner.execute("ROLLBACK TO throw")
            if "append-only" in str(error):
                raise
            continue
        if change is not None:
            return change
        owner.execute("ROLLBACK TO throw")
    raise AssertionError(failed)


def _rows(owner: Owner, table: str) -> tuple[list[str], list[Row]]:
    columns = owner.columns(table)
    return columns, owner.execute(f"SELECT {_listed(columns)} FROM {table} ORDER BY {_listed(owner.key(table))}")


def _read(owner: Owner, table: str, columns: Sequence[str], row: Row) -> Row | None:
    """The row with this one's key, as it is stored."""
    where, key = _where(owner, table, columns, row)
    return next(iter(owner.execute(f"SELECT {_listed(columns)} FROM {table} WHERE {where}", key)), None)


def _delete(owner: Owner, change: Change, row: Row | None) -> None:
    assert row is not None
    where, key = _where(owner, change.table, change.columns, row)
    owner.execute(f"DELETE FROM {change.table} WHERE {where}", key)


def _insert(owner: Owner, table: str, columns: Sequence[str], row: Row) -> None:
    places = ", ".join("?" for _ in columns)
    owner.execute(f"INSERT INTO {table} ({_listed(columns)}) VALUES ({places})", row)


def _where(owner: Owner, table: str, columns: Sequence[str], row: Row) -> tuple[str, Row]:
    key = owner.key(table)
    return " AND ".join(f'"{name}" = ?' for name in key), tuple(row[columns.index(name)] for name in key)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


# -- values -----------------------------------------------------------------------------------------------------------


def _other(value: Any, others: Sequence[Any], rng: Random) -> Any:
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
