"""Engines and transactions: what every connection is set to, what a transaction keeps, and that no update is lost."""

import sqlite3
import threading
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

import infra.db
import infra.line
from infra.columns import UTCDateTime
from infra.db import (
    BUSY_TIMEOUT_MS,
    LIMITS_MS,
    OWNERS_LIMITS_MS,
    cannot_write_now,
    checkpoint,
    make_file,
    open_engine,
    owned,
    reading,
    transaction,
    written_at_once,
)
from ledger.chain import wait_for_key
from tests.cases.records import World

COUNTERS = Table(
    "counter", MetaData(), Column("id", Integer, primary_key=True), Column("n", Integer), Column("at", UTCDateTime)
)
NOON = datetime(2026, 3, 2, 4, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def counting(world: World) -> World:
    """A world with a table that only this file knows, and one row in it."""
    with owned(world.engine) as owning, transaction(owning) as connection:
        COUNTERS.create(connection)
        connection.execute(insert(COUNTERS).values(id=1, n=0, at=NOON))
    return world


def _value(connection: Connection, name: str = "n") -> Any:
    return connection.execute(select(COUNTERS.c[name]).where(COUNTERS.c.id == 1)).scalar_one()


# -- instants ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", [NOON, NOON.astimezone(timezone(timedelta(hours=8)))])
def test_an_instant_comes_back_aware_and_in_utc_to_the_microsecond(counting: World, written: datetime) -> None:
    with transaction(counting.engine) as connection:
        connection.execute(update(COUNTERS).values(at=written))
    with reading(counting.engine) as connection:
        found = _value(connection, "at")
    assert (found, found.tzinfo) == (NOON, UTC)


def test_a_naive_time_is_refused(counting: World) -> None:
    for values in ({"at": NOON.replace(tzinfo=None)}, {"at": datetime(2026, 3, 2)}):
        with pytest.raises(StatementError, match="naive"), transaction(counting.engine) as connection:
            connection.execute(update(COUNTERS).values(**values))
    with pytest.raises(StatementError, match="naive"), reading(counting.engine) as connection:
        connection.execute(select(COUNTERS).where(COUNTERS.c.at < datetime(2026, 3, 2)))


def test_no_instant_is_no_instant(counting: World) -> None:
    with transaction(counting.engine) as connection:
        connection.execute(update(COUNTERS).values(at=None))
    with reading(counting.engine) as connection:
        assert _value(connection, "at") is None


# -- what every connection is set to ----------------------------------------------------------------------------------

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,  # full
    "foreign_keys": 1,
    "recursive_triggers": 1,
    "trusted_schema": 0,
    "busy_timeout": BUSY_TIMEOUT_MS,
    "wal_autocheckpoint": 16384,
}


def test_every_connection_to_sqlite_is_set_up_alike(sqlite_world: World) -> None:
    """As many as the pool gives, all open at once."""
    engine = sqlite_world.engine
    opened = [engine.connect() for _ in range(8)]
    try:
        for connection in opened:
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in PRAGMAS}
            assert found == PRAGMAS
    finally:
        for connection in opened:
            connection.close()


def test_a_database_file_is_made_where_it_was_asked_for_and_only_when_it_was(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/a/b/huiyin.db", owner=True)
    with pytest.raises((OperationalError, FileNotFoundError)), transaction(engine):
        pass
    assert list(tmp_path.iterdir()) == []
    make_file(engine)
    with transaction(engine) as connection:
        connection.execute(text("CREATE TABLE t (a)"))
    engine.dispose()
    assert (tmp_path / "a" / "b" / "huiyin.db").stat().st_size > 0


def test_postgresql_waits_for_the_disk_and_for_nothing_else(postgres_world: World) -> None:
    with reading(postgres_world.engine) as connection:
        assert connection.execute(text("SHOW transaction_isolation")).scalar_one() == "repeatable read"
    with transaction(postgres_world.engine) as connection:
        assert connection.execute(text("SHOW transaction_isolation")).scalar_one() == "read committed"


# -- transactions -----------------------------------------------------------------------------------------------------


def test_a_transaction_is_kept_when_its_block_ends_and_not_when_it_raises(counting: World) -> None:
    with transaction(counting.engine) as connection:
        connection.execute(update(COUNTERS).values(n=1))
    with pytest.raises(ZeroDivisionError), transaction(counting.engine) as connection:
        _write_and_raise(connection)
    with reading(counting.engine) as connection:
        assert _value(connection) == 1


def test_after_a_transaction_that_raised_the_next_one_can_write(counting: World) -> None:
    for _ in range(40):  # more often than there are connections in the pool
        with pytest.raises(IntegrityError), transaction(counting.engine) as connection:
            connection.execute(insert(COUNTERS).values(id=1))
    with transaction(counting.engine) as connection:
        connection.execute(update(COUNTERS).values(n=7))


def test_an_error_does_not_carry_what_was_to_be_written(counting: World) -> None:
    """Errors are logged with their message; what people wrote is never in a log."""
    with owned(counting.engine) as owning, transaction(owning) as connection:
        connection.execute(text("CREATE TABLE said (id integer PRIMARY KEY, words text NOT NULL)"))
        connection.execute(text("INSERT INTO said VALUES (1, 'nothing')"))
    with pytest.raises(IntegrityError) as caught, transaction(counting.engine) as connection:
        connection.execute(text("INSERT INTO said VALUES (1, :words)"), {"words": "secret words"})
    assert "secret words" not in str(caught.value)


def test_what_is_written_while_reading_is_not_kept(counting: World) -> None:
    with reading(counting.engine) as connection:
        connection.execute(update(COUNTERS).values(n=99))
    with reading(counting.engine) as connection:
        assert _value(connection) == 0


def test_a_reader_sees_one_state_of_the_record_however_often_it_looks(counting: World) -> None:
    with reading(counting.engine) as connection:
        before = _value(connection)
        _in_a_thread(lambda: _add_one(counting))
        assert _value(connection) == before
    with reading(counting.engine) as connection:
        assert _value(connection) == before + 1


def test_a_reader_does_not_wait_for_a_writer_nor_sees_what_is_not_committed(counting: World) -> None:
    seen: list[int] = []

    def look() -> None:
        with reading(counting.engine) as connection:
            seen.append(_value(connection))

    with transaction(counting.engine) as connection:
        connection.execute(update(COUNTERS).values(n=5))
        _in_a_thread(look)
    assert seen == [0]


def test_no_update_is_lost(counting: World) -> None:
    """Four writers read a figure and write it back one higher, twenty times each: none of the 80 may vanish."""

    def count() -> None:
        for _ in range(20):
            _add_one(counting)

    _at_once(4, count)
    with reading(counting.engine) as connection:
        assert _value(connection) == 80


def test_that_test_would_see_a_lost_update(sqlite_world: World, tmp_path: Path) -> None:
    """The same on connections as the driver makes them: it begins by itself, late, and figures vanish."""
    import sqlite3

    file = tmp_path / "plain.db"
    with sqlite3.connect(file) as plain:
        plain.execute("PRAGMA journal_mode=wal").close()
        plain.execute("CREATE TABLE counter (n)").close()
        plain.execute("INSERT INTO counter VALUES (0)").close()
    plain.close()

    def add() -> None:
        connection = sqlite3.connect(file, timeout=10)
        for _ in range(20):
            n = connection.execute("SELECT n FROM counter").fetchone()[0]
            together.wait()
            connection.execute("UPDATE counter SET n = ?", (n + 1,)).close()
            connection.commit()
        connection.close()

    together = threading.Barrier(4)
    _at_once(4, add)
    plain = sqlite3.connect(file)
    assert plain.execute("SELECT n FROM counter").fetchone()[0] < 80
    plain.close()


def test_folding_back_the_log_of_sqlite_keeps_everything(counting: World) -> None:
    _add_one(counting)
    checkpoint(counting.engine)
    with reading(counting.engine) as connection:
        assert _value(connection) == 1


def test_every_writer_of_sqlite_says_so_from_the_start(sqlite_world: World) -> None:
    """A transaction that began as a reader cannot always become a writer; a reader keeps nobody from writing."""
    with transaction(sqlite_world.engine):
        assert not _may_write(sqlite_world), "a writer holds the database before it has written anything"
    with reading(sqlite_world.engine) as connection:
        connection.execute(text("SELECT count(*) FROM event"))
        assert _may_write(sqlite_world)
    assert _may_write(sqlite_world)


def _may_write(world: World) -> bool:
    """Whether somebody outside the program, who does not wait, could begin to write now."""
    with closing(sqlite3.connect(str(world.engine.url.database), timeout=0)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        other.rollback()
        return True


# -- limits -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for longer than a moment."""
    monkeypatch.setattr(infra.db, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(infra.db, "BUSY_TIMEOUT_MS", 50)
    monkeypatch.setitem(infra.db.LIMITS_MS, "lock_timeout", 50)


def test_a_writer_that_waits_too_long_for_another_gives_up_and_has_written_nothing(
    impatient: None, counting: World
) -> None:
    url = counting.engine.url.render_as_string(hide_password=False)
    other = open_engine(url)
    with transaction(counting.engine) as connection:
        connection.execute(update(COUNTERS).where(COUNTERS.c.id == 1).values(n=1))
        with pytest.raises(Exception) as caught, transaction(other) as second:  # noqa: PT011 -- each database has its own
            second.execute(update(COUNTERS).where(COUNTERS.c.id == 1).values(n=2))
    assert cannot_write_now(caught.value)
    with reading(other) as connection:
        assert _value(connection) == 1
    with transaction(other) as connection:
        connection.execute(update(COUNTERS).where(COUNTERS.c.id == 1).values(n=2))
    other.dispose()


def test_a_program_that_passes_by_the_gate_makes_no_writer_wait_for_ever(impatient: None, sqlite_world: World) -> None:
    ours = open_engine(str(sqlite_world.engine.url))
    with closing(sqlite3.connect(str(ours.url.database))) as other:
        other.execute("BEGIN IMMEDIATE").close()
        with pytest.raises(infra.line.WaitedTooLong), transaction(ours):
            raise AssertionError("it writes beside the other")
        with reading(ours) as connection:
            assert connection.execute(text("SELECT count(*) FROM event")).scalar_one() >= 0
        other.rollback()
    with transaction(ours):
        pass
    ours.dispose()


def test_what_is_written_at_once_or_not_at_all_waits_for_nobody(counting: World) -> None:
    """With the patience of everybody: had it waited, the test would have taken seconds each time."""
    other = open_engine(counting.engine.url.render_as_string(hide_password=False))

    def add(connection: Connection) -> None:
        connection.execute(update(COUNTERS).where(COUNTERS.c.id == 1).values(n=COUNTERS.c.n + 1))

    assert written_at_once(other, add)
    with transaction(counting.engine) as connection:
        add(connection)
        assert not written_at_once(other, add)
    assert written_at_once(other, add)
    with reading(other) as connection:
        assert _value(connection) == 3
    other.dispose()


def test_what_is_written_at_once_waits_for_no_program_that_passes_by_the_gate(sqlite_world: World) -> None:
    with closing(sqlite3.connect(str(sqlite_world.engine.url.database))) as other:
        other.execute("BEGIN IMMEDIATE").close()
        assert not written_at_once(sqlite_world.engine, lambda _: None)
        other.rollback()
    assert written_at_once(sqlite_world.engine, lambda _: None)
    with sqlite_world.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == BUSY_TIMEOUT_MS


def test_a_mistake_in_what_is_written_at_once_is_not_hidden(counting: World) -> None:
    with pytest.raises(ZeroDivisionError):
        written_at_once(counting.engine, _write_and_raise)
    with reading(counting.engine) as connection:
        assert _value(connection) == 0


def test_every_connection_to_postgresql_has_limits(postgres_world: World) -> None:
    """Those of pages and jobs; its owner may take longer over a whole table, and waits longer for its lock."""
    engine = postgres_world.engine
    with reading(engine) as connection, owned(engine) as owning, reading(owning) as owners:
        for name, limit in LIMITS_MS.items():
            assert _limit(connection, name) == limit
            assert _limit(owners, name) == OWNERS_LIMITS_MS.get(name, limit)


def test_what_the_address_of_postgresql_sets_itself_holds(postgres_world: World) -> None:
    url = postgres_world.engine.url.update_query_dict({"options": "-c lock_timeout=1234", "connect_timeout": "7"})
    engine = open_engine(url.render_as_string(hide_password=False))
    with reading(engine) as connection:
        assert _limit(connection, "lock_timeout") == 1234
        assert _limit(connection, "statement_timeout") == LIMITS_MS["statement_timeout"]
    engine.dispose()


def test_a_lock_of_a_key_is_not_waited_for_for_ever_either(impatient: None, postgres_world: World) -> None:
    other = open_engine(postgres_world.engine.url.render_as_string(hide_password=False))
    with transaction(postgres_world.engine) as connection:
        wait_for_key(connection, "a key")
        with pytest.raises(OperationalError), transaction(other) as second:
            wait_for_key(second, "a key")
    other.dispose()


def test_fewer_write_to_postgresql_at_once_than_there_are_connections(
    postgres_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writers that wait for each other leave readers their connections and threads."""
    monkeypatch.setattr(infra.db, "PATIENCE_SECONDS", 0.05)
    with ExitStack() as writers:
        for _ in range(infra.db.WRITERS):
            writers.enter_context(transaction(postgres_world.engine))
        with pytest.raises(infra.line.WaitedTooLong), transaction(postgres_world.engine):
            raise AssertionError("one too many")
        for _ in range(infra.db.CONNECTIONS // 2):
            writers.enter_context(reading(postgres_world.engine)).execute(text("SELECT 1"))


def _limit(connection: Connection, name: str) -> int:
    """In milliseconds."""
    query = text("SELECT setting FROM pg_settings WHERE name = :name")
    return int(connection.execute(query, {"name": name}).scalar_one())


def _write_and_raise(connection: Connection) -> None:
    connection.execute(update(COUNTERS).values(n=2))
    raise ZeroDivisionError


def _add_one(world: World) -> None:
    with transaction(world.engine) as connection:
        n = connection.execute(select(COUNTERS.c.n).where(COUNTERS.c.id == 1).with_for_update()).scalar_one()
        connection.execute(update(COUNTERS).where(COUNTERS.c.id == 1).values(n=n + 1))


def _in_a_thread(run: Any) -> None:
    _at_once(1, run)


def _at_once(many: int, run: Any) -> None:
    failed: list[BaseException] = []

    def safely() -> None:
        try:
            run()
        except BaseException as error:  # noqa: BLE001 -- raised again in the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=safely) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
