"""Core statements compiled once and run on the driver's own cursor.

SQLAlchemy spends about 40 µs a statement on its way to the driver; the one hot path (`cases/execute.py`, the sweep)
has a dozen statements a command. A `Statement` is written in Core like any other, compiled at its first use on each
database, and then costs what the driver costs. It takes named values and gives plain tuples. An `IN` with a list of
values of any length cannot be prepared so and stays with `connection.execute`; a list of a known length at most can
(`among`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.elements import BindParameter

Processor = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    binders: tuple[tuple[str, Processor], ...]  #: of every named value, in the order of the statement
    fixed: Mapping[str, Any]
    readers: tuple[tuple[int, Callable[[Any], Any]], ...]  #: of the columns that the driver does not give as they are
    positional: bool

    def bound(self, values: Mapping[str, Any]) -> Any:
        given = {**self.fixed, **values} if self.fixed else values
        if self.positional:
            return [bind(given[name]) if bind else given[name] for name, bind in self.binders]
        return {name: bind(given[name]) if bind else given[name] for name, bind in self.binders}

    def read(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for position, reader in self.readers:
            values[position] = reader(values[position])
        return tuple(values)


class Statement:
    """A Core statement with named `bindparam`s. Values given at run time must name every one of them."""

    def __init__(self, clause: ClauseElement) -> None:
        self._clause = clause
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        compiled = self._on(connection.dialect)
        with driver_cursor(connection, compiled.sql) as cursor:
            cursor.execute(compiled.sql, compiled.bound(values))
            found: list[tuple[Any, ...]] = list(cursor.fetchall())
        return [compiled.read(row) for row in found] if compiled.readers else found

    def run(self, connection: Connection, **values: Any) -> int:
        """Runs it and returns how many rows it touched."""
        compiled = self._on(connection.dialect)
        with driver_cursor(connection, compiled.sql) as cursor:
            cursor.execute(compiled.sql, compiled.bound(values))
            return int(cursor.rowcount)

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        compiled = self._on(connection.dialect)
        with driver_cursor(connection, compiled.sql) as cursor:
            if len(rows) == 1:  # for which a driver need not make ready for more
                cursor.execute(compiled.sql, compiled.bound(rows[0]))
                return
            cursor.executemany(compiled.sql, [compiled.bound(row) for row in rows])

    def _on(self, dialect: Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compile(self._clause, dialect)
        return found


def among(column: ColumnElement[Any], name: str, *, at_most: int) -> ColumnElement[bool]:
    """True of a column whose value is one of at most so many, which `spread` gives to the prepared statement."""
    return column.in_([bindparam(f"{name}_{n}", type_=column.type) for n in range(at_most)])


def spread(name: str, values: Sequence[int], *, at_most: int) -> dict[str, int | None]:
    """The values that `among` asks for. Those that are left over are NULL, which is among nothing."""
    assert len(values) <= at_most, f"{len(values)} of at most {at_most} values"
    return {f"{name}_{n}": values[n] if n < len(values) else None for n in range(at_most)}


def insert_or(connection: Connection, table: Any) -> postgresql.Insert | sqlite.Insert:
    """An insert that may say what becomes of a row that is there (`on_conflict_...`): each database has its own."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


class driver_cursor:  # noqa: N801 (used as a function; a class costs half of what a generator does)
    """The driver's cursor, closed afterwards; what the driver raises comes out as SQLAlchemy's own errors, as everywhere
    else, and never with the values that were bound."""

    __slots__ = ("_connection", "_cursor", "_sql")

    def __init__(self, connection: Connection, sql: str) -> None:
        self._connection, self._sql = connection, sql

    def __enter__(self) -> Any:
        self._cursor = self._connection.connection.cursor()
        return self._cursor

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._cursor.close()
        driver_error = self._connection.dialect.loaded_dbapi.Error
        if isinstance(error, driver_error):
            raise DBAPIError.instance(
                self._sql, None, error, driver_error, hide_parameters=True, dialect=self._connection.dialect
            ) from error


def _compile(clause: ClauseElement, dialect: Dialect) -> _Compiled:
    compiled: Any = clause.compile(dialect=dialect)
    binds: Mapping[str, BindParameter[Any]] = compiled.binds
    names = tuple(compiled.positiontup or compiled.binds)
    columns: Iterable[Any] = getattr(clause, "selected_columns", ())
    readers = (column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns)
    return _Compiled(
        sql=compiled.string,
        binders=tuple((name, binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names),
        fixed={name: bind.value for name, bind in binds.items() if not bind.required},
        readers=tuple((position, reader) for position, reader in enumerate(readers) if reader),
        positional=bool(compiled.positional),
    )
