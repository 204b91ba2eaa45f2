"""Units renamed, moved and closed, accounts renamed and moved: what follows, what is in the way, and that it is all proved."""

import pytest
from sqlalchemy import Connection, Engine

from cases.execute import execute
from cases.holdings import held_by_unit
from cases.reading import find_case
from infra.db import reading, transaction
from people.directory import all_units, person
from people.posts import give_post
from people.staffing import close_account
from people.units import add_unit, close_unit, move_unit, rename_unit, reopen_unit
from tests.cases.records import new_request
from tests.databases import START, SmallOffice, found, step
from workflow.model import Actor, Refusal, Role, UnitId
from workflow.procedures.petition.commands import Assign

WORDS = {"title": "请求鉴定危房", "statement": "墙体开裂。", "applicant": "某住户", "channel": "letter"}


@pytest.fixture
def office(engine: Engine) -> SmallOffice:
    return found(engine)


def admin(office: SmallOffice) -> Actor:
    return office.actors["administrator"]


def now(office: SmallOffice, login: str) -> Actor:
    """As they act from the next request on."""
    with reading(office.engine) as connection:
        who = person(connection, office.accounts[login])
    assert who is not None
    return who.actor


def in_hand(office: SmallOffice, *, steps_taken: int = 3) -> str:
    """A petition that the centre took in and that is with the room, or has come as far."""
    steps = (
        step("2026-02-09T09:00", "clerk", "Register", **WORDS),
        step("2026-02-09T10:00", "clerk", "Accept"),
        step("2026-02-09T11:00", "coordinator", "Assign", unit="room", handler="mediator"),
    )
    return office.tell("petition", *steps[:steps_taken]).public_id


def sees(office: SmallOffice, login: str, public_id: str) -> bool:
    with reading(office.engine) as connection:
        return find_case(connection, public_id, actor=now(office, login)) is not None


def another_centre(office: SmallOffice) -> UnitId:
    with transaction(office.engine) as connection:
        return add_unit(connection, name="江北中心", kind="centre", parent=office.units["upstream"], now=START)


def close(office: SmallOffice, unit: str) -> None:
    with transaction(office.engine) as connection:
        number = office.units[unit]
        close_unit(
            connection, number, open_cases=held_by_unit(connection, number), actor=admin(office), now=START
        )  # fmt: skip


def refused(*codes: str) -> "pytest.RaisesExc[Refusal]":
    return pytest.raises(Refusal, check=lambda error: {reason.code for reason in error.reasons} == set(codes))


def tree(office: SmallOffice) -> dict[str, int]:
    with reading(office.engine) as connection:
        return {row.name: row.depth for row in all_units(connection)}


def test_a_unit_is_called_otherwise_from_now_on(office: SmallOffice) -> None:
    with transaction(office.engine) as connection:
        rename_unit(connection, office.units["room"], "第一调解室", actor=admin(office), now=START)
    assert "第一调解室" in tree(office)
    assert "人民调解室" not in tree(office)


def test_whoever_is_above_a_moved_unit_sees_what_it_holds_and_whoever_was_does_not(office: SmallOffice) -> None:
    """The centre still sees what it took in itself; its head loses what only the room had."""
    taken_in_here = in_hand(office)
    other = another_centre(office)
    with transaction(office.engine) as connection:
        post = give_post(
            connection, office.accounts["desk_supervisor"], role=Role.SUPERVISOR, unit=other, actor=admin(office), now=START
        )  # fmt: skip
        move_unit(connection, office.units["room"], other, actor=admin(office), now=START)
    assert tree(office)["人民调解室"] == tree(office)["江北中心"] + 1
    with reading(office.engine) as connection:
        head = person(connection, office.accounts["desk_supervisor"], post=post)
        assert head is not None
        assert head.actor.units == {other, office.units["room"]}
        assert find_case(connection, taken_in_here, actor=head.actor) is not None
    assert office.units["room"] not in now(office, "coordinator").units
    assert sees(office, "coordinator", taken_in_here), "the centre took it in"
    assert sees(office, "upstream", taken_in_here), "still above both"
    assert sees(office, "mediator", taken_in_here)


def test_what_is_below_a_moved_unit_goes_with_it_and_can_come_back(office: SmallOffice) -> None:
    before, other = tree(office), another_centre(office)
    with transaction(office.engine) as connection:
        small = add_unit(connection, name="小组", kind="unit", parent=office.units["room"], now=START)
        move_unit(connection, office.units["room"], other, actor=admin(office), now=START)
    assert small in now(office, "upstream").units
    assert small not in now(office, "coordinator").units
    with transaction(office.engine) as connection:
        move_unit(connection, office.units["room"], office.units["centre"], actor=admin(office), now=START)
    assert small in now(office, "coordinator").units
    assert {name: depth for name, depth in tree(office).items() if name in before} == before


@pytest.mark.parametrize(
    ("unit", "below", "code"),
    [
        ("upstream", "centre", "unit.is_on_top"),
        ("centre", "room", "unit.below_itself"),
        ("centre", "centre", "unit.below_itself"),
    ],
)
def test_a_unit_goes_nowhere_that_is_no_place_for_it(office: SmallOffice, unit: str, below: str, code: str) -> None:
    with transaction(office.engine) as connection, refused(code):
        move_unit(connection, office.units[unit], office.units[below], actor=admin(office), now=START)


def test_everything_that_keeps_a_unit_open_is_said_at_once(office: SmallOffice) -> None:
    in_hand(office)
    with refused("unit.holds_cases", "unit.has_people"):
        close(office, "room")
    with refused("unit.takes_in", "unit.has_people", "unit.has_units"):
        close(office, "centre")


def test_nothing_is_assigned_to_a_closed_unit_and_nobody_gets_a_post_there(office: SmallOffice) -> None:
    public_id = in_hand(office, steps_taken=2)
    with transaction(office.engine) as connection:
        for login in ("desk_clerk", "desk_mediator", "desk_supervisor"):
            close_account(connection, office.accounts[login], now=START)
    close(office, "desk")
    coordinator = now(office, "coordinator")
    assert coordinator.closed_units == {office.units["desk"]}
    with reading(office.engine) as connection:
        case = find_case(connection, public_id, actor=coordinator)
    assert case is not None
    with transaction(office.engine) as connection, refused("form.not_offered"):
        _assign(connection, office, case, coordinator, "desk")
    with transaction(office.engine) as connection, refused("unit.is_closed"):
        give_post(
            connection, office.accounts["clerk"], role=Role.MEDIATOR, unit=office.units["desk"], actor=admin(office), now=START
        )  # fmt: skip
    with transaction(office.engine) as connection, refused("unit.is_closed"):
        move_unit(connection, office.units["room"], office.units["desk"], actor=admin(office), now=START)
    with refused("unit.is_closed"):
        close(office, "desk")
    with transaction(office.engine) as connection:
        reopen_unit(connection, office.units["desk"], actor=admin(office), now=START)
        reopen_unit(connection, office.units["desk"], actor=admin(office), now=START)
    assert now(office, "coordinator").closed_units == frozenset()


def _assign(connection: Connection, office: SmallOffice, case: int, actor: Actor, unit: str) -> None:
    execute(
        connection, case, Assign(unit=office.units[unit]), actor=actor, now=START, expected_version=None,
        office=office.context, request=new_request(),
    )  # fmt: skip
