"""What a step costs a program by the interface, beside the same step of a person by the form: the whole request, committed.

A note in a matter, which may be taken any number of times. CPU of this process on SQLite, where the SQL runs in it; seconds on PostgreSQL.
"""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

from starlette.testclient import TestClient

from api.app import create_app
from benchmarks.copies import open_clocks
from benchmarks.databases import Bench, database
from benchmarks.office import staff_of
from benchmarks.pages import COORDINATOR, Clock, clock_of, link_for, signed_in
from benchmarks.ratios import Block, Finding, compare
from cases.visibility import case, visible_cases
from infra.db import reading, transaction
from infra.settings import Settings
from people.directory import person
from people.tokens import ACT, issue_token
from workflow.model import TIMERS

STEPS_A_BLOCK, ROUNDS, ROUNDS_SMALL, CASES = 5, 30, 1, 10
GATE = 1.3
NOTE = {"occasion": "unanswered_call", "note": "已电话联系，对方同意下周面谈。"}


def measure(bench: Bench) -> Iterator[Finding]:
    for dialect in bench.dialects:
        with ExitStack() as stack:
            by_program, by_form = _ways(bench, dialect, stack, clock_of(dialect))
            found = compare(by_program, by_form, rounds=ROUNDS_SMALL if bench.small else ROUNDS)
            yield Finding(
                name=f"a step by the interface, {dialect}",
                ours=f"{found.ours_seconds / STEPS_A_BLOCK * 1000:.1f} ms",
                limit=f"{found.other_seconds / STEPS_A_BLOCK * 1000:.1f} ms by the form",
                ratio=found.ratio,
                gate=GATE,
            )


def _ways(bench: Bench, dialect: str, stack: ExitStack, clock: Clock) -> tuple[Block, Block]:
    """The same step in the same matter, by a program and by a browser."""
    engine = stack.enter_context(database(bench, dialect))
    staff = staff_of(engine)
    open_clocks(engine, staff, count=CASES, few=1, few_slots=1, many=1)
    now = datetime.now(UTC)
    with transaction(engine) as connection:
        who = person(connection, COORDINATOR)
        assert who is not None, "the coordinator is there"
        token = issue_token(connection, who, name="program", scopes=(ACT,), days=30, now=now, request="bench")
    with reading(engine) as connection:
        of = visible_cases(TIMERS, case.public_id).where(case.id == staff.case_id)
        public_id = connection.execute(of).scalar_one()
    app = create_app(engine, Settings(home=bench.directory))
    browser = stack.enter_context(signed_in(app, link_for(engine, COORDINATOR)))
    program = TestClient(app, base_url="http://127.0.0.1", headers={"Authorization": f"Bearer {token}"})
    form_token = browser.get("/account").text.partition('name="form_token" value="')[2].partition('"')[0]
    standing = f"/api/v1/cases/{public_id}/steps/AddNote"

    def version() -> str:
        with reading(engine) as connection:
            query = visible_cases(TIMERS, case.version).where(case.id == staff.case_id)
            return str(connection.execute(query).scalar_one())

    def by_program() -> float:
        first = int(version())
        begun = clock()
        for n in range(STEPS_A_BLOCK):
            said = {"version": first + n, "fields": NOTE}
            answer = program.post(standing, json=said, headers={"Idempotency-Key": secrets.token_hex(16)})
            assert answer.status_code == 200, answer.text
        return clock() - begun

    def by_form() -> float:
        first = int(version())
        begun = clock()
        for n in range(STEPS_A_BLOCK):
            typed = {"form_token": form_token, "form_id": secrets.token_hex(16), "version": str(first + n), **NOTE}
            answer = browser.post(f"/cases/{public_id}/steps/AddNote", data=typed, follow_redirects=False)
            assert answer.status_code == 303, answer.text
        return clock() - begun

    return by_program, by_form
