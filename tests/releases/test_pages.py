"""Every page of every role, over the office of every release: whatever a page leads to is opened as well."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient
from typer.testing import CliRunner

from cli.main import app
from infra.db import reading
from infra.settings import settings
from ledger.upcasters import data_of
from reports.closures.exports import which
from tests.cases.records import local
from tests.databases import Site, form_token, set_clock
from tests.releases.kept import NEWEST, Upgraded, give_key

DAYS = ("2026-03-10", "2026-11-20")  #: each is over at 16:00 UTC
HREF = re.compile(r'href="(/[^"#]*)')
#: Where whoever is not signed in is sent.
ENTRANCES = ("/signin", "/track")
#: A statistic leads to the one before it, and so on to 2001: those that are asked for are enough.
EARLIER = "/bulletin?"
#: A receipt is the same for everybody who sees its case: the auditor opens that of every clock, the others one of each case.
RECEIPT = re.compile(r"(/cases/[0-9a-f]{32})/clocks/(\d+)")
#: One of each role that signs in.
LOGINS = ("clerk", "coordinator", "mediator", "supervisor", "upstream", "assessor", "auditor", "admin")
#: Where no menu leads: what is asked for in a form.
ASKED = {
    "auditor": (
        "/as-of?on=2026-06-30", "/as-of?on=2026-11-19&what=sheet", "/as-of?on=2026-11-19&what=sheet&year=2025",
        "/assessment?year=2025", "/assessment?year=2026&scheme=RATES-B", "/bulletin?month=2026-10", "/bulletin?year=2025",
        "/closures?start=2025-01-01&end=2026-11-20", "/signs?year=2026", "/signs?year=2025",
    ),
    "assessor": ("/assessment?year=2025", "/assessment?year=2026&scheme=DACHUAN", "/assessment?year=2026&scheme=JINHUA"),
    "admin": ("/mails?kind=waiting", "/mails?kind=sent", "/mails?kind=trying"),
}  # fmt: skip


def walk(browser: TestClient, starts: tuple[str, ...], *, every_receipt: bool = False) -> set[str]:
    """Every address that can be reached from these by links; each must be a page, and none asks who is there."""
    waiting, seen, receipts = list(starts), set[str](), dict[str, str]()
    while waiting:
        address = waiting.pop()
        if address in seen or "lang" in parse_qs(urlsplit(address).query) or address.startswith("/static"):
            continue
        receipt = RECEIPT.match(address)
        if receipt and not every_receipt and receipts.setdefault(receipt[1], receipt[2]) != receipt[2]:
            continue
        seen.add(address)
        answer = browser.get(address)
        if answer.status_code == 303:
            assert urlsplit(answer.headers["location"]).path not in ENTRANCES, address
            waiting.append(answer.headers["location"])
            continue
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        if answer.headers["content-type"].startswith("text/html"):
            waiting += [found for one in HREF.findall(answer.text) if not (found := unescape(one)).startswith(EARLIER)]
    return seen


@pytest.mark.parametrize("login", LOGINS)
def test_every_page_opens(site: Site, login: str) -> None:
    seen = walk(site.session_for(login), ("/", *ASKED.get(login, ())), every_receipt=login == "auditor")
    receipts = [one for one in seen if RECEIPT.match(one)]
    assert len(receipts) > 100 or login != "auditor"
    if login not in ("auditor", "assessor", "admin"):
        assert any(address.startswith("/cases/") for address in seen)


@pytest.mark.parametrize("server", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_every_page_of_an_auditor_opens_on_postgresql(site_on_any: Site) -> None:
    seen = walk(site_on_any.session_for("auditor"), ("/", *ASKED["auditor"]))
    assert any(address.startswith("/closures") for address in seen - set(ASKED["auditor"]))


def test_the_page_of_every_case_opens_as_it_was_known_and_as_it_is(site: Site) -> None:
    with reading(site.engine) as connection:
        rows = connection.execute(text("SELECT public_id, registered_at FROM cases")).all()
    cases = [public_id for public_id, _ in rows]
    known_on = {on: {public_id for public_id, at in rows if str(at)[:16] < f"{on} 16:00"} for on in DAYS}
    coordinator, auditor = site.session_for("coordinator"), site.session_for("auditor")
    for public_id in cases:
        assert coordinator.get(f"/cases/{public_id}").status_code == 200
        for on in DAYS:
            known = public_id in known_on[on]
            assert auditor.get(f"/as-of?on={on}&case={public_id}").status_code == (200 if known else 422)


def test_every_petitioner_follows_their_matter(site: Site) -> None:
    with reading(site.engine) as connection:
        cases = connection.execute(text("SELECT id, serial FROM cases")).all()
    for case_id, serial in cases:
        petitioner = site.petitioner_of(case_id)
        assert f"第{serial}号" in petitioner.get("/track/case").text
        walk(petitioner, ("/track/case",))


@pytest.mark.parametrize("kind", ["csv", "xlsx", "pdf", "jsonl"])
def test_closure_reports_are_made_and_those_of_before_are_listed(site: Site, kind: str) -> None:
    auditor = site.session_for("auditor")
    listed = auditor.get("/closures").text
    assert listed.count("2026-01-01") >= 2, "the release made two"
    asked = {"form_token": form_token(auditor), "start": "2025-01-01", "end": "2026-11-20"}
    answer = auditor.post(f"/closures/{kind}", data=asked)
    assert answer.status_code == 200
    assert len(answer.content) > 1000


@pytest.fixture
def command_line(on_sqlite: Upgraded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    monkeypatch.setenv("HUIYIN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HUIYIN_DATABASE", on_sqlite.url)
    settings.cache_clear()
    give_key(on_sqlite.office.engine, tmp_path / "home")
    with set_clock(local("2026-12-01 11:00")):
        yield CliRunner()
    settings.cache_clear()


@pytest.mark.parametrize(
    "arguments",
    [
        ["assess", "sheets", "2026"], ["assess", "sheets", "2026", "--json"], ["assess", "sheets", "2025", "--people"],
        ["assess", "what-if", "2026", "--ladder", "fix3"], ["assess", "tally", "--check", "2026"],
        ["assess", "signs", "2026"], ["as-of", "2026-06-30"], ["as-of", "2026-06-30", "sheet"], ["serials"],
        ["bulletin", "2026-10"], ["anchor", "make"], ["policy", "rules"], ["policy", "plan"], ["verify"],
        ["sweep", "--job", "tally"], ["sweep", "--json"], ["scheme", "choose", "RATES-B"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_every_command_answers(command_line: CliRunner, arguments: list[str]) -> None:
    answer = command_line.invoke(app, arguments, catch_exceptions=False)
    assert answer.exit_code == 0, answer.output


def test_a_report_that_the_release_gave_out_is_recognised_by_its_hash(on_sqlite: Upgraded) -> None:
    """0.1.0 noted that it gave out two closure reports and not which; the newest noted the hash of each of its four."""
    with reading(on_sqlite.office.engine) as connection:
        events = list(connection.execute(text("SELECT data FROM event WHERE code = 'report:exported'")).scalars())
        given = [data_of("report:exported", data) for data in events]
        found = [which(connection, one["sha256"]) for one in given if "sha256" in one]
    newest = on_sqlite.release == NEWEST
    assert [(one.report, one.format) for one in found if one] == [
        (one["report"], one["format"]) for one in given if newest
    ]
    assert (len(given), len(found)) == ((4, 4) if newest else (2, 0))
    periods = [one.choice["period"] for one in found if one and one.report == "bulletin"]
    assert periods == (["2026-10"] if newest else [])


def test_every_case_is_told_on_the_command_line(on_sqlite: Upgraded, command_line: CliRunner) -> None:
    with reading(on_sqlite.office.engine) as connection:
        cases = list(connection.execute(text("SELECT public_id FROM cases")).scalars())
    for public_id in cases:
        answer = command_line.invoke(app, ["as-of", "2026-11-20", "case", public_id, "--json"], catch_exceptions=False)
        assert json.loads(answer.stdout)["events"]
