"""What protects one's own account: a password that is not guessed, other browsers signed out, cookies of this host alone."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from infra.db import reading, transaction
from people.links import make_link
from people.passwords import fault_of_password
from people.sign_ins import forget_old_sign_ins, sign_ins_of
from tests.databases import START, Site, SmallOffice, form_token, serving
from tests.web.reading import Page, page
from tests.web.test_second_factor import with_factor
from tests.web.test_security import PASSWORD, try_password, with_password
from web.context import HOST_ONLY, KNOWN_COOKIE, SESSION_COOKIE

pytestmark = pytest.mark.usefixtures("fast_passwords")
ABOUT = ("zhangwei", "张伟民", "zhangwei@example.test", "人民调解室", "滨江园区党群服务中心", "滨园")


@pytest.mark.parametrize(
    "password",
    [
        "1234567890", " " * 10, "qwertyuiop", "aaaaaaaaaa", "woaini1314", "iloveyou2020", "P@ssw0rd2026", "１２３４５６７８９０",
        "zhangwei12", "ZhangWei2026", "滨江园区党群服务中心", "人民调解室人民调解室", "huiyin2026", "admin12345", "2026-11-27", "abcdefghij",
    ],
)  # fmt: skip
def test_what_somebody_would_try_first_is_no_password(password: str) -> None:
    assert fault_of_password(password, about=ABOUT) == "password.too_easy"


@pytest.mark.parametrize(
    "password", [PASSWORD, "Xk3#fQ9!mz", "春眠不觉晓处处闻啼鸟", "x" * 40 + " lantern tortoise", "茶杯 铁轨 云雀 九里"]
)
def test_several_words_or_a_riddle_are_a_password(password: str) -> None:
    assert fault_of_password(password, about=ABOUT) is None


def test_a_password_of_ones_own_name_is_refused_on_the_page(site: Site) -> None:
    browser = site.browser_for("mediator")
    answer = change(browser, "mediator12")
    assert answer.status_code == 422
    assert "太容易猜" in answer.text
    assert try_password(site.browser(), "mediator", "mediator12").status_code == 422


def test_whoever_changes_the_password_stays_signed_in_and_every_other_browser_and_link_ends(site: Site) -> None:
    with_password(site, "clerk")
    others = [site.browser_for("clerk"), site.session_for("clerk")]
    waiting = site.link_token("clerk")
    browser = site.browser()
    assert try_password(browser, "clerk", PASSWORD).status_code == 303
    before = browser.cookies[SESSION_COOKIE]
    assert change(browser, "seven slow tortoises", old=PASSWORD).headers["location"] == "/account?done=password_changed"
    assert "其他浏览器都已退出" in page(browser, "/account?done=password_changed").text
    assert browser.cookies[SESSION_COOKIE] != before
    assert [other.get("/work").headers["location"] for other in others] == ["/signin", "/signin"]
    assert site.browser().get(f"/signin/link/{waiting}").status_code == 404
    stolen = site.browser()
    stolen.cookies.set(SESSION_COOKIE, before, domain="127.0.0.1", path="/")
    assert stolen.get("/work").headers["location"] == "/signin"


def change(browser: TestClient, password: str, *, old: str = "") -> Any:
    data = {"form_token": form_token(browser), "password": password, "again": password, "old": old}
    return browser.post("/password", data=data)


# -- signed-in browsers -----------------------------------------------------------------------------------------------


def test_the_owner_sees_the_browsers_that_are_signed_in_and_signs_one_out(site: Site) -> None:
    browser, other, third = (site.session_for("clerk") for _ in range(3))
    site.session_for("mediator")
    site.clock.move_to(site.clock.now + timedelta(minutes=5))
    shown = page(browser, "/account")
    assert shown.text.count("登录于") == 3
    assert shown.text.count("本浏览器") == 1
    names = named(shown)
    assert len(names) == 2
    assert end(browser, session=names[0]).headers["location"] == "/account?done=sessions_ended"
    assert sorted(one.get("/work").status_code for one in (other, third)) == [200, 303]
    assert browser.get("/work").status_code == 200


def test_the_owner_signs_all_others_out(site: Site) -> None:
    browser, *others = (site.session_for("clerk") for _ in range(4))
    assert end(browser).status_code == 303
    assert [one.get("/work").status_code for one in (browser, *others)] == [200, 303, 303, 303]


def test_nobody_signs_out_a_browser_of_somebody_else(site: Site) -> None:
    victim, attacker = site.session_for("clerk"), site.session_for("mediator")
    name = named(page(site.session_for("clerk"), "/account"))[0]
    assert end(attacker, session=name).status_code == 303
    assert victim.get("/work").status_code == 200


def named(shown: Page) -> list[str]:
    """The sessions that may be ended one by one."""
    ending = [form.values for form in shown.forms if form.action == "/account/sessions/end"]
    return [values["session"][0] for values in ending if "session" in values]


def end(browser: TestClient, **values: str) -> Any:
    return browser.post("/account/sessions/end", data={"form_token": form_token(browser), **values})


# -- cookies ----------------------------------------------------------------------------------------------------------


def test_over_https_every_cookie_is_of_this_host_alone(office: SmallOffice, tmp_path: Path) -> None:
    with serving(office, tmp_path, secure_cookies=True) as site:
        browser = site.browser(address="https://centre.example")
        with transaction(site.engine) as connection:
            token = make_link(connection, site.office.accounts["clerk"], now=site.clock())
        address = f"/signin/link/{token}?lang=zh_CN"
        page(browser, address)
        answer = browser.post(address.partition("?")[0], data={"form_token": form_token(browser)})
        assert answer.status_code == 303
        names = set(browser.cookies.keys())
        assert {name.removeprefix(HOST_ONLY) for name in names} == {
            SESSION_COOKIE,
            KNOWN_COOKIE,
            "huiyin_browser",
            "huiyin_language",
        }
        assert all(name.startswith(HOST_ONLY) for name in names)
        for line in answer.headers.get_list("set-cookie"):
            assert {"secure", "path=/"} <= {part.strip().lower() for part in line.split(";")}, line
            assert "domain" not in line.lower()
        assert browser.get("/work").status_code == 200
        plain = site.browser(address="https://centre.example")
        plain.cookies.set(
            SESSION_COOKIE, browser.cookies[HOST_ONLY + SESSION_COOKIE], domain="centre.example", path="/"
        )
        assert plain.get("/work").headers["location"] == "/signin", "a cookie that a neighbour could have set"


# -- the last sign-ins ------------------------------------------------------------------------------------------------

WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)


def signed_in(site: Site) -> list[tuple[str, str, str]]:
    """How, with what browser, on what: of the clerk, as it is kept."""
    with reading(site.engine) as connection:
        return [(one.how, one.browser, one.system) for one in sign_ins_of(connection, site.office.accounts["clerk"])]


def test_the_owner_sees_when_how_and_in_what_kind_of_browser_somebody_signed_in(site: Site) -> None:
    with_password(site, "clerk")
    browser = site.browser()
    browser.headers["user-agent"] = WINDOWS
    try_password(browser, "clerk", "a wrong password")
    assert signed_in(site) == []
    try_password(browser, "clerk", PASSWORD)
    site.clock.set("2026-03-02T10:00")
    site.browser_for("clerk")
    assert signed_in(site) == [("link", "other", "other"), ("password", "chrome", "windows")]
    shown = page(browser, "/account").text
    assert "一次性链接" in shown
    assert "谷歌浏览器 · 视窗电脑" in shown
    assert "3月2日 10:00" in shown


def test_a_password_without_the_code_that_follows_is_no_sign_in(site: Site) -> None:
    secret, _ = with_factor(site, "clerk")
    browser = site.browser()
    try_password(browser, "clerk", PASSWORD)
    assert signed_in(site) == []
    code = pyotp.TOTP(secret).at(site.clock())
    browser.post("/signin/second", data={"form_token": form_token(browser), "code": code})
    assert [how for how, *_ in signed_in(site)] == ["factor"]


def test_sign_ins_are_forgotten_after_ninety_days_and_no_address_is_kept(site: Site) -> None:
    site.browser_for("clerk")
    with reading(site.engine) as connection:
        (row,) = connection.execute(text("SELECT * FROM sign_in")).mappings()
    assert set(row) == {"id", "account_id", "at", "how", "browser", "system"}
    for days, left in ((90, 1), (91, 0)):
        with transaction(site.engine) as connection:
            forget_old_sign_ins(connection, now=START + timedelta(days=days))
        assert len(signed_in(site)) == left
