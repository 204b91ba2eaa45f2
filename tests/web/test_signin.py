"""Signing in: what a link begins and how often, when a password is asked for, and which spellings of it are the same."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from infra.db import reading, transaction
from ledger.tables import Event
from people.links import make_link, use_link
from people.signin import check_password, hasher, set_password
from people.tables import Account, SigninLink, WebSession
from tests.databases import START, Site, count, form_token, found, step
from tests.web.reading import page, read
from tests.web.test_security import PASSWORD, WORDS, try_password, with_password
from web.context import SESSION_COOKIE
from web.pages import new_form_id

pytestmark = pytest.mark.usefixtures("fast_passwords")
#: PASSWORD as a Chinese input method types it: each sign 0xFEE0 further on, and the wide space.
WIDE = "ｆｏｕｒ　ｑｕｉｅｔ　ｇｒｅｅｎ　ｂｕｃｋｅｔｓ"
SESSIONS = Event.code == "session:begun"


def by_link(browser: TestClient, token: str, *, form: str | None = None) -> Any:
    return browser.post(f"/signin/link/{token}", data={"form_token": form or form_token(browser)})


# -- links ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arrived", [True, False])
def test_the_second_click_on_a_link_is_shown_what_the_first_did(arrived: bool, site: Site) -> None:
    """Whether or not the answer to the first had arrived, with its cookie, when the second was sent."""
    browser, token = site.browser(), site.link_token("clerk")
    form = form_token(browser)
    first = by_link(browser, token, form=form)
    if not arrived:
        browser.cookies.delete(SESSION_COOKIE)
    second = by_link(browser, token, form=form)
    assert [(answer.status_code, answer.headers["location"]) for answer in (first, second)] == [(303, "/password")] * 2
    assert browser.get("/work").status_code == 200
    with reading(site.engine) as connection:
        assert count(connection, WebSession) == 1
        assert count(connection, Event, SESSIONS) == 1


def test_a_link_signs_no_other_browser_in_and_none_again_after_signing_out(site: Site) -> None:
    browser, token = site.browser(), site.link_token("clerk")
    assert by_link(browser, token).status_code == 303
    assert by_link(site.browser(), token).status_code == 404
    assert site.browser().get(f"/signin/link/{token}").status_code == 404
    assert browser.get(f"/signin/link/{token}").status_code == 200
    assert browser.post("/signout", data={"form_token": form_token(browser)}).status_code == 303
    assert browser.get(f"/signin/link/{token}").status_code == 404
    assert by_link(browser, token).status_code == 404


def test_a_link_clicked_again_hours_later_does_not_prolong_its_session(site: Site) -> None:
    browser, token = site.browser(), site.link_token("clerk")
    assert by_link(browser, token).status_code == 303
    site.clock.move_to(site.clock.now + timedelta(minutes=61))
    assert by_link(browser, token).status_code == 404


def test_of_browsers_that_use_a_link_at_one_moment_one_is_signed_in(engine: Engine) -> None:
    office = found(engine)
    with transaction(engine) as connection:
        token = make_link(connection, office.accounts["clerk"], now=START)

    def uses(browser: str) -> bool:
        with transaction(engine) as connection:
            return use_link(connection, token, browser=browser, now=START) is not None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(uses, (f"browser {n}" for n in range(8)))) == 1
        assert sum(pool.map(uses, ["the same one"] * 4)) == 0
    with reading(engine) as connection:
        assert count(connection, WebSession) == 1
        assert count(connection, SigninLink, SigninLink.used_at == START) == 1


def test_clicks_of_one_browser_at_one_moment_begin_one_session(engine: Engine) -> None:
    office = found(engine)
    with transaction(engine) as connection:
        token = make_link(connection, office.accounts["clerk"], now=START)

    def uses(_: int) -> str | None:
        with transaction(engine) as connection:
            used = use_link(connection, token, browser="browser", now=START)
        return used.session if used else None

    with ThreadPoolExecutor(8) as pool:
        sessions = set(pool.map(uses, range(8)))
    assert len(sessions) == 1
    assert None not in sessions
    with reading(engine) as connection:
        assert count(connection, WebSession) == 1


def test_a_link_that_may_be_used_again_begins_a_session_each_time_and_asks_for_no_password(site: Site) -> None:
    with transaction(site.engine) as connection:
        token = make_link(connection, site.office.accounts["clerk"], now=START, reusable=True)
    browser = site.browser()
    for who in (browser, browser, site.browser()):
        answer = by_link(who, token)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert who.get("/work").status_code == 200


# -- forms sent twice -------------------------------------------------------------------------------------------------


def test_the_second_click_of_signing_in_signing_out_and_following_a_matter_does_what_it_says(site: Site) -> None:
    with_password(site, "clerk")
    opened = site.office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **WORDS))
    browser = site.browser()
    form = form_token(browser)
    for _ in range(2):
        data = {"form_token": form, "login": "clerk", "password": PASSWORD}
        assert browser.post("/signin", data=data).headers["location"] == "/"
    assert browser.get("/work").status_code == 200
    form = form_token(browser)
    for _ in range(2):
        assert browser.post("/signout", data={"form_token": form}).headers["location"] == "/"
    form = form_token(browser)
    for _ in range(2):
        data = {"form_token": form, "code": opened.code}
        assert browser.post("/track", data=data).headers["location"] == "/track/case"
    form = page(browser, "/track/case").form("/track/leave").values["form_token"][0]
    for _ in range(2):
        assert browser.post("/track/leave", data={"form_token": form}).headers["location"] == "/"
    with reading(site.engine) as connection:
        assert count(connection, WebSession) == 0


# -- choosing a password ----------------------------------------------------------------------------------------------


def test_whoever_comes_by_a_link_is_asked_for_a_password_and_need_not_know_an_old_one(site: Site) -> None:
    with_password(site, "mediator")  # and forgotten
    for login in ("clerk", "mediator"):
        browser = site.browser()
        answer = by_link(browser, site.link_token(login))
        assert answer.headers["location"] == "/password"
        shown = page(browser, "/password")
        assert "old" not in shown.form("/password").values
        assert "以后再说" in shown.text
        typed = shown.form("/password").typed(password="four blue lanterns", again="four blue lanterns")
        assert browser.post("/password", data=typed).status_code == 303
        assert try_password(site.browser(), login, "four blue lanterns").status_code == 303


def test_a_change_asks_for_the_password_that_there_is(site: Site) -> None:
    browser = site.browser()
    assert by_link(browser, site.link_token("clerk")).status_code == 303
    data = {"form_token": form_token(browser), "password": PASSWORD, "again": PASSWORD}
    assert browser.post("/password", data=data).status_code == 303
    shown = page(browser, "/password")
    assert shown.form("/password").values["old"] == [""]
    data["form_token"] = form_token(browser)  # the session is another one since the password was chosen
    new = {"password": "seven slow tortoises", "again": "seven slow tortoises"}
    for old, words in (("", "请输入当前密码。"), ("not it at all", "当前密码不对。")):
        answer = browser.post("/password", data={**data, **new, "old": old})
        assert answer.status_code == 422
        assert words in read(answer.text).text
        assert try_password(site.browser(), "clerk", "seven slow tortoises").status_code == 422
    assert browser.post("/password", data={**data, **new, "old": PASSWORD}).status_code == 303
    assert try_password(site.browser(), "clerk", "seven slow tortoises").status_code == 303
    assert try_password(site.browser(), "clerk", PASSWORD).status_code == 422


def test_all_that_is_wrong_with_a_new_password_is_said_at_once(site: Site) -> None:
    with_password(site, "clerk")
    browser = site.browser()
    assert try_password(browser, "clerk", PASSWORD).status_code == 303
    data = {"form_token": form_token(browser), "old": "wrong", "password": "short", "again": "short"}
    shown = read(browser.post("/password", data=data).text).text
    assert "当前密码不对。" in shown
    assert "密码至少 10 个字符。" in shown
    long = {"password": "x" * 201, "again": "x" * 201, "old": PASSWORD}
    assert "密码最多 200 个字符。" in read(browser.post("/password", data={**data, **long}).text).text


# -- spellings --------------------------------------------------------------------------------------------------------


def test_a_password_is_the_same_in_full_width(site: Site) -> None:
    with_password(site, "clerk")
    clerk = site.session_for("mediator")
    data = {"form_token": form_token(clerk), "password": WIDE, "again": PASSWORD}
    assert clerk.post("/password", data=data).status_code == 303
    for login in ("clerk", "mediator", "Ｃlerk"):
        for password in (PASSWORD, WIDE):
            assert try_password(site.browser(), login, password).status_code == 303, (login, password)
        assert try_password(site.browser(), login, PASSWORD.title()).status_code == 422, "capital letters matter"


def test_a_hash_of_what_was_typed_in_full_width_keeps_working(site: Site) -> None:
    with transaction(site.engine) as connection:
        set_password(connection, site.office.accounts["clerk"], hasher().hash(WIDE), now=START)
    with reading(site.engine) as connection:
        assert check_password(connection, "clerk", WIDE) == site.office.accounts["clerk"]
        assert check_password(connection, "clerk", PASSWORD) is None
        assert check_password(connection, "clerk", "ｗｒｏｎｇ") is None


@pytest.mark.parametrize("login", ["clerk", "Clerk", "ＣＬＥＲＫ", "cl\u200berk", " clerk "])
def test_an_account_with_the_name_of_another_in_another_spelling_is_refused(login: str, site: Site) -> None:
    administrator = site.session_for("administrator")
    typed = {"name": "新同事", "role": "clerk", "unit": "2", "email": "new@example.test", "login": login}
    answer = administrator.post(
        "/people", data={"form_token": form_token(administrator), "form_id": new_form_id(), **typed}
    )
    assert answer.status_code == 422
    assert "这个登录名已有人使用。" in read(answer.text).text


def test_an_account_is_kept_in_the_spelling_that_is_looked_up(site: Site) -> None:
    administrator = site.session_for("administrator")
    typed = {"name": "新同事", "role": "clerk", "unit": "2", "email": "new@example.test", "login": "Ｗang－Wei"}
    data = {"form_token": form_token(administrator), **typed}
    assert administrator.post("/people", data={**data, "form_id": new_form_id()}).status_code == 200
    with reading(site.engine) as connection:
        assert count(connection, Account, Account.login == "wang-wei") == 1
    nothing = administrator.post("/people", data={**data, "login": "\u200b\u3000"})
    assert nothing.status_code == 422


def test_the_fields_of_a_sign_in_name_do_not_capitalise(site: Site) -> None:
    for browser, address in ((site.browser(), "/signin"), (site.session_for("administrator"), "/people")):
        field = browser.get(address).text.partition('id="login"')[2].partition(">")[0]
        assert 'autocapitalize="none"' in field, address
        assert 'spellcheck="false"' in field, address
