"""Two programs on one PostgreSQL at the same moment: neither fails, and neither undoes what the other has done.

Each test stops one of them at the place where the other used to slip in. On SQLite one writes at a time.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, text

from cases.jobruns import all_runs, note_failure, note_success
from cases.repeats import FormWasUsed
from cases.sweep import sweep
from infra.db import open_engine, reading, transaction
from ledger.chain import CLOSING, lock_heads, wait_for_key
from ledger.tables import Message
from notifications import deliver
from people.tries import Limit, count_try, forget_tries
from people.units import UnitIsBelowAnother, add_unit, add_unit_above
from tests.cases.orders import an_order
from tests.cases.records import START, World
from tests.cases.test_appeals import ASKED_AT, LIT_AT, Contest, an_appeal
from workflow.model import TIMERS, UnitId
from workflow.procedures.every_case.commands import Accept

#: So long one waits for another who may be waiting for it.
A_MOMENT = 1.0


@contextmanager
def another_program(world: World) -> Iterator[tuple[Engine, ThreadPoolExecutor]]:
    engine = open_engine(world.url)
    with ThreadPoolExecutor(1) as pool:
        yield engine, pool
    engine.dispose()


def after_a_moment(running: Future[Any]) -> None:
    """It has ended by now, or it waits for us."""
    with suppress(TimeoutError):
        running.exception(A_MOMENT)


@contextmanager
def at_first(engine: Engine, words: str, do: Callable[[], None]) -> Iterator[None]:
    """Something is done once, just after the first statement with these words."""
    left = [do]

    def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if words in statement and left:
            left.pop()()

    event.listen(engine, "after_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(engine, "after_cursor_execute", look)
    assert not left, "the place was passed"


def test_the_first_runs_of_a_job_in_two_programs_are_both_noted(postgres_world: World) -> None:
    engine = postgres_world.engine
    later = START + timedelta(minutes=1)
    with another_program(postgres_world) as (other, pool):

        def fails() -> None:
            with transaction(other) as connection:
                note_failure(connection, "sweep", now=later)

        with transaction(engine) as connection:
            note_success(connection, "sweep", now=START, figures={"clocks": 1})
            running = pool.submit(fails)
            after_a_moment(running)
        running.result()
    with reading(engine) as connection:
        (run,) = all_runs(connection)
    assert (run.succeeded_at, run.failed_at, run.failing_since) == (START, later, later)


def test_a_light_is_contested_while_a_year_is_closed_and_every_head_anchored(postgres_world: World) -> None:
    """Whoever closes holds what appeals wait for, and then takes the heads: an appeal that waits has taken none."""
    contest = Contest(postgres_world, an_order(postgres_world))
    assert not sweep(postgres_world.engine, now=LIT_AT).failed
    head = postgres_world.actor("supervisor")
    with another_program(postgres_world) as (other, pool):
        with transaction(other) as connection:
            wait_for_key(connection, CLOSING)
            running = pool.submit(contest.take, an_appeal(contest.light), by=head, at=ASKED_AT, seen_by=TIMERS)
            after_a_moment(running)
            assert not running.done(), "it waits for the year"
            lock_heads(connection, [contest.case])
        running.result()
    assert contest.last_waiver()


def test_a_digest_is_claimed_whole_though_two_programs_claim_at_once(
    postgres_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its letters have one Message-ID: of two halves a mail server would throw one away."""
    monkeypatch.setattr(deliver, "BATCH", 3)
    engine = postgres_world.engine
    row = {"recorded_at": START, "stream": 0, "attempts": 0, "next_try_at": START, "bundle": "digest.1.1"}
    with transaction(engine) as connection:
        recipient = postgres_world.account("mediator")
        connection.execute(insert(Message), [{**row, "seq": n, "recipient": recipient} for n in range(1, 7)])
    with another_program(postgres_world) as (other, pool):

        def claims(engine: Engine, lease: str) -> list[int]:
            with transaction(engine) as connection:
                return [one.id for one in deliver._claim(connection, lease, now=START)]

        running: list[Future[list[int]]] = []

        def the_other_claims() -> None:
            running.append(pool.submit(claims, other, "theirs"))
            after_a_moment(running[0])

        with at_first(engine, "SKIP LOCKED", the_other_claims):
            ours = claims(engine, "ours")
        theirs = running[0].result()
    assert sorted([len(ours), len(theirs)]) == [0, 6]


# -- people -----------------------------------------------------------------------------------------------------------

A_LIMIT = Limit(
    name="t", free=5, forgets=timedelta(minutes=10), first=timedelta(seconds=5), longest=timedelta(minutes=2)
)


def _top(world: World) -> UnitId:
    with reading(world.engine) as connection:
        return UnitId(connection.execute(text("SELECT id FROM unit WHERE parent_id IS NULL")).scalar_one())


def test_a_counter_that_is_forgotten_while_it_is_counted_is_counted_anew(postgres_world: World) -> None:
    with another_program(postgres_world) as (other, pool):

        def forget() -> None:
            for _ in range(100):
                with transaction(other) as connection:
                    forget_tries(connection, A_LIMIT, "a")

        going = pool.submit(forget)
        for n in range(100):
            with transaction(postgres_world.engine) as connection:
                count_try(connection, A_LIMIT, "a", tried=str(n), now=START)
        going.result()


def test_of_two_units_put_above_one_top_at_once_one_is_refused(postgres_world: World) -> None:
    top = _top(postgres_world)
    with another_program(postgres_world) as (other, pool):

        def second() -> UnitId:
            with transaction(other) as connection:
                return add_unit_above(connection, name="B", kind="upstream", top=top, now=START)

        with transaction(postgres_world.engine) as connection:
            made = add_unit_above(connection, name="A", kind="upstream", top=top, now=START)
            waiting = pool.submit(second)
            after_a_moment(waiting)
        with pytest.raises(UnitIsBelowAnother):
            waiting.result()
    assert _top(postgres_world) == made


def test_a_unit_added_below_while_one_is_put_above_is_below_both(postgres_world: World) -> None:
    top = _top(postgres_world)
    with another_program(postgres_world) as (other, pool):

        def below() -> UnitId:
            with transaction(other) as connection:
                return add_unit(connection, name="new", kind="unit", parent=top, now=START)

        with transaction(postgres_world.engine) as connection:
            above = add_unit_above(connection, name="A", kind="upstream", top=top, now=START)
            waiting = pool.submit(below)
            after_a_moment(waiting)
        query = text("SELECT above FROM unit_above WHERE unit = :unit")
        with reading(postgres_world.engine) as connection:
            assert above in set(connection.execute(query, {"unit": waiting.result()}).scalars())


def test_one_form_sent_for_two_cases_at_once_is_taken_for_one(postgres_world: World) -> None:
    world = postgres_world
    one, two = world.open(), world.open()
    with another_program(world) as (other, pool):

        def second() -> None:
            with transaction(other) as connection:
                world.take(two.case_id, Accept(), by="clerk", request="a" * 32, connection=connection)

        with transaction(world.engine) as connection:
            world.take(one.case_id, Accept(), by="clerk", request="a" * 32, connection=connection)
            waiting = pool.submit(second)
            after_a_moment(waiting)
        with pytest.raises(FormWasUsed):
            waiting.result()
