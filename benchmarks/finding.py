"""What a page of what was found costs: the whole request, at 100,000 and at 1,000,000 cases, half of them closed.

Words that stand in every twentieth case, in every two-hundredth, in five of all; two common ones at once; each filter; each order. CPU
of this process on SQLite, where the SQL runs in it; seconds on PostgreSQL. The reader is the coordinator, who sees every case.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.app import create_app
from benchmarks.copies import bulk, open_clocks
from benchmarks.databases import Bench, database
from benchmarks.dialects import of
from benchmarks.office import staff_of
from benchmarks.ratios import Block, Finding, compare
from benchmarks.worklist import COORDINATOR, TENTH, signed_in
from cases.finding import BITS
from infra.db import transaction
from infra.settings import Settings
from people.links import make_link

CASES, CASES_SMALL = 1_000_000, 10_000
PAGES_A_BLOCK, ROUNDS, ROUNDS_SMALL = 4, 15, 1
GATE, MILLISECONDS = 1.5, 15.0
POOL, OF_POOL = 5000, 20  #: other words there are, and how many of them a text has
PAGES = (
    "q=漏水", "q=停车", "q=噪声", "q=漏水 停车", "q=漏水 噪声", "q=漏水&show=open&sort=due", "q=停车&sort=old", "q=31",
    "q=漏水&unit=5", "light=red", "light=green", "light=red&sort=due&show=open", "kind=mediation-30d", "type=12", "type=99&channel=letter", "channel=letter&sort=due&show=open",
    "work", "unit=5", "handler=502", "mine=1", "due=7", "closed=2026-10", "show=closed", "sort=number", "sort=old",
)  # fmt: skip


def measure(bench: Bench) -> Iterator[Finding]:
    count, rounds = (CASES_SMALL, ROUNDS_SMALL) if bench.small else (CASES, ROUNDS)
    for dialect in bench.dialects:
        clock = time.process_time if dialect == "sqlite" else time.perf_counter
        with ExitStack() as stack:
            big, small = (_reader(bench, dialect, size, stack) for size in (count, count // TENTH))
            for page in PAGES:
                found = compare(_pages(big, page, clock), _pages(small, page, clock), rounds=rounds)
                took = found.ours_seconds / PAGES_A_BLOCK * 1000
                yield Finding(
                    name=f"/find?{page}, {dialect}",
                    ours=f"{took:.1f} ms of {count:,}, {_rows(big, page)} rows",
                    limit=f"{found.other_seconds / PAGES_A_BLOCK * 1000:.1f} ms of {count // TENTH:,}",
                    ratio=found.ratio,
                    gate=GATE,
                )


def _reader(bench: Bench, dialect: str, count: int, stack: ExitStack) -> TestClient:
    engine = stack.enter_context(database(bench, dialect))
    staff = staff_of(engine)
    open_clocks(engine, staff, count=count, few=1, few_slots=1, many=1)
    _fill(engine, staff.case_id + 1, count)
    with transaction(engine) as connection:
        link = make_link(connection, COORDINATOR, now=datetime.now(UTC))
    return stack.enter_context(signed_in(create_app(engine, Settings(home=bench.directory)), link))


def _fill(engine: Engine, first: int, count: int) -> None:
    """Half of the cases are closed, their kinds and channels differ, and each has a text and what the register says."""
    rare = max(count // 5, 1)
    common = "".join(f"CASE WHEN n % {each} = 0 THEN '{word} ' ELSE '' END || " for each, word in ((20, "漏水"), (200, "停车"), (rare, "噪声")))  # fmt: skip
    pool = " || ' ' || ".join(f"'词' || ((n * 7 + n / {k + 3} * 131 + {k}) % {POOL})" for k in range(OF_POOL))
    given = {"first": first, "last": first + count - 1}
    with bulk(engine) as connection:
        kinds = (
            "dispute_type = CAST(10 + id % 15 AS text), channel = CASE WHEN id % 40 = 0 THEN 'letter' ELSE 'visit' END"
        )
        connection.execute(text(f"UPDATE cases SET {kinds} WHERE id >= :first"), {"first": first})
        connection.execute(
            text("UPDATE cases SET closed_at = registered_at WHERE id % 2 = 1 AND id >= :first"), {"first": first}
        )
        series = of(connection).series
        connection.execute(
            text(f"INSERT INTO finding (id, words) {series} SELECT (CAST(n AS bigint) << {BITS}) + 1, ' ' || {common}{pool} || ' ' FROM series"),
            given,
        )  # fmt: skip
        codes = "' №' || serial || ' ▤mediation–30d ▥' || dispute_type || ' ▦' || channel || ' '"
        connection.execute(
            text(f"INSERT INTO finding (id, words) SELECT id << {BITS}, {codes} FROM cases WHERE id >= :first"),
            {"first": first},
        )
        if engine.dialect.name == "sqlite":
            connection.execute(text("INSERT INTO finding_terms (finding_terms) VALUES ('rebuild')"))


def _pages(client: TestClient, page: str, clock: Callable[[], float]) -> Block:
    def block() -> float:
        begun = clock()
        for _ in range(PAGES_A_BLOCK):
            assert client.get(_address(page)).status_code == 200
        return clock() - begun

    return block


def _rows(client: TestClient, page: str) -> int:
    return client.get(f"/find?{page}").text.count('<a class="title"')


def _address(page: str) -> str:
    return "/work" if page == "work" else f"/find?{page}"
