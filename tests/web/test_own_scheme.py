"""What an office scores by: the scheme that it chose, else LIGHTS-A, else the first of its policy; an office may have none."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cases.office import choose_own_scheme, load_office
from cases.policies import publish, shipped_files
from cli.main import app
from infra.db import reading, transaction
from infra.settings import settings
from reports.years.assessment import assess
from reports.years.closing import SchemeIsGone, close_year, propose_close
from tests.databases import Site, form_token
from tests.reports.told import closed, in_hand, replied
from tests.web.reading import page, read
from workflow.model import TIMERS
from workflow.policy import NoSuchScheme

WORDS = {"title": "楼道堆物", "statement": "楼道里堆满杂物。", "applicant": "某居民", "channel": "hotline"}
OWN = """[[scheme]]
id = "OURS"
zh = "本区办法"
en = "ours"
source = "本区 2026 年考核方案"
confidence = "S"
base = 50
floor = 0
ceiling = 60
yellow = "-2.5"
red = "-5.0"
"""
SCORING = "scoring/"


def publish_schemes(site: Site, files: dict[str, str]) -> None:
    """The policy of the program with these files in the place of its schemes."""
    rest = {name: content for name, content in shipped_files().items() if not name.startswith(SCORING)}
    given = {f"{SCORING}{name}": content.encode() for name, content in files.items()}
    with transaction(site.engine) as connection:
        publish(connection, {**rest, **given}, actor=TIMERS, now=site.clock())


def a_closed_order_that_was_red(site: Site) -> None:
    """Received Mon 2 March: five working days to the 9th, red on the 10th; answered on the 11th."""
    site.office.tell("hotline", *in_hand("2026-03-02"), *replied("2026-03-11T10:00"), *closed("2026-03-11T11:00"))
    site.clock.set("2026-03-12T09:00")


def points_in_the_closure_report(site: Site) -> Any:
    auditor = site.session_for("auditor")
    asked = {"form_token": form_token(auditor), "start": "2026-01-01", "end": "2026-03-12"}
    answer = auditor.post("/closures/jsonl", data=asked)
    assert answer.status_code == 200, answer.text
    [line] = answer.text.splitlines()
    return json.loads(line)["points"]


def office_of(site: Site) -> Any:
    with reading(site.engine) as connection:
        return load_office(connection)


def test_an_office_without_lights_a_is_scored_by_the_first_scheme_it_has(site: Site) -> None:
    """50 less 5 for a red light."""
    publish_schemes(site, {"ours.toml": OWN})
    a_closed_order_that_was_red(site)
    office = office_of(site)
    assert office.own_scheme == "OURS"
    with reading(site.engine) as connection:
        found = assess(connection, year=2026, actor=TIMERS, office=office)
    assert [one.score.total for one in found.units if one.unit == site.office.units["room"]] == [Decimal("45.00")]
    assert points_in_the_closure_report(site) == -5.0
    auditor = site.session_for("auditor")
    for address in ("/assessment", "/assessment?scheme=LIGHTS-A", "/as-of?on=2026-03-11&what=sheet", "/closures"):
        assert auditor.get(address).status_code == 200, address
    assert "本区办法" in page(auditor, "/assessment").text


def test_an_office_without_any_scheme_is_told_what_to_do_and_gets_its_report_without_points(site: Site) -> None:
    publish_schemes(site, {})
    a_closed_order_that_was_red(site)
    assert office_of(site).own_scheme == ""
    auditor = site.session_for("auditor")
    shown = page(auditor, "/assessment")
    assert "本单位尚未发布计分办法，无法计分。" in shown.text
    assert auditor.get("/as-of?on=2026-03-11&what=sheet").status_code == 422
    assert points_in_the_closure_report(site) is None
    assert "本单位尚未发布计分办法" in page(site.session_for("administrator"), "/policy").text


def test_the_office_chooses_its_scheme_and_the_choice_is_an_event(site: Site) -> None:
    publish_schemes(site, {"ours.toml": OWN, "lights-a.toml": shipped_files()["scoring/lights-a.toml"].decode()})
    assert office_of(site).own_scheme == "LIGHTS-A"
    administrator = site.session_for("administrator")
    form = page(administrator, "/policy").form("/policy/scheme")
    assert form.values["scheme"] == ["LIGHTS-A"]
    answer = administrator.post("/policy/scheme", data=form.typed(scheme="OURS"), follow_redirects=True)
    assert "计分办法已保存" in read(answer.text).text
    assert office_of(site).own_scheme == "OURS"
    assert page(administrator, "/policy").form("/policy/scheme").values["scheme"] == ["OURS"]
    with reading(site.engine) as connection:
        said = connection.execute(text("SELECT data FROM event WHERE code = 'office:scheme_chosen'")).scalar_one()
    assert json.loads(said) == {
        "before": "LIGHTS-A", "schema": 2, "scheme": "OURS", "wrote": {"office": {"1": {"scheme": "OURS"}}},
    }  # fmt: skip
    a_closed_order_that_was_red(site)
    assert points_in_the_closure_report(site) == -5.0


def test_a_scheme_that_is_not_published_cannot_be_chosen_and_those_that_are_are_named(site: Site) -> None:
    administrator = site.session_for("administrator")
    form = page(administrator, "/policy").form("/policy/scheme")
    answer = administrator.post("/policy/scheme", data=form.typed(scheme="OURS"))
    assert answer.status_code == 422
    assert "本单位没有发布计分办法 OURS；已发布的有：DACHUAN、JINHUA、LIGHTS-A、RATES-B。" in answer.text
    with transaction(site.engine) as connection, pytest.raises(NoSuchScheme):
        choose_own_scheme(connection, site.office.context, "OURS", actor=TIMERS, now=site.clock())


def test_a_chosen_scheme_that_a_later_policy_drops_gives_way_to_what_there_is(site: Site) -> None:
    with transaction(site.engine) as connection:
        choose_own_scheme(connection, site.office.context, "RATES-B", actor=TIMERS, now=site.clock())
    assert office_of(site).own_scheme == "RATES-B"
    publish_schemes(site, {"ours.toml": OWN})
    assert office_of(site).own_scheme == "OURS"


def test_a_year_proposed_under_a_scheme_that_is_gone_is_not_closed_and_says_so(site: Site) -> None:
    a_closed_order_that_was_red(site)
    site.clock.set("2027-02-01T09:00")
    people = site.office.actors
    office = office_of(site)
    with transaction(site.engine) as connection:
        proposal = propose_close(
            connection, year=2026, scheme="LIGHTS-A", actor=people["upstream"], office=office, now=site.clock()
        )
    publish_schemes(site, {"ours.toml": OWN})
    with transaction(site.engine) as connection, pytest.raises(SchemeIsGone) as refused:
        close_year(
            connection, year=2026, result_hash=proposal.result_hash, actor=people["auditor"], office=office_of(site),
            now=site.clock(),
        )  # fmt: skip
    assert refused.value.value == "LIGHTS-A"


@pytest.fixture
def command_line(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    monkeypatch.setenv("HUIYIN_HOME", str(tmp_path))
    monkeypatch.setenv("HUIYIN_DATABASE", str(site.engine.url))
    monkeypatch.setenv("HUIYIN_LANGUAGE", "en")
    settings.cache_clear()
    yield CliRunner()
    settings.cache_clear()


def test_the_command_line_names_the_schemes_there_are_and_what_to_do(site: Site, command_line: CliRunner) -> None:
    publish_schemes(site, {"ours.toml": OWN})
    a_closed_order_that_was_red(site)
    for arguments in (["assess", "sheets", "2026"], ["assess", "what-if", "2026"], ["as-of", "2026-03-11", "sheet"]):
        assert command_line.invoke(app, arguments, catch_exceptions=False).exit_code == 0
    for arguments in (
        ["assess", "sheets", "2026", "--scheme", "LIGHTS-A"], ["assess", "what-if", "2026", "--from", "LIGHTS-A"],
        ["as-of", "2026-03-11", "sheet", "--scheme", "LIGHTS-A"], ["scheme", "choose", "LIGHTS-A"],
    ):  # fmt: skip
        answer = command_line.invoke(app, arguments, catch_exceptions=False)
        assert answer.exit_code == 2
        assert "This office has published no scheme LIGHTS-A. It has: OURS." in answer.output


def test_the_command_line_says_what_to_do_where_there_is_no_scheme(site: Site, command_line: CliRunner) -> None:
    publish_schemes(site, {})
    for arguments in (["assess", "sheets", "2026"], ["as-of", "2026-03-01", "sheet"], ["scheme", "choose", "LIGHTS-A"]):
        answer = command_line.invoke(app, arguments, catch_exceptions=False)
        assert answer.exit_code == 2
        assert "This office has published no scheme, so nothing can be scored." in answer.output


def test_a_fault_in_the_record_is_not_told_as_a_missing_scheme(
    site: Site, command_line: CliRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `KeyError` from anywhere used to be told as one."""
    a_closed_order_that_was_red(site)
    monkeypatch.setattr("cases.tally.marks", lambda *_: {}["opened_at"])
    answer = command_line.invoke(app, ["assess", "sheets", "2026"], catch_exceptions=False)
    assert answer.exit_code == 4
    assert '"error": "KeyError"' in answer.stderr
    assert "The program itself has failed" in answer.stderr


def test_what_a_job_did_is_printed_in_words_and_given_as_figures(site: Site, command_line: CliRunner) -> None:
    told = command_line.invoke(app, ["sweep", "--json"], catch_exceptions=False)
    assert json.loads(told.stdout) == {"job": "sweep", "clocks": 0, "failed": 0, "truncated": 0}
    assert command_line.invoke(app, ["sweep"], catch_exceptions=False).stdout == "Checking time limits: nothing to do\n"
