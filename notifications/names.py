"""What a mail is called: the left-hand side of its Message-ID, and the name of its file.

A second copy has the name of the first, and no other mail has it, not even after a backup was restored: names follow from
the hashes of the events that a mail is about, and never from keys of the database, which a restored one gives out anew.
A message keeps its name (`bundle`) from the moment at which it is first taken up.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, String, cast, or_, select, update

from infra.among import is_among
from ledger.outbox import DAILY
from ledger.tables import Event, Message

DIGEST = "digest"
#: Hexadecimal digits of SHA-256: as many as nobody finds twice.
LENGTH = 32

_event = Event.__table__.c  # type: ignore[attr-defined]
_message = Message.__table__.c  # type: ignore[attr-defined]
#: What older programs called a mail, and did not write down.
OLD_NAME: ColumnElement[str] = (
    cast(_message.stream, String) + "." + cast(_message.seq, String) + "." + cast(_message.recipient, String)
)


def name_of(row: Message | Any) -> str | None:
    """None of a message that nobody has taken up yet."""
    if row.bundle and row.bundle != DAILY:
        return str(row.bundle)
    return f"{row.stream}.{row.seq}.{row.recipient}" if row.attempts else None


def is_digest(row: Message | Any) -> bool:
    return (row.bundle or "").partition(".")[0] in (DIGEST, DAILY)


#: The same of a row in the database.
IN_A_DIGEST = or_(_message.bundle.startswith(f"{DIGEST}."), _message.bundle.startswith(f"{DAILY}."))


def digest_name(connection: Connection, kind: str, messages: Iterable[int]) -> str:
    """What the digest of these messages to one person is called."""
    named = _hashes(connection, messages)
    return f"{kind}.{_short(str(named[0].recipient), *(row.hash for row in named))}"


def give_names(connection: Connection, messages: Iterable[int]) -> None:
    """Each of these messages has a name of its own from now on."""
    for row in _hashes(connection, messages):
        name = _short(str(row.recipient), row.hash)
        connection.execute(update(Message).where(_message.id == row.id).values(bundle=name))


def _hashes(connection: Connection, messages: Iterable[int]) -> Sequence[Any]:
    about = (_event.stream == _message.stream) & (_event.seq == _message.seq)
    query = select(_message.id, _message.recipient, _event.hash).join_from(Message, Event, about)
    return connection.execute(query.where(is_among(_message.id, messages)).order_by(_message.id)).all()


def _short(*what: str) -> str:
    return hashlib.sha256("\n".join(what).encode()).hexdigest()[:LENGTH]
