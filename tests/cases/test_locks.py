"""Two programs on one PostgreSQL at the same moment: neither fails, and neither undoes what the other has done.

Each test stops one of them at the place where the other used to slip in. On SQLite one writes at a time.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert

from cases.crossings import TIMERS
from cases.jobruns import all_runs, note_failure, note_success
from cases.ledger import CLOSING, lock_heads, wait_for_key
from cases.sweep import sweep
from cases.tables import Message
from infra.db import open_engine, reading, transaction
from notifications import deliver
from tests.cases.orders import an_order
from tests.cases.records import START, World
from tests.cases.test_appeals import ASKED_AT, LIT_AT, Contest, an_appeal

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
