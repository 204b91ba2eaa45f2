"""What a page of what was found costs: the whole request, at 100,000 and at 1,000,000 cases, half of them closed.

Words that stand in every twentieth case, in every two-hundredth, in five of all; two common ones at once; each filter; each order. CPU
of this process on SQLite, where the SQL runs in it; seconds on PostgreSQL. The reader is the coordinator, who sees every case.
"""

from collections.abc import Iterator
from contextlib import ExitStack

from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from api.app import create_app
from benchmarks.copies import bulk, open_clocks
from benchmarks.databases import Bench, database
from benchmarks.dialects import of
from benchmarks.office import staff_of
from benchmarks.pages import COORDINATOR, TENTH, clock_of, compared, link_for, signed_in
from benchmarks.ratios import Finding
from cases.finding import BITS
from infra.settings import Settings

CASES, CASES_SMALL = 1_000_000, 1_000
PAGES_A_BLOCK, ROUNDS, ROUNDS_SMALL = 4, 15, 1
POOL, OF_POOL = 5000, 20  #: other words there are, and how many of them a text has
PAGES = (
    "q=漏水", "q=停车", "q=噪声", "q=漏水 停车", "q=漏水 噪声", "q=漏水&show=open&sort=due", "q=停车&sort=old", "q=31",
    "q=漏水&unit=5", "light=red", "light=green", "light=red&sort=due&show=open", "kind=mediation-30d", "type=12", "type=99&channel=letter", "channel=letter&sort=due&show=open",
    "work", "unit=5", "handler=502", "mine=1", "due=7", "closed=2026-10", "show=closed", "sort=number", "sort=old",
)  # fmt: skip


def measure(bench: Bench) -> Iterator[Finding]:
    count, rounds = (CASES_SMALL, ROUNDS_SMALL) if bench.small else (CASES, ROUNDS)
    for dialect in bench.dialects:
        with ExitStack() as stack:
            big, small = (_reader(bench, dialect, size, stack) for size in (count, count // TENTH))
            for page in PAGES:
                yield compared(
                    _address(page), big, small, name=f"/find?{page}, {dialect}", count=count, each=PAGES_A_BLOCK, rounds=rounds,
                    clock=clock_of(dialect), said=f", {_rows(big, page)} rows",
                )  # fmt: skip


def _reader(bench: Bench, dialect: str, count: int, stack: ExitStack) -> TestClient:
    engine = stack.enter_context(database(bench, dialect))
    staff = staff_of(engine)
    open_clocks(engine, staff, count=count, few=1, few_slots=1, many=1)
    _fill(engine, staff.case_id + 1, count)
    return stack.enter_context(
        signed_in(create_app(engine, Settings(home=bench.directory)), link_for(engine, COORDINATOR))
    )


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


def _rows(client: TestClient, page: str) -> int:
    return client.get(f"/find?{page}").text.count('<a class="title"')


def _address(page: str) -> str:
    return "/work" if page == "work" else f"/find?{page}"
