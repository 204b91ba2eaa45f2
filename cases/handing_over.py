"""Everything that somebody has in hand: how much, and which; given to another by `at_once.py`."""

from collections import Counter
from typing import Any

from sqlalchemy import Connection, Select, func, select, union

from cases.at_once import AT_MOST, COLUMNS
from cases.tables import Appointment, Case, Participant
from cases.visibility import case, visible_cases
from infra.among import is_among
from workflow.model import AccountId, Actor

_appointment = Appointment.__table__.c  # type: ignore[attr-defined]
_participant = Participant.__table__.c  # type: ignore[attr-defined]


def loads(connection: Connection, *, actor: Actor) -> dict[AccountId, int]:
    """How many open cases each person has in hand or helps with, as far as they are the actor's to give to somebody else."""
    held = _theirs(actor, case.holder_person, func.count()).where(case.holder_person.is_not(None))
    besides = union(_beside_the_holder(actor, Appointment), _beside_the_holder(actor, Participant)).subquery()
    person, number = besides.c
    found = Counter[AccountId]()
    for query in (held.group_by(case.holder_person), select(person, func.count(number)).group_by(person)):
        found.update({AccountId(account): n for account, n in connection.execute(query)})
    return dict(found)


def _beside_the_holder(actor: Actor, kind: Any) -> Select[Any]:
    """Of each open case whoever has to do with it, in this kind of way, and does not hold it."""
    of = kind.__table__.c
    query = _theirs(actor, of.person, case.id).join_from(Case, kind, of.case_id == case.id)
    return query.where(of.until_at.is_(None), of.person.is_not(None), of.person.is_distinct_from(case.holder_person))


def in_hand_of(connection: Connection, account: AccountId, *, actor: Actor) -> list[Any]:
    """The open cases that this person has in hand or helps with, those due first: rows of `COLUMNS`,
    `AT_MOST` of them."""
    theirs = union(
        _theirs(actor, case.id).where(case.holder_person == account),
        select(_appointment.case_id).where(_appointment.person == account, _appointment.until_at.is_(None)),
        select(_participant.case_id).where(_participant.person == account, _participant.until_at.is_(None)),
    )
    query = _theirs(actor, *COLUMNS).where(case.id.in_(theirs)).order_by(case.next_due_at, case.id).limit(AT_MOST)
    return list(connection.execute(query))


def _theirs(actor: Actor, *columns: Any) -> Select[Any]:
    """Open cases that units at or below the actor's hold."""
    query = visible_cases(actor, *columns).where(case.closed_at.is_(None))
    return query.where(is_among(case.holder_unit, actor.units))
