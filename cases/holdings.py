"""What an account holds: the open cases in its name, and those it serves in. Asked before the account is closed.

An administrator sees no case. What is told from here is numbers and lights; no title, no party, no address of a page.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, or_, select, union
from sqlalchemy import case as choose

from cases.reading import PAGE, clocks_of
from cases.tables import Appointment, Participant, Task
from cases.visibility import case, cases_in_reach, reach_of, visible_cases
from infra.columns import UTCDateTime
from infra.statements import Statement, among, spread
from workflow.model import TIMERS, AccountId, Actor, Clock, Role, UnitId

_appointment = Appointment.__table__.c  # type: ignore[attr-defined]
#: So many people are asked about by one statement.
PEOPLE = 50
_task = Task.__table__.c  # type: ignore[attr-defined]
_participant = Participant.__table__.c  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One open case: its number, the unit that holds it, its running clocks."""

    number: tuple[str, int, int]
    unit: UnitId
    clocks: tuple[Clock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """Those due next come first; a page of each is named, and the figures count all. `serves` are cases that somebody else
    holds and this account mediates or takes part in."""

    holds: int
    held: tuple[Held, ...]
    serves: int
    served: tuple[Held, ...]


def holdings_of(connection: Connection, account: AccountId) -> Holdings:
    holds, held = _found(connection, visible_cases(TIMERS).where(case.holder_person == account))
    there = union(
        select(_appointment.case_id).where(_appointment.person == account, _appointment.until_at.is_(None)),
        select(_participant.case_id).where(_participant.person == account, _participant.until_at.is_(None)),
        select(_task.case_id).where(_task.person == account, _task.until_at.is_(None)),
    )
    serving = visible_cases(TIMERS).where(
        case.id.in_(there), or_(case.holder_person.is_(None), case.holder_person != account)
    )
    serves, served = _found(connection, serving)
    return Holdings(holds=holds, held=held, serves=serves, served=served)


@dataclass(frozen=True, slots=True)
class Load:
    """What speaks for giving somebody a matter, and against: how many open ones they hold, and how many of the kind they have ended."""

    held: int = 0
    ended: int = 0


def loads_of(
    connection: Connection, people: Collection[AccountId], dispute_type: str, *, actor: Actor, since: datetime
) -> dict[AccountId, Load]:
    """Of each of these people, by the matters that the actor may see; ended since then."""
    found = dict.fromkeys(people, Load())
    for some in _some_at_a_time(people, PEOPLE):
        asked = {**spread("person", some, at_most=PEOPLE), "type": dispute_type, "since": since}
        for person, held, ended in _loads(actor.role).rows(connection, **asked, **reach_of(actor)):
            found[AccountId(person)] = Load(held, ended)
    return found


@cache
def _loads(role: Role) -> Statement:
    since = bindparam("since", type_=UTCDateTime)
    is_open, is_alike = case.closed_at.is_(None), case.dispute_type == bindparam("type")
    held = func.sum(choose((is_open, 1), else_=0))
    ended = func.sum(choose((and_(~is_open, is_alike), 1), else_=0))
    looked_at = (among(case.holder_person, "person", at_most=PEOPLE), or_(is_open, case.closed_at >= since))
    return Statement(
        cases_in_reach(role, case.holder_person, held, ended).where(*looked_at).group_by(case.holder_person)
    )


def _some_at_a_time(people: Iterable[AccountId], size: int) -> Iterator[list[AccountId]]:
    """So many at a time."""
    waiting = iter(people)
    while some := list(islice(waiting, size)):
        yield some


def left_behind(connection: Connection, account: AccountId, *, unit: UnitId, last_as_mediator: bool) -> int:
    """How many open cases somebody would leave behind who has no post in a unit any more: those that they hold there, and if that
    was their last as a mediator, those that they serve in."""
    held = visible_cases(TIMERS).where(
        case.holder_person == account, case.holder_unit == unit, case.closed_at.is_(None)
    )
    n = int(connection.execute(held.with_only_columns(func.count(), maintain_column_froms=True)).scalar_one())
    return n + (holdings_of(connection, account).serves if last_as_mediator else 0)


def held_by_unit(connection: Connection, unit: UnitId) -> int:
    """How many open cases a unit holds, or is asked for something about."""
    asked = select(_task.case_id).where(_task.unit == unit, _task.until_at.is_(None))
    held = visible_cases(TIMERS).where(or_(case.holder_unit == unit, case.id.in_(asked)), case.closed_at.is_(None))
    return int(connection.execute(held.with_only_columns(func.count(), maintain_column_froms=True)).scalar_one())


def _found(connection: Connection, query: Any) -> tuple[int, tuple[Held, ...]]:
    still_open = query.where(case.closed_at.is_(None))
    count = connection.execute(still_open.with_only_columns(func.count(), maintain_column_froms=True)).scalar_one()
    columns = (case.id, case.series, case.year, case.serial, case.holder_unit)
    first = still_open.with_only_columns(*columns).order_by(case.next_due_at, case.id).limit(PAGE)
    rows = connection.execute(first).all()
    clocks = clocks_of(connection, [row.id for row in rows], actor=TIMERS)
    return count, tuple(
        Held(
            number=(row.series, row.year, row.serial), unit=UnitId(row.holder_unit), clocks=tuple(clocks.get(row.id, ()))
        )
        for row in rows
    )  # fmt: skip
