"""A set of ids as one value of a statement, however many there are.

`IN` with a list makes a parameter of each id, and databases have limits: PostgreSQL 65,535, SQLite 32,766 unless it was
built otherwise. Here the ids go as one array, or as one JSON text, and the statement is the same for ten and for a million.
"""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Boolean, ColumnElement, Text, TypeDecorator, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


class _Ids(TypeDecorator[list[int]]):
    """Integers of 64 bits."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(BigInteger()) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: list[int] | None, dialect: Dialect) -> Any:
        return value if dialect.name == "postgresql" or value is None else json.dumps(value)


class _OneOf(FunctionElement[bool]):
    """What stands behind a column: that it is one of the ids."""

    inherit_cache = True


@compiles(_OneOf, "postgresql")
def _on_postgresql(element: _OneOf, compiler: Any, **kw: Any) -> str:
    return f"= ANY ({compiler.process(element.clauses, **kw)})"


@compiles(_OneOf, "sqlite")
def _on_sqlite(element: _OneOf, compiler: Any, **kw: Any) -> str:
    return f"IN (SELECT value FROM json_each({compiler.process(element.clauses, **kw)}))"  # noqa: S608 (a parameter)


def is_among(column: ColumnElement[Any], ids: Iterable[int]) -> ColumnElement[bool]:
    """Whether the column is one of them."""
    given = bindparam(None, sorted(set(ids)), type_=_Ids())
    return column.op("", is_comparison=True, return_type=Boolean())(_OneOf(given))
