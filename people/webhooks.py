"""Webhooks: addresses that are told what has happened in the matters that an account may see (docs/decisions/0037).

A hook is of an account and of the post that it was set in, like a token, and ends with these. The secret that its deliveries are
signed with follows from a secret of the office and a number of its own: it is shown once and kept nowhere. What is sent, and how
often it is tried, is in `notifications/hooks.py`.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from ledger.vouching import vouched_for_office
from people.directory import Person
from people.noting import auditors_told, note
from people.tables import Webhook
from workflow.model import AccountId, Actor, Json

MOST_HOOKS = 5
LONGEST_ADDRESS = 500
MARK = "huiyin_hook_"

_hook = Webhook.__table__.c  # type: ignore[attr-defined]


class TooManyHooks(Exception):
    """The account has as many as there may be. End one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """A hook that has not ended, and how its deliveries went. `last_error` is a code of the last try, if that failed."""

    id: int
    address: str
    created_at: datetime
    delivered_at: datetime | None
    failing_since: datetime | None
    last_error: str | None


def hook_secret(key: bytes, nonce: str) -> str:
    """What deliveries are signed with."""
    return MARK + hmac.new(key, b"webhook\0" + nonce.encode(), hashlib.sha256).hexdigest()


def set_hook(
    connection: Connection, who: Person, address: str, *, key: bytes, place: int, now: datetime, request: str
) -> str:
    """The address is told what comes after `place`, as far as this person may see it; returns the secret. The form that is sent
    twice sets one. Raises `TooManyHooks`."""
    nonce = hashlib.sha256(b"webhook\0" + request.encode()).hexdigest()[:32]
    if connection.execute(select(_hook.id).where(_hook.nonce == nonce)).first() is not None:
        return hook_secret(key, nonce)
    if len(hooks_of(connection, who.id)) >= MOST_HOOKS:
        raise TooManyHooks
    row: dict[str, Any] = {
        "account_id": who.id, "post_id": who.post, "address": address, "nonce": nonce, "created_at": now,
        "ended_at": None, "ended_by": None,
    }  # fmt: skip
    state = {"place": place, "attempts": 0, "next_try_at": now}
    made = connection.execute(insert(Webhook).values(**row, **state).returning(_hook.id)).scalar_one()
    wrote: dict[str, Json] = {"webhook": {str(made): vouched_for_office(row, long=frozenset({"address"}))}}
    data: dict[str, Json] = {"account": who.id, "hook": made, "wrote": wrote}
    told = (who.id, *auditors_told(connection, who.actor))
    note(connection, "webhook:set", actor=who.actor, now=now, data=data, told=told)
    return hook_secret(key, nonce)


def hooks_of(connection: Connection, account: AccountId) -> Sequence[Hook]:
    """Those that have not ended, the newest first."""
    columns = (_hook.id, _hook.address, _hook.created_at, _hook.delivered_at, _hook.failing_since, _hook.last_error)
    query = select(*columns).where(_hook.account_id == account, _hook.ended_at.is_(None))
    return [
        Hook(
            id=row.id, address=row.address, created_at=row.created_at, delivered_at=row.delivered_at,
            failing_since=row.failing_since, last_error=row.last_error,
        )
        for row in connection.execute(query.order_by(_hook.id.desc()))
    ]  # fmt: skip


def end_hook(connection: Connection, account: AccountId, hook: int, *, actor: Actor, now: datetime) -> None:
    """Ends one of the account's hooks; somebody else's is none of them. Once is as good as twice."""
    _end(connection, account, _hook.id == hook, actor=actor, now=now)


def end_hooks_of(connection: Connection, account: AccountId, *, actor: Actor, now: datetime) -> int:
    return _end(connection, account, actor=actor, now=now)


def _end(connection: Connection, account: AccountId, *which: Any, actor: Actor, now: datetime) -> int:
    """Nothing is sent any more. The owner and the auditors hear of it if it was not the owner."""
    row = {"ended_at": now, "ended_by": actor.account}
    ending = update(Webhook).where(_hook.account_id == account, _hook.ended_at.is_(None), *which)
    gone = sorted(connection.execute(ending.values(**row, next_try_at=None).returning(_hook.id)).scalars())
    if gone:
        wrote: dict[str, Json] = {"webhook": {str(one): vouched_for_office(row) for one in gone}}
        told = () if actor.account == account else (account, *auditors_told(connection, actor))
        note(connection, "webhook:ended", actor=actor, now=now, data={"account": account, "wrote": wrote}, told=told)
    return len(gone)
