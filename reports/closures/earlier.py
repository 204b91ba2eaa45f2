"""Closings that the present rows do not tell of, because the case was opened again: read from the ledger.

The bulletin and the closure report count the cases that are closed now along their rows, and add these. What a closing is,
and whether it stands, is in `workflow/closings.py`. Cases that were opened again are few; only they are read event by event.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, literal_column, or_, select

from cases.history import histories
from cases.tables import Clock
from cases.visibility import case, visible_cases
from workflow.clocks import REOPENED
from workflow.closings import Closing, closings
from workflow.history import History
from workflow.model import Actor

_clock = Clock.__table__.c  # type: ignore[attr-defined]
#: As many ids as every database takes in one statement.
CHUNK = 500
#: Spelled out, so that the index of exactly these clocks answers.
_IS_REOPENED = _clock.outcome == literal_column(f"'{REOPENED}'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    """A case that was opened again after an answer: what it is about, its events as values, and each time it was closed
    before. A last closing that nothing has followed is in the case's own row."""

    dispute_type: str
    history: History
    before: tuple[Closing, ...]


def reopened_cases(connection: Connection, *, actor: Actor, since: datetime, until: datetime) -> Iterator[Reopened]:
    """The cases that exist for the actor, were opened again, and can have been closed between two instants; by their
    ids. Whatever is closed now and was so before `since` was not closed in between."""
    reopened = select(_clock.case_id).where(_IS_REOPENED, _clock.stopped_at < until)
    alive = or_(case.closed_at.is_(None), case.closed_at >= since)
    query = visible_cases(actor, case.id, case.dispute_type).where(case.id.in_(reopened), alive).order_by(case.id)
    found = {row.id: row.dispute_type for row in connection.execute(query)}
    ids = list(found)
    for first in range(0, len(ids), CHUNK):
        for history in histories(connection, actor=actor, cases=ids[first : first + CHUNK]):
            before = tuple(closing for closing in closings(history) if closing.reopened_at is not None)
            yield Reopened(dispute_type=found[history.case_id], history=history, before=before)
