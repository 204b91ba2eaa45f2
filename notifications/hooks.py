"""What has happened, posted to the addresses that accounts have set: by the outbox's own rules, and never twice at once.

Nothing is queued. A hook knows its place in the feed (`cases/feed.py`), and what comes after it is what waits; it is read for the
account as it is at that moment. What failed is tried again as it was, after the same pauses as a mail, and given up after as long: then
the hook ends, and its owner hears of it. A delivery has an id of its own, the same at each try, and is signed with its time.
"""

import hashlib
import hmac
import json
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, func, select, update

from cases.feed import Entry, Page, what_happened
from cases.office import OfficeContext
from infra.among import is_among
from infra.asking import NotAnswered, post, read_address
from infra.db import reading, transaction
from infra.settings import Settings
from infra.stopping import Stop, never
from ledger.tables import Event
from notifications.trying import LEASE, ROUND_SECONDS, backoff, tried_enough
from people.directory import person
from people.office_keys import LINKS, secret_at_hand
from people.tables import Webhook
from people.webhooks import end_hook, hook_secret
from workflow.model import TIMERS, AccountId
from workflow.spelling import as_json

log = logging.getLogger(__name__)

#: Where a delivery says which it is, when it was sent, and what vouches for it.
DELIVERY, TIMESTAMP, SIGNATURE = "Huiyin-Delivery", "Huiyin-Timestamp", "Huiyin-Signature"
#: Of a hook whose account is closed, or whose post is over.
NOBODY = "nobody"

_hook = Webhook.__table__.c  # type: ignore[attr-defined]
_event = Event.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    posted: int = 0
    failed: int = 0


def post_what_happened(
    engine: Engine, *, office: OfficeContext, settings: Settings, now: datetime, stop: Stop = never
) -> Posted:
    """One delivery after another, until nothing is waiting that is due by `now`, or the round has lasted long enough."""
    begun, posted, failed = time.monotonic(), 0, 0

    def at() -> datetime:
        return now + timedelta(seconds=int(time.monotonic() - begun))

    seen: set[int] = set()  #: a hook that has nothing more waiting is looked at once a round
    while not stop() and time.monotonic() < begun + ROUND_SECONDS:
        with transaction(engine) as connection:
            row = _claim(connection, but_not=seen, now=now, at=at())
        if row is None:
            break
        outcome = _deliver(engine, row, office=office, settings=settings, now=at())
        if not outcome.more:
            seen.add(row.id)
        with transaction(engine) as connection:
            _record(connection, row, outcome, now=at())
        posted, failed = posted + outcome.was_sent, failed + (outcome.error is not None)
    return Posted(posted=posted, failed=failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """`place` is where the hook is now; `tried_to` what a failed delivery ended at."""

    place: int
    more: bool = False
    was_sent: bool = False
    error: str | None = None
    tried_to: int | None = None


def _claim(connection: Connection, *, but_not: set[int], now: datetime, at: datetime) -> Any:
    something = _hook.place < select(func.max(_event.id)).scalar_subquery()  # else there is nothing to look at
    query = select(_hook.id).where(_hook.ended_at.is_(None), _hook.next_try_at <= now, something)
    if but_not:
        query = query.where(~is_among(_hook.id, but_not))
    found = connection.execute(
        query.order_by(_hook.next_try_at, _hook.id).limit(1).with_for_update(skip_locked=True)
    ).scalar()
    if found is None:
        return None
    leased = update(Webhook).where(_hook.id == found).values(lease=secrets.token_hex(8), next_try_at=at + LEASE)
    return connection.execute(leased.returning(*_hook)).one()


def _deliver(engine: Engine, row: Any, *, office: OfficeContext, settings: Settings, now: datetime) -> _Outcome:
    with reading(engine) as connection:
        who = person(connection, AccountId(row.account_id), post=row.post_id)
        if who is None or who.post != row.post_id:
            return _Outcome(place=row.place, error=NOBODY)
        page = what_happened(
            connection, after=row.place, actor=who.actor, now=now, short_name=office.short_name, until=row.until_place
        )
        if not page.entries:
            return _Outcome(place=page.next_place, more=page.more)
        secret = hook_secret(secret_at_hand(connection, settings.home, LINKS), row.nonce)
    content = _content(page, row)
    try:
        where = read_address(row.address, may_be_inside=settings.webhooks_inside)
        post(where, content, _headers(content, row, page, secret, now=now), may_be_inside=settings.webhooks_inside)
    except NotAnswered as error:
        log.warning("webhook not taken", extra={"hook": row.id, "reason": error.code})
        return _Outcome(place=row.place, error=error.code, tried_to=page.next_place)
    more = page.more or row.until_place is not None
    return _Outcome(place=page.next_place, more=more, was_sent=True)


def _content(page: Page, row: Any) -> bytes:
    said = {"delivery": _name(row, page), "items": [_as_json(one) for one in page.entries], "next": page.next_place}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _as_json(one: Entry) -> Mapping[str, Any]:
    return {name: as_json(value) for name, value in asdict(one).items()}


def _name(row: Any, page: Page) -> str:
    """Of a delivery: the same whenever the same is tried."""
    return hashlib.sha256(f"{row.nonce}\0{row.place}\0{page.next_place}".encode()).hexdigest()[:32]


def _headers(content: bytes, row: Any, page: Page, secret: str, *, now: datetime) -> Mapping[str, str]:
    stamp = str(int(now.timestamp()))
    signed = hmac.new(secret.encode(), f"{stamp}.".encode() + content, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json", DELIVERY: _name(row, page),
        TIMESTAMP: stamp, SIGNATURE: f"v1={signed}",
    }  # fmt: skip


def _record(connection: Connection, row: Any, outcome: _Outcome, *, now: datetime) -> None:
    """Only the holder of the lease: a slow one whose lease has run out changes nothing."""
    values: dict[str, Any] = {"lease": None, "place": outcome.place, "until_place": outcome.tried_to}
    if outcome.error is None:
        sent = {"delivered_at": now} if outcome.was_sent else {}
        values |= {"attempts": 0, "next_try_at": now, "failing_since": None, "last_error": None, **sent}
    else:
        attempts = row.attempts + 1
        values |= {
            "attempts": attempts, "next_try_at": now + backoff(attempts), "failing_since": row.failing_since or now,
            "last_error": outcome.error,
        }  # fmt: skip
    mine = (_hook.id == row.id, _hook.lease == row.lease, _hook.ended_at.is_(None))
    if not connection.execute(update(Webhook).where(*mine).values(**values)).rowcount:
        return
    since = row.failing_since or now
    if outcome.error is not None and tried_enough(since, row.attempts + 1, now=now):
        end_hook(connection, AccountId(row.account_id), row.id, actor=TIMERS, now=now)
