"""Where ratings came from: so little that several from one place can be told, and nothing else.

An address is never stored: only 64 bits of its HMAC, under a key outside the database, with the year in it, so that
nobody is followed from one year to the next. It is forgotten after a year, and shown to nobody (`reports/years/signs.py` shows
how many, and which cases).
"""

import hashlib
import hmac
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from cases.assessment_tables import RatingOrigin
from cases.tables import Case
from cases.visibility import case, visible_cases
from infra.networks import network_of
from workflow.model import Actor

_origin = RatingOrigin.__table__.c  # type: ignore[attr-defined]
KEPT = timedelta(days=365)
BITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedCase:
    case_id: int
    rated_at: datetime


def origin_of(address: str, *, key: bytes, year: int) -> str:
    """The keyed hash of a network address in one year, 16 hexadecimal digits."""
    message = f"{year} {network_of(address)}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[: BITS // 4]


def remember_origin(connection: Connection, case_id: int, origin: str, *, now: datetime) -> None:
    """Notes where the rating of a case came from, inside the transaction that takes it. The first word stays: a form that
    is sent again changes nothing."""
    if connection.execute(select(_origin.case_id).where(_origin.case_id == case_id)).first() is None:
        connection.execute(insert(RatingOrigin).values(case_id=case_id, origin=origin, rated_at=now))


def forget_old_origins(connection: Connection, *, now: datetime) -> int:
    return connection.execute(delete(RatingOrigin).where(_origin.rated_at <= now - KEPT)).rowcount


def rated_from_one_place(
    connection: Connection, *, actor: Actor, since: datetime, until: datetime, at_least: int
) -> list[list[RatedCase]]:
    """The cases that exist for the actor and were rated from one place, a list a place of so many, in the order of time.
    What the place is stays here."""
    query = visible_cases(actor, case.id, _origin.origin, _origin.rated_at).join_from(
        Case, RatingOrigin, _origin.case_id == case.id
    )
    query = query.where(_origin.rated_at >= since, _origin.rated_at < until)
    places: defaultdict[str, list[RatedCase]] = defaultdict(list)
    for row in connection.execute(query.order_by(_origin.rated_at, case.id)):
        places[row.origin].append(RatedCase(case_id=row.id, rated_at=row.rated_at))
    return [rated for rated in places.values() if len(rated) >= at_least]
