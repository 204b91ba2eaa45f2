"""Units and their places in the tree: adding, renaming, moving, closing, each with the event of the office that vouches for it.

A unit that is closed stays where it is: what it held stays in the record and in reach of whoever is above. Nobody assigns to it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from infra.among import is_among
from ledger.chain import OFFICE_STREAM, lock_head
from ledger.vouching import vouched_for_office
from people.noting import auditors_told, note
from people.posts import places
from people.tables import Unit, UnitAbove
from workflow.model import TIMERS, Actor, Json, Reason, Refusal, UnitId

_above = UnitAbove.__table__.c  # type: ignore[attr-defined]
_unit = Unit.__table__.c  # type: ignore[attr-defined]


class UnitIsBelowAnother(Exception):
    """A unit can only be put above one that nothing is above."""


def add_unit(
    connection: Connection,
    *,
    name: str,
    kind: str,
    now: datetime,
    parent: UnitId | None = None,
    takes_intake: bool = False,
    actor: Actor = TIMERS,
    place: str = "",
    key: str | None = None,
) -> UnitId:
    """A unit and its place in the tree. `place` is how the form said where."""
    lock_head(connection, OFFICE_STREAM)  # two who change the tree wait here
    made, row = _insert_unit(connection, name=name, kind=kind, parent=parent, takes_intake=takes_intake)
    data: dict[str, Json] = {"unit": made, "name": name, "kind": kind, "place": place, "wrote": {"unit": row}}
    note(connection, "unit:added", actor=actor, now=now, data=data, key=key)
    return made


def add_unit_above(
    connection: Connection,
    *,
    name: str,
    kind: str,
    top: UnitId,
    now: datetime,
    actor: Actor = TIMERS,
    place: str = "",
    key: str | None = None,
) -> UnitId:
    """A unit above the one that was on top: everything below that one is below it too. Raises `UnitIsBelowAnother`."""
    lock_head(connection, OFFICE_STREAM)
    if connection.execute(select(_unit.parent_id).where(_unit.id == top)).scalar_one() is not None:
        raise UnitIsBelowAnother
    made, row = _insert_unit(connection, name=name, kind=kind, parent=None, takes_intake=False)
    connection.execute(update(Unit).where(_unit.id == top).values(parent_id=made))
    below = connection.execute(select(_above.unit, _above.depth).where(_above.above == top)).all()
    rows = [{"unit": unit, "above": made, "depth": depth + 1} for unit, depth in below]
    connection.execute(insert(UnitAbove), rows)
    wrote: dict[str, Json] = {"unit": {**row, str(top): {"parent_id": made}}}
    data: dict[str, Json] = {"unit": made, "name": name, "kind": kind, "place": place, "wrote": wrote}
    note(connection, "unit:added", actor=actor, now=now, data=data, key=key)
    return made


def _insert_unit(
    connection: Connection, *, name: str, kind: str, parent: UnitId | None, takes_intake: bool
) -> tuple[UnitId, dict[str, Json]]:
    """The unit, and its row as the ledger vouches for it."""
    row: dict[str, Any] = {"parent_id": parent, "name": name, "kind": kind, "takes_intake": takes_intake}
    made = connection.execute(insert(Unit).values(**row).returning(_unit.id)).scalar_one()
    places = [{"unit": made, "above": made, "depth": 0}]
    if parent is not None:
        above = connection.execute(select(_above.above, _above.depth).where(_above.unit == parent))
        places += [{"unit": made, "above": unit, "depth": depth + 1} for unit, depth in above]
    connection.execute(insert(UnitAbove), places)
    return UnitId(made), {str(made): vouched_for_office(row)}


# -- changing ---------------------------------------------------------------------------------------------------------


def rename_unit(connection: Connection, unit: UnitId, name: str, *, actor: Actor, now: datetime) -> None:
    """What it is called; what it did under the other name shows this one."""
    lock_head(connection, OFFICE_STREAM)
    _change(connection, "unit:renamed", unit, {"name": name}, {"name": name}, actor=actor, now=now)


def move_unit(connection: Connection, unit: UnitId, below: UnitId, *, actor: Actor, now: datetime) -> None:
    """The unit and all below it belong to another from now on: whoever is above it then sees what it holds and held, and whoever
    was above it does not, but for what they took in themselves. Raises `Refusal`."""
    lock_head(connection, OFFICE_STREAM)
    row = _row(connection, unit)
    moving = dict(_below(connection, unit))
    if row.parent_id is None:
        raise Refusal((Reason(code="unit.is_on_top", field="below"),))
    if below in moving:
        raise Refusal((Reason(code="unit.below_itself", field="below"),))
    if _row(connection, below).closed_at is not None:
        raise Refusal((Reason(code="unit.is_closed", field="below"),))
    connection.execute(delete(UnitAbove).where(is_among(_above.unit, moving), ~is_among(_above.above, moving)))
    above = connection.execute(select(_above.above, _above.depth).where(_above.unit == below)).all()
    rows = [
        {"unit": one, "above": over, "depth": depth + far + 1} for one, depth in moving.items() for over, far in above
    ]
    connection.execute(insert(UnitAbove), rows)
    said: dict[str, Json] = {"before": row.parent_id, "below": below}
    _change(connection, "unit:moved", unit, {"parent_id": below}, said, actor=actor, now=now)


def close_unit(
    connection: Connection, unit: UnitId, *, open_cases: int, actor: Actor, now: datetime
) -> None:  # fmt: skip
    """Nothing is assigned to it any more, and nobody is given a post there. `open_cases` is what it still holds. Raises `Refusal`
    with everything that is in the way."""
    lock_head(connection, OFFICE_STREAM)
    if reasons := list(_in_the_way(connection, unit, open_cases)):
        raise Refusal(tuple(reasons))
    _change(connection, "unit:closed", unit, {"closed_at": now}, {}, actor=actor, now=now)


def reopen_unit(connection: Connection, unit: UnitId, *, actor: Actor, now: datetime) -> None:
    lock_head(connection, OFFICE_STREAM)
    if _row(connection, unit).closed_at is not None:  # once is as good as twice
        _change(connection, "unit:reopened", unit, {"closed_at": None}, {}, actor=actor, now=now)


def _in_the_way(connection: Connection, unit: UnitId, open_cases: int) -> Iterable[Reason]:
    row = _row(connection, unit)
    if row.closed_at is not None:
        yield Reason(code="unit.is_closed")
    if row.takes_intake:
        yield Reason(code="unit.takes_in")
    if open_cases:
        yield Reason(code="unit.holds_cases", values={"n": open_cases})
    if people := len({place.account for place in places(connection, units=(unit,))}):
        yield Reason(code="unit.has_people", values={"n": people})
    below = select(func.count()).where(_unit.parent_id == unit, _unit.closed_at.is_(None))
    if under := connection.execute(below).scalar_one():
        yield Reason(code="unit.has_units", values={"n": under})


def _row(connection: Connection, unit: UnitId) -> Any:
    return connection.execute(select(*_unit).where(_unit.id == unit)).one()


def _below(connection: Connection, unit: UnitId) -> list[tuple[int, int]]:
    """The unit and those below it, with how far below."""
    rows = connection.execute(select(_above.unit, _above.depth).where(_above.above == unit))
    return [(row.unit, row.depth) for row in rows]


def _change(
    connection: Connection, code: str, unit: UnitId, row: dict[str, Any], said: dict[str, Json], *, actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    connection.execute(update(Unit).where(_unit.id == unit).values(**row))
    data: dict[str, Json] = {"unit": unit, **said, "wrote": {"unit": {str(unit): vouched_for_office(row)}}}
    note(connection, code, actor=actor, now=now, data=data, told=auditors_told(connection, actor))
