"""Short messages to telephones, through a gateway that the office names: number, what, when, and nothing of any dispute.

The same outbox by the same rules as the mail beside which each goes: written in the transaction that looks at the mail, claimed by a lease,
tried again after the same pauses, given up after as long, and the same id at each try, by which the gateway knows a second copy.

What the gateway is sent: `POST` of `{"id", "to", "text"}` as JSON, with `Authorization: Bearer` and the office's token; any 2xx means that it
was taken. A gateway that speaks otherwise needs a small program between.
"""

import hashlib
import json
import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from cases.office import OfficeContext
from infra.asking import NotAnswered, post, read_address
from infra.db import reading, transaction
from infra.settings import Settings
from infra.statements import insert_or
from infra.stopping import Stop, never
from ledger.tables import Event, Message, TextMessage
from notifications.compose import why_not_written, words_of
from notifications.transport import NotDelivered
from notifications.trying import LEASE, ROUND_SECONDS, backoff, tried_enough
from people.tables import Account, Telling
from words import Words

log = logging.getLogger(__name__)

_text, _message, _event = TextMessage.__table__.c, Message.__table__.c, Event.__table__.c  # type: ignore[attr-defined]
_telling, _account = Telling.__table__.c, Account.__table__.c  # type: ignore[attr-defined]
#: The account is closed, or has no number any more.
NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Texted:
    sent: int = 0
    refused: int = 0


def write_texts(connection: Connection, messages: Sequence[int], *, now: datetime) -> None:
    """One beside each of these mails, due at once. Once is as good as twice."""
    if messages:
        row = insert_or(connection, TextMessage).on_conflict_do_nothing()
        connection.execute(row, [{"message_id": one, "attempts": 0, "next_try_at": now} for one in messages])


def send_texts(
    engine: Engine, *, office: OfficeContext, settings: Settings, now: datetime, stop: Stop = never
) -> Texted:
    """One after another, until none is waiting that is due by `now`, or the round has lasted long enough."""
    begun, sent, refused = time.monotonic(), 0, 0
    if not settings.sms_url:
        return Texted()
    while not stop() and time.monotonic() < begun + ROUND_SECONDS:
        at = now + timedelta(seconds=int(time.monotonic() - begun))
        with transaction(engine) as connection:
            claimed = _claim(connection, now=now, at=at)
        if claimed is None:
            break
        error = _send(engine, claimed, office=office, settings=settings, now=at)
        with transaction(engine) as connection:
            _record(connection, claimed, error, now=at)
        sent, refused = sent + (error is None), refused + (error is not None)
    return Texted(sent=sent, refused=refused)


def _claim(connection: Connection, *, now: datetime, at: datetime) -> Any:
    waiting = select(_text.message_id).where(_text.next_try_at <= now).order_by(_text.next_try_at, _text.message_id)
    found = connection.execute(waiting.limit(1).with_for_update(skip_locked=True)).scalar()
    if found is None:
        return None
    leased = {"lease": secrets.token_hex(8), "next_try_at": at + LEASE, "attempts": _text.attempts + 1}
    return connection.execute(
        update(TextMessage).where(_text.message_id == found).values(**leased).returning(*_text)
    ).one()


def _send(
    engine: Engine, claimed: Any, *, office: OfficeContext, settings: Settings, now: datetime
) -> NotDelivered | None:
    """Why it was not taken; None if it was."""
    try:
        with reading(engine) as connection:
            said = _composed(connection, claimed.message_id, office=office, settings=settings, now=now)
    except Exception as error:  # noqa: BLE001 (the same edge as of a mail: one that cannot be written must not hold up the others)
        return why_not_written(error, claimed.message_id)
    if said is None:
        return NotDelivered(NOBODY, permanent=True)
    token = settings.sms_token.get_secret_value()
    headers = {"Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    try:
        where = read_address(settings.sms_url, may_be_inside=True)
        post(where, json.dumps(said, ensure_ascii=False).encode(), headers, may_be_inside=True)
    except NotAnswered as error:
        log.warning("short message not taken", extra={"mail": claimed.message_id, "reason": error.code})
        return NotDelivered(error.code, permanent=False)
    return None


def _composed(
    connection: Connection, message: int, *, office: OfficeContext, settings: Settings, now: datetime
) -> dict[str, str] | None:
    """What the gateway is sent; None where it is for nobody any more. Raises as the composing of a mail does."""
    query = (
        select(*_event, _message.recipient, _account.language, _telling.phone)
        .join_from(Message, Event, (_event.stream == _message.stream) & (_event.seq == _message.seq))
        .join(Account, (_account.id == _message.recipient) & _account.active.is_(True))
        .join(Telling, _telling.account_id == _account.id)
        .where(_message.id == message, _telling.phone.is_not(None))
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    said = words_of(connection, row, office, settings, _Reader(id=row.recipient, language=row.language), now)
    words = Words(row.language)
    what, due = words(f"mail.what.{said['what']}"), said["due"]
    values = {"office": office.short_name, "number": said["number"], "what": what}
    text = words("sms.due", due=due, **values) if due else words("sms.text", **values)
    return {
        "id": hashlib.sha256(f"{row.hash}\0{row.recipient}".encode()).hexdigest()[:32],
        "to": row.phone,
        "text": text,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """What composing has to know of whom it is for."""

    id: int
    language: str


def _record(connection: Connection, claimed: Any, error: NotDelivered | None, *, now: datetime) -> None:
    """Only the holder of the lease: a slow one whose lease has run out changes nothing."""
    values: dict[str, Any] = {"lease": None, "last_error": error and error.reason}
    if error is None:
        values |= {"sent_at": now, "next_try_at": None}
    elif error.permanent or tried_enough(_written_at(connection, claimed), claimed.attempts, now=now):
        values |= {"dead_at": now, "next_try_at": None}
    else:
        values |= {"next_try_at": now + backoff(claimed.attempts)}
    mine = (_text.message_id == claimed.message_id, _text.lease == claimed.lease)
    connection.execute(update(TextMessage).where(*mine).values(**values))


def _written_at(connection: Connection, claimed: Any) -> datetime:
    written: datetime = connection.execute(
        select(_message.recorded_at).where(_message.id == claimed.message_id)
    ).scalar_one()
    return written
