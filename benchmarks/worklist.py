"""What a work list page costs: the whole request, with SQL and rendering, at 100,000 and at 1,000,000 open cases.

CPU seconds of this process on SQLite, where the SQL runs in it; seconds on PostgreSQL, whose work is elsewhere. Two
readers: the coordinator, who sees every case, and a mediator with sixty, as mediators have in an office of any size.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import FastAPI
from sqlalchemy import text
from starlette.testclient import TestClient

from api.app import create_app
from benchmarks.copies import open_clocks
from benchmarks.databases import Bench, database
from benchmarks.office import Staff, staff_of
from benchmarks.ratios import Block, Finding, compare
from infra.db import transaction
from infra.settings import Settings
from people.links import make_link
from workflow.model import AccountId

OPEN, OPEN_SMALL, TENTH = 1_000_000, 10_000, 10
A_MEDIATORS_CASES = 60
COORDINATOR = AccountId(2)
PAGES_A_BLOCK, ROUNDS, ROUNDS_SMALL = 5, 20, 1
GATE = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    coordinator: TestClient
    mediator: TestClient


def measure(bench: Bench) -> Iterator[Finding]:
    count, rounds = (OPEN_SMALL, ROUNDS_SMALL) if bench.small else (OPEN, ROUNDS)
    for dialect in bench.dialects:
        clock = time.process_time if dialect == "sqlite" else time.perf_counter
        with ExitStack() as stack:
            big, small = (_readers(bench, dialect, size, stack) for size in (count, count // TENTH))
            for who in ("coordinator", "mediator"):
                found = compare(_pages(getattr(big, who), clock), _pages(getattr(small, who), clock), rounds=rounds)
                yield Finding(
                    name=f"work list of a {who}, {dialect}",
                    ours=f"{found.ours_seconds / PAGES_A_BLOCK * 1000:.1f} ms of {count:,}",
                    limit=f"{found.other_seconds / PAGES_A_BLOCK * 1000:.1f} ms of {count // TENTH:,}",
                    ratio=found.ratio,
                    gate=GATE,
                )


def _readers(bench: Bench, dialect: str, count: int, stack: ExitStack) -> Readers:
    engine = stack.enter_context(database(bench, dialect))
    staff = staff_of(engine)
    open_clocks(engine, staff, count=count, few=1, few_slots=1, many=1)
    with transaction(engine) as connection:
        _deal_out(connection.execute, staff, count)
        links = [make_link(connection, account, now=datetime.now(UTC)) for account in (COORDINATOR, _mediator(staff))]
    if dialect == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    app = create_app(engine, Settings(home=bench.directory))
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


def signed_in(app: FastAPI, link: str) -> TestClient:
    client = TestClient(app, base_url="http://127.0.0.1")
    page = client.get(f"/signin/link/{link}")
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', page.text)
    assert token, "the page of a link has a form"
    client.post(f"/signin/link/{link}", data={"form_token": token[1]})
    assert "/cases/" in client.get("/work").text, "the list shows cases"
    return client


def _pages(client: TestClient, clock: Callable[[], float]) -> Block:
    def block() -> float:
        begun = clock()
        for _ in range(PAGES_A_BLOCK):
            assert client.get("/work").status_code == 200
        return clock() - begun

    return block
