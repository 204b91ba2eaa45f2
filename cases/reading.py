"""What pages read of a case: its texts, parties, events, sessions and agreements, each only as far as the actor may see.

Every query here starts in `visibility.py`. Those that each page of cases asks are prepared once a role.
"""

from collections import namedtuple
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, exists, or_, select
from sqlalchemy.sql import bindparam

from cases.crossings import CROSSED
from cases.rows import CLOCK_COLUMNS, clock_from
from cases.tables import Agreement, Case, Clock, Party, PersonalText, Rating, Session
from cases.visibility import ALL_TEXTS, case, cases_in_reach, reach_of, still_counts, texts_in_reach
from infra.columns import Row
from infra.statements import Statement, among, spread
from ledger.tables import Event
from ledger.upcasters import data_of
from workflow.model import Actor, Role, TextKind
from workflow.model import Clock as ClockValue
from workflow.unseen import seen

#: Cases that stand on one page, and that are asked about at once.
PAGE = 50

_clock = Clock.__table__.c  # type: ignore[attr-defined]
_event = Event.__table__.c  # type: ignore[attr-defined]
_party = Party.__table__.c  # type: ignore[attr-defined]
_text = PersonalText.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """One event of the timeline, without personal text: `data` holds codes, figures and the numbers of texts, `wrote` the
    names of the tables that it has written."""

    seq: int
    code: str
    occurred_at: datetime
    recorded_at: datetime
    actor: int | None
    role: str
    unit: int | None
    data: dict[str, Any]
    wrote: frozenset[str] = frozenset()
    is_taken_back: bool = False


def find_case(connection: Connection, public_id: str, *, actor: Actor) -> int | None:
    """The id behind an address, if the case exists for this actor."""
    found = find_with_procedure(connection, public_id, actor=actor)
    return found[0] if found else None


def find_with_procedure(connection: Connection, public_id: str, *, actor: Actor) -> tuple[int, str] | None:
    """The same with the name of its procedure."""
    if "\0" in public_id:  # which PostgreSQL does not take for a text
        return None
    rows = _found(actor.role).rows(connection, public_id=public_id, **reach_of(actor))
    return (rows[0][0], rows[0][1]) if rows else None


@cache
def _found(role: Role) -> Statement:
    return Statement(cases_in_reach(role, case.id, case.procedure).where(case.public_id == bindparam("public_id")))


def texts_of(connection: Connection, cases: Iterable[int], *, actor: Actor) -> dict[int, dict[int, str]]:
    """The texts the actor may read, by case and number. A text that was erased is missing, like one never seen."""
    found: dict[int, dict[int, str]] = {}
    for case_id, number, _, content in _rows(connection, _texts(actor.role), cases, actor):
        if content is not None:
            found.setdefault(case_id, {})[number] = content
    return found


@cache
def _texts(role: Role) -> Statement:
    return Statement(texts_in_reach(role, ALL_TEXTS).where(among(_text.case_id, "case", at_most=PAGE)))


def clocks_of(connection: Connection, cases: Iterable[int], *, actor: Actor) -> dict[int, list[ClockValue]]:
    """The running clocks of these cases, by case."""
    found: dict[int, list[ClockValue]] = {}
    for case_id, *values in _rows(connection, _clocks(actor.role), cases, actor):
        found.setdefault(case_id, []).append(clock_from(tuple(values)))
    return found


@cache
def _clocks(role: Role) -> Statement:
    return Statement(
        cases_in_reach(role, _clock.case_id, *(_clock[name] for name in CLOCK_COLUMNS))
        .join_from(Case, Clock, _clock.case_id == case.id)
        .where(among(_clock.case_id, "case", at_most=PAGE), _clock.stopped_at.is_(None))
    )


def titles_of(connection: Connection, cases: Iterable[int], *, actor: Actor) -> dict[int, tuple[str | None, list[str]]]:
    """Title and the names of the parties, by case, as far as the actor may read them."""
    found: dict[int, tuple[str | None, list[str]]] = {}
    for case_id, _, kind, content in _rows(connection, _titles(actor.role), cases, actor):
        title, parties = found.get(case_id, (None, []))
        if kind == TextKind.TITLE:
            title = content and (seen(content) or None)  # old ones may show nothing: no link could be clicked
        elif content:
            parties = [*parties, content]
        found[case_id] = (title, parties)
    return found


@cache
def _titles(role: Role) -> Statement:
    """Titles, and the names that parties have now: one that was corrected is a text of the case for ever."""
    of_a_party = exists().where(_party.case_id == _text.case_id, _party.name == _text.number)
    return Statement(
        texts_in_reach(role, frozenset({TextKind.TITLE, TextKind.PARTY_NAME}))
        .where(among(_text.case_id, "case", at_most=PAGE), or_(_text.kind == TextKind.TITLE.value, of_a_party))
        .order_by(_text.case_id, _text.number)
    )


def _rows(connection: Connection, statement: Statement, cases: Iterable[int], actor: Actor) -> Iterator[Any]:
    """What a statement about the cases of a page says of these, however many they are."""
    ids = list(cases)
    for at in range(0, len(ids), PAGE):
        yield from statement.rows(connection, **spread("case", ids[at : at + PAGE], at_most=PAGE), **reach_of(actor))


def timeline(connection: Connection, case_id: int, *, actor: Actor, after: int = 0) -> list[EventLine]:
    found = [
        EventLine(
            seq=seq,
            code=code,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
            actor=who,
            role=role,
            unit=unit,
            data={name: value for name, value in said.items() if name != "wrote"},
            wrote=frozenset(said.get("wrote", ())),
        )
        for seq, code, occurred_at, recorded_at, who, role, unit, data in _events(actor.role).rows(
            connection, case_id=case_id, after=after, **reach_of(actor)
        )
        for said in (data_of(code, data),)
    ]
    undone = {said["seq"] for event in found if (said := event.data.get("taken_back"))}
    return (
        [replace(event, is_taken_back=True) if event.seq in undone else event for event in found] if undone else found
    )


@cache
def _events(role: Role) -> Statement:
    return Statement(
        cases_in_reach(
            role, _event.seq, _event.code, _event.occurred_at, _event.recorded_at, _event.actor, _event.role,
            _event.unit, _event.data, of_one=True,
        )
        .join_from(Case, Event, _event.stream == case.id)
        .where(case.id == bindparam("case_id"), _event.stream == bindparam("case_id"), _event.seq > bindparam("after"))
        .order_by(_event.seq)
    )  # fmt: skip


def sessions_of(connection: Connection, case_id: int, *, actor: Actor) -> list[Any]:
    return _records(connection, Session, case_id, actor)


def invitees_of(session: Any) -> tuple[int, ...]:
    """The numbers of the names of everybody who was invited to a session, in the order in which they were entered."""
    first = () if session.invitees is None else (session.invitees,)
    return (*first, *(int(number) for number in (session.more_invitees or "").split()))


def agreements_of(connection: Connection, case_id: int, *, actor: Actor) -> list[Any]:
    return _records(connection, Agreement, case_id, actor)


def ratings_of(connection: Connection, case_id: int, *, actor: Actor) -> list[Any]:
    return _records(connection, Rating, case_id, actor)


def _records(connection: Connection, table: type[Row], case_id: int, actor: Actor) -> list[Any]:
    """The rows of one case in a table, named as its columns are; without those of a step that was taken back."""
    statement, named = _records_in_reach(table, actor.role)
    return [named(*row) for row in statement.rows(connection, case_id=case_id, **reach_of(actor))]


@cache
def _records_in_reach(table: type[Row], role: Role) -> tuple[Statement, Any]:
    columns = table.__table__.c  # type: ignore[attr-defined]
    query = (
        cases_in_reach(role, *columns, of_one=True)
        .join_from(Case, table, columns.case_id == case.id)
        .where(
            case.id == bindparam("case_id"),
            columns.case_id == bindparam("case_id"),
            still_counts(columns.case_id, record=columns.number),
        )
        .order_by(columns.number)
    )
    return Statement(query), namedtuple(table.__name__, columns.keys())


def title_in(events: Iterable[EventLine], texts: Mapping[int, str]) -> str | None:
    """The title as it was last given, if the reader may know it."""
    given = [number for event in events for number in event.data.get("command", {}).get("title") or ()]
    return next((texts[number] for number in reversed(given) if number in texts), None)


def seq_of_version(connection: Connection, case_id: int, version: int) -> int:
    """The seq of the event that made this version, to tell what has changed since."""
    query = select(_event.seq, _event.code, _event.data).where(_event.stream == case_id, _event.code != CROSSED)
    for row in connection.execute(query.order_by(_event.seq)):
        if data_of(row.code, row.data).get("version") == version:
            return int(row.seq)
    return 0
