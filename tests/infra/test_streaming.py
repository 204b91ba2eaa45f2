"""A cursor of the server that outlives what was broken off is closed on no connection that somebody else has by then."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text

from infra.db import open_engine, reading, streaming
from tests.databases import postgres_template, postgresql

__all__ = ["postgres_template", "postgresql"]
MANY = text("SELECT generate_series(1, 100000) AS n").execution_options(yield_per=10)


def numbers(connection: Connection) -> Iterator[int]:
    with streaming(connection, MANY) as rows:
        for row in rows:
            yield row.n


def broken_off(engine: Engine, kept: list[Iterator[int]]) -> None:
    with reading(engine) as connection:
        kept.append(numbers(connection))
        assert next(kept[0]) == 1
        raise KeyError


@pytest.mark.postgres
def test_what_was_broken_off_while_rows_came_spoils_nobody_elses_transaction(postgresql: Engine) -> None:
    engine = open_engine(postgresql.url.render_as_string(hide_password=False), connections=2)
    kept: list[Iterator[int]] = []
    try:
        with pytest.raises(KeyError):
            broken_off(engine, kept)
        with reading(engine) as connection:
            assert connection.execute(text("SELECT 1")).scalar_one() == 1
            kept.pop().close()  # type: ignore[attr-defined]  # a generator, as whoever collects the garbage would end it
            assert connection.execute(text("SELECT 2")).scalar_one() == 2
    finally:
        engine.dispose()
