"""Cases made by hand, as rows: what a statistic counts, without the way there. The small office is around them."""

import itertools
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from cases.tables import Case, Series
from tests.databases import ZONE, SmallOffice

_ids: Iterator[int] = itertools.count(1)


def at(local: str) -> datetime:
    """The office's local time, such as 2026-03-02T09:00."""
    return datetime.fromisoformat(local).replace(tzinfo=ZONE)


def a_case(connection: Connection, office: SmallOffice, *, unit: str = "room", **values: Any) -> int:
    """A case that a unit holds; a petition of 2 March 2026, 09:00, unless the values say otherwise."""
    registered = values.pop("registered_at", at("2026-03-02T09:00"))
    number = next(_ids)
    row = {
        "public_id": f"hand-{number}", "procedure": "petition", "profile": "petition", "series": "访字", "year": 2026,
        "serial": number, "channel": "visit", "dispute_type": "99", "received_at": registered,
        "registered_at": registered, "intake_unit": office.units["centre"], "version": 1, "state": "handling",
        "milestones": "", "next_number": 1, "holder_unit": office.units[unit], "custody_number": 1,
        "custody_from": registered,
    }  # fmt: skip
    made = insert(Case).values(**{**row, **values}).returning(Case.__table__.c.id)  # type: ignore[attr-defined]
    return int(connection.execute(made).scalar_one())


def issued(connection: Connection, series: str, year: int, last: int) -> None:
    connection.execute(insert(Series).values(series=series, year=year, last=last))
