"""How often a thing may be tried, counted in the database: a second process and a restart change nothing.

What is counted is forgotten again, one by one. While more is remembered than is free, the next try has to wait, each time
twice as long and never longer than `longest`: nobody is shut out for good. A try that comes too early is refused and not
counted, so that an impatient person does not make it worse.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from infra.statements import insert_or
from people.tables import Tries

_tries = Tries.__table__.c  # type: ignore[attr-defined]
NO_WAIT = timedelta(0)
#: Doubled so often a second is a day: no limit waits longer, and larger powers do not fit into a timedelta.
MOST_DOUBLINGS = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`free` tries cost nothing; one is forgotten every `forgets`; beyond, waits go from `first` to `longest`."""

    name: str
    free: int
    forgets: timedelta
    first: timedelta
    longest: timedelta

    def wait(self, remembered: int) -> timedelta:
        """How long after the last try the next one may come."""
        if remembered < self.free:
            return NO_WAIT
        doublings = min(remembered - self.free, MOST_DOUBLINGS)
        return min(self.first * (1 << doublings), self.longest)


def wait_before(connection: Connection, limit: Limit, *whom: str, now: datetime) -> timedelta:
    """How long these have to wait before they may try. Counts nothing."""
    row = connection.execute(select(*_tries).where(_tries.key_hash == _hash(limit.name, *whom))).one_or_none()
    return _wait(limit, row.counted_at, row.forgotten_at, now) if row else NO_WAIT


def count_try(connection: Connection, limit: Limit, *whom: str, tried: str = "", now: datetime) -> timedelta:
    """Counts a try of these and returns no wait; or, when it comes too early, counts nothing and returns the wait.

    `tried` is what was tried, with something in it that nobody can guess: the same sent again counts once.
    """
    key, last = _hash(limit.name, *whom), _hash(tried) if tried else ""
    never = insert_or(connection, Tries).values(key_hash=key, counted_at=now, forgotten_at=now, last="")
    # One statement finds or makes the row and locks it: between two, somebody else could forget it.
    found = never.on_conflict_do_update(index_elements=["key_hash"], set_={"key_hash": key}).returning(*_tries)
    row = connection.execute(found).one()
    if last and row.last == last:
        return NO_WAIT
    if wait := _wait(limit, row.counted_at, row.forgotten_at, now):
        return wait
    forgotten_at = max(row.forgotten_at, now) + limit.forgets
    connection.execute(
        update(Tries).where(_tries.key_hash == key).values(counted_at=now, forgotten_at=forgotten_at, last=last)
    )
    return NO_WAIT


def forget_tries(connection: Connection, limit: Limit, *whom: str) -> None:
    connection.execute(delete(Tries).where(_tries.key_hash == _hash(limit.name, *whom)))


def forget_old_tries(connection: Connection, *, now: datetime) -> int:
    return connection.execute(delete(Tries).where(_tries.forgotten_at <= now)).rowcount


def _wait(limit: Limit, counted_at: datetime, forgotten_at: datetime, now: datetime) -> timedelta:
    remembered = max(0, -((now - forgotten_at) // limit.forgets))  # begun ones count whole
    # Whichever way a clock was put, the time between is what has to pass.
    return max(NO_WAIT, limit.wait(remembered) - abs(now - counted_at))


def _hash(*parts: str) -> str:
    """Names and addresses stand nowhere in words: what is typed as a name may be a password in the wrong field."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
