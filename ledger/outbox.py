"""Writes messages, in the transaction of the event they are about. Who sends them is `notifications/`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.sql import bindparam

from infra.statements import Statement
from ledger.tables import Message
from workflow.model import AccountId

_INSERT = Statement(
    insert(Message)
    .inline()
    .values(
        recorded_at=bindparam("recorded_at"),
        stream=bindparam("stream"),
        seq=bindparam("seq"),
        recipient=bindparam("recipient"),
        attempts=0,
        next_try_at=bindparam("next_try_at"),
        bundle=bindparam("bundle"),
    )
)
#: The bundle of what waits for the next morning's digest (`notifications/daily.py`).
DAILY = "daily"
_message = Message.__table__.c  # type: ignore[attr-defined]
#: The four things a message can be, and how a row says so.
KINDS = {
    "dead": _message.dead_at.is_not(None),
    "waiting": (_message.next_try_at.is_not(None) & (_message.attempts == 0))
    | ((_message.bundle == DAILY) & _message.sent_at.is_(None) & _message.dead_at.is_(None)),
    "trying": _message.next_try_at.is_not(None) & (_message.attempts > 0),
    "sent": _message.sent_at.is_not(None),
}


def messages(
    stream: int, seq: int, *, recorded_at: datetime | None, to: Iterable[AccountId], daily: bool = False
) -> list[dict[str, Any]]:
    """One message a recipient about the event of that number, of the instant at which that was recorded; due at once or
    with the next morning's digest."""
    assert recorded_at is not None, "an event is recorded at some instant"
    next_try_at, bundle = (None, DAILY) if daily else (recorded_at, None)
    return [
        {
            "recorded_at": recorded_at, "stream": stream, "seq": seq, "recipient": person, "next_try_at": next_try_at,
            "bundle": bundle,
        }
        for person in to
    ]  # fmt: skip


def post(connection: Connection, rows: list[dict[str, Any]]) -> None:
    _INSERT.run_many(connection, rows)


def counts_of(connection: Connection) -> dict[str, int]:
    """How many messages there are of each of the `KINDS`."""
    return {name: connection.execute(select(func.count()).where(test)).scalar_one() for name, test in KINDS.items()}
