"""Anchors: signed, chained lists of the chain heads that moved, for people outside to keep.

Whoever owns the database can forge a whole chain; nobody can change a list that two auditors hold. An anchor is plain
text in the shape of a signed note (C2SP): what it says, one line `stream seq hash` for each stream that moved since the
anchor before it, a checksum, a blank line, the signature. `docs/decisions/0014-anchors.md` says why it is so;
`verify/anchors.py` compares a record with the anchors somebody kept.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.sql import bindparam

from cases.assessment_tables import Anchor, AnchoredHead
from cases.crossings import CROSSED
from cases.office import OfficeContext
from cases.tables import Series
from cases.visibility import case, visible_cases
from infra.db import transaction
from infra.signing import KEY_ID_BYTES, SigningKey, key_id
from infra.statements import Statement
from ledger.chain import OFFICE_STREAM, NewEvent, append_to_office, lock_head
from ledger.outbox import messages, post
from ledger.tables import Event, StreamHead
from ledger.vouching import vouched_for_office
from people.directory import active_with_role
from people.office_keys import pin_beginning
from workflow.model import TIMERS, Role
from workflow.spelling import stamp

ORIGIN = "huiyin anchor 1"
NONE_BEFORE = "-"
EVENT = "anchor:made"
#: Heads in one anchor, so that it stays a mail that every server takes (800 kB) and holds the write gate for a tenth of a
#: second. What is left over goes into the next one, made at once.
AT_MOST = 10_000
#: A red light is in an anchor within the hour; those that follow it wait for each other, so that auditors are not
#: flooded. The job runs every ten minutes.
A_RED_WAITS = timedelta(minutes=45)
#: Two people must keep the anchors, for one alone could be leant on.
WANTED_AUDITORS = 2
#: What stands above the heads of an anchor is shorter than this.
OPENING = 2000

_anchor = Anchor.__table__.c  # type: ignore[attr-defined]
_anchored = AnchoredHead.__table__.c  # type: ignore[attr-defined]
_event = Event.__table__.c  # type: ignore[attr-defined]
_head = StreamHead.__table__.c  # type: ignore[attr-defined]
_series = Series.__table__.c  # type: ignore[attr-defined]
_MOVED = Statement(
    select(_head.stream, _head.seq, _head.hash, _head.anchored)
    .where(_head.anchored < _head.seq)
    .order_by(_head.stream)
    .limit(bindparam("at_most"))
    .with_for_update()
)
_NAMED = Statement(insert(AnchoredHead).values(stream=bindparam("stream"), anchor=bindparam("anchor")))
_ANCHORED = Statement(
    update(StreamHead).where(_head.stream == bindparam("key_stream")).values(anchored=bindparam("anchored"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorLine:
    """An anchor as a list shows it."""

    number: int
    made_at: datetime
    cases: int
    heads: int


class _Moved(NamedTuple):
    """A head that no anchor holds yet, and the seq that the last one holds."""

    stream: int
    seq: int
    hash: str
    anchored: int


def is_due(connection: Connection, office: OfficeContext, *, now: datetime) -> bool:
    """The office-local day of the last anchor is over, or a red light is in none and the last is old enough."""
    last = connection.execute(select(_anchor.made_at).order_by(_anchor.number.desc()).limit(1)).scalar()
    if last is None:
        return True
    calendar = office.policy.calendar
    if calendar.local_day(now) > calendar.local_day(last):
        return True
    return now - last >= A_RED_WAITS and _red_is_unanchored(connection)


def pin_key_of_last_anchor(connection: Connection, *, now: datetime) -> None:
    """Of an office that an older program founded: the key that has signed stays its key."""
    last = connection.execute(select(_anchor.content).order_by(_anchor.number.desc()).limit(1)).scalar()
    if last:
        pin_beginning(connection, _signed_by(last), now=now)


def make_anchors(engine: Engine, *, office: OfficeContext, key: SigningKey, now: datetime) -> tuple[int, ...]:
    """Anchors everything that moved, each anchor in a transaction of its own, and returns their numbers."""
    made: list[int] = []
    while True:
        with transaction(engine) as connection:
            number = make_anchor(connection, office=office, key=key, now=now)
        if number is None:
            return tuple(made)
        made.append(number)


def make_anchor(
    connection: Connection, *, office: OfficeContext, key: SigningKey, now: datetime, at_most: int = AT_MOST
) -> int | None:
    """Writes the next anchor, its event and a message to each auditor, in the caller's transaction; None if nothing has
    moved since the last one. Its heads stay locked until the transaction ends, so that what is signed is committed.

    Calling it until it returns None anchors everything. The office's own stream enters as it stood before this event.
    """
    lock_head(connection, OFFICE_STREAM)  # first of all: two makers wait for each other, and heads are locked upwards
    last = connection.execute(select(_anchor.number, _anchor.content).order_by(_anchor.number.desc()).limit(1)).first()
    moved = _lock_moved(connection, at_most)
    if not moved or (last and _only_its_own_event(moved)):
        return None
    number = last.number + 1 if last else 1
    text = _text(connection, number, last.content if last else None, moved, office, now)
    row: dict[str, Any] = {"number": number, "made_at": now, "content": signed(text, office.short_name, key)}
    connection.execute(insert(Anchor).values(**row))
    _NAMED.run_many(connection, [{"stream": head.stream, "anchor": number} for head in moved])
    _ANCHORED.run_many(connection, [{"key_stream": head.stream, "anchored": head.seq} for head in moved])
    vouched = vouched_for_office(row, long=frozenset({"content"}))
    auditors = active_with_role(connection, Role.AUDITOR)
    event = NewEvent(
        code=EVENT,
        occurred_at=now,
        recorded_at=now,
        actor=TIMERS,
        data={
            "number": number,
            "heads": len(moved),
            "wrote": {"anchor": {str(number): vouched}},
            "told": list(auditors),
        },
        key=f"anchor:{number}",
    )
    head = append_to_office(connection, event)
    post(connection, messages(OFFICE_STREAM, head.seq, recorded_at=head.at, to=auditors))
    return number


def signed(text: str, name: str, key: SigningKey) -> str:
    """A signed note: the text, a blank line, and `— name base64` of the key's id and the signature over the text."""
    signature = bytes.fromhex(key_id(key.public)) + key.sign(text.encode())
    return f"{text}\n— {signer(name)} {base64.b64encode(signature).decode()}\n"


def signer(name: str) -> str:
    """The name on a signature line has no spaces and no plus sign."""
    return re.sub(r"[\s+]+", "-", name)


def _signed_by(content: str) -> str:
    """The id of the key under an anchor."""
    _, _, signature = content.rstrip("\n").rpartition(" ")
    return base64.b64decode(signature)[:KEY_ID_BYTES].hex()


# -- reading ----------------------------------------------------------------------------------------------------------


def list_anchors(connection: Connection, *, at_most: int = 400) -> list[AnchorLine]:
    """The newest anchors, newest first."""
    rows = connection.execute(
        select(_anchor.number, _anchor.made_at, func.substr(_anchor.content, 1, OPENING).label("opening"))
        .order_by(_anchor.number.desc())
        .limit(at_most)
    )
    return [
        AnchorLine(
            number=row.number,
            made_at=row.made_at,
            cases=_figure(row.opening, "cases"),
            heads=_figure(row.opening, "heads"),
        )
        for row in rows
    ]


def anchor_text(connection: Connection, number: int) -> str | None:
    found: str | None = connection.execute(select(_anchor.content).where(_anchor.number == number)).scalar()
    return found


def anchors_naming(connection: Connection, stream: int) -> list[tuple[int, str]]:
    """Every anchor that has a line of this stream, by number, and the newest anchor of all."""
    newest = select(func.max(_anchor.number)).scalar_subquery()
    naming = select(_anchored.anchor).where(_anchored.stream == stream)
    query = select(_anchor.number, _anchor.content).where(_anchor.number.in_(naming) | (_anchor.number == newest))
    return [(row.number, row.content) for row in connection.execute(query.order_by(_anchor.number))]


def file_name(number: int) -> str:
    """What the file of an anchor is called, in a mail and as a download."""
    return f"anchor-{number}.txt"


# -- what an anchor says ----------------------------------------------------------------------------------------------


def _lock_moved(connection: Connection, at_most: int) -> list[_Moved]:
    """The heads that no anchor holds yet, locked in ascending order as the sweep locks them."""
    return [_Moved(*row) for row in _MOVED.rows(connection, at_most=at_most)]


def _only_its_own_event(moved: list[_Moved]) -> bool:
    """Each anchor moves the office's stream by one event; that alone is no reason for another one."""
    return len(moved) == 1 and moved[0].stream == OFFICE_STREAM and moved[0].seq == moved[0].anchored + 1


def _text(
    connection: Connection, number: int, before: str | None, moved: list[_Moved], office: OfficeContext, now: datetime
) -> str:
    cases = connection.execute(visible_cases(TIMERS, func.count(case.id))).scalar_one()
    series = connection.execute(select(_series.series, _series.year, _series.last).order_by(*_series)).all()
    lines = [
        ORIGIN,
        f"office {' '.join(office.short_name.split())}",
        f"number {number}",
        f"made {stamp(now)}",
        f"previous {hashlib.sha256(before.encode()).hexdigest() if before else NONE_BEFORE}",
        f"cases {cases}",
        f"heads {len(moved)}",
        *(f"series {row.year} {row.last} {' '.join(row.series.split())}" for row in series),
        *(f"{head.stream} {head.seq} {head.hash}" for head in moved),
    ]
    body = "".join(f"{line}\n" for line in lines)
    return f"{body}sha256 {hashlib.sha256(body.encode()).hexdigest()}\n"


def _figure(opening: str, name: str) -> int:
    found = re.search(rf"^{name} (\d+)$", opening, re.MULTILINE)
    return int(found[1]) if found else 0


def _red_is_unanchored(connection: Connection) -> bool:
    query = (
        select(_event.seq)
        .join_from(StreamHead, Event, _event.stream == _head.stream)
        .where(
            _head.anchored < _head.seq,
            _event.seq > _head.anchored,
            _event.code == CROSSED,
            _event.data.contains('"light":"red"'),
        )
    )
    return connection.execute(query.limit(1)).first() is not None
