"""How pages are asked and compared: by a signed-in reader, whole, in an office of one size and in one of a tenth of it."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

from fastapi import FastAPI
from sqlalchemy import Engine
from starlette.testclient import TestClient

from benchmarks.ratios import Block, Finding, compare
from infra.db import transaction
from people.links import make_link
from workflow.model import AccountId

TENTH = 10
GATE = 1.5
COORDINATOR = AccountId(2)

Clock = Callable[[], float]


def clock_of(dialect: str) -> Clock:
    """CPU seconds of this process on SQLite, where the SQL runs in it; seconds on PostgreSQL, whose work is elsewhere."""
    return time.process_time if dialect == "sqlite" else time.perf_counter


def settled(engine: Engine) -> None:
    """PostgreSQL knows what it holds, as after a night."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def link_for(engine: Engine, account: AccountId) -> str:
    with transaction(engine) as connection:
        return make_link(connection, account, now=datetime.now(UTC))


def signed_in(app: FastAPI, link: str) -> TestClient:
    client = TestClient(app, base_url="http://127.0.0.1")
    page = client.get(f"/signin/link/{link}")
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', page.text)
    assert token, "the page of a link has a form"
    client.post(f"/signin/link/{link}", data={"form_token": token[1]})
    assert "/cases/" in client.get("/work").text, "the list shows cases"
    return client


def compared(
    page: str, big: TestClient, small: TestClient, *, name: str, count: int, each: int, rounds: int, clock: Clock, gate: float = GATE, said: str = "",
) -> Finding:  # fmt: skip
    """The page among `count` cases beside the same among a tenth, asked `each` times a round."""
    found = compare(asked(big, page, each, clock), asked(small, page, each, clock), rounds=rounds)
    return Finding(
        name=name,
        ours=f"{found.ours_seconds / each * 1000:.1f} ms of {count:,}{said}",
        limit=f"{found.other_seconds / each * 1000:.1f} ms of {count // TENTH:,}",
        ratio=found.ratio,
        gate=gate,
    )


def asked(client: TestClient, page: str, each: int, clock: Clock) -> Block:
    def block() -> float:
        begun = clock()
        for _ in range(each):
            assert client.get(page).status_code == 200
        return clock() - begun

    return block
