"""Who may use which address, and that what one may not see cannot be told from what is not there.

Every route by everybody for everything is asked in `test_access_matrix.py`; here are the rules one by one.
"""

import io
import re
import secrets
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from api.app import create_app
from cases.execute import Opened, execute
from infra.db import transaction
from ops.jobs import JOBS, run_job
from tests.databases import Site, form_token, step
from tests.web import cells
from tests.web.canaries import CANARIES, Aviary, mediation_with_canaries, recuse
from tests.web.reading import read
from web import access
from web.access import ROUTES, RouteWithoutAccess
from web.app import refuse_undeclared
from workflow.model import Role
from workflow.procedures import PROCEDURES
from workflow.procedures.mediation.commands import CloseMediation

STAFF = [role.value for role in Role if role in access.STAFF]


# -- the table --------------------------------------------------------------------------------------------------------


def test_every_route_of_the_program_has_a_line_in_the_table_and_every_line_a_route() -> None:
    assert set(cells.access()) == set(ROUTES)


def test_the_table_has_a_column_for_everyone_who_can_ask() -> None:
    assert set(next(iter(cells.access().values()))) == {"nobody", "petitioner", *STAFF}
    assert set(STAFF) == set(cells.ROLES)


def test_an_application_with_a_route_that_nobody_declared_does_not_start(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hidden() -> PlainTextResponse:
        return PlainTextResponse("?")

    refuse_undeclared(site.app)
    site.app.add_api_route("/hidden", hidden, methods=["GET"])
    with pytest.raises(RouteWithoutAccess, match="/hidden"):
        refuse_undeclared(site.app)

    class Careless(FastAPI):
        def mount(self, *args: object, **kwargs: object) -> None:
            super().mount(*args, **kwargs)  # type: ignore[arg-type]
            self.add_api_route("/late", hidden, methods=["GET"])

    monkeypatch.setattr("web.app.FastAPI", Careless)
    with pytest.raises(RouteWithoutAccess, match="/late"):
        create_app(site.engine, site.settings)


def test_a_declared_address_is_not_open_to_another_method(site: Site) -> None:
    def hidden() -> PlainTextResponse:
        return PlainTextResponse("?")

    site.app.add_api_route("/work", hidden, methods=["DELETE"])
    with pytest.raises(RouteWithoutAccess, match="/work"):
        refuse_undeclared(site.app)


def test_another_mount_than_the_static_files_is_refused(site: Site) -> None:
    site.app.mount("/more", FastAPI(openapi_url=None))
    with pytest.raises(RouteWithoutAccess, match="/more"):
        refuse_undeclared(site.app)


# -- what one may not see is not there --------------------------------------------------------------------------------

OUT_OF_REACH = ("desk_clerk", "desk_mediator", "desk_supervisor", "mediator_2")


@pytest.mark.parametrize("login", [*OUT_OF_REACH, "administrator", "nobody"])
def test_a_case_out_of_reach_looks_exactly_like_one_that_does_not_exist(login: str, site: Site) -> None:
    opened = _a_petition_at_the_centre(site)
    browser = site.browser() if login == "nobody" else site.session_for(login)
    token = form_token(browser)
    for path in ("", "/steps/Accept", "/steps/NoSuchCommand"):
        answers = []
        for public_id in (opened.public_id, secrets.token_hex(16)):
            address = f"/cases/{public_id}{path}"
            form = {"form_token": token, "form_id": "0" * 32, "version": "1"}
            answer = browser.post(address, data=form) if path else browser.get(address)
            headers = {name: value for name, value in answer.headers.items() if name != "set-cookie"}
            answers.append((answer.status_code, headers, answer.text))
        assert answers[0] == answers[1]
        assert answers[0][0] == (303 if login == "nobody" else 404)


def test_the_same_case_is_there_for_its_own_clerk(site: Site) -> None:
    """The other half of the rule above: without it, a program that shows nobody anything would pass."""
    opened = _a_petition_at_the_centre(site)
    assert site.session_for("clerk").get(f"/cases/{opened.public_id}").status_code == 200


def test_a_case_out_of_reach_is_neither_listed_nor_counted_nor_found_by_its_number(site: Site) -> None:
    _a_petition_at_the_centre(site)
    for login in OUT_OF_REACH:
        browser = site.session_for(login)
        for address in ("/work", "/work?show=closed", "/work?number=1"):
            text = browser.get(address).text
            assert "/cases/" not in text
            assert "第1号" not in text


@pytest.mark.parametrize("login", ["clerk", "coordinator", "mediator", "duty_leader", "auditor", "assessor"])
def test_recusal_hides_the_case_from_its_person_and_from_nobody_else(login: str, site: Site) -> None:
    aviary = mediation_with_canaries(site.office)
    site.clock.set("2026-03-10T09:00")
    others = [who for who in ("clerk", "coordinator", "mediator", "duty_leader", "auditor") if who != login]
    browser = site.session_for(login)
    assert browser.get(aviary.address).status_code == 200
    recuse(site.office, aviary.opened.case_id, login)
    answer, missing = browser.get(aviary.address), browser.get(f"/cases/{secrets.token_hex(16)}")
    assert (answer.status_code, answer.text) == (missing.status_code, missing.text) == (404, missing.text)
    assert "第1号" not in browser.get("/work").text
    assert all(site.session_for(other).get(aviary.address).status_code == 200 for other in others)


def test_a_petitioner_reaches_no_page_of_the_staff_and_no_other_case(site: Site) -> None:
    first, second = _a_petition_at_the_centre(site), _a_petition_at_the_centre(site)
    browser = site.petitioner_of(first.case_id)
    text = browser.get("/track/case").text
    assert "第1号" in text
    assert "第2号" not in text
    for opened in (first, second):
        assert browser.get(f"/cases/{opened.public_id}").status_code == 404


def _a_petition_at_the_centre(site: Site) -> Opened:
    words = {"title": "停车位", "statement": "小区停车难。", "applicant": "申请人"}
    return site.office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **words))


# -- canaries ---------------------------------------------------------------------------------------------------------


LINK = re.compile(r'<a\b[^>]*\bhref="(/[^"]*)')
#: A statistic leads to the one before it, and so on to 2001. The office is of 2026: one empty year is enough.
EARLIER = re.compile(r"/bulletin\?(?:year|month)=20(?:[01]\d|2[0-4])\b")


def _pages_within_reach(site: Site, browser: TestClient) -> Iterator[tuple[str, str]]:
    """Every page that can be reached by links from the start page, in both languages, and every file to download."""
    token = form_token(browser)
    for language, said in (("zh_CN", "zh-CN"), ("en", "en")):
        browser.get("/account", params={"lang": language})  # which the browser keeps
        waiting, seen = ["/", "/work", "/work?show=closed", "/mails?kind=sent"], set[str]()
        while waiting:
            address = waiting.pop()
            if address in seen or address.startswith(("/static", "/?lang")) or EARLIER.match(address):
                continue
            seen.add(address)
            answer = browser.get(address)
            if answer.status_code == 303:
                waiting.append(answer.headers["location"])
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert f'<html lang="{said}"' in answer.text, address
                waiting += [unescape(one) for one in LINK.findall(answer.text)]
            yield address, _inside(answer.content)
        for kind in ("csv", "xlsx"):
            form = {"form_token": token, "start": "2026-01-01", "end": "2026-12-31"}
            yield f"/closures/{kind}", _inside(browser.post(f"/closures/{kind}", data=form).content)


def _inside(content: bytes) -> str:
    """The words of a workbook, which is a zip, or of anything else."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return "".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())


@pytest.mark.parametrize("login", ["auditor", "assessor", "administrator"])
def test_whoever_only_checks_meets_no_personal_word_on_any_page(login: str, site: Site) -> None:
    aviary = mediation_with_canaries(site.office)
    closed = mediation_with_canaries(site.office)
    _close(site, closed)
    site.clock.set("2026-04-20T09:00")
    for name in ("sweep", "deliver"):
        run_job(next(job for job in JOBS if job.name == name), site.engine, site.settings, now=site.clock())
    seen = list(_pages_within_reach(site, site.session_for(login)))
    addresses = {address for address, _ in seen}
    assert login == "administrator" or {aviary.address, closed.address} <= addresses, "the cases were looked at"
    leaks = {(address, field) for address, text in seen for field, canary in CANARIES.items() if canary in text}
    assert leaks == set()


def _close(site: Site, aviary: Aviary) -> None:
    with transaction(site.engine) as connection:
        execute(
            connection, aviary.opened.case_id, CloseMediation(papers_complete=True),
            actor=site.office.actors["mediator"], now=site.clock.set("2026-03-09T10:00"), expected_version=None,
            office=site.office.context, request=secrets.token_hex(16),
        )  # fmt: skip


#: What of the canaries each role reads on the case page. Contact, minutes and the rating's words are the narrow ones.
ALL = frozenset(CANARIES)
READS = {
    "clerk": ALL - {"minutes", "comment"},
    "coordinator": ALL - {"minutes", "comment"},
    "mediator": ALL - {"comment"},
    "duty_leader": ALL - {"minutes"},
    "assessor": frozenset(),
    "auditor": frozenset(),
}


@pytest.mark.parametrize("login", READS)
def test_on_the_case_page_each_role_reads_what_the_access_matrix_gives_it(login: str, site: Site) -> None:
    aviary = mediation_with_canaries(site.office)
    site.clock.set("2026-03-10T09:00")
    text = site.session_for(login).get(aviary.address).text
    assert {field for field, canary in CANARIES.items() if canary in text} == READS[login]


def test_a_mediator_who_has_left_the_case_reads_nothing_of_it_any_more(site: Site) -> None:
    words = {"title": CANARIES["title"], "statement": "甲", "applicant": "乙", "respondents": ["丙"]}
    opened = site.office.tell(
        "mediation",
        step("2026-03-02T09:00", "clerk", "Apply", **words),
        step("2026-03-02T09:30", "clerk", "RecordConsent", party="丙", answer="given"),
        step("2026-03-02T09:40", "clerk", "Accept"),
        step("2026-03-02T10:00", "coordinator", "AppointMediators", chief="mediator"),
        step(
            "2026-03-02T11:00", "coordinator", "ReplaceMediator", leaving="mediator", arriving="mediator_2",
            ground="unavailable",
        ),
    )  # fmt: skip
    site.clock.set("2026-03-02T12:00")
    address = f"/cases/{opened.public_id}"
    assert site.session_for("mediator").get(address).status_code == 404
    assert CANARIES["title"] in site.session_for("mediator_2").get(address).text


def test_the_petitioner_reads_the_own_words_and_nothing_of_the_other_side_or_the_mediators(site: Site) -> None:
    aviary = mediation_with_canaries(site.office)
    site.clock.set("2026-03-10T09:00")
    text = site.petitioner_of(aviary.opened.case_id).get("/track/case").text
    assert {field for field, canary in CANARIES.items() if canary in text} == {"title"}


# -- steps ------------------------------------------------------------------------------------------------------------


def test_a_step_that_is_not_mine_is_refused_even_when_its_form_is_made_by_hand(site: Site) -> None:
    aviary = mediation_with_canaries(site.office)
    site.clock.set("2026-03-10T09:00")
    mediator = site.session_for("mediator")
    version = read(mediator.get(aviary.address).text).form("CloseMediation").values["version"][0]
    for login in ("clerk", "coordinator", "duty_leader", "auditor", "assessor"):
        browser = site.session_for(login)
        form = {
            "form_token": form_token(browser), "form_id": secrets.token_hex(16), "version": version,
            "papers_complete": "yes",
        }  # fmt: skip
        answer = browser.post(f"{aviary.address}/steps/CloseMediation", data=form)
        assert answer.status_code == 422
        assert "这一步不由您办理" in read(answer.text).text
    assert "2026" in mediator.get(aviary.address).text
    assert read(mediator.get(aviary.address).text).has_form("CloseMediation"), "and the case is as it was"


def test_a_command_of_another_procedure_and_one_that_opens_cases_are_no_steps_of_a_case(site: Site) -> None:
    aviary = mediation_with_canaries(site.office)
    site.clock.set("2026-03-10T09:00")
    browser = site.session_for("mediator")
    form = {"form_token": form_token(browser), "form_id": secrets.token_hex(16), "version": "1"}
    commands = {name for procedure in PROCEDURES.values() for name in procedure.commands}
    unknown = commands - set(PROCEDURES["mediation"].commands) | {"Apply", "Register", "accept", "__class__"}
    for name in sorted(unknown):
        assert browser.post(f"{aviary.address}/steps/{name}", data=form).status_code == 404, name


def test_access_is_looked_up_for_the_method_and_the_path(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shutting a route in the table shuts it at the next request: the table is what is asked, and nothing else."""
    browser = site.session_for("clerk")
    assert browser.get("/work").status_code == 200
    monkeypatch.setitem(ROUTES, "GET /work", replace(ROUTES["GET /work"], who=access.ADMINISTRATION))
    assert browser.get("/work").status_code == 404
    assert browser.head("/work").status_code == 404
