"""Engines and transactions. Only `transaction()` commits, anywhere in the program.

SQLite runs in WAL with `synchronous=FULL`: a commit is evidence and survives a power cut. Writers say BEGIN IMMEDIATE
behind the fair gate of `gate.py`; the write-ahead log is folded back by `checkpoint()`, a recurring job, and not by
whichever writer happens to fill it. `docs/decisions/0005-sqlite-writers.md` says why.

Every wait has a limit, after which nothing was written (`docs/decisions/0023-waits.md`). `cannot_write_now` tells these
errors from others.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionInTime

from infra.authorizer import guard
from infra.gate import WriteGate
from infra.line import PATIENCE_SECONDS, Line, WaitedTooLong
from infra.settings import Settings
from infra.statements import driver_cursor

log = logging.getLogger(__name__)

#: SQLite before this version can corrupt a WAL file in a rare race of two checkpoints; one line at start-up says so.
WAL_FIXED_IN = (3, 51, 3)
#: Pages in the log before a writer folds it back itself, in case no job runs (64 MiB).
AUTOCHECKPOINT_PAGES = 16384
#: How long a writer waits for the file itself, which only programs that do not pass the gate can hold.
BUSY_TIMEOUT_MS = 2_000
#: Connections of one process: of the pages' forty threads most are busy without one. Half of them are kept open.
CONNECTIONS = 40
#: Somebody else is writing, or the database cannot be reached or written to.
CANNOT_WRITE_NOW = (WaitedTooLong, OperationalError, NoConnectionInTime)
POOL_SECONDS = 3.0  #: for a connection, when as many as the pool gives are in use
#: Of a PostgreSQL role's every connection. A transaction that does nothing for a minute is that of a process that was
#: stopped, and holds what others wait for; the network is given up when nobody has answered for twenty seconds.
LIMITS_MS = {"lock_timeout": 3_000, "statement_timeout": 60_000, "idle_in_transaction_session_timeout": 60_000}
OWNERS_LIMITS_MS = {"lock_timeout": 60_000, "statement_timeout": 0}  #: 0: none
#: Of tables that it has not counted yet the server thinks too much, and compiles a statement for longer than it runs.
NO_COMPILING = {"jit": "off"}
NETWORK = {
    "connect_timeout": 5, "tcp_user_timeout": 20_000, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2,
}  # fmt: skip
AT_ONCE_MS = 50  #: of waiting for nobody: PostgreSQL takes nothing for no limit
#: So many of a process write to PostgreSQL at once: fewer than its threads and connections, which also serve readers.
WRITERS = 12

#: Under which name a connection keeps which of its cursors are open.
STREAMS = "streams"

_gates: WeakKeyDictionary[Engine, WriteGate] = WeakKeyDictionary()
_lines: WeakKeyDictionary[Engine, Line] = WeakKeyDictionary()


def open_engine(url: str, *, owner: bool = False, connections: int = CONNECTIONS) -> Engine:
    """An engine for `url`, set up so that a transaction means the same on both databases. Its errors never carry values:
    what people said has no place in a log. Only the `owner` may change the schema; on PostgreSQL that is for the role
    in the URL to decide, on SQLite every other connection is guarded by `authorizer.py`. No more than so many `connections`
    are open at once."""
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url, owner=owner, connections=connections)
    return _postgresql(make_url(url), owner=owner, connections=connections)


def engine_of(settings: Settings) -> Engine:
    """The office's own database."""
    return open_engine(settings.database_url(), connections=settings.connections)


def _pool(connections: int) -> dict[str, Any]:
    kept = connections // 2
    return {"pool_size": kept, "max_overflow": connections - kept, "pool_timeout": POOL_SECONDS}


def _postgresql(url: URL, *, owner: bool, connections: int) -> Engine:
    """What the URL itself sets holds. Its owner changes whole tables, and no page waits for that."""
    limits = {**LIMITS_MS, **OWNERS_LIMITS_MS} if owner else LIMITS_MS
    settings = {**limits, **NO_COMPILING}
    options = " ".join([*(f"-c {name}={value}" for name, value in settings.items()), str(url.query.get("options", ""))])
    network = {name: value for name, value in NETWORK.items() if name not in url.query}
    engine = create_engine(
        url, **_pool(connections), pool_pre_ping=True, isolation_level="READ COMMITTED", hide_parameters=True,
        connect_args={**network, "options": options},
    )  # fmt: skip
    _lines[engine] = Line(inside=min(WRITERS, connections // 2))
    return engine


def make_file(engine: Engine) -> None:
    """The file of an SQLite database, if it is not there: nothing else makes one. Does nothing on PostgreSQL."""
    if path := sqlite_file(engine.url):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)


def sqlite_file(url: URL) -> Path | None:
    """Where the database is; None for one that a server has."""
    if url.get_backend_name() != "sqlite":
        return None
    assert url.database, "an SQLite database is a file"
    return Path(url.database)


def _sqlite(url: str, *, owner: bool, connections: int) -> Engine:
    path = sqlite_file(make_url(url))
    assert path
    address = f"{path.absolute().as_uri()}?mode=rw"  # SQLite alone would make a file where there is none
    engine = create_engine(
        url, **_pool(connections), connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, hide_parameters=True,
    )  # fmt: skip
    event.listen(engine, "do_connect", lambda _dialect, _record, given, options: _call(given, options, address))
    event.listen(engine, "connect", _prepare)
    if not owner:
        event.listen(engine, "connect", lambda driver, _record: guard(driver))
    _gates[engine] = WriteGate(path)
    return engine


def _call(given: list[Any], options: dict[str, Any], address: str) -> None:
    """By its address, where the driver would have been given its name."""
    given[:] = [address]
    options["uri"] = True


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
    """A write transaction: committed when the block ends, rolled back when it raises. Raises `WaitedTooLong`."""
    with _turn(engine, patience_seconds=PATIENCE_SECONDS), engine.connect() as connection, connection.begin():
        if engine in _gates:
            _begin(connection)
        try:
            yield connection
        except BaseException:
            _drop_if_streaming(connection)
            raise


def written_at_once(engine: Engine, write: Callable[[Connection], object]) -> bool:
    """Whether it was written; it was not, and nobody has waited, while somebody else is writing or nobody can."""
    try:
        with _turn(engine, patience_seconds=0), engine.connect() as connection, _waiting_for_nobody(connection):
            write(connection)
    except Exception as error:
        if not cannot_write_now(error):
            raise
        return False
    return True


def cannot_write_now(error: BaseException) -> bool:
    """Whether it may be tried again: it is one of `CANNOT_WRITE_NOW`."""
    return isinstance(error, CANNOT_WRITE_NOW)


def _turn(engine: Engine, *, patience_seconds: float) -> AbstractContextManager[None]:
    gate = _gates.get(engine)
    if gate is not None:
        return gate.turn(patience_seconds=patience_seconds)
    return _lines[engine].turn(patience_seconds=patience_seconds)


def _begin(connection: Connection) -> None:
    """Raises `WaitedTooLong` while a program that did not pass the gate holds the file."""
    try:
        _say(connection, "BEGIN IMMEDIATE")
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            raise WaitedTooLong from error
        raise


@contextmanager
def _waiting_for_nobody(connection: Connection) -> Iterator[None]:
    """A transaction in which no lock is waited for."""
    with connection.begin():
        if connection.dialect.name == "postgresql":
            _say(connection, f"SET LOCAL lock_timeout = {AT_ONCE_MS}")
            yield
            return
        _say(connection, "PRAGMA busy_timeout = 0")
        try:
            _begin(connection)
            yield
        finally:
            _say(connection, f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view of the record, however many statements look at it; nothing written in it is kept."""
    with engine.connect() as connection:
        if engine in _gates:
            _say(connection, "BEGIN")
        else:
            connection.execution_options(isolation_level="REPEATABLE READ")
        try:
            yield connection
        finally:
            _drop_if_streaming(connection)
        connection.rollback()


@contextmanager
def streaming(connection: Connection, query: Any) -> Iterator[Any]:
    """Rows that come a page at a time, from a cursor of the server. Whatever breaks off while they come may keep that cursor alive
    for long, and it would be closed on a connection that somebody else has by then, whose transaction that would end."""
    held, mine = connection.info, object()
    held.setdefault(STREAMS, set()).add(mine)
    try:
        with connection.execute(query) as rows:
            yield rows
    finally:
        held.get(STREAMS, set()).discard(mine)  # gone with a connection that was dropped


def _drop_if_streaming(connection: Connection) -> None:
    """Nobody gets a connection again on which a cursor may still be open."""
    if connection.dialect.name == "postgresql" and not connection.closed and connection.info.get(STREAMS):
        connection.invalidate()


def checkpoint(engine: Engine) -> None:
    """Folds SQLite's write-ahead log back into the file without making any writer wait. Does nothing on PostgreSQL."""
    if engine in _gates:
        with engine.connect() as connection:
            _say(connection, "PRAGMA wal_checkpoint(PASSIVE)")


def fold_up(engine: Engine) -> None:
    """All of an SQLite database that nobody else has open into its one file. Does nothing on PostgreSQL."""
    if engine in _gates:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            _say(connection, "PRAGMA wal_checkpoint(TRUNCATE)")


def warn_of_old_sqlite() -> None:
    if sqlite3.sqlite_version_info < WAL_FIXED_IN:
        log.info("sqlite older than 3.51.3", extra={"version": sqlite3.sqlite_version})
