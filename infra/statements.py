"""Core statements compiled once and run on the driver's own cursor.

SQLAlchemy spends about 40 µs a statement on its way to the driver; the one hot path (`cases/execute.py`, the sweep)
has a dozen statements a command. A `Statement` is written in Core like any other, compiled at its first use on each
database, and then costs what the driver costs. It takes named values and gives plain tuples. Statements with a list
of values of changing length (`IN`) cannot be prepared so and stay with `connection.execute`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.elements import BindParameter

Processor = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    names: tuple[str, ...]
    binders: tuple[tuple[str, Callable[[Any], Any]], ...]
    fixed: Mapping[str, Any]
    readers: tuple[Processor, ...]
    positional: bool

    def bound(self, values: Mapping[str, Any]) -> Any:
        ready = {**self.fixed, **values}
        for name, binder in self.binders:
            ready[name] = binder(ready[name])
        return [ready[name] for name in self.names] if self.positional else ready


class Statement:
    """A Core statement with named `bindparam`s. Values given at run time must name every one of them."""

    def __init__(self, clause: ClauseElement) -> None:
        self._clause = clause
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, connection: Connection, **values: Any) -> list[tuple[Any, ...]]:
        compiled = self._on(connection.dialect)
        with _cursor(connection, compiled.sql) as cursor:
            cursor.execute(compiled.sql, compiled.bound(values))
            found = cursor.fetchall()
        readers = compiled.readers
        if not any(readers):
            return list(map(tuple, found))
        return [tuple(r(v) if r else v for r, v in zip(readers, row, strict=True)) for row in found]

    def run(self, connection: Connection, **values: Any) -> int:
        """Runs it and returns how many rows it touched."""
        compiled = self._on(connection.dialect)
        with _cursor(connection, compiled.sql) as cursor:
            cursor.execute(compiled.sql, compiled.bound(values))
            return int(cursor.rowcount)

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        compiled = self._on(connection.dialect)
        with _cursor(connection, compiled.sql) as cursor:
            cursor.executemany(compiled.sql, [compiled.bound(row) for row in rows])

    def _on(self, dialect: Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compile(self._clause, dialect)
        return found


class _cursor:  # noqa: N801 (used as a function; a class costs half of what a generator does)
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
    binders = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in binds.items()}
    columns: Iterable[Any] = getattr(clause, "selected_columns", ())
    return _Compiled(
        sql=compiled.string,
        names=names,
        binders=tuple((name, binder) for name, binder in binders.items() if binder and name in names),
        fixed={name: bind.value for name, bind in binds.items() if not bind.required},
        readers=tuple(column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns),
        positional=bool(compiled.positional),
    )
