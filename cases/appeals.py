"""Contested lights: which are waiting, which were decided, for those who appeal and those who decide.

A unit answers for a light even after the case has moved on: `charged_case` finds such a case for the unit's head, who is
then shown its number and its lights and nothing else of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Exists, exists, or_

from cases.rows import rungs_from
from cases.tables import Case, Clock, Custody, Recusal, Waiver
from cases.visibility import case, visible_cases
from infra.among import is_among
from workflow.model import TIMERS, Actor, Role

_waiver = Waiver.__table__.c  # type: ignore[attr-defined]
_clock = Clock.__table__.c  # type: ignore[attr-defined]
_custody = Custody.__table__.c  # type: ignore[attr-defined]
_recusal = Recusal.__table__.c  # type: ignore[attr-defined]
#: Decided ones stay in the list for so many lines.
SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Contested:
    """A contested light: of which case and clock, when it lit, why it should not count, what was decided."""

    case_id: int
    public_id: str
    number: tuple[str, int, int]
    clock: str
    clock_number: int
    rung: str
    lit_at: datetime
    ground: str
    stage: str
    unit: int | None
    proposed_at: datetime
    decided_at: datetime | None
    decision: str | None


def contested_lights(connection: Connection, *, actor: Actor) -> list[Contested]:
    """The contested lights that concern the actor: of their units for a head, of the cases in reach for an assessor.
    Those that wait come first, the oldest on top."""
    mine = actor.role is Role.SUPERVISOR
    columns = (
        _waiver.case_id, case.public_id, case.series, case.year, case.serial, _waiver.clock, _clock.name, _clock.rungs, _clock.started_at,
        _waiver.rung, _waiver.ground, _waiver.stage, _waiver.unit, _waiver.proposed_at, _waiver.decided_at,
        _waiver.decision,
    )  # fmt: skip
    query = (
        visible_cases(TIMERS if mine else actor, *columns)
        .join_from(Case, Waiver, _waiver.case_id == case.id)
        .join(Clock, (_clock.case_id == _waiver.case_id) & (_clock.number == _waiver.clock))
        .order_by(_waiver.decided_at.is_not(None), _waiver.proposed_at.desc(), _waiver.case_id, _waiver.number)
        .limit(SHOWN)
    )
    if mine:
        query = query.where(_waiver.unit.in_(actor.units), ~_recused(actor))
    return [
        Contested(
            case_id=row.case_id,
            public_id=row.public_id,
            number=(row.series, row.year, row.serial),
            clock=row.name,
            clock_number=row.clock,
            rung=row.rung,
            lit_at=next((rung.at for rung in rungs_from(row.rungs) if rung.code == row.rung), row.started_at),
            ground=row.ground,
            stage=row.stage or "recount",
            unit=row.unit,
            proposed_at=row.proposed_at,
            decided_at=row.decided_at,
            decision=row.decision,
        )
        for row in connection.execute(query)
    ]


def charged_case(connection: Connection, public_id: str, *, actor: Actor) -> int | None:
    """The case of that address, if a unit of the actor's has ever held it, or answered for a limit in it: found with other eyes than their own. Recusal
    holds here too."""
    held = exists().where(_custody.case_id == case.id, _custody.unit.in_(actor.units))
    charged = exists().where(_clock.case_id == case.id, _clock.charged_unit.in_(actor.units))
    query = visible_cases(TIMERS, case.id).where(case.public_id == public_id, or_(held, charged), ~_recused(actor))
    found: int | None = None if "\0" in public_id else connection.execute(query).scalar()
    return found


def names_of_charged(
    connection: Connection, cases: Iterable[int], *, actor: Actor
) -> dict[int, tuple[str, tuple[str, int, int]]]:
    """Address and number of cases that a unit is charged for, wherever they are now; not of those that the actor is recused
    from. Whoever asks must be entitled to that unit's sheet."""
    columns = case.id, case.public_id, case.series, case.year, case.serial
    query = visible_cases(TIMERS, *columns).where(is_among(case.id, cases), ~_recused(actor))
    return {row.id: (row.public_id, (row.series, row.year, row.serial)) for row in connection.execute(query)}


def _recused(actor: Actor) -> Exists:
    return exists().where(_recusal.case_id == case.id, _recusal.person.in_(sorted(actor.accounts)))
