"""What a work list page costs: the whole request, with SQL and rendering, at 100,000 and at 1,000,000 open cases.

CPU seconds of this process on SQLite, where the SQL runs in it; seconds on PostgreSQL, whose work is elsewhere. Two
readers: the coordinator, who sees every case, and a mediator with sixty, as mediators have in an office of any size.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from sqlalchemy import text
from starlette.testclient import TestClient

from api.app import create_app
from benchmarks.copies import open_clocks
from benchmarks.databases import Bench, database
from benchmarks.office import Staff, staff_of
from benchmarks.pages import COORDINATOR, TENTH, clock_of, compared, link_for, settled, signed_in
from benchmarks.ratios import Finding
from infra.db import transaction
from infra.settings import Settings
from workflow.model import AccountId

OPEN, OPEN_SMALL = 1_000_000, 1_000
A_MEDIATORS_CASES = 60
PAGES_A_BLOCK, ROUNDS, ROUNDS_SMALL = 5, 20, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    coordinator: TestClient
    mediator: TestClient


def measure(bench: Bench) -> Iterator[Finding]:
    count, rounds = (OPEN_SMALL, ROUNDS_SMALL) if bench.small else (OPEN, ROUNDS)
    for dialect in bench.dialects:
        with ExitStack() as stack:
            big, small = (_readers(bench, dialect, size, stack) for size in (count, count // TENTH))
            for who in ("coordinator", "mediator"):
                yield compared(
                    "/work", getattr(big, who), getattr(small, who), name=f"work list of a {who}, {dialect}", count=count,
                    each=PAGES_A_BLOCK, rounds=rounds, clock=clock_of(dialect),
                )  # fmt: skip


def _readers(bench: Bench, dialect: str, count: int, stack: ExitStack) -> Readers:
    engine = stack.enter_context(database(bench, dialect))
    staff = staff_of(engine)
    open_clocks(engine, staff, count=count, few=1, few_slots=1, many=1)
    with transaction(engine) as connection:
        _deal_out(connection.execute, staff, count)
    settled(engine)
    app = create_app(engine, Settings(home=bench.directory))
    links = (link_for(engine, account) for account in (COORDINATOR, _mediator(staff)))
    coordinator, mediator = (stack.enter_context(signed_in(app, link)) for link in links)
    return Readers(coordinator=coordinator, mediator=mediator)


def _mediator(staff: Staff) -> AccountId:
    account = staff.mediator.account
    assert account is not None, "a mediator has an account"
    return account


def _deal_out(run: Callable[..., object], staff: Staff, count: int) -> None:
    """Every mediator holds sixty cases, ours among them: those of an office do not grow with the office."""
    run(text(f"UPDATE cases SET holder_person = 1000000 + id / {A_MEDIATORS_CASES} WHERE id <> :own"), {"own": staff.case_id})  # fmt: skip
    apart = count // A_MEDIATORS_CASES
    run(text(f"UPDATE cases SET holder_person = :me WHERE id % {apart} = 7"), {"me": _mediator(staff)})
