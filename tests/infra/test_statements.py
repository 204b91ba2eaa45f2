"""Statements that are compiled once: the same values in, the same values out as through SQLAlchemy, on both databases."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Connection, Date, Integer, MetaData, String, Table, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.sql import bindparam

from infra.columns import BigKey, UTCDateTime
from infra.db import owned, reading, transaction
from infra.statements import Statement, among, spread
from tests.cases.records import World

THINGS = Table(
    "thing", MetaData(), Column("id", BigKey, primary_key=True), Column("name", String, unique=True),
    Column("at", UTCDateTime), Column("day", Date), Column("good", Boolean), Column("n", Integer),
)  # fmt: skip
INSERT = Statement(insert(THINGS).values({c.name: bindparam(c.name) for c in THINGS.c}))
FIND = Statement(select(*THINGS.c).where(THINGS.c.name == bindparam("name")).order_by(THINGS.c.id))
SINCE = Statement(
    select(THINGS.c.id).where(THINGS.c.at >= bindparam("at"), THINGS.c.good.is_(True)).order_by(THINGS.c.id)
)
RENAME = Statement(update(THINGS).where(THINGS.c.name == bindparam("old")).values(name=bindparam("new")))
FIXED = Statement(
    select(THINGS.c.id).where(THINGS.c.n.in_([bindparam("a", 1), bindparam("b", 2)])).order_by(THINGS.c.id)
)
NOWHERE = Statement(select(Table("no_such_table", MetaData(), Column("n", Integer))))

NOON = datetime(2026, 3, 2, 4, 0, 0, 7, tzinfo=UTC)
ROW: dict[str, Any] = {"id": 1, "name": "甲'; --", "at": NOON, "day": date(2026, 3, 2), "good": True, "n": 1}


@pytest.fixture
def things(world: World) -> World:
    with owned(world.engine) as owning, transaction(owning) as connection:
        THINGS.create(connection)
    return world


def test_what_is_written_is_read_again_as_the_same_values(things: World) -> None:
    with transaction(things.engine) as connection:
        assert INSERT.run(connection, **ROW) == 1
        assert FIND.rows(connection, name=ROW["name"]) == [tuple(ROW.values())]
        assert list(map(dict, connection.execute(select(THINGS)).mappings())) == [ROW]
    (found,) = _read(things, FIND, name=ROW["name"])
    assert (found[2].tzinfo, type(found[4])) == (UTC, bool)


def test_it_writes_what_sqlalchemy_writes(things: World) -> None:
    others = ROW | {"id": 2, "name": "乙"}
    with transaction(things.engine) as connection:
        INSERT.run(connection, **ROW)
        connection.execute(insert(THINGS).values(others))
    raw = things.rows("SELECT CAST(at AS text) AS at, CAST(day AS text) AS day, CAST(good AS text) AS good FROM thing")
    assert raw[0] == raw[1]


def test_an_instant_of_any_zone_is_kept_in_utc_and_a_naive_one_is_refused(things: World) -> None:
    with transaction(things.engine) as connection:
        INSERT.run(connection, **ROW | {"at": NOON.astimezone(timezone(timedelta(hours=8)))})
    assert _read(things, FIND, name=ROW["name"])[0][2] == NOON
    for naive in (NOON.replace(tzinfo=None), datetime(2026, 3, 2)):
        with pytest.raises(ValueError, match="naive"), transaction(things.engine) as connection:
            INSERT.run(connection, **ROW | {"id": 2, "name": "乙", "at": naive})
        with pytest.raises(ValueError, match="naive"):
            _read(things, SINCE, at=naive)
    assert things.column("SELECT count(*) FROM thing") == [1]


def test_nothing_is_written_as_nothing(things: World) -> None:
    empty = {**dict.fromkeys(ROW), "id": 5, "name": "空"}
    with transaction(things.engine) as connection:
        INSERT.run(connection, **empty)
    assert _read(things, FIND, name="空") == [tuple(empty.values())]


def test_instants_are_compared_as_instants(things: World) -> None:
    with transaction(things.engine) as connection:
        rows = [ROW | {"id": i, "name": str(i), "at": NOON + timedelta(microseconds=i)} for i in range(-2, 3)]
        INSERT.run_many(connection, rows)
    assert _read(things, SINCE, at=NOON.astimezone(timezone(timedelta(hours=-7)))) == [(0,), (1,), (2,)]


def test_values_that_the_statement_fixes_need_not_be_given_and_may_be(things: World) -> None:
    with transaction(things.engine) as connection:
        INSERT.run_many(connection, [ROW | {"id": i, "name": str(i), "n": i} for i in range(1, 5)])
    assert _read(things, FIXED) == [(1,), (2,)]
    assert _read(things, FIXED, b=4) == [(1,), (4,)]


def test_it_says_how_many_rows_it_touched(things: World) -> None:
    with transaction(things.engine) as connection:
        INSERT.run(connection, **ROW)
        assert RENAME.run(connection, old=ROW["name"], new="丙") == 1
        assert RENAME.run(connection, old=ROW["name"], new="丁") == 0


def test_many_rows_of_none_are_nothing_to_do(things: World) -> None:
    with transaction(things.engine) as connection:
        INSERT.run_many(connection, [])
    assert things.column("SELECT count(*) FROM thing") == [0]


def test_a_value_that_is_missing_is_said_and_nothing_is_run(things: World) -> None:
    with pytest.raises(KeyError), transaction(things.engine) as connection:
        INSERT.run(connection, **{name: value for name, value in ROW.items() if name != "at"})
    assert things.column("SELECT count(*) FROM thing") == [0]


def test_one_statement_serves_both_databases_in_one_process(sqlite_world: World, postgres_world: World) -> None:
    for world in (sqlite_world, postgres_world):
        with owned(world.engine) as owning, transaction(owning) as connection:
            THINGS.create(connection)
    for number, world in enumerate((sqlite_world, postgres_world, sqlite_world)):
        with transaction(world.engine) as connection:
            INSERT.run(connection, **ROW | {"id": number, "name": str(number)})
        assert _read(world, FIND, name=str(number))[0][:3] == (number, str(number), NOON)


@pytest.mark.parametrize("call", ["run", "run_many", "rows"])
def test_an_error_of_the_database_is_sqlalchemy_s_as_everywhere_else(things: World, call: str) -> None:
    """What waits for `OperationalError` or `IntegrityError` must not have to know which way a statement went."""
    with pytest.raises(DBAPIError) as caught, transaction(things.engine) as connection:
        _fail(connection, call)
    assert isinstance(caught.value, IntegrityError) or call == "rows"


def _fail(connection: Connection, call: str) -> None:
    INSERT.run(connection, **ROW)
    match call:
        case "run":
            INSERT.run(connection, **ROW)
        case "run_many":
            INSERT.run_many(connection, [ROW | {"id": 2}])
        case "rows":
            NOWHERE.rows(connection)


def _read(world: World, statement: Statement, **values: Any) -> list[tuple[Any, ...]]:
    with reading(world.engine) as connection:
        return statement.rows(connection, **values)


def test_a_list_of_ids_is_found_by_a_prepared_statement_whatever_its_length(things: World) -> None:
    some = Statement(select(THINGS.c.id).where(among(THINGS.c.id, "id", at_most=3)).order_by(THINGS.c.id))
    with transaction(things.engine) as connection:
        for number in (1, 2, 3, 4):
            INSERT.run(connection, **ROW | {"id": number, "name": str(number)})
        for ids in ([], [2], [4, 1], [1, 2, 3]):
            assert [row[0] for row in some.rows(connection, **spread("id", ids, at_most=3))] == sorted(ids)
    with pytest.raises(AssertionError, match="4 of at most 3"):
        spread("id", [1, 2, 3, 4], at_most=3)
