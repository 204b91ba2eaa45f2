"""Signing in with a passkey, and what somebody who has no such passkey may try: another origin, an answer that was used, one of
somebody else, a key that was copied, one that was taken away."""

import html
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from infra.db import reading, transaction
from people.factors import new_secret, remove_factor, set_factor
from people.passkeys import LONGEST_NAME, MOST, Place, place_of
from people.signin import SET_UP
from tests.databases import Site
from tests.web.authenticator import Device
from tests.web.reading import page
from tests.web.test_second import mailing, mails, post
from tests.web.test_second_factor import with_factor
from tests.web.test_security import PASSWORD, try_password, with_password
from verify.checking import verify
from web.context import SESSION_COOKIE
from web.strict_headers import POLICY, POLICY_WITH_SCRIPT

__all__ = ["mailing"]

pytestmark = pytest.mark.usefixtures("fast_passwords")

#: The small office is reached on this machine: passkeys are bound to its name, not to its number.
ORIGIN = "http://localhost:8000"


def options_of(answer: Any) -> Any:
    """What the page asks the device for."""
    assert answer.status_code == 200, answer.text
    found = re.search(r'data-options="([^"]*)"', answer.text)
    assert found
    return json.loads(html.unescape(found[1]))


def add(site: Site, login: str, *, name: str = "办公桌电脑", browser: TestClient | None = None, **kind: Any) -> Device:
    """A passkey of somebody, added in a session of theirs."""
    browser, device = browser or site.session_for(login), Device(origin=ORIGIN, **kind)
    options = options_of(post(browser, "/account/passkeys/begin", name=name))
    answer = post(browser, "/account/passkeys", name=name, answer=device.create(options))
    assert answer.headers["location"] == "/account/passkeys?done=passkey_added"
    return device


def asked(browser: TestClient) -> Any:
    return options_of(post(browser, "/signin/passkey"))


def sign_in(site: Site, device: Device, *, browser: TestClient | None = None, **lies: Any) -> Any:
    browser = browser or site.browser()
    return post(browser, "/signin/passkey/answer", answer=device.sign(asked(browser), **lies))


def is_in(answer: Any) -> bool:
    return bool(answer.status_code == 303 and answer.headers["location"] == "/")


def column(site: Site, query: str, **values: Any) -> list[Any]:
    with reading(site.engine) as connection:
        return list(connection.execute(text(query), values).scalars())


def ledger_agrees(site: Site) -> bool:
    report = verify(site.office.engine.url.render_as_string(hide_password=False))
    assert report.ok, report.text()
    return True


# -- as it should be --------------------------------------------------------------------------------------------------


def test_somebody_adds_a_passkey_and_signs_in_with_it(site: Site) -> None:
    device = add(site, "clerk")
    browser = site.browser()
    answer = sign_in(site, device, browser=browser)
    assert is_in(answer)
    assert "账号-clerk" in page(browser, "/work").text
    assert ledger_agrees(site)


def test_a_passkey_counts_as_both_factors(site: Site) -> None:
    """The auditor has a password and a code of an app; neither is asked for."""
    secret, _ = with_factor(site, "auditor")
    browser, name = site.session_for("auditor"), "手机"
    code = pyotp.TOTP(secret).at(site.clock())
    device = Device(origin=ORIGIN)
    options = options_of(post(browser, "/account/passkeys/begin", name=name, proof=code))
    post(browser, "/account/passkeys", name=name, answer=device.create(options))
    other = site.browser()
    assert is_in(sign_in(site, device, browser=other))
    assert other.get("/anchors").status_code == 200
    assert ledger_agrees(site)


def test_the_code_that_proved_the_owner_is_spent(site: Site) -> None:
    secret, _ = with_factor(site, "clerk")
    browser, code = site.session_for("clerk"), pyotp.TOTP(secret).at(site.clock())
    options_of(post(browser, "/account/passkeys/begin", name="手机", proof=code))
    assert post(browser, "/account/passkeys/begin", name="手机", proof=code).status_code == 422
    assert ledger_agrees(site)


def test_whoever_has_a_password_gives_it_before_a_passkey_is_added_or_removed(site: Site) -> None:
    with_password(site, "clerk")
    browser = site.session_for("clerk")
    for given in ({}, {"proof": "no such password"}):
        assert post(browser, "/account/passkeys/begin", name="手机", **given).status_code == 422
    options = options_of(post(browser, "/account/passkeys/begin", name="手机", proof=PASSWORD))
    post(browser, "/account/passkeys", name="手机", answer=Device(origin=ORIGIN).create(options))
    (one,) = column(site, "SELECT credential_id FROM passkey")
    assert post(browser, "/account/passkeys/remove", passkey=one).status_code == 422
    assert column(site, "SELECT count(*) FROM passkey") == [1]
    assert post(browser, "/account/passkeys/remove", passkey=one, proof=PASSWORD).status_code == 303
    assert column(site, "SELECT count(*) FROM passkey") == [0]
    assert ledger_agrees(site)


def test_the_owner_names_passkeys_and_sees_when_they_were_used(site: Site) -> None:
    device = add(site, "clerk", name="办公桌电脑")
    browser = site.session_for("clerk")
    assert "尚未使用" in page(browser, "/account/passkeys").text
    (one,) = column(site, "SELECT credential_id FROM passkey")
    assert post(browser, "/account/passkeys/rename", passkey=one, name="窗口 电脑").status_code == 303
    sign_in(site, device)
    shown = page(browser, "/account/passkeys").text
    assert "窗口 电脑" in shown
    assert "最近使用" in shown
    assert ledger_agrees(site)


def test_the_owner_is_told_of_what_is_added_and_removed_and_the_name_is_in_no_event(mailing: Site) -> None:
    add(mailing, "clerk", name="张三的手机")
    assert "账号添加了通行密钥" in mails(mailing)["clerk@example.test"].get_body(("plain",)).get_content()
    browser = mailing.session_for("clerk")
    (one,) = column(mailing, "SELECT credential_id FROM passkey")
    post(browser, "/account/passkeys/remove", passkey=one)
    events = "".join(column(mailing, "SELECT data FROM event WHERE code LIKE 'passkey:%'"))
    assert one in events
    assert "张三" not in events
    assert "\\u" not in events


def test_a_name_is_asked_for_and_an_account_has_so_many(site: Site) -> None:
    browser = site.session_for("clerk")
    for name in ("", "  ", "长" * (LONGEST_NAME + 1)):
        assert post(browser, "/account/passkeys/begin", name=name).status_code == 422
    for n in range(MOST):
        add(site, "clerk", name=f"第{n}个", browser=browser)
    assert "最多十个" in post(browser, "/account/passkeys/begin", name="再一个").text


def test_the_page_that_asks_may_run_one_script_and_no_other_page_any(site: Site) -> None:
    browser = site.browser()
    answer = post(browser, "/signin/passkey")
    assert answer.headers["content-security-policy"] == POLICY_WITH_SCRIPT
    (script,) = re.findall(r"<script[^>]*>", answer.text)
    assert re.fullmatch(r'<script src="/static/passkey.js" integrity="sha384-[A-Za-z0-9+/]{64}">', script)
    for address in ("/signin", "/", "/static/passkey.js"):
        found = browser.get(address)
        assert found.headers["content-security-policy"] == POLICY
        assert "<script" not in found.text


# -- attacks ----------------------------------------------------------------------------------------------------------


def test_an_answer_that_was_used_opens_nothing_again(site: Site) -> None:
    device, browser = add(site, "clerk"), site.browser()
    answer = device.sign(asked(browser))
    assert is_in(post(browser, "/signin/passkey/answer", answer=answer))
    for again in (browser, site.browser()):
        assert post(again, "/signin/passkey/answer", answer=answer).status_code == 422


def test_a_challenge_is_spent_by_whatever_comes_of_it(site: Site) -> None:
    device, browser = add(site, "clerk"), site.browser()
    options = asked(browser)
    assert post(browser, "/signin/passkey/answer", answer="{}").status_code == 422
    assert post(browser, "/signin/passkey/answer", answer=device.sign(options)).status_code == 422


def test_a_challenge_is_good_in_its_own_browser_and_for_five_minutes(site: Site) -> None:
    device, browser, other = add(site, "clerk"), site.browser(), site.browser()
    options = asked(browser)
    asked(other)
    assert post(other, "/signin/passkey/answer", answer=device.sign(options)).status_code == 422
    options = asked(browser)
    site.clock.move_to(site.clock() + timedelta(minutes=5))
    assert post(browser, "/signin/passkey/answer", answer=device.sign(options)).status_code == 422


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://huiyin.example.invalid"},
        {"origin": "http://localhost:8001"},
        {"origin": "http://127.0.0.1:8000"},
        {"name": "example.invalid"},
        {"challenge": "AAAA"},
    ],
)
def test_what_was_signed_for_another_place_opens_nothing_here(site: Site, lie: dict[str, str]) -> None:
    device = add(site, "clerk")
    device.origin = lie.pop("origin", ORIGIN)
    assert sign_in(site, device, **lie).status_code == 422


def test_another_key_under_the_same_id_opens_nothing(site: Site) -> None:
    device = add(site, "clerk")
    thief = Device(origin=ORIGIN, id=device.id, handle=device.handle, count=device.count)
    assert sign_in(site, thief).status_code == 422


def test_a_passkey_that_says_it_is_of_somebody_else_opens_neither_account(site: Site) -> None:
    mine, theirs = add(site, "clerk"), add(site, "coordinator")
    mine.handle = theirs.handle
    browser = site.browser()
    assert sign_in(site, mine, browser=browser).status_code == 422
    assert browser.get("/work").status_code == 303


def test_a_device_that_does_not_ask_its_owner_is_not_taken(site: Site) -> None:
    browser, device = site.session_for("clerk"), Device(origin=ORIGIN, asks_owner=False)
    options = options_of(post(browser, "/account/passkeys/begin", name="钥匙"))
    assert post(browser, "/account/passkeys", name="钥匙", answer=device.create(options)).status_code == 422
    device = add(site, "clerk")
    device.asks_owner = False
    assert sign_in(site, device).status_code == 422


def test_a_key_that_counts_back_is_refused_noted_and_told(mailing: Site) -> None:
    device = add(mailing, "clerk")
    assert is_in(sign_in(mailing, device))
    copied = Device(origin=ORIGIN, key=device.key, id=device.id, handle=device.handle, count=0)
    assert sign_in(mailing, copied).status_code == 422
    (said,) = column(mailing, "SELECT data FROM event WHERE code = 'passkey:refused'")
    assert {"kept": 2, "given": 1}.items() <= json.loads(said).items()
    assert "可能被复制" in mails(mailing)["clerk@example.test"].get_body(("plain",)).get_content()
    assert is_in(sign_in(mailing, device)), "whoever goes on counting is the one who was there before"
    assert ledger_agrees(mailing)


def test_a_key_that_does_not_count_is_taken_again_and_again(site: Site) -> None:
    device = add(site, "clerk", steps=0)
    assert [is_in(sign_in(site, device)) for _ in range(3)] == [True] * 3


def test_a_passkey_that_was_removed_and_one_of_a_closed_account_open_nothing(site: Site) -> None:
    device, other = add(site, "clerk"), add(site, "coordinator")
    browser = site.session_for("clerk")
    (mine,) = column(site, "SELECT credential_id FROM passkey WHERE account_id = :a", a=site.office.accounts["clerk"])
    assert post(browser, "/account/passkeys/remove", passkey=mine).status_code == 303
    assert sign_in(site, device).status_code == 422
    with transaction(site.engine) as connection:
        connection.execute(text("UPDATE account SET active = :no WHERE id = :a"), {"no": False, "a": site.office.accounts["coordinator"]})  # fmt: skip
    assert sign_in(site, other).status_code == 422


def test_nobody_names_or_removes_the_passkey_of_somebody_else(site: Site) -> None:
    add(site, "coordinator", name="她的")
    (theirs,) = column(site, "SELECT credential_id FROM passkey")
    browser = site.session_for("clerk")
    assert post(browser, "/account/passkeys/rename", passkey=theirs, name="我的").status_code == 404
    post(browser, "/account/passkeys/remove", passkey=theirs)
    assert column(site, "SELECT name FROM passkey") == ["她的"]


def test_what_was_asked_for_one_account_adds_nothing_to_another(site: Site) -> None:
    """The same browser, in which somebody else has signed in meanwhile."""
    browser, device = site.session_for("clerk"), Device(origin=ORIGIN)
    options = options_of(post(browser, "/account/passkeys/begin", name="手机"))
    other = site.session_for("coordinator")
    browser.cookies.set(SESSION_COOKIE, other.cookies[SESSION_COOKIE], domain="127.0.0.1", path="/")
    assert post(browser, "/account/passkeys", name="手机", answer=device.create(options)).status_code == 422
    assert column(site, "SELECT count(*) FROM passkey") == [0]


def test_the_challenge_of_a_sign_in_adds_no_passkey(site: Site) -> None:
    browser, device = site.session_for("clerk"), Device(origin=ORIGIN)
    challenge = asked(browser)["challenge"]
    made = device.create({"rp": {"id": "localhost"}, "user": {"id": "AAAA"}, "challenge": challenge})
    assert post(browser, "/account/passkeys", name="手机", answer=made).status_code == 422


def test_a_passkey_that_somebody_has_is_added_to_nobody_else(site: Site) -> None:
    device = add(site, "clerk")
    browser = site.session_for("coordinator")
    options = options_of(post(browser, "/account/passkeys/begin", name="手机"))
    again = Device(origin=ORIGIN, id=device.id)
    assert post(browser, "/account/passkeys", name="手机", answer=again.create(options)).status_code == 422


@pytest.mark.parametrize(
    "bend",
    [
        lambda _: {},
        lambda _: [],
        lambda said: {**said, "id": 7},
        lambda said: {**said, "rawId": "!"},
        lambda said: {**said, "response": None},
        lambda said: {**said, "response": {**said["response"], "authenticatorData": "AA"}},
        lambda said: {**said, "response": {**said["response"], "signature": "____"}},
        lambda said: {**said, "response": {**said["response"], "clientDataJSON": "e30"}},
        lambda said: {**said, "response": {**said["response"], "clientDataJSON": "\u0661"}},
        lambda said: {**said, "type": "password"},
    ],
)
def test_an_answer_that_is_none_is_refused_in_words(site: Site, bend: Callable[[Any], Any]) -> None:
    device, browser = add(site, "clerk"), site.browser()
    said = json.dumps(bend(json.loads(device.sign(asked(browser)))))
    answer = post(browser, "/signin/passkey/answer", answer=said)
    assert answer.status_code == 422
    assert "通行密钥没有通过" in answer.text


@pytest.mark.parametrize("said", ["", "no json", "[" * 9000, '{"id": ', "null", "9" * 30_000, "\ud7ff{}"])
def test_an_answer_that_is_no_object_is_refused_too(site: Site, said: str) -> None:
    browser = site.session_for("clerk")
    asked(browser)
    assert post(browser, "/signin/passkey/answer", answer=said).status_code == 422
    options_of(post(browser, "/account/passkeys/begin", name="手机"))
    assert post(browser, "/account/passkeys", name="手机", answer=said).status_code == 422


@pytest.mark.parametrize("sign", range(0, 400, 23))
def test_a_new_passkey_that_was_bent_on_its_way_is_refused(site: Site, sign: int) -> None:
    """The library reads JSON, base64, CBOR and keys: whatever it finds wrong comes to the same."""
    browser, device = site.session_for("clerk"), Device(origin=ORIGIN)
    said = device.create(options_of(post(browser, "/account/passkeys/begin", name="手机")))
    bent = said[:sign] + ("B" if said[sign] == "A" else "A") + said[sign + 1 :]
    assert post(browser, "/account/passkeys", name="手机", answer=bent).status_code in (303, 422)


# -- where there is more than one way in ------------------------------------------------------------------------------


def test_where_a_second_factor_is_owed_and_there_is_a_passkey_a_password_sets_up_no_other(site: Site) -> None:
    """Whoever has guessed the auditor's password would else choose the second factor themselves."""
    with_password(site, "auditor")
    assert try_password(site.browser(), "auditor", PASSWORD).headers["location"] == "/account/second-factor"
    browser = site.session_for("auditor")
    options = options_of(post(browser, "/account/passkeys/begin", name="手机", proof=PASSWORD))
    device = Device(origin=ORIGIN)
    post(browser, "/account/passkeys", name="手机", answer=device.create(options))
    other = site.browser()
    assert try_password(other, "auditor", PASSWORD).headers["location"] == "/signin/second"
    assert other.get("/account/second-factor").headers["location"] == "/signin/second"
    assert is_in(sign_in(site, device, browser=other))
    assert other.get("/anchors").status_code == 200


def test_a_session_that_has_to_set_up_a_factor_adds_no_passkey(site: Site) -> None:
    with_password(site, "auditor")
    browser = site.browser()
    try_password(browser, "auditor", PASSWORD)
    assert column(site, "SELECT limited FROM web_session WHERE limited IS NOT NULL") == [SET_UP]
    assert post(browser, "/account/passkeys/begin", name="手机").headers["location"] == "/account/second-factor"


@pytest.mark.parametrize(("code", "left"), [("account:factor_reset", 0), ("account:factor_removed", 1)])
def test_what_others_take_away_because_it_was_lost_takes_the_passkeys_along(site: Site, code: str, left: int) -> None:
    add(site, "clerk")
    with_password(site, "clerk")
    account, actor, secret = site.office.accounts["clerk"], site.office.actors["clerk"], new_secret()
    with transaction(site.engine) as connection:
        then = site.clock() - timedelta(hours=1)
        set_factor(connection, account, secret, pyotp.TOTP(secret).at(then), actor=actor, now=then)
        remove_factor(connection, account, actor=actor, now=site.clock(), code=code)
    assert column(site, "SELECT count(*) FROM passkey") == [left]
    assert ledger_agrees(site)


def test_an_administrator_takes_away_the_passkeys_of_somebody_who_lost_the_device(site: Site) -> None:
    add(site, "clerk")
    browser = site.session_for("administrator")
    account = site.office.accounts["clerk"]
    assert "取消二次验证" in page(browser, f"/people/{account}/email").text
    assert post(browser, f"/people/{account}/factor").status_code == 303


# -- where passkeys are good ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("https://huiyin.example.cn", Place(name="huiyin.example.cn", origin="https://huiyin.example.cn")),
        ("https://Huiyin.Example.cn:443/", Place(name="huiyin.example.cn", origin="https://huiyin.example.cn")),
        ("https://huiyin.example.cn:8443", Place(name="huiyin.example.cn", origin="https://huiyin.example.cn:8443")),
        ("https://回音.example", Place(name="xn--zbso82m.example", origin="https://xn--zbso82m.example")),
        ("http://127.0.0.1:8000", Place(name="localhost", origin="http://localhost:8000")),
        ("http://localhost:8000", Place(name="localhost", origin="http://localhost:8000")),
        ("http://[::1]:8000", Place(name="localhost", origin="http://localhost:8000")),
        ("http://huiyin.example.cn", None),
        ("https://10.1.2.3", None),
        ("https://[fd00::1]", None),
    ],
)
def test_passkeys_are_good_at_the_name_by_which_people_reach_the_office(address: str, place: Place | None) -> None:
    assert place_of(address) == place


def test_they_are_offered_where_they_are_good(site: Site) -> None:
    offered = "用通行密钥登录"
    assert offered in page(site.browser(address="http://localhost:8000"), "/signin").text
    assert offered not in page(site.browser(), "/signin").text
    assert "当前网址不能使用" in page(site.session_for("clerk"), "/account/passkeys").text
