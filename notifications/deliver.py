"""Delivery: claim, send with no transaction open, record. At least once; one Message-ID a message; never silent.

A claim is a lease: if the process dies between sending and recording, the message is free again after the lease and
goes out a second time under the same Message-ID. Failures back off up to an hour and end as dead letters after three
days, which a person is shown.
"""

import logging
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, case, exists, func, select, update

from cases.anchors import EVENT as ANCHOR
from cases.office import OfficeContext
from infra.addresses import address_on_the_wire, domain_on_the_wire
from infra.among import is_among
from infra.db import reading, transaction
from infra.settings import Settings
from infra.stopping import Stop, never
from ledger.chain import OFFICE_STREAM
from ledger.tables import Event, Message
from notifications.compose import Composed, Letter, compose
from notifications.forwarding import ACCOUNT_CLOSED, forward
from notifications.holding_back import hold_back
from notifications.names import DIGEST, IN_A_DIGEST, OLD_NAME, digest_name, give_names
from notifications.transport import NotDelivered, Transport, open_transport
from notifications.trying import LEASE, ROUND_SECONDS, backoff, tried_enough

log = logging.getLogger(__name__)

BATCH = 10
#: So many mails waiting for one person at once are a storm, and go out as one digest of at most so many lines.
STORM, LINES = 10, 200
_event = Event.__table__.c  # type: ignore[attr-defined]
_message = Message.__table__.c  # type: ignore[attr-defined]
_IS_ANCHOR = exists().where(
    _event.stream == _message.stream,
    _event.seq == _message.seq,
    _message.stream == OFFICE_STREAM,
    _event.code == ANCHOR,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    sent: int = 0
    deferred: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    message: int
    error: NotDelivered | None
    begun: bool = True


def deliver(
    engine: Engine, *, office: OfficeContext, settings: Settings, now: datetime, stop: Stop = never
) -> Delivered:
    """Sends what is waiting and due by `now`, in batches, until nothing is, the round has lasted long enough, or it is told to
    stop: then it ends after the mail in hand. Raises `AddressIsWrong` for the office's own address or domain, before any mail
    is touched."""
    total, begun = Delivered(), time.monotonic()

    def over() -> bool:
        return stop() or time.monotonic() >= begun + ROUND_SECONDS

    def at() -> datetime:
        """The second that it is now: a round lasts, and a lease counts from when it is taken."""
        return now + timedelta(seconds=int(time.monotonic() - begun))

    address_on_the_wire(settings.mail_from)
    domain_on_the_wire(settings.mail_domain)
    with transaction(engine) as connection:
        forward(connection, now=now)
        hold_back(connection, office.policy.calendar, now=now)
        gather_storms(connection, now=now)
    with open_transport(settings) as transport:
        while not over():
            lease = secrets.token_hex(8)
            with transaction(engine) as connection:
                claimed = _claim(connection, lease, now=now, at=at())
            if not claimed:
                break
            with reading(engine) as connection:
                composed = compose(connection, claimed, office=office, settings=settings, now=now)
            results = [result for letter in composed.letters for result in _send(transport, letter, over)]
            results += _without_letter(claimed, composed)
            with transaction(engine) as connection:
                done = _record(connection, claimed, results, lease, now=at())
            total = Delivered(
                sent=total.sent + done.sent, deferred=total.deferred + done.deferred, dead=total.dead + done.dead
            )
            if not all(result.begun for result in results):
                break
    return total


def gather_storms(connection: Connection, *, now: datetime) -> None:
    """Puts what waits for one person into a digest, if it is many mails that nobody has tried to send yet. A message
    stays in its digest for good, so that a second copy is recognised as one. An anchor is a file to be kept: it goes
    out by itself."""
    fresh = (_message.next_try_at <= now) & (_message.attempts == 0) & _message.bundle.is_(None) & ~_IS_ANCHOR
    storms = select(_message.recipient).where(fresh).group_by(_message.recipient).having(func.count() >= STORM)
    for recipient in connection.execute(storms).scalars().all():
        lines = select(_message.id).where(fresh, _message.recipient == recipient).order_by(_message.id)
        ids = connection.execute(lines.with_for_update(skip_locked=True)).scalars().all()
        for first in range(0, len(ids), LINES):
            some = ids[first : first + LINES]
            if len(some) >= STORM:
                bundle = digest_name(connection, DIGEST, some)
                connection.execute(update(Message).where(is_among(_message.id, some)).values(bundle=bundle))


def _claim(connection: Connection, lease: str, *, now: datetime, at: datetime | None = None) -> Sequence[Any]:
    """The next mails that were due by `now`, a digest always whole, leased from `at` on, a moment later. Each has its name
    before anybody tries to send it."""
    due = _message.next_try_at <= now
    first = connection.execute(
        select(_message.id, _message.bundle, _message.attempts)
        .where(due)
        .order_by(_message.next_try_at, _message.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    alone = {row.id for row in first if not row.bundle}
    ids = alone | _whole_digests(connection, {row.bundle for row in first if row.bundle}, now=now)
    if not ids:
        return []
    give_names(connection, [row.id for row in first if row.bundle is None and row.attempts == 0])
    claimed = connection.execute(
        update(Message)
        .where(is_among(_message.id, ids))
        .values(lease=lease, next_try_at=(at or now) + LEASE, attempts=_message.attempts + 1)
        .returning(
            _message.id, _message.stream, _message.seq, _message.recipient, _message.attempts, _message.recorded_at,
            _message.bundle,
        )
    ).all()  # fmt: skip
    return sorted(claimed, key=lambda row: row.id)  # a second copy of a digest has its lines in the same order


def _whole_digests(connection: Connection, bundles: set[str], *, now: datetime) -> set[int]:
    """The lines of these digests. One of which somebody else has taken hold of a line, or of which a line is due after this
    round began, because it was gathered since, is left for the next time: both halves would have one Message-ID, and a mail
    server throws the second away."""
    if not bundles:
        return set()
    lines = _message.next_try_at.is_not(None) & _message.bundle.in_(bundles)
    due = select(_message.id, _message.bundle).where(lines, _message.next_try_at <= now)
    mine = connection.execute(due.with_for_update(skip_locked=True)).all()
    all_of = Counter(connection.execute(select(_message.bundle).where(lines)).scalars())
    whole = {bundle for bundle, n in Counter(row.bundle for row in mine).items() if n == all_of[bundle]}
    return {row.id for row in mine if row.bundle in whole}


def _send(transport: Transport, letter: Letter, over: Stop) -> list[_Result]:
    """What came of a letter, for each message that is in it."""
    if over():
        return [_Result(message=message, error=None, begun=False) for message in letter.messages]
    failed: NotDelivered | None = None
    try:
        transport.send(letter.mail, to=letter.to)
    except NotDelivered as error:
        log.warning("mail not delivered", extra={"mail": letter.messages[0], "reason": error.reason})
        failed = error
    return [_Result(message=message, error=failed) for message in letter.messages]


def _without_letter(claimed: Sequence[Any], composed: Composed) -> list[_Result]:
    """What cannot be written, or not now (`Composed.unwritten`). What is for an account that nobody answers for waits as a
    refused mail does: somebody may still be given the post."""
    written = {message for letter in composed.letters for message in letter.messages}
    closed = NotDelivered(ACCOUNT_CLOSED, permanent=False)
    why = composed.unwritten
    return [_Result(message=row.id, error=why.get(row.id, closed)) for row in claimed if row.id not in written]


def _record(
    connection: Connection, claimed: Sequence[Any], results: list[_Result], lease: str, *, now: datetime
) -> Delivered:
    rows = {row.id: row for row in claimed}
    sent = deferred = dead = 0
    for result in results:
        row = rows[result.message]
        values: dict[str, Any] = {"lease": None}
        if not result.begun:
            deferred += 1
            values |= {"next_try_at": now, "attempts": row.attempts - 1}
        elif result.error is None:
            sent += 1
            values |= {"sent_at": now, "next_try_at": None, "last_error": None}
        elif result.error.permanent or tried_enough(row.recorded_at, row.attempts, now=now):
            dead += 1
            values |= {"dead_at": now, "next_try_at": None, "last_error": result.error.reason}
        else:
            deferred += 1
            values |= {"next_try_at": now + backoff(row.attempts), "last_error": result.error.reason}
        # Only the holder of the lease may record: a slow sender whose lease has run out changes nothing.
        connection.execute(update(Message).where(_message.id == row.id, _message.lease == lease).values(**values))
    return Delivered(sent=sent, deferred=deferred, dead=dead)


def send_again(connection: Connection, message: int, *, now: datetime) -> None:
    """Takes a dead letter up again, as new, at a person's word; by itself and under its own name, if it was in a digest."""
    name = case((IN_A_DIGEST, None), else_=func.coalesce(_message.bundle, OLD_NAME))
    connection.execute(
        update(Message)
        .where(_message.id == message, _message.dead_at.is_not(None))
        .values(dead_at=None, next_try_at=now, attempts=0, bundle=name)
    )
