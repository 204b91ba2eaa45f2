"""Whether the clock of this machine can be believed. Crossings of a wrong day cannot be taken back: while it is in doubt,
nothing is dated by it.

Each minute the timers note what the clock shows and how long the machine has been running. Later it must show as much more
as the machine has run; after a restart, no less than before and no more than a pause explains; on PostgreSQL, what the
server's clock shows. A doubt is an event of the office, and so is the word of whoever looked and found the clock right. A
clock that agrees again needs no word.

    ClockIsInDoubt  nothing is written until the clock agrees, or somebody says that it is right; carries the `Doubt`
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from cases.tables import ClockWatch
from infra.columns import UTCDateTime
from infra.db import reading, transaction
from infra.statements import Statement, insert_or
from infra.ticks import Ticks, read_ticks
from ledger.chain import OFFICE_STREAM, find_by_key, lock_head
from ledger.tables import Event
from people.directory import active_with_role
from people.links import SECONDS
from people.staffing import doubt_clock
from people.tables import Office
from workflow.model import TIMERS, Actor
from workflow.spelling import stamp

#: Clocks of two machines differ by so much, and one that is kept right over the network never jumps further.
TOLERANCE = timedelta(minutes=5)
#: A machine may have been switched off for so long: over the longest holidays, or for a repair.
LONGEST_PAUSE = timedelta(days=31)
JUMPED, BEHIND, AHEAD, SERVER = WHY = ("jumped", "behind", "ahead", "server")
DOUBTED, BELIEVED = "clock:doubted", "clock:believed"

_watch = ClockWatch.__table__.c  # type: ignore[attr-defined]
_office = Office.__table__.c  # type: ignore[attr-defined]
_SEEN = Statement(
    select(
        _watch.boot,
        _watch.ticks,
        _watch.seen_at,
        _office.clock_doubted_at,
        _office.demo,
        func.now(type_=UTCDateTime).label("server_at"),
    )
    .select_from(Office)
    .join(ClockWatch, _watch.id == 1, isouter=True)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """`why` is one of `WHY`; `expected` is what the clock should show, as far as anybody knows, `shown` what it shows."""

    why: str
    shown: datetime
    expected: datetime


class ClockIsInDoubt(Exception):
    def __init__(self, doubt: Doubt) -> None:
        super().__init__(doubt.why)
        self.doubt = doubt


def doubt_about(connection: Connection, *, now: datetime) -> Doubt | None:
    """Why `now` cannot be believed; None if it can. An invented office lives at whatever time it likes."""
    rows = _SEEN.rows(connection)
    if not rows:
        return None
    boot, ticks, seen_at, doubted_at, demo, server_at = rows[0]
    if demo or boot is None:
        return None
    if differs := _server_differs(connection, now, server_at):
        return differs
    here = read_ticks()
    if here.boot == boot:
        expected = seen_at + timedelta(milliseconds=here.milliseconds - ticks)
        return Doubt(why=JUMPED, shown=now, expected=expected) if abs(now - expected) > TOLERANCE else None
    no_earlier = seen_at + timedelta(milliseconds=here.milliseconds)  # it was started after that
    if now < seen_at - TOLERANCE:
        return Doubt(why=BEHIND, shown=now, expected=no_earlier)
    # A restart is nobody's word: what was in doubt before it still is.
    explained = now <= (seen_at + LONGEST_PAUSE if doubted_at is None else no_earlier + TOLERANCE)
    return None if explained else Doubt(why=AHEAD, shown=now, expected=no_earlier)


def believe(connection: Connection, *, now: datetime) -> None:
    """Raises `ClockIsInDoubt`."""
    if doubt := doubt_about(connection, now=now):
        raise ClockIsInDoubt(doubt)


def look(engine: Engine, *, now: datetime) -> Doubt | None:
    """Notes what the clock shows, or that it is in doubt, and tells whoever can do something about it, once."""
    with transaction(engine) as connection:
        lock_head(connection, OFFICE_STREAM)  # of two that look at once, the second finds what the first has noted
        rows = _SEEN.rows(connection)
        if not rows:
            return None
        _, _, seen_at, doubted_at, demo, server_at = rows[0]
        if demo:
            return None
        here = read_ticks()
        if seen_at is None:
            doubt = _first_look(connection, now, server_at)
            if doubt:
                _follow(connection, here, seen_at=doubt.expected)
        else:
            doubt = doubt_about(connection, now=now)
        if doubt is None:
            _follow(connection, here, seen_at=now)
            if doubted_at is not None:
                _settle(connection, actor=TIMERS, now=now)
        elif doubted_at is None:
            _note(connection, doubt)
        return doubt


def confirm(connection: Connection, *, actor: Actor, now: datetime) -> None:
    """A person has looked: the clock is right as it is."""
    _follow(connection, read_ticks(), seen_at=now)
    _settle(connection, actor=actor, now=now)


def trusted_time(engine: Engine, *, now: datetime) -> datetime:
    """What it is now, as far as anybody knows: mails that tell of a doubt go out all the same."""
    with reading(engine) as connection:
        doubt = doubt_about(connection, now=now)
    return doubt.expected if doubt else now


def _server_differs(connection: Connection, now: datetime, server_at: datetime) -> Doubt | None:
    """SQLite has no clock of its own."""
    if connection.dialect.name != "postgresql" or abs(now - server_at) <= TOLERANCE:
        return None
    return Doubt(why=SERVER, shown=now, expected=server_at)


def _first_look(connection: Connection, now: datetime, server_at: datetime) -> Doubt | None:
    """Nothing has been noted yet, but that something happened."""
    newest = _newest(connection)
    if newest and now < newest - TOLERANCE:
        return Doubt(why=BEHIND, shown=now, expected=newest)
    return _server_differs(connection, now, server_at)


def _newest(connection: Connection) -> datetime | None:
    """Of all events: looked for once."""
    found: datetime | None = connection.execute(select(func.max(Event.__table__.c.recorded_at))).scalar()  # type: ignore[attr-defined]
    return found


def _follow(connection: Connection, here: Ticks, *, seen_at: datetime) -> None:
    values: dict[str, Any] = {"boot": here.boot, "ticks": here.milliseconds, "seen_at": seen_at}
    row = insert_or(connection, ClockWatch).values(id=1, **values)
    connection.execute(row.on_conflict_do_update(index_elements=["id"], set_=values))


def _note(connection: Connection, doubt: Doubt) -> None:
    """Dated by what the clock should show: what is dated a year ahead would hold all that comes after it."""
    # Of two machines the one whose clock is right would settle what the other one doubts, each minute: once a day is enough.
    key = f"clock:{read_ticks().boot}:{doubt.expected:%Y-%m-%d}" if doubt.why == SERVER else None
    if key and find_by_key(connection, key):
        return
    said = {"why": doubt.why, "shown": stamp(doubt.shown), "expected": stamp(doubt.expected)}
    told = [account for role in SECONDS for account in active_with_role(connection, role)]
    doubt_clock(
        connection, doubt.expected, code=DOUBTED, said=said, actor=TIMERS, now=doubt.expected, told=told, key=key
    )


def _settle(connection: Connection, *, actor: Actor, now: datetime) -> None:
    doubt_clock(connection, None, code=BELIEVED, said={"shown": stamp(now)}, actor=actor, now=now)
