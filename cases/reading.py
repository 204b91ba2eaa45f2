"""What pages read of a case: its texts, parties, events, sessions and agreements, each only as far as the actor may see.

Every query here starts from `visible_cases` or `visible_texts`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from cases.crossings import CROSSED
from cases.rows import CLOCK_COLUMNS, clock_from
from cases.tables import Agreement, Appointment, Case, Clock, Event, Party, PersonalText, Rating, Session
from cases.visibility import case, visible_cases, visible_texts
from workflow.model import Actor
from workflow.model import Clock as ClockValue
from workflow.unseen import seen

_clock = Clock.__table__.c  # type: ignore[attr-defined]
_event = Event.__table__.c  # type: ignore[attr-defined]
_party = Party.__table__.c  # type: ignore[attr-defined]
_text = PersonalText.__table__.c  # type: ignore[attr-defined]
_session = Session.__table__.c  # type: ignore[attr-defined]
_agreement = Agreement.__table__.c  # type: ignore[attr-defined]
_appointment = Appointment.__table__.c  # type: ignore[attr-defined]
_rating = Rating.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """One event of the timeline, without personal text: `data` holds codes, figures and the numbers of texts."""

    seq: int
    code: str
    occurred_at: datetime
    recorded_at: datetime
    actor: int | None
    role: str
    unit: int | None
    data: dict[str, Any]


def find_case(connection: Connection, public_id: str, *, actor: Actor) -> int | None:
    """The id behind an address, if the case exists for this actor."""
    if "\0" in public_id:  # which PostgreSQL does not take for a text
        return None
    found: int | None = connection.execute(visible_cases(actor, case.id).where(case.public_id == public_id)).scalar()
    return found


def texts_of(connection: Connection, cases: Iterable[int], *, actor: Actor) -> dict[int, dict[int, str]]:
    """The texts the actor may read, by case and number. A text that was erased is missing, like one never seen."""
    found: dict[int, dict[int, str]] = {}
    for row in connection.execute(visible_texts(actor).where(_text.case_id.in_(list(cases)))):
        if row.content is not None:
            found.setdefault(row.case_id, {})[row.number] = row.content
    return found


def clocks_of(connection: Connection, cases: Iterable[int], *, actor: Actor) -> dict[int, list[ClockValue]]:
    """The running clocks of many cases, by case."""
    query = (
        visible_cases(actor, _clock.case_id, *(_clock[name] for name in CLOCK_COLUMNS))
        .join_from(Case, Clock, _clock.case_id == case.id)
        .where(_clock.case_id.in_(list(cases)), _clock.stopped_at.is_(None))
    )
    found: dict[int, list[ClockValue]] = {}
    for case_id, *values in connection.execute(query):
        found.setdefault(case_id, []).append(clock_from(tuple(values)))
    return found


def titles_of(connection: Connection, cases: Iterable[int], *, actor: Actor) -> dict[int, tuple[str | None, list[str]]]:
    """Title and the names of the parties, by case, as far as the actor may read them."""
    names = {
        (row.case_id, row.name)
        for row in connection.execute(
            visible_cases(actor, _party.case_id, _party.name)
            .join_from(Case, Party, _party.case_id == case.id)
            .where(_party.case_id.in_(list(cases)))
        )
    }
    found: dict[int, tuple[str | None, list[str]]] = {}
    query = visible_texts(actor).where(_text.case_id.in_(list(cases)), _text.kind.in_(("title", "party_name")))
    for row in connection.execute(query.order_by(_text.case_id, _text.number)):
        title, parties = found.get(row.case_id, (None, []))
        if row.kind == "title":
            title = row.content and (seen(row.content) or None)  # old ones may show nothing: no link could be clicked
        elif (row.case_id, row.number) in names and row.content:
            parties = [*parties, row.content]
        found[row.case_id] = (title, parties)
    return found


def timeline(connection: Connection, case_id: int, *, actor: Actor, after: int = 0) -> list[EventLine]:
    query = (
        visible_cases(
            actor, _event.seq, _event.code, _event.occurred_at, _event.recorded_at, _event.actor, _event.role,
            _event.unit, _event.data,
        )
        .join_from(Case, Event, _event.stream == case.id)
        .where(_event.stream == case_id, _event.seq > after)
        .order_by(_event.seq)
    )  # fmt: skip
    return [
        EventLine(
            seq=row.seq,
            code=row.code,
            occurred_at=row.occurred_at,
            recorded_at=row.recorded_at,
            actor=row.actor,
            role=row.role,
            unit=row.unit,
            data={name: value for name, value in json.loads(row.data).items() if name != "wrote"},
        )
        for row in connection.execute(query)
    ]


def sessions_of(connection: Connection, case_id: int, *, actor: Actor) -> list[Any]:
    return _records(connection, Session, _session, case_id, actor)


def agreements_of(connection: Connection, case_id: int, *, actor: Actor) -> list[Any]:
    return _records(connection, Agreement, _agreement, case_id, actor)


def ratings_of(connection: Connection, case_id: int, *, actor: Actor) -> list[Any]:
    return _records(connection, Rating, _rating, case_id, actor)


def _records(connection: Connection, table: Any, columns: Any, case_id: int, actor: Actor) -> list[Any]:
    query = (
        visible_cases(actor, *columns)
        .join_from(Case, table, columns.case_id == case.id)
        .where(columns.case_id == case_id)
        .order_by(columns.number)
    )
    return list(connection.execute(query))


def seq_of_version(connection: Connection, case_id: int, version: int) -> int:
    """The seq of the event that made this version, to tell what has changed since."""
    query = select(_event.seq, _event.data).where(_event.stream == case_id, _event.code != CROSSED)
    for row in connection.execute(query.order_by(_event.seq)):
        if json.loads(row.data).get("version") == version:
            return int(row.seq)
    return 0
