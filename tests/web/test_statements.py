"""How often a page asks the database: as often for fifty cases as for one, whoever reads it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Engine, event

from tests.databases import Site, found, serving, step
from tests.web.reading import read

#: Who has a work list.
READERS = ("clerk", "coordinator", "mediator", "supervisor", "assessor", "auditor")
WORDS = {"title": "楼上漏水", "statement": "天花板受潮。", "applicant": "白某", "respondents": ["石某"]}
APPOINTED = (
    step("2026-03-02T08:00", "clerk", "Apply", **WORDS),
    step("2026-03-02T08:10", "clerk", "RecordConsent", party="石某", answer="given"),
    step("2026-03-02T08:20", "clerk", "Accept"),
    step("2026-03-02T08:30", "coordinator", "AppointMediators", chief="mediator"),
)
#: Before and after everything that is due or was closed, as the address of a next page says it.
EARLY, LATE = "2026-01-01T00:00:00+00:00~0", "2027-01-01T00:00:00+00:00~0"


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Everything that is said to the driver meanwhile, BEGIN and ROLLBACK too."""
    said: list[str] = []

    def listen(driver: sqlite3.Connection, *_: Any) -> None:
        driver.set_trace_callback(said.append)

    def forget(driver: sqlite3.Connection, *_: Any) -> None:
        driver.set_trace_callback(None)

    event.listen(engine, "checkout", listen)
    event.listen(engine, "checkin", forget)
    try:
        yield said
    finally:
        event.remove(engine, "checkout", listen)
        event.remove(engine, "checkin", forget)


def titles(page: str) -> int:
    return page.count('<a class="title"')


def cases(site: Site, count: int) -> None:
    for _ in range(count):
        site.office.tell("mediation", *APPOINTED)


@pytest.mark.parametrize("login", READERS)
def test_the_work_list_says_nine_statements_however_many_cases_are_on_it(site: Site, login: str) -> None:
    """One transaction of BEGIN and ROLLBACK; office, session and person, last runs; cases, titles, clocks, what is new."""
    browser = site.session_for(login)
    found = {}
    for count in (1, 4):
        cases(site, count)
        browser.get("/work")  # the policy of the office is read once
        with statements(site.engine) as said:
            page = browser.get("/work")
        assert page.status_code == 200
        found[titles(page.text)] = len(said)
    assert found == {1: 9, 5: 9}, said


def test_a_case_page_says_as_many_statements_for_a_long_case_as_for_a_short_one(site: Site) -> None:
    """A case of four steps, and one of ten, which has sessions; one of them asks whether this reader, who does not work on it,
    is noted today, and one how much each of those has in hand to whom it could be given."""
    sessions = (
        step(f"2026-03-0{day}T09:00", "mediator", "HoldSession", form="joint", place="调解室", minutes="各方陈述。")
        for day in range(3, 8)
    )
    rights = step("2026-03-02T09:00", "mediator", "NotifyRights", signed_by=["白某", "石某"])
    browser = site.session_for("coordinator")
    counts = []
    for more in ((), (rights, *sessions)):
        opened = site.office.tell("mediation", *APPOINTED, *more)
        browser.get(f"/cases/{opened.public_id}")
        with statements(site.engine) as said:
            assert browser.get(f"/cases/{opened.public_id}").status_code == 200
        counts.append(len(said))
    assert counts == [17, 18], said


def test_the_lists_and_a_case_are_shown_on_each_database(engine: Engine, tmp_path: Path) -> None:
    with serving(found(engine), tmp_path) as site:
        cases(site, 2)
        site.office.tell(
            "petition",
            step("2026-03-02T08:00", "clerk", "Register", title="停车位", statement="难。", applicant="白某"),
            step("2026-03-02T08:10", "clerk", "Refuse", ground="statutory_route", proper_channel="法院"),
        )
        for login, open_cases, closed_cases in (("clerk", 2, 1), ("coordinator", 2, 1), ("mediator", 2, 0)):
            browser = site.session_for(login)

            def shown(query: str, browser: Any = browser) -> int:
                return titles(browser.get(f"/work{query}").text)

            assert (shown(""), shown("?number=1"), shown("?number=7")) == (open_cases, 1, 0)
            assert (shown(f"?after={quote(EARLY)}"), shown(f"?after={quote(LATE)}")) == (open_cases, 0)
            assert shown("?show=closed") == closed_cases
            later, sooner = (shown(f"?show=closed&after={quote(mark)}") for mark in (LATE, EARLY))
            assert (later, sooner) == (closed_cases, 0)
            case = next(one for one in read(browser.get("/work").text).links if one.startswith("/cases/"))
            page = browser.get(case.partition("/clocks")[0]).text
            assert "楼上漏水" in page
            assert "账号-mediator" in page
