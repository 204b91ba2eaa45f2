"""The tree of units: what is put above the top is above everything."""

import pytest
from sqlalchemy import Engine, select

from infra.db import reading, transaction
from people.audiences import Roster
from people.directory import all_units, person, units_above
from people.staffing import add_account
from people.tables import UnitAbove
from people.units import UnitIsBelowAnother, add_unit_above
from tests.databases import FOUNDED_AT, START, found
from workflow.model import Audience, Role

ABOVE = UnitAbove.__table__.c  # type: ignore[attr-defined]


def test_a_unit_above_the_top_is_above_every_unit_and_one_step_further_from_each(engine: Engine) -> None:
    office = found(engine)
    with transaction(engine) as connection:
        made = add_unit_above(
            connection, name="市委社会工作部", kind="upstream", top=office.units["upstream"], now=START
        )
    with reading(engine) as connection:
        rows = {tuple(row) for row in connection.execute(select(ABOVE.unit, ABOVE.depth).where(ABOVE.above == made))}
        tree = [(unit.name, unit.depth) for unit in all_units(connection)]
        chain = units_above(connection)[office.units["room"]]
    units = office.units
    # room and desk stood two below the old top, so three below the new one; the centre two; the old top one.
    assert rows == {(made, 0), (units["upstream"], 1), (units["centre"], 2), (units["room"], 3), (units["desk"], 3)}
    assert tree == [
        ("市委社会工作部", 0), ("区委社会工作部", 1), ("滨江园区党群服务中心", 2), ("人民调解室", 3), ("谈心室", 3),
    ]  # fmt: skip
    assert chain == (units["room"], units["centre"], units["upstream"], made)


def test_whoever_sits_above_sees_everything_below_and_is_told_as_the_level_above(engine: Engine) -> None:
    office = found(engine)
    with transaction(engine) as connection:
        made = add_unit_above(
            connection, name="市委社会工作部", kind="upstream", top=office.units["upstream"], now=START
        )
        head = add_account(
            connection, unit=made, role=Role.SUPERVISOR, login="city", name="市", email="city@example.test", now=FOUNDED_AT
        )  # fmt: skip
    with reading(engine) as connection:
        who, below = person(connection, head), person(connection, office.accounts["upstream"])
        told = Roster.whole(connection).told((Audience.UPSTREAM,), unit=office.units["room"], person=None)
    assert who is not None
    assert below is not None
    assert who.actor.units == {made, *office.units.values()}
    assert below.actor.units == set(office.units.values()), "what is above is not seen from below"
    assert told == (office.accounts["upstream"],), "the nearest level above, as before"


def test_nothing_is_put_between_a_unit_and_the_one_it_belongs_to(engine: Engine) -> None:
    office = found(engine)
    with pytest.raises(UnitIsBelowAnother), transaction(engine) as connection:
        add_unit_above(connection, name="镇", kind="upstream", top=office.units["centre"], now=START)
