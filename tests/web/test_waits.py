"""Reading never waits for writing; who cannot write in time is told so on a page that keeps what was typed."""

import sqlite3
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionInTime

import infra.db
from cases.tables import Case
from infra.db import reading, transaction
from people.tables import WebSession
from tests.databases import START, Site, count
from tests.web.reading import PageForm, page, read

WORDS = {
    "title": "楼道堆物",
    "statement": "门口\n堆了三个月，\r\n“无人”来管。",
    "applicant": "白某",
    "applicant_contact": "13800000000",
}
SESSION = WebSession.__table__.c  # type: ignore[attr-defined]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer waits for a moment only."""
    monkeypatch.setattr(infra.db, "PATIENCE_SECONDS", 0.05)


def _cases(site: Site) -> int:
    with reading(site.engine) as connection:
        return count(connection, Case)


def _filled(site: Site, browser: Any) -> PageForm:
    return page(browser, "/file/petition").form("/file/petition")


@pytest.mark.parametrize("address", ["/work", "/healthz", "/people"])
def test_a_page_does_not_wait_while_somebody_writes(address: str, site: Site) -> None:
    """Not even to note that the session is used, which it does once a minute. Had it waited, the page would be refused."""
    browser = site.session_for("administrator" if address == "/people" else "clerk")
    later = site.clock.move_to(START + timedelta(minutes=2))
    with transaction(site.engine):
        assert browser.get(address).status_code == 200
        assert _seen(site) == START
    assert browser.get(address).status_code == 200
    assert _seen(site) == later


def _seen(site: Site) -> Any:
    with reading(site.engine) as connection:
        return connection.execute(select(SESSION.seen_at)).scalar_one()


@pytest.mark.usefixtures("impatient")
def test_what_cannot_be_written_in_time_is_refused_with_when_to_try_again_and_nothing_typed_is_lost(site: Site) -> None:
    browser = site.browser()
    form = _filled(site, browser)
    with transaction(site.engine):
        refused = browser.post("/file/petition", data=form.typed(**WORDS))
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"
    assert "有人正在保存，这一次没有写入。" in refused.text
    assert _cases(site) == 0
    again = read(refused.text).form("/file/petition").typed()
    assert {name: again[name] for name in WORDS} == {
        name: [value.replace("\r\n", "\n")] for name, value in WORDS.items()
    }
    assert "回执" in browser.post("/file/petition", data=again).text
    assert _cases(site) == 1
    browser.post("/file/petition", data=again)
    assert _cases(site) == 1, "the same form, sent twice"


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("SELECT", {}, sqlite3.OperationalError("unable to open database file")),
        NoConnectionInTime("QueuePool limit of size 20 overflow 20 reached"),
    ],
)
def test_a_form_is_given_back_by_a_program_that_cannot_even_read(
    error: Exception, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks is not known then: that the browser was given this form is told by its own seal."""
    browser = site.browser()
    form = _filled(site, browser)

    def broken(*_: Any, **__: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("web.context.load_office", broken)
        refused = browser.post("/file/petition", data=form.typed(**WORDS))
        assert browser.get("/healthz").status_code == 503
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert "QueuePool" not in refused.text
    again = read(refused.text).form("/file/petition").typed()
    assert "回执" in browser.post("/file/petition", data=again).text


@pytest.mark.parametrize(
    "fields",
    [
        {"form_token": "a" * 80, "title": "typed elsewhere"},
        {"title": "typed elsewhere"},
        {"form_token": ["", "b"], "title": "typed elsewhere"},
    ],
)
def test_a_form_that_is_not_ours_is_not_given_back(
    fields: dict[str, Any], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = site.browser()
    _filled(site, browser)

    def broken(*_: Any, **__: Any) -> None:
        raise OperationalError("SELECT", {}, sqlite3.OperationalError("unable to open database file"))

    monkeypatch.setattr("web.context.load_office", broken)
    for more in ({"data": fields}, {"files": {"title": ("a.txt", b"typed elsewhere")}}, {"content": b"\xff=%ED%A0%80"}):
        refused = browser.post("/file/petition", **more)  # type: ignore[arg-type]
        assert refused.status_code == 503
        assert "typed elsewhere" not in refused.text
        assert "<form" not in refused.text


@pytest.mark.usefixtures("impatient")
def test_a_password_and_a_code_are_not_given_back(site: Site) -> None:
    browser = site.browser()
    for address, typed in (
        ("/signin", {"login": "clerk", "password": "wrong-password"}),
        ("/track", {"code": "ABCD-EFGH-JKMN-PQRS-TVWX-YZ23"}),
    ):
        form = page(browser, address).form(address)
        with transaction(site.engine):
            refused = browser.post(address, data=form.typed(**typed))
        assert refused.status_code == 503
        assert not set(typed.values()) & set(refused.text.split('"'))
        assert "<form" not in refused.text


@pytest.mark.usefixtures("impatient")
def test_the_page_speaks_the_readers_language(site: Site) -> None:
    browser = site.browser()
    browser.get("/?lang=en")
    form = _filled(site, browser)
    with transaction(site.engine):
        refused = browser.post("/file/petition", data=form.typed(**WORDS))
    assert "Others are saving just now, and nothing of this was written." in refused.text
    assert "Send it again" in refused.text
