"""The second factor: a password alone is nobody, a code is good once, administrators and auditors have one, and who lost
theirs needs two people."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from infra.db import reading, transaction
from people.factors import RECOVERY_CODES, new_secret, set_factor, use_factor
from tests.databases import START, Site, found
from tests.web.reading import page, read
from tests.web.test_second import decide, post
from tests.web.test_security import PASSWORD, try_password, with_password
from verify.checking import verify
from web.context import SESSION_COOKIE
from workflow.model import AccountId

pytestmark = pytest.mark.usefixtures("fast_passwords")


def code_of(secret: str, site: Site, *, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(site.clock() + timedelta(seconds=30 * steps))


def with_factor(site: Site, login: str) -> tuple[str, tuple[str, ...]]:
    """The secret and the recovery codes of somebody who set up a factor a while ago."""
    with_password(site, login)
    secret, account = new_secret(), site.office.accounts[login]
    then = site.clock() - timedelta(hours=1)
    with transaction(site.engine) as connection:
        codes = set_factor(
            connection, account, secret, pyotp.TOTP(secret).at(then), actor=site.office.actors[login], now=then
        )
    assert codes is not None
    return secret, codes


def with_password_given(site: Site, login: str) -> TestClient:
    browser = site.browser()
    assert try_password(browser, login, PASSWORD).headers["location"] == "/signin/second"
    return browser


def test_a_password_alone_opens_no_page(site: Site) -> None:
    with_factor(site, "coordinator")
    browser = with_password_given(site, "coordinator")
    for address in ("/work", "/account", "/password", "/account/second-factor", "/intake"):
        answer = browser.get(address)
        assert (answer.status_code, answer.headers["location"]) == (303, "/signin/second"), address
    assert "账号-coordinator" not in page(browser, "/").text


def test_the_code_of_the_app_signs_in_under_another_token_and_once(site: Site) -> None:
    secret, _ = with_factor(site, "coordinator")
    browser, other = (with_password_given(site, "coordinator") for _ in range(2))
    before = browser.cookies[SESSION_COOKIE]
    assert post(browser, "/signin/second", code="000000").status_code == 422
    assert post(browser, "/signin/second", code=code_of(secret, site)).headers["location"] == "/"
    assert browser.cookies[SESSION_COOKIE] != before
    assert browser.get("/work").status_code == 200
    stolen = site.browser()
    stolen.cookies.set(SESSION_COOKIE, before, domain="127.0.0.1", path="/")
    assert stolen.get("/work").headers["location"] == "/signin"
    assert post(other, "/signin/second", code=code_of(secret, site)).status_code == 422, "the same code again"
    assert verify(str(site.engine.url)).ok


@pytest.mark.parametrize(("steps", "status"), [(-2, 422), (-1, 303), (0, 303), (1, 303), (2, 422)])
def test_a_phone_may_be_half_a_minute_off(steps: int, status: int, site: Site) -> None:
    secret, _ = with_factor(site, "clerk")
    assert (
        post(with_password_given(site, "clerk"), "/signin/second", code=code_of(secret, site, steps=steps)).status_code
        == status
    )


def test_an_older_code_than_the_last_one_used_is_refused(site: Site) -> None:
    secret, _ = with_factor(site, "clerk")
    assert (
        post(with_password_given(site, "clerk"), "/signin/second", code=code_of(secret, site, steps=1)).status_code
        == 303
    )
    assert post(with_password_given(site, "clerk"), "/signin/second", code=code_of(secret, site)).status_code == 422


def test_a_recovery_code_signs_in_once_however_it_is_typed(site: Site) -> None:
    _, codes = with_factor(site, "clerk")
    typed = f" {codes[0][:5].upper()} - {codes[0][5:]}"
    assert post(with_password_given(site, "clerk"), "/signin/second", code=typed).status_code == 303
    assert post(with_password_given(site, "clerk"), "/signin/second", code=codes[0]).status_code == 422
    browser = signed_in(site, "clerk", codes[1])
    assert "剩余恢复码 8 个" in page(browser, "/account/second-factor").text


def signed_in(site: Site, login: str, code: str) -> TestClient:
    browser = with_password_given(site, login)
    assert post(browser, "/signin/second", code=code).status_code == 303
    return browser


def test_codes_are_slowed_whoever_has_the_password(site: Site) -> None:
    with_factor(site, "clerk")
    browser = with_password_given(site, "clerk")
    assert [post(browser, "/signin/second", code=f"{n:06}").status_code for n in range(7)] == [422] * 5 + [429] * 2


def test_a_link_alone_does_not_pass_the_second_factor(site: Site) -> None:
    with_factor(site, "clerk")
    browser = site.browser()
    post(browser, f"/signin/link/{site.link_token('clerk')}")
    assert browser.get("/password").headers["location"] == "/signin/second"


@pytest.mark.parametrize("login", ["administrator", "auditor"])
def test_administrators_and_auditors_set_one_up_before_anything_else(login: str, site: Site) -> None:
    with_password(site, login)
    browser = site.browser()
    assert try_password(browser, login, PASSWORD).headers["location"] == "/account/second-factor"
    assert browser.get("/anchors" if login == "auditor" else "/people").headers["location"] == "/account/second-factor"
    shown = page(browser, "/account/second-factor")
    form = shown.form("/account/second-factor")
    secret = form.values["secret"][0]
    wrong = browser.post(form.action, data=form.typed(code="000000"))
    assert wrong.status_code == 422
    assert read(wrong.text).form("/account/second-factor").values["secret"] == [secret], "nothing starts anew"
    answer = browser.post(form.action, data=form.typed(code=code_of(secret, site)))
    assert answer.status_code == 200
    assert len(re.findall(r"[0-9a-f]{5} [0-9a-f]{5}", answer.text)) == RECOVERY_CODES
    assert browser.get("/anchors" if login == "auditor" else "/people").status_code == 200


@pytest.mark.parametrize("secret", ["", "A", "a" * 32, "1" * 32, "A" * 31, "A" * 64, "甲" * 32])
def test_a_secret_that_is_none_is_refused_with_a_new_one(secret: str, site: Site) -> None:
    answer = post(site.session_for("clerk"), "/account/second-factor", secret=secret, code="000000")
    assert answer.status_code == 422
    assert read(answer.text).form("/account/second-factor").values["secret"] != [secret]


def test_nobody_else_has_to(site: Site) -> None:
    with_password(site, "clerk")
    assert try_password(site.browser(), "clerk", PASSWORD).headers["location"] == "/"


def test_whoever_lost_theirs_gets_in_again_by_two_people(site: Site) -> None:
    with_factor(site, "clerk")
    with_password(site, "auditor")
    old = site.session_for("clerk")
    administrator = site.session_for("administrator")
    answer = post(administrator, f"/people/{site.office.accounts['clerk']}/factor")
    assert "second_asked" in answer.headers["location"]
    assert try_password(site.browser(), "clerk", PASSWORD).headers["location"] == "/signin/second", "not yet"
    decide(site.session_for("auditor"), "agree")
    assert old.get("/work").status_code == 303
    assert try_password(site.browser(), "clerk", PASSWORD).headers["location"] == "/"


def test_the_owner_takes_it_away_with_a_code_of_it(site: Site) -> None:
    secret, _ = with_factor(site, "clerk")
    browser = signed_in(site, "clerk", code_of(secret, site))
    assert post(browser, "/account/second-factor/remove", code="000000").status_code == 422
    site.clock.move_to(site.clock.now + timedelta(minutes=1))
    answer = post(browser, "/account/second-factor/remove", code=code_of(secret, site))
    assert answer.headers["location"] == "/signin"
    assert browser.get("/work").status_code == 303
    assert try_password(site.browser(), "clerk", PASSWORD).headers["location"] == "/"


def test_of_two_who_send_one_code_at_once_one_is_let_in(engine: Engine) -> None:
    office = found(engine)
    account: AccountId = office.accounts["clerk"]
    secret = new_secret()
    with transaction(engine) as connection:
        codes = set_factor(
            connection, account, secret, pyotp.TOTP(secret).at(START), actor=office.actors["clerk"], now=START
        )
    assert codes is not None
    later = START + timedelta(minutes=5)

    def spends(code: str) -> bool:
        with transaction(engine) as connection:
            return use_factor(connection, account, code, now=later) is not None

    for code in (pyotp.TOTP(secret).at(later), codes[0]):
        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(spends, [code] * 4)) == 1
    with reading(engine) as connection:
        assert use_factor(connection, account, pyotp.TOTP(secret).at(START), now=START) is None


def test_the_form_token_is_asked_for(site: Site) -> None:
    with_factor(site, "clerk")
    browser = with_password_given(site, "clerk")
    assert browser.post("/signin/second", data={"code": "1"}).status_code == 403
