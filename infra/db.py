"""Engines and transactions. Only `transaction()` commits, anywhere in the program.

SQLite runs in WAL with `synchronous=FULL`: a commit is evidence and survives a power cut. Writers say BEGIN IMMEDIATE
behind the fair gate of `gate.py`; the write-ahead log is folded back by `checkpoint()`, a recurring job, and not by
whichever writer happens to fill it. `docs/decisions/0005-sqlite-writers.md` says why.
"""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from infra.authorizer import guard
from infra.gate import WriteGate
from infra.statements import driver_cursor

log = logging.getLogger(__name__)

#: SQLite before this version can corrupt a WAL file in a rare race of two checkpoints; one line at start-up says so.
WAL_FIXED_IN = (3, 51, 3)
#: Pages in the log before a writer folds it back itself, in case no job runs (64 MiB).
AUTOCHECKPOINT_PAGES = 16384
BUSY_TIMEOUT_MS = 10_000
POOL = 20

_gates: WeakKeyDictionary[Engine, WriteGate] = WeakKeyDictionary()


def open_engine(url: str, *, owner: bool = False) -> Engine:
    """An engine for `url`, set up so that a transaction means the same on both databases. Its errors never carry values:
    what people said has no place in a log. Only the `owner` may change the schema; on PostgreSQL that is for the role
    in the URL to decide, on SQLite every other connection is guarded by `authorizer.py`."""
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url, owner=owner)
    return create_engine(
        url,
        pool_size=POOL,
        max_overflow=POOL,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        hide_parameters=True,
    )


def _sqlite(url: str, *, owner: bool) -> Engine:
    path = make_url(url).database
    assert path, "an SQLite database is a file"
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url, pool_size=POOL, max_overflow=POOL, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare)
    if not owner:
        event.listen(engine, "connect", lambda driver, _record: guard(driver))
    _gates[engine] = WriteGate(Path(path))
    return engine


@contextmanager
def owned(engine: Engine) -> Iterator[Engine]:
    """The same database as its owner opens it, who may change the schema; closed afterwards."""
    owning = open_engine(engine.url.render_as_string(hide_password=False), owner=True)
    try:
        yield owning
    finally:
        owning.dispose()


def _prepare(driver: sqlite3.Connection, _record: Any) -> None:
    driver.isolation_level = None  # the driver would begin by itself, deferred, and lose updates silently
    for pragma in (
        "journal_mode=wal",
        "synchronous=full",
        "foreign_keys=on",
        "recursive_triggers=on",
        "trusted_schema=off",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        f"wal_autocheckpoint={AUTOCHECKPOINT_PAGES}",
    ):
        driver.execute(f"PRAGMA {pragma}").close()


def _say(connection: Connection, word: str) -> None:
    """Said to the driver itself: an event of SQLAlchemy's for it costs each transaction as much as three statements."""
    with driver_cursor(connection, word) as cursor:
        cursor.execute(word)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """A write transaction: committed when the block ends, rolled back when it raises."""
    gate = _gates.get(engine)
    if gate is None:
        with engine.begin() as connection:
            yield connection
        return
    with gate.turn(), engine.connect() as connection, connection.begin():
        _say(connection, "BEGIN IMMEDIATE")
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view of the record, however many statements look at it; nothing written in it is kept."""
    with engine.connect() as connection:
        if engine in _gates:
            _say(connection, "BEGIN")
        else:
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection
        connection.rollback()


def checkpoint(engine: Engine) -> None:
    """Folds SQLite's write-ahead log back into the file without making any writer wait. Does nothing on PostgreSQL."""
    if engine in _gates:
        with engine.connect() as connection:
            _say(connection, "PRAGMA wal_checkpoint(PASSIVE)")


def warn_of_old_sqlite() -> None:
    if sqlite3.sqlite_version_info < WAL_FIXED_IN:
        log.info("sqlite older than 3.51.3", extra={"version": sqlite3.sqlite_version})
