"""An event of the office, and whom it tells."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ledger.chain import OFFICE_STREAM, NewEvent, append_to_office
from ledger.outbox import messages, post
from ledger.vouching import vouched_for_office
from people.directory import active_with_role
from workflow.model import AccountId, Actor, Json, Role

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


def auditors_told(connection: Connection, actor: Actor) -> list[AccountId]:
    """The auditors hear of what a person does to accounts; of what the program does at its founding they need not."""
    return [] if actor.account is None else active_with_role(connection, Role.AUDITOR)


def rows_of_account(account: int, **values: Any) -> dict[str, Json]:
    """What an event says of an account: the columns that it has changed."""
    long = COMMITTED & {name for name, value in values.items() if value is not None}
    return {"account": {str(account): vouched_for_office(values, long=long)}}
