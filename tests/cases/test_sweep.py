"""The sweep: every crossing once, at the instant it came true, told to the right people, whatever else goes wrong."""

import logging
import threading
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, text

from cases.sweep import Swept, sweep
from infra.db import transaction
from tests.cases.orders import LADDER, TOLD, an_order, crossings, told
from tests.cases.records import DAY, START, World, local
from workflow.procedures.every_case.commands import Accept, Resume, Suspend
from workflow.procedures.petition.commands import Reply

# -- once, and at the true instant ------------------------------------------------------------------------------------


def test_yellow_is_noticed_once_even_if_the_sweep_runs_twice(world: World) -> None:
    case, now = an_order(world), local("2026-03-06 00:01")
    assert sweep(world.engine, now=now) == Swept(clocks=1)
    found = world.everything()
    assert sweep(world.engine, now=now) == Swept()
    assert sweep(world.engine, now=now + DAY) == Swept()
    assert world.everything() == found
    assert crossings(world, case) == [("yellow", LADDER["yellow"], now)]


def test_a_rung_is_crossed_at_its_instant_and_not_a_moment_earlier(world: World) -> None:
    case = an_order(world)
    assert sweep(world.engine, now=LADDER["yellow"] - DAY / 86_400_000_000) == Swept()
    assert sweep(world.engine, now=LADDER["yellow"]) == Swept(clocks=1)
    assert crossings(world, case) == [("yellow", LADDER["yellow"], LADDER["yellow"])]


def test_a_sweep_that_comes_weeks_late_keeps_the_true_instants(world: World) -> None:
    case, now = an_order(world), local("2026-04-20 08:00")
    sweep(world.engine, now=now)
    assert crossings(world, case) == [(rung, at, now) for rung, at in LADDER.items()]
    assert world.column("SELECT next_crossing_at FROM clock WHERE name = 'order'") == [None]
    assert world.ledger_agrees()


def test_sweeping_every_day_or_once_records_the_same_crossings(world: World) -> None:
    daily, once = an_order(world), an_order(world)
    with transaction(world.engine) as connection:  # the second case is out of the sweep's sight at first
        found = connection.execute(text("SELECT next_crossing_at FROM clock WHERE case_id = :id AND name = 'order'"), {"id": once}).scalar()  # fmt: skip
        connection.execute(text("UPDATE clock SET next_crossing_at = NULL WHERE case_id = :id"), {"id": once})
    for day in range(30):
        sweep(world.engine, now=START + day * DAY)
    with transaction(world.engine) as connection:
        connection.execute(text("UPDATE clock SET next_crossing_at = :at WHERE case_id = :id AND name = 'order'"), {"at": found, "id": once})  # fmt: skip
    sweep(world.engine, now=START + 30 * DAY)
    assert [c[:2] for c in crossings(world, daily)] == [c[:2] for c in crossings(world, once)] == list(LADDER.items())


def test_a_stopped_clock_crosses_nothing_more(world: World) -> None:
    case = an_order(world)
    sweep(world.engine, now=LADDER["yellow"])
    world.take(case, Reply(form="oral", answer="已办"), by="mediator", at=LADDER["yellow"] + DAY)
    sweep(world.engine, now=START + 8 * DAY)
    assert [rung for rung, *_ in crossings(world, case)] == ["yellow"]


def test_crossings_of_many_cases_are_recorded_in_the_order_they_came_true(world: World) -> None:
    for day in (2, 0, 1):
        world.open("petition", at=START + day * DAY)
    sweep(world.engine, now=START + 40 * DAY)
    recorded = world.column("SELECT occurred_at FROM event WHERE code = 'clock:crossed' ORDER BY id")
    assert recorded == sorted(recorded)
    assert len(recorded) == 12


# -- who is told ------------------------------------------------------------------------------------------------------


def test_each_rung_is_told_to_its_own_people(world: World) -> None:
    case = an_order(world)
    world.rows("SELECT 1")
    sweep(world.engine, now=START + 40 * DAY)
    assert told(world, case) == TOLD


def test_a_matter_that_nobody_holds_by_name_is_told_to_the_desk_that_has_it(world: World) -> None:
    case = world.open("petition").case_id
    sweep(world.engine, now=START + 12 * DAY)
    assert told(world, case) == {"yellow": {"clerk", "coordinator", "duty_leader"}}


def test_nobody_is_told_twice_of_one_rung(world: World) -> None:
    an_order(world)
    for day in range(20):
        sweep(world.engine, now=START + day * DAY)
    mails = world.rows("SELECT stream, seq, recipient, count(*) AS mails FROM message GROUP BY stream, seq, recipient")
    assert {row["mails"] for row in mails} == {1}


# -- pauses -----------------------------------------------------------------------------------------------------------


def test_the_end_of_a_pause_is_told_to_the_holder_and_nothing_lights_before(world: World) -> None:
    """Paused on Tuesday 03-03 until Thursday 03-12: nothing is counted from 03-04 to 03-12."""
    case = an_order(world)
    pause = Suspend(ground="appraisal", until=date(2026, 3, 12))
    world.take(case, pause, by="mediator", at=local("2026-03-03 10:00"))
    assert sweep(world.engine, now=local("2026-03-11 23:59")) == Swept()
    sweep(world.engine, now=local("2026-03-12 00:00"))
    assert [(rung, at) for rung, at, _ in crossings(world, case)] == [("pause_over", local("2026-03-12 00:00"))]
    assert told(world, case) == {"pause_over": {"mediator"}}
    # One working day was counted before (03-03), so four are left: 03-13, 03-16, 03-17, 03-18; yellow is the last two.
    sweep(world.engine, now=local("2026-03-19 00:00"))
    assert [(rung, at) for rung, at, _ in crossings(world, case)][1:] == [
        ("yellow", local("2026-03-17 00:00")),
        ("half_yellow", local("2026-03-18 00:00")),
        ("red", local("2026-03-19 00:00")),
    ]
    assert world.ledger_agrees()


def test_a_pause_that_was_ended_early_is_not_told_of_again(world: World) -> None:
    case = an_order(world)
    pause = Suspend(ground="appraisal", until=date(2026, 3, 12))
    world.take(case, pause, by="mediator", at=local("2026-03-03 10:00"))
    world.take(case, Resume(), by="mediator", at=local("2026-03-04 10:00"))
    sweep(world.engine, now=START + 60 * DAY)
    assert [rung for rung, *_ in crossings(world, case)] == list(LADDER)


# -- batches, and what goes wrong -------------------------------------------------------------------------------------


def _petitions(world: World, many: int) -> list[int]:
    with transaction(world.engine) as connection:
        return [world.open("petition", connection=connection).case_id for _ in range(many)]


@pytest.mark.parametrize("batch", [1, 2, 5, 100])
def test_the_size_of_a_batch_changes_nothing(sqlite_world: World, batch: int) -> None:
    _petitions(sqlite_world, 5)
    assert sweep(sqlite_world.engine, now=START + 40 * DAY, batch=batch) == Swept(clocks=5)
    assert len(crossings(sqlite_world)) == 20
    assert sqlite_world.ledger_agrees()


def test_a_sweep_that_stops_early_says_so_and_the_next_goes_on(world: World) -> None:
    _petitions(world, 5)
    now = START + 40 * DAY
    assert sweep(world.engine, now=now, batch=2, at_most=3) == Swept(clocks=4, truncated=True)
    assert sweep(world.engine, now=now, batch=2, at_most=3) == Swept(clocks=1)
    assert len(crossings(world)) == 20


def test_a_sweep_that_just_finishes_is_not_called_truncated(sqlite_world: World) -> None:
    _petitions(sqlite_world, 4)
    assert sweep(sqlite_world.engine, now=START + 40 * DAY, batch=2, at_most=4) == Swept(clocks=4)


def test_with_nothing_due_nothing_is_written_and_no_writer_is_made_to_wait(world: World) -> None:
    _petitions(world, 3)
    found, commits = world.everything(), list[Any]()
    event.listen(world.engine, "commit", commits.append)
    assert sweep(world.engine, now=START + DAY) == Swept()
    assert commits == []
    assert world.everything() == found


POISONS = {
    "no JSON": "UPDATE clock SET rungs = 'broken' WHERE case_id = :id",
    "no list": "UPDATE clock SET rungs = 'null' WHERE case_id = :id",
    "too short": """UPDATE clock SET rungs = '[["yellow"]]' WHERE case_id = :id""",
    "no time": """UPDATE clock SET rungs = '[["yellow",null,7,[]]]' WHERE case_id = :id""",
    "unknown light": """UPDATE clock SET rungs = replace(rungs, '"red"', '"mauve"') WHERE case_id = :id""",
    "unknown audience": """UPDATE clock SET rungs = replace(rungs, '"holder"', '"everybody"') WHERE case_id = :id""",
    "recorded before": "UPDATE clock SET crossed_until = NULL WHERE case_id = :id",
}


@pytest.mark.parametrize("poison", list(POISONS))
@pytest.mark.parametrize("batch", [1, 500])
def test_a_clock_that_cannot_be_recorded_is_logged_counted_and_stepped_over(
    world: World, poison: str, batch: int, caplog: pytest.LogCaptureFixture
) -> None:
    cases = _petitions(world, 5)
    sweep(world.engine, now=START + 11 * DAY)  # each is yellow
    with transaction(world.engine) as connection:
        connection.execute(text(POISONS[poison]), {"id": cases[2]})
    number = world.column("SELECT number FROM clock WHERE case_id = :id", id=cases[2])[0]
    with caplog.at_level(logging.ERROR):
        swept = sweep(world.engine, now=START + 40 * DAY, batch=batch)
    assert swept == Swept(clocks=5, failed=((cases[2], number),))
    assert {len(crossings(world, case)) for case in cases if case != cases[2]} == {4}
    assert len(crossings(world, cases[2])) == 1
    record = next(r for r in caplog.records if r.getMessage() == "crossing not recorded")
    assert (record.__dict__["case"], record.__dict__["clock"]) == (cases[2], number)


def test_two_sweeps_at_once_record_each_crossing_once(world: World) -> None:
    cases, now, done = _petitions(world, 40), START + 40 * DAY, list[Swept]()
    together = threading.Barrier(3)

    def run() -> None:
        together.wait()
        done.append(sweep(world.engine, now=now, batch=7))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [swept.failed for swept in done] == [(), (), ()]
    assert {len(crossings(world, case)) for case in cases} == {4}
    assert world.column("SELECT count(*) FROM message") == [40 + _mails_of_four_rungs(world) * 40]
    assert world.ledger_agrees()


def _mails_of_four_rungs(world: World) -> int:
    # The desk has two people and its head is the duty leader: 3, 3, 4 with upstream; the talk is for the head, upstream and
    # the assessor.
    return 3 + 3 + 4 + 3


def test_a_step_and_a_sweep_at_once_record_each_crossing_once(world: World) -> None:
    cases, now = _petitions(world, 20), START + 14 * DAY
    together = threading.Barrier(2)

    def accept() -> None:
        together.wait()
        for case in cases:
            world.take(case, Accept(), by="clerk", at=now, version=1)

    thread = threading.Thread(target=accept)
    thread.start()
    together.wait()
    swept = sweep(world.engine, now=now, batch=3)
    thread.join()
    assert swept.failed == ()
    for case in cases:
        codes = [e["code"] for e in world.events(case)]
        assert codes == ["case:registered", "clock:crossed", "clock:crossed", "case:accepted"]
    assert world.ledger_agrees()
