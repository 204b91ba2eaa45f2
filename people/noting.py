"""An event of the office, and whom it tells."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from ledger.chain import OFFICE_STREAM, NewEvent, append_to_office
from ledger.outbox import messages, post
from ledger.tables import Event
from ledger.vouching import vouched_for_office
from people.directory import active_with_role
from workflow.model import AccountId, Actor, Json, Role

LOOKED_THROUGH = 20_000
_event = Event.__table__.c  # type: ignore[attr-defined]
#: Of these only the SHA-256 enters the ledger: people leave, and what they were called leaves with their account.
COMMITTED = frozenset({"login", "name", "email", "password_hash", "totp_secret"})


def note(
    connection: Connection,
    code: str,
    *,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Json],
    key: str | None = None,
    told: Iterable[AccountId] = (),
) -> None:
    """An event of the office, and a mail to each of whom it tells."""
    people = list(dict.fromkeys(told))
    said: dict[str, Json] = {**data, "told": [*people]} if people else {**data}
    event = NewEvent(code=code, occurred_at=now, recorded_at=now, actor=actor, data=said, key=key)
    head = append_to_office(connection, event)
    post(connection, messages(OFFICE_STREAM, head.seq, recorded_at=head.at, to=people))


def last_time(connection: Connection, code: str) -> datetime | None:
    """When an event of this code was last recorded, among the newest `LOOKED_THROUGH` of the office: what lies further back was long ago."""
    newest = select(_event.seq, _event.code, _event.recorded_at).where(_event.stream == OFFICE_STREAM)
    looked = newest.order_by(_event.seq.desc()).limit(LOOKED_THROUGH).subquery().c
    found: datetime | None = connection.execute(
        select(func.max(looked.recorded_at)).where(looked.code == code)
    ).scalar()
    return found


def auditors_told(connection: Connection, actor: Actor) -> list[AccountId]:
    """The auditors hear of what a person does to accounts; of what the program does at its founding they need not."""
    return [] if actor.account is None else active_with_role(connection, Role.AUDITOR)


def rows_of_account(account: int, **values: Any) -> dict[str, Json]:
    """What an event says of an account: the columns that it has changed."""
    long = COMMITTED & {name for name, value in values.items() if value is not None}
    return {"account": {str(account): vouched_for_office(values, long=long)}}
