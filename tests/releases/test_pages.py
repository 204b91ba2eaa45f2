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

from cases.upcasters import data_of
from cases.words import Words
from infra.db import reading
from infra.settings import settings
from ops.cli import app
from ops.exporting import _told as said_of
from reports.exports import Exported
from tests.cases.records import local
from tests.databases import Site, form_token
from tests.releases.kept import Upgraded

HREF = re.compile(r'href="(/[^"#]*)')
#: A statistic leads to the one before it, and so on to 2001: those that are asked for are enough.
EARLIER = "/bulletin?"
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


def walk(browser: TestClient, starts: tuple[str, ...]) -> set[str]:
    """Every address that can be reached from these by links; each must be a page."""
    waiting, seen = list(starts), set[str]()
    while waiting:
        address = waiting.pop()
        if address in seen or "lang" in parse_qs(urlsplit(address).query) or address.startswith("/static"):
            continue
        seen.add(address)
        answer = browser.get(address)
        if answer.status_code == 303:
            waiting.append(answer.headers["location"])
            continue
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        if answer.headers["content-type"].startswith("text/html"):
            waiting += [found for one in HREF.findall(answer.text) if not (found := unescape(one)).startswith(EARLIER)]
    return seen


@pytest.mark.parametrize("login", LOGINS)
def test_every_page_opens(site: Site, login: str) -> None:
    seen = walk(site.session_for(login), ("/", *ASKED.get(login, ())))
    if login not in ("auditor", "assessor", "admin"):
        assert any(address.startswith("/cases/") for address in seen)


@pytest.mark.parametrize("server", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_every_page_of_an_auditor_opens_on_postgresql(site_on_any: Site) -> None:
    assert walk(site_on_any.session_for("auditor"), ("/", *ASKED["auditor"]))


def test_the_page_of_every_case_opens_as_it_was_known_and_as_it_is(site: Site) -> None:
    with reading(site.engine) as connection:
        cases = list(connection.execute(text("SELECT public_id FROM cases")).scalars())
    coordinator, auditor = site.session_for("coordinator"), site.session_for("auditor")
    for public_id in cases:
        assert coordinator.get(f"/cases/{public_id}").status_code == 200
        for on in ("2026-03-10", "2026-11-20"):
            assert auditor.get(f"/as-of?on={on}&case={public_id}").status_code in (200, 422)  # it may not be known yet


def test_every_petitioner_follows_their_matter(site: Site) -> None:
    with reading(site.engine) as connection:
        cases = list(connection.execute(text("SELECT id FROM cases")).scalars())
    for case_id in cases:
        assert "/track/case" in walk(site.petitioner_of(case_id), ("/track/case",))


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
    monkeypatch.setattr("logging.basicConfig", lambda **_: None)  # the runner's stderr is closed when it returns
    for module in ("anchoring", "as_of", "assessing", "cli", "policies", "statistics"):
        monkeypatch.setattr(f"ops.{module}.read_clock", lambda: local("2026-12-01 11:00"))
    settings.cache_clear()
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


def test_a_bulletin_that_the_release_gave_out_is_recognised(
    on_sqlite: Upgraded,
) -> None:
    """A program that knew no bulletin has given out none."""
    with reading(on_sqlite.office.engine) as connection:
        office, auditor = on_sqlite.office.context, on_sqlite.office.actors["auditor"]
        events = list(connection.execute(text("SELECT data FROM event WHERE code = 'report:exported'")).scalars())
        told = [data_of("report:exported", data) for data in events]
    for one in told:
        if one["report"] == "bulletin":
            found = Exported(
                seq=1, at=local("2026-11-20 10:00"), account=auditor.account, report="bulletin", format=one["format"],
                rows=None, sha256=one["sha256"], masked=True, choice=one["choice"],
            )  # fmt: skip
            assert "2026-10" in said_of(found, None, {}, office, Words("en"))


def test_every_case_is_told_on_the_command_line(on_sqlite: Upgraded, command_line: CliRunner) -> None:
    with reading(on_sqlite.office.engine) as connection:
        cases = list(connection.execute(text("SELECT public_id FROM cases")).scalars())
    for public_id in cases:
        answer = command_line.invoke(app, ["as-of", "2026-11-20", "case", public_id, "--json"], catch_exceptions=False)
        assert json.loads(answer.output)["events"]
