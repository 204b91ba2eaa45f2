"""A light that somebody has in hand: its reminders tell nobody, whatever is new tells everyone again, all is recorded."""

import json
from datetime import date

import pytest

from cases.sweep import sweep
from tests.cases.orders import LADDER, TOLD, an_order, crossings, told
from tests.cases.records import START, World, local
from workflow.model import Refusal
from workflow.procedures.every_case.commands import Acknowledge, Suspend
from workflow.procedures.petition.commands import GrantExtension, RequestExtension

FRIDAY = local("2026-03-06 09:00")  # yellow since midnight
LONG_AFTER = local("2026-04-20 08:00")


def in_hand(world: World, case: int) -> dict[str, bool]:
    data = [json.loads(e["data"]) for e in world.events(case) if e["code"] == "clock:crossed"]
    return {one["rung"]: one["in_hand"] for one in data}


def test_a_reminder_of_a_light_that_is_in_hand_tells_nobody_and_the_next_light_tells_everyone(world: World) -> None:
    case = an_order(world)
    sweep(world.engine, now=FRIDAY)
    world.take(case, Acknowledge(), by="mediator", at=FRIDAY)
    sweep(world.engine, now=LONG_AFTER)
    assert told(world, case) == {**TOLD, "half_yellow": set()}
    assert in_hand(world, case) == {"yellow": False, "half_yellow": True, "red": False, "red_5wd": False}
    assert world.ledger_agrees()


def test_red_that_is_in_hand_climbs_no_further(world: World) -> None:
    case = an_order(world)
    sweep(world.engine, now=LADDER["red"])
    world.take(case, Acknowledge(), by="supervisor", at=local("2026-03-10 10:00"))
    sweep(world.engine, now=LONG_AFTER)
    assert told(world, case) == {**TOLD, "red_5wd": set()}
    assert world.ledger_agrees()


def test_a_crossing_that_tells_nobody_is_recorded_like_any_other(world: World) -> None:
    case = an_order(world)
    world.take(case, Acknowledge(), by="mediator", at=FRIDAY)
    sweep(world.engine, now=LONG_AFTER)
    assert [(rung, at) for rung, at, _ in crossings(world, case)] == list(LADDER.items())
    assert world.column("SELECT next_crossing_at FROM clock WHERE name = 'order'") == [None]


def test_a_word_that_comes_after_the_reminder_takes_back_no_mail(world: World) -> None:
    """Nobody has swept: the step itself records yellow and the half of it, which came true before the word."""
    case = an_order(world)
    world.take(case, Acknowledge(), by="mediator", at=local("2026-03-09 12:00"))
    assert told(world, case) == {rung: TOLD[rung] for rung in ("yellow", "half_yellow")}
    sweep(world.engine, now=LADDER["red"])
    assert told(world, case)["red"] == TOLD["red"]


def test_however_late_the_sweep_comes_a_word_covers_what_came_after_it(world: World) -> None:
    prompt, late = an_order(world), an_order(world)
    for case in (prompt, late):
        world.take(case, Acknowledge(), by="mediator", at=FRIDAY)
    sweep(world.engine, now=local("2026-03-09 00:01"))
    assert told(world, prompt)["half_yellow"] == told(world, late)["half_yellow"] == set()


def test_the_end_of_a_pause_is_told_although_the_light_is_in_hand(world: World) -> None:
    case = an_order(world)
    world.take(case, Acknowledge(), by="mediator", at=FRIDAY)
    pausing = Suspend(ground="appraisal", until=date(2026, 3, 12))
    world.take(case, pausing, by="mediator", at=local("2026-03-06 10:00"))
    sweep(world.engine, now=local("2026-03-12 00:00"))
    assert told(world, case)["pause_over"] == {"mediator"}
    # Day 4 was used up on Fri 6; day 5 is Fri 13, and half of the yellow begins with it.
    sweep(world.engine, now=local("2026-03-13 00:00"))
    assert told(world, case)["half_yellow"] == set()
    sweep(world.engine, now=local("2026-03-14 00:00"))
    assert told(world, case)["red"] == TOLD["red"]
    assert world.ledger_agrees()


def test_the_successor_of_an_extension_is_not_in_hand_because_its_forerunner_was(world: World) -> None:
    case = an_order(world)
    world.take(case, Acknowledge(), by="mediator", at=FRIDAY)
    world.take(case, RequestExtension(to_length=6, reason="等检测"), by="mediator", at=FRIDAY)
    world.take(case, GrantExtension(to_length=6, person_told=True), by="supervisor", at=FRIDAY)
    # 6 wd: 5=Mon 9, 6=Tue 10; k=2: yellow on the 9th, half of it on the 10th.
    sweep(world.engine, now=local("2026-03-10 00:00"))
    assert told(world, case) == {"yellow": TOLD["yellow"], "half_yellow": TOLD["half_yellow"]}


def test_the_word_stands_in_the_row_of_the_clock_and_in_the_ledger(world: World) -> None:
    case = an_order(world)
    world.take(case, Acknowledge(), by="mediator", at=FRIDAY)
    assert [e["code"] for e in world.events(case)][-2:] == ["clock:crossed", "clock:acknowledged"]
    (clock,) = json.loads(world.events(case)[-1]["data"])["wrote"]["clock"].values()
    assert clock["acknowledged_at"] == "2026-03-06T01:00:00.000000Z"
    found = world.rows("SELECT name, acknowledged_at IS NOT NULL AS given FROM clock WHERE case_id = :id ORDER BY number", id=case)  # fmt: skip
    assert {row["name"]: bool(row["given"]) for row in found} == {"order": True, "contact": False}


def test_nothing_is_acknowledged_before_it_is_lit(world: World) -> None:
    case = an_order(world)
    with pytest.raises(Refusal, match=r"acknowledge\.nothing_lit"):
        world.take(case, Acknowledge(), by="mediator", at=START)
    assert world.ledger_agrees()
