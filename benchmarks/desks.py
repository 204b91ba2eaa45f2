"""What the desks cost in an office that has been at work for years: the whole request, at 100,000 and at 1,000,000 cases.

Five thousand cases are open in both, as many as one office has in hand; the others have ended. The reader is the coordinator, who sees
every case. CPU of this process on SQLite, where the SQL runs in it; seconds on PostgreSQL.
"""

from collections.abc import Iterator
from contextlib import ExitStack

from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.app import create_app
from benchmarks.copies import bulk, open_clocks
from benchmarks.databases import Bench, database
from benchmarks.office import staff_of
from benchmarks.pages import COORDINATOR, GATE, TENTH, clock_of, compared, link_for, settled, signed_in
from benchmarks.ratios import Finding
from infra.settings import Settings

CASES, CASES_SMALL = 1_000_000, 1_000
OPEN, OPEN_SMALL = 5_000, 50
PAGES_A_BLOCK, ROUNDS, ROUNDS_SMALL = 3, 10, 1
#: The pictures of a year count every case of it once, and are no desk: they may cost what there is to count.
PAGES = {
    "/work": GATE, "/overview": GATE, "/hand-over": GATE, "/find?show=open&sort=due": GATE, "/find?closed=2026-10": GATE,
    "/pictures": float(TENTH),
}  # fmt: skip


def measure(bench: Bench) -> Iterator[Finding]:
    count, still, rounds = (CASES_SMALL, OPEN_SMALL, ROUNDS_SMALL) if bench.small else (CASES, OPEN, ROUNDS)
    for dialect in bench.dialects:
        with ExitStack() as stack:
            big, small = (_reader(bench, dialect, size, still, stack) for size in (count, count // TENTH))
            for page, gate in PAGES.items():
                yield compared(
                    page, big, small, name=f"{page}, {still:,} open, {dialect}", count=count, each=PAGES_A_BLOCK, rounds=rounds,
                    clock=clock_of(dialect), gate=gate,
                )  # fmt: skip


def _reader(bench: Bench, dialect: str, count: int, still: int, stack: ExitStack) -> TestClient:
    engine = stack.enter_context(database(bench, dialect))
    staff = staff_of(engine)
    open_clocks(engine, staff, count=count, few=1, few_slots=1, many=1)
    _end(engine, staff.case_id + 1, staff.case_id + count - still)
    settled(engine)
    return stack.enter_context(
        signed_in(create_app(engine, Settings(home=bench.directory)), link_for(engine, COORDINATOR))
    )


def _end(engine: Engine, first: int, last: int) -> None:
    """These cases have ended, and their clocks with them."""
    given = {"first": first, "last": last}
    with bulk(engine) as connection:
        ended = "closed_at = registered_at, next_due_at = NULL, outcome = 'settled.oral', state = 'closed'"
        connection.execute(text(f"UPDATE cases SET {ended} WHERE id BETWEEN :first AND :last"), given)
        stopped = "stopped_at = started_at, next_crossing_at = NULL, outcome = 'met'"
        connection.execute(text(f"UPDATE clock SET {stopped} WHERE case_id BETWEEN :first AND :last"), given)
