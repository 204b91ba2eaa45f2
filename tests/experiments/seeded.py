"""Programs with a seeded defect. An experiment that finds nothing in one of these proves nothing of the real one."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, update

import cases.crossings
import infra.db
import notifications.compose
import notifications.deliver
from ledger.tables import Message
from tests.experiments.chance import chance

#: Long enough to be killed in.
A_MOMENT = 0.02


def acknowledge_before_commit() -> None:
    """The answer goes out from inside the transaction (`processes.Writer` asks for this by name)."""


def commit_is_lost() -> None:
    """One transaction in fifty looks committed and is not."""
    honest, rng = infra.db.transaction, chance(os.getpid())

    @contextmanager
    def forgetful(engine: Engine) -> Iterator[Connection]:
        with honest(engine) as connection:
            yield connection
            if rng.random() < 1 / 50:
                connection.connection.driver_connection.rollback()  # type: ignore[union-attr]  # an open connection

    _replace_everywhere(honest, forgetful)


def crossings_have_no_key() -> None:
    """A crossing is looked up before it is written and nothing in the database forbids it twice; every tenth time the
    sweep forgets to note what it has recorded."""
    event, after, rng = cases.crossings._event, cases.crossings._after, chance(os.getpid())

    def keyless(*args: Any, **named: Any) -> Any:
        made = event(*args, **named)
        return type(made)(**{name: getattr(made, name) for name in made.__dataclass_fields__ if name != "key"})

    def forgetful(clock: Any, now: Any) -> dict[str, Any]:
        row = after(clock, now)
        return row if rng.random() > 0.1 else {**row, "crossed_until": clock.crossed_until, "next_crossing_at": now}

    cases.crossings._event = keyless  # type: ignore[assignment]  # takes whatever the honest one takes
    cases.crossings._after = forgetful


def mails_are_marked_before_they_are_sent() -> None:
    """Marked as sent when they are claimed, and sent a moment later."""
    claim = notifications.deliver._claim

    def marking(connection: Connection, lease: str, *, now: Any) -> Any:
        rows = claim(connection, lease, now=now)
        ids = [row.id for row in rows]
        table = Message.__table__.c  # type: ignore[attr-defined]
        connection.execute(update(Message).where(table.id.in_(ids)).values(sent_at=now, next_try_at=None))
        return rows

    notifications.deliver._claim = marking


def each_attempt_has_its_own_message_id() -> None:
    honest = notifications.compose.message_id
    notifications.compose.message_id = lambda row, domain: honest(row, f"{row.attempts}.{domain}")


def state_and_event_are_written_apart() -> None:
    """The event goes into a transaction of its own, after that of the state."""
    import ledger.chain

    append = ledger.chain.append

    def later(connection: Connection, stream: int, head: Any, event: Any) -> Any:
        if event.data["version"] > 1:
            driver: Any = connection.connection.driver_connection
            driver.commit()
            time.sleep(A_MOMENT)
            if connection.dialect.name == "sqlite":  # PostgreSQL's driver begins by itself
                driver.execute("BEGIN IMMEDIATE").close()
        return append(connection, stream, head, event)

    ledger.chain.append = later


DEFECTS: dict[str, Callable[[], None]] = {
    made.__name__: made
    for made in (
        acknowledge_before_commit,
        commit_is_lost,
        state_and_event_are_written_apart,
        crossings_have_no_key,
        mails_are_marked_before_they_are_sent,
        each_attempt_has_its_own_message_id,
    )
}


def _replace_everywhere(honest: Any, other: Any) -> None:
    """In every module that has imported it by name."""
    for module in list(sys.modules.values()):
        for name, value in list(vars(module).items()):
            if value is honest:
                setattr(module, name, other)
