"""What pages and reports cost in an office of tens of thousands of cases: seconds of CPU against the goals, which grow with
the office from 50,000 cases on.

Pages are asked of the application itself, without a server between, three times each; the best counts, for the machine is
shared. Reports are made as the timers make them. A verification is shared out among the cores of the machine, so that its
seconds are those that somebody waits. The office is the demo many times over (`grown_office.py`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import Engine, event, text
from starlette.testclient import TestClient

import web.context
from api.app import create_app
from benchmarks.databases import Bench, database
from benchmarks.grown_office import GROWN_AT, grown_office
from benchmarks.ratios import Finding
from cases.anchors import make_anchors, signed
from cases.office import load_office
from infra.db import reading, transaction
from infra.settings import Settings
from infra.signing import signing_key, written
from ops.marks_anew import marks_anew
from ops.report_making import make_reports
from people.office_keys import signing_key_of_office
from people.signin import begin_session
from reports.later.jobs import Asker, ask
from verify.checking import verify
from verify.report import Report
from verify.shares import cores
from verify.since import Since, note_of
from web.context import SESSION_COOKIE
from workflow.model import AccountId, Role
from workflow.spelling import stamp

CASES, CASES_SMALL, SHARE_SMALL = 50_000, 100, 8
TIMES = 3
NOW = GROWN_AT + timedelta(hours=1)
#: The goals at `CASES`: seconds of CPU, and statements of a page.
PAGE, REPORT, VERIFY, VERIFY_ON = 0.3, 3.0, 20.0, 2.0
STATEMENTS = 8
ADDRESS = "http://127.0.0.1"
#: Pages that somebody waits for, by role.
PAGES = (
    (Role.MEDIATOR, "/work"),
    (Role.COORDINATOR, "/work"),
    (Role.SUPERVISOR, "/work"),
    (Role.AUDITOR, "/work"),
    (Role.COORDINATOR, "/work?show=closed"),
    (Role.COORDINATOR, "/cases/{case}"),
    (Role.AUDITOR, "/signs?year=2026"),
    (Role.AUDITOR, "/assessment?year=2026"),
    (Role.AUDITOR, "/assessment/units/{unit}?year=2026"),
    (Role.AUDITOR, "/as-of?on=2026-11-20"),
    (Role.AUDITOR, "/as-of?on=2026-11-20&what=sheet"),
    (Role.AUDITOR, "/bulletin"),
    (Role.AUDITOR, "/closures"),
    (Role.AUDITOR, "/serials"),
    (Role.AUDITOR, "/office-record"),
    (Role.ADMINISTRATOR, "/mails"),
)
#: Of these the statements are counted: what everybody has open all day.
EVERYDAY = frozenset({"/work"})
#: Reports that are made for later.
REPORTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("as_of_list", {"on": "2026-06-30"}),
    ("as_of_sheet", {"on": "2026-06-30", "year": 2026}),
    ("bulletin", {"period": "2025", "unit": 0}),
    ("sheet", {"year": 2026, "unit": 0, "scheme": "LIGHTS-A", "format": "xlsx"}),
)


def measure(bench: Bench) -> Iterator[Finding]:
    for dialect in bench.dialects:
        with database(bench, dialect) as engine:
            wanted = CASES_SMALL if bench.small else bench.cases
            cases = grown_office(engine, cases=wanted, share=SHARE_SMALL if bench.small else 1)
            scale = max(1.0, cases / CASES)
            named = f"{dialect}, {cases:,} cases"
            settings = Settings(home=bench.directory, database=engine.url.render_as_string(hide_password=False))
            yield from _pages(engine, settings, named, scale)
            yield from _reports(engine, settings, named, scale)
            yield from _verify(engine, settings, bench.directory, named, scale)


def _finding(name: str, took: float, goal: float, ours: str = "") -> Finding:
    return Finding(name=name, ours=ours or f"{took:.2f} s", limit=f"{goal:g}", ratio=took, gate=goal)


# -- pages ------------------------------------------------------------------------------------------------------------


def _pages(engine: Engine, settings: Settings, named: str, scale: float) -> Iterator[Finding]:
    with mock.patch.object(web.context, "read_clock", return_value=NOW), _counting(engine) as said:
        app = create_app(engine, settings)
        browsers = {role: _browser(engine, app, role) for role in {role for role, _ in PAGES}}
        with reading(engine) as connection:
            of = {"case": _one(connection, _ANY_CASE), "unit": _one(connection, _LARGEST_UNIT)}
        for role, address in PAGES:
            path, found = address.format_map(of), []
            for _ in range(TIMES):
                said.clear()
                begun = time.process_time()
                answer = browsers[role].get(path)
                found.append((time.process_time() - begun, len(said)))
                assert answer.status_code == 200, (path, answer.status_code)
            took, statements = min(found)
            yield _finding(
                f"{role.value} {address}, {named}", took, PAGE * scale, f"{took * 1000:.0f} ms, {statements} statements"
            )
            if address in EVERYDAY:
                yield _finding(
                    f"statements of {role.value} {address}, {named}", statements, STATEMENTS, str(statements)
                )


_ANY_CASE = "SELECT public_id FROM cases WHERE closed_at IS NULL AND procedure = 'mediation' ORDER BY id DESC LIMIT 1"
_LARGEST_UNIT = "SELECT unit FROM tally WHERE year = 2026 AND person = -1 GROUP BY unit ORDER BY sum(n) DESC LIMIT 1"


def _one(connection: Any, query: str) -> Any:
    return connection.execute(text(query)).scalar_one()


def _browser(engine: Engine, app: Any, role: Role) -> TestClient:
    with transaction(engine) as connection:
        token = begin_session(connection, account=_account(connection, role), now=NOW)
    browser = TestClient(app, base_url=ADDRESS, follow_redirects=False)
    browser.cookies.set(SESSION_COOKIE, token, domain="127.0.0.1", path="/")
    return browser


def _account(connection: Any, role: Role) -> AccountId:
    found = connection.execute(text("SELECT min(id) FROM account WHERE role = :role"), {"role": role.value})
    return AccountId(found.scalar_one())


@contextmanager
def _counting(engine: Engine) -> Iterator[list[str]]:
    """Everything that is asked of the driver's cursors, prepared or not."""
    said: list[str] = []
    execute = _cursor_class(engine).execute

    class Counted(_cursor_class(engine)):  # type: ignore[misc]  # of whichever driver
        def execute(self, statement: Any, *given: Any, **named: Any) -> Any:
            said.append(str(statement))
            return execute(self, statement, *given, **named)

    def counts(driver: Any, *_: Any) -> None:
        driver.cursor_factory = Counted if engine.dialect.name == "postgresql" else None

    def traces(driver: Any, *_: Any) -> None:
        if engine.dialect.name == "sqlite":
            driver.set_trace_callback(said.append)
        else:
            counts(driver)

    event.listen(engine, "checkout", traces)
    try:
        yield said
    finally:
        event.remove(engine, "checkout", traces)


def _cursor_class(engine: Engine) -> Any:
    if engine.dialect.name == "postgresql":
        import psycopg

        return psycopg.Cursor
    import sqlite3

    return sqlite3.Cursor


# -- reports ----------------------------------------------------------------------------------------------------------


def _reports(engine: Engine, settings: Settings, named: str, scale: float) -> Iterator[Finding]:  # noqa: ARG001 (as the others)
    with transaction(engine) as connection:
        account, unit = _account(connection, Role.AUDITOR), _one(connection, _LARGEST_UNIT)
    for number, (kind, asked) in enumerate(REPORTS):
        wanted = asked | ({"unit": unit} if "unit" in asked else {})
        with transaction(engine) as connection:
            ask(
                connection,
                kind,
                wanted,
                asker=Asker(account),
                language="zh_CN",
                mail=False,
                now=NOW,
                request=f"{number:032x}",
            )
        took = _seconds(lambda: make_reports(engine, now=NOW))
        with reading(engine) as connection:
            failed = connection.execute(text("SELECT failed FROM report_job ORDER BY id DESC LIMIT 1")).scalar_one()
        assert failed is None, failed
        yield _finding(f"report {kind}, {named}", took, REPORT * scale)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


# -- verify -----------------------------------------------------------------------------------------------------------


def _verify(engine: Engine, settings: Settings, directory: Path, named: str, scale: float) -> Iterator[Finding]:
    url = engine.url.render_as_string(hide_password=False)
    with reading(engine) as connection:
        office = load_office(connection)
    with transaction(engine) as connection:
        key = signing_key_of_office(connection, settings.home, now=NOW)
    make_anchors(engine, office=office, key=key, now=NOW)
    whole: list[Report] = []
    begun = time.perf_counter()
    whole.append(verify(url, marks=marks_anew, processes=cores()))
    took = time.perf_counter() - begun
    assert whole[0].ok, whole[0].findings[:3]
    assert whole[0].reached
    yield _finding(f"verify whole by {cores()} processes, {named}", took, VERIFY * scale)
    note = directory / "verified.txt"
    at = stamp(datetime.now(UTC))
    note.write_text(signed(note_of(whole[0].reached, office=office.short_name, at=at), office.short_name, key), "utf-8")
    since = Since(file=str(note), keys=[written(signing_key(settings.home).public)])
    later: list[Report] = []
    took = _seconds(lambda: later.append(verify(url, marks=marks_anew, since=since)))
    assert later[0].ok, later[0].findings[:3]
    yield _finding(f"verify going on, {named}", took, VERIFY_ON * scale)
