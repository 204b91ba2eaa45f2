"""到期自动签收: the timers sign for what nobody has signed for, through the same door as people, once.

OFC-01 from Monday 2 March 2026, 9:00: one working day, Tue 3 March, 24:00.
"""

from cases.signing import sign_by_time
from cases.sweep import sweep
from tests.cases.records import START, World, local
from workflow.procedures.every_case.commands import Accept
from workflow.procedures.petition.commands import Assign, SignFor

JUST_BEFORE, OVER = local("2026-03-03 23:59"), local("2026-03-04 00:00")


def an_unsigned_petition(world: World) -> int:
    case = world.open("petition").case_id
    world.take(case, Accept(), by="clerk", at=START)
    room, mediator = world.stage.units["room"], world.actor("mediator").account
    world.take(case, Assign(unit=room, handler=mediator), by="coordinator", at=START)
    return case


def test_time_signs_once_it_is_over_and_not_before(world: World) -> None:
    case = an_unsigned_petition(world)
    assert sign_by_time(world.engine, world.office, now=JUST_BEFORE) == 0
    assert sign_by_time(world.engine, world.office, now=OVER) == 1
    assert world.case(case)["state"] == "handling"
    assert world.column("SELECT outcome FROM clock WHERE name = 'signing'") == ["by_time"]
    assert world.ledger_agrees()


def test_the_yellow_comes_first_and_both_are_told(world: World) -> None:
    case = an_unsigned_petition(world)
    sign_by_time(world.engine, world.office, now=OVER)
    events = world.events(case)
    assert [event["code"] for event in events][-2:] == ["clock:crossed", "case:signed_by_time"]
    told = world.rows("SELECT recipient FROM message WHERE stream = :id AND seq = :seq", id=case, seq=len(events))
    assert {row["recipient"] for row in told} == {world.account("mediator"), world.account("supervisor")}


def test_it_signs_once_however_often_it_runs_and_in_whatever_order_with_the_sweep(world: World) -> None:
    case = an_unsigned_petition(world)
    sweep(world.engine, now=OVER)
    assert [sign_by_time(world.engine, world.office, now=OVER) for _ in range(3)] == [1, 0, 0]
    assert [event["code"] for event in world.events(case)].count("case:signed_by_time") == 1


def test_whoever_signs_first_is_first(world: World) -> None:
    case = an_unsigned_petition(world)
    world.take(case, SignFor(), by="mediator", at=OVER)
    assert sign_by_time(world.engine, world.office, now=OVER) == 0


def test_somebody_still_signs_for_what_time_has_signed_for(world: World) -> None:
    case = an_unsigned_petition(world)
    sign_by_time(world.engine, world.office, now=OVER)
    assert "signed_by_time" in world.case(case)["milestones"]
    world.take(case, SignFor(), by="mediator", at=local("2026-03-04 09:00"))
    assert "signed_by_time" not in world.case(case)["milestones"]


def test_a_matter_signed_for_by_time_that_nobody_holds_is_seen_by_the_mediators_of_its_unit(world: World) -> None:
    case = world.open("petition").case_id
    world.take(case, Accept(), by="clerk", at=START)
    world.take(case, Assign(unit=world.stage.units["room"]), by="coordinator", at=START)
    sign_by_time(world.engine, world.office, now=OVER)
    world.take(case, SignFor(), by="mediator", at=local("2026-03-04 09:00"))
    assert world.case(case)["holder_person"] == world.account("mediator")
