"""A closed year as it was signed, and the proof that it still is what its events say.

`prove` works it out again from the events up to the cut-off, under the scheme and the calendars that were kept with it;
nothing of the present is looked at.

    NotClosed    there is nothing to prove
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from cases.assessment_tables import YearClose, YearCutoff
from cases.history import PAGE, histories
from cases.tables import Case
from cases.visibility import case, visible_cases
from infra.db import streaming
from ledger.chain import OFFICE_STREAM, event_hash, find_by_key
from ledger.tables import Event
from ledger.vouching import vouched_for_office
from reports.years.yearly import gathered, result_of
from workflow.calendar import WorkCalendar
from workflow.model import TIMERS
from workflow.policy import Scheme
from workflow.policy_calendars import calendar_of
from workflow.policy_files import parse
from workflow.spelling import as_json

_event = Event.__table__.c  # type: ignore[attr-defined]
_close = YearClose.__table__.c  # type: ignore[attr-defined]
_cutoff = YearCutoff.__table__.c  # type: ignore[attr-defined]
#: Of these columns only the hash enters the event.
LONG = frozenset({"scheme_content", "calendar_content", "result"})
_HASHED = ("stream", "seq", "code", "occurred_at", "recorded_at", "actor", "role", "unit", "data", "key")


class NotClosed(Exception):
    """The year is not closed."""


def closed_years(connection: Connection) -> tuple[int, ...]:
    return tuple(connection.execute(select(_close.year).order_by(_close.year)).scalars())


def cutoff_digest(connection: Connection, year: int) -> tuple[int, str]:
    """How many chains were cut off, and SHA-256 over their lines `stream seq hash`."""
    digest, count = hashlib.sha256(), 0
    query = select(_cutoff.stream, _cutoff.seq, _cutoff.hash).where(_cutoff.year == year).order_by(_cutoff.stream)
    for stream, seq, hashed in connection.execute(query):
        digest.update(f"{stream} {seq} {hashed}\n".encode())
        count += 1
    return count, digest.hexdigest()


def hash_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# -- proving ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What came of working a closed year out again. `kept` is whether what is kept of the year (scheme, calendars, result,
    signers) is what its event says, and the result that is shown is the one that was found. `broken` are the cases whose
    chain does not reach the cut-off as it was, each with the seq at which that shows."""

    year: int
    scheme: str
    content: bytes
    expected: str
    found: str
    kept: bool
    cutoff_is_whole: bool
    broken: tuple[tuple[int, int], ...]

    @property
    def ok(self) -> bool:
        return self.expected == self.found and self.kept and self.cutoff_is_whole and not self.broken


def prove(connection: Connection, year: int) -> Proof:
    """Works a closed year out again from its events, its own scheme and its own calendars. Raises `NotClosed`."""
    row = connection.execute(select(*_close).where(_close.year == year)).one_or_none()
    if row is None:
        raise NotClosed(year)
    scheme, calendar = scheme_of(row), calendar_of_close(row)
    found = gathered(histories(connection, actor=TIMERS, closed_year=year), year=year, calendar=calendar)
    content = result_of(found, scheme, zone=row.zone)
    cases, digest = cutoff_digest(connection, year)
    return Proof(
        year=year,
        scheme=row.scheme,
        content=content,
        expected=row.result_hash,
        found=hash_of(content),
        kept=_as_its_event_says(connection, row) and row.result.encode() == content,
        cutoff_is_whole=(cases, digest) == (row.cases, row.cutoff_hash),
        broken=tuple(_broken_chains(connection, year)),
    )


def _as_its_event_says(connection: Connection, row: Any) -> bool:
    """Whether the row is the one that the closing of the year has written."""
    found = find_by_key(connection, closing_key(row.year))
    if found is None or found[0] != OFFICE_STREAM:
        return False
    wrote = found[2].get("wrote", {}).get("year_close", {}).get(str(row.year))
    return bool(wrote == vouched_for_office(row._mapping, long=LONG))


def closing_key(year: int) -> str:
    """The key of the event that closes a year: there is one."""
    return f"year:{year}:closed"


def scheme_of(row: Any) -> Scheme:
    """The scheme of a closed year, from the bytes that were kept."""
    entries = parse("scheme", row.scheme_content.encode()).scheme
    return next(one for one in entries if one.id == row.scheme)


def calendar_of_close(row: Any) -> WorkCalendar:
    """The calendar of a closed year, from the files that were kept."""
    kept = json.loads(row.calendar_content)
    entries = [entry for name, text in kept["files"].items() for entry in parse(name, text.encode()).calendar]
    return calendar_of(entries, kept["name"])


def _broken_chains(connection: Connection, year: int) -> Iterable[tuple[int, int]]:
    """Recomputes every chain up to its cut-off."""
    ends = {
        row.stream: (row.seq, row.hash)
        for row in connection.execute(select(_cutoff.stream, _cutoff.seq, _cutoff.hash).where(_cutoff.year == year))
    }
    columns = [_event[name] for name in (*_HASHED, "hash")]
    query = (
        visible_cases(TIMERS, *columns)
        .join_from(Case, Event, _event.stream == case.id)
        .join(YearCutoff, (_cutoff.year == year) & (_cutoff.stream == _event.stream) & (_event.seq <= _cutoff.seq))
        .order_by(_event.stream, _event.seq)
    )
    last: dict[int, tuple[int, str]] = {}
    with streaming(connection, query.execution_options(yield_per=PAGE)) as rows:
        for row in rows:
            seq, before = last.get(row.stream, (0, ""))
            hashed = event_hash([*(as_json(getattr(row, name)) for name in _HASHED), before])
            if row.stream in ends and (row.seq != seq + 1 or hashed != row.hash):
                ends.pop(row.stream)
                yield row.stream, row.seq
            last[row.stream] = row.seq, hashed
    for stream, end in ends.items():
        if last.get(stream) != end:
            yield stream, last.get(stream, (0, ""))[0]


# -- reading a closed year --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedSheet:
    """What a unit was closed with; figures as they were written."""

    unit: int
    total: str | None
    before: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedYear:
    year: int
    scheme: str
    cases: int
    result_hash: str
    result: str
    proposed_by: int
    proposed_at: datetime
    closed_by: int
    closed_at: datetime
    sheets: tuple[ClosedSheet, ...]


def closed_year(connection: Connection, year: int) -> ClosedYear | None:
    """A closed year as it was signed; None if it is not closed."""
    row = connection.execute(select(*_close).where(_close.year == year)).one_or_none()
    if row is None:
        return None
    units = json.loads(row.result)["units"]
    return ClosedYear(
        year=row.year,
        scheme=row.scheme,
        cases=row.cases,
        result_hash=row.result_hash,
        result=row.result,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        sheets=tuple(
            ClosedSheet(unit=one["unit"], total=one["total"], before=one["total_before_waivers"]) for one in units
        ),
    )
