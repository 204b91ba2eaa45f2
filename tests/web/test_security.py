"""What stands around every answer: headers, tokens, origins, sessions, slowed guessing, and what a look may not change."""

import hashlib
import hmac
import re
import secrets
import sqlite3
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from pwdlib import PasswordHash
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

import people.signin
from infra.columns import Row
from infra.db import reading, transaction
from people.signin import check_password, hash_password, set_password
from people.staffing import close_account
from people.tables import SigninLink, WebSession
from tests.databases import START, Site, SmallOffice, count, form_token, found, serving, step
from tests.web.reading import page, read
from web.access import ROUTES
from web.context import BROWSER_COOKIE, SESSION_COOKIE

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
WORDS = {"title": "停车位", "statement": "小区停车难。", "applicant": "申请人", "dispute_type": "25"}
PASSWORD = "four quiet green buckets"


def a_petition(site: Site, **words: str) -> str:
    opened = site.office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **{**WORDS, **words}))
    return f"/cases/{opened.public_id}"


# -- headers ----------------------------------------------------------------------------------------------------------


def answers(site: Site, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """One answer of every kind that there is."""
    clerk, stranger = site.session_for("clerk"), site.browser(raise_errors=False)
    token = form_token(clerk)
    made = {
        "200": clerk.get("/work"),
        "200 HEAD": clerk.head("/work"),
        "303 to sign in": stranger.get("/work"),
        "303 after a post": clerk.post("/signout", data={"form_token": token}),
        "400": stranger.post("/file/petition", data={"form_token": form_token(stranger), "form_id": "1", **WORDS}),
        "403 without a token": stranger.post("/signout"),
        "403 from elsewhere": stranger.post("/signout", headers={"origin": "http://elsewhere.test"}),
        "404": stranger.get("/no/such/page"),
        "404 of a number that is none": site.session_for("administrator").get("/mails/seven"),
        "405": stranger.delete("/work"),
        "413": stranger.post("/file/petition", content=b"x" * (2 * 1024 * 1024 + 1)),
        "413 of unknown length": stranger.post(
            "/file/petition",
            content=iter([b"x" * 1024] * 2100),
            headers={"content-type": "application/x-www-form-urlencoded"},
        ),
        "422": stranger.post("/signin", data={"form_token": form_token(stranger), "login": "x", "password": "y"}),
        "static": stranger.get("/static/huiyin.css"),
        "static that is not there": stranger.get("/static/no.css"),
    }
    monkeypatch.setattr("web.routes.health.text", lambda _: 1 / 0)
    return {**made, "500": stranger.get("/healthz")}


@pytest.mark.usefixtures("fast_passwords")
def test_every_answer_whatever_its_kind_carries_the_strict_headers(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = answers(site, monkeypatch)
    for kind, answer in made.items():
        assert str(answer.status_code) == (kind[:3] if kind[0].isdigit() else {"static": "200"}.get(kind, "404")), kind
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, kind
        caching = "public, max-age=3600" if kind == "static" else "no-store"
        if kind != "static that is not there":
            assert answer.headers["cache-control"] == caching, kind
        assert "server" not in answer.headers, kind
        assert "strict-transport-security" not in answer.headers, kind


def test_behind_https_the_answers_ask_for_https_and_the_cookies_are_secure(office: SmallOffice, tmp_path: Path) -> None:
    with serving(office, tmp_path, secure_cookies=True) as site:
        browser = site.browser(address="https://127.0.0.1:8000")
        answer = browser.get("/signin")
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert "; Secure" in answer.headers["set-cookie"]
        data = {"form_token": form_token(browser)}
        answer = browser.post(f"/signin/link/{site.link_token('clerk')}", data=data)
        assert "Secure" in answer.headers["set-cookie"]


def test_an_unexpected_error_tells_the_reader_what_to_do_and_nothing_of_itself(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.routes.health.text", lambda _: 1 / 0)
    answer = site.browser(raise_errors=False).get("/healthz")
    assert answer.status_code == 500
    assert "ZeroDivision" not in answer.text
    assert "Traceback" not in answer.text
    assert re.search(r"[\u4e00-\u9fff]", answer.text)


def test_a_method_that_an_address_does_not_take_is_answered_with_those_that_it_does(site: Site) -> None:
    answer = site.browser().delete("/work")
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_no_page_loads_anything_from_elsewhere_or_runs_a_script(site: Site) -> None:
    """The policy forbids it; here is that no page tries, or it would look broken."""
    for address in ("/", "/file/mediation", "/track", "/signin"):
        html = site.browser().get(address).text
        assert not re.findall(r"<script|\son\w+=|style=|javascript:", html), address
        loaded = re.findall(r'<(?:link|img)[^>]+(?:href|src)="([^"]+)"', html)
        assert loaded
        assert all(source.startswith("/static/") for source in loaded), address


def test_head_is_answered_like_get_without_a_body(site: Site) -> None:
    clerk = site.session_for("clerk")
    for address in ("/", "/healthz", "/work", "/intake", "/static/huiyin.css"):
        got, head = clerk.get(address), clerk.head(address)
        assert (head.status_code, head.content) == (got.status_code, b""), address
        assert head.headers["content-length"] == got.headers["content-length"], address
    assert site.browser().head("/work").status_code == 303


# -- tokens -----------------------------------------------------------------------------------------------------------

#: Programs bring a token of their own and no cookie: `tests/api`.
POSTS = sorted(route.path for route in ROUTES.values() if route.method == "POST" and not route.path.startswith("/api/"))
#: What begins or ends a session takes a form of this browser that was opened in any session.
OF_SESSIONS = {
    "/signin",
    "/signin/second",
    "/signin/passkey",
    "/signin/passkey/answer",
    "/signin/link/{token}",
    "/signin/unified",
    "/signout",
    "/track",
    "/track/leave",
}


def _address(site: Site, path: str, case: str) -> str:
    with reading(site.engine) as connection:
        clock = connection.execute(text("SELECT min(number) FROM clock")).scalar_one()
    values = {
        "public_id": case.removeprefix("/cases/"), "command": "Accept", "matter": "petition", "kind": "csv",
        "message": "1", "number": str(clock), "account": str(site.office.accounts["mediator_2"]), "token": site.link_token("clerk"),
        "unit": str(site.office.units["room"]), "year": "2026", "anchor": "1", "name": "anchor", "deputy": "1",
        "hook": "1", "order_number": "1",
    }  # fmt: skip
    return re.sub(r"{(\w+)}", lambda name: values[name[1]], path)


def _sender(site: Site, path: str, case: str) -> TestClient:
    """Somebody who may send this form."""
    if path.startswith("/track/"):
        with reading(site.engine) as connection:
            number = connection.execute(text("SELECT min(id) FROM cases")).scalar_one()
        return site.petitioner_of(number)
    if path.startswith(("/mails", "/people", "/policy", "/second", "/clock", "/keys")):
        return site.session_for("administrator")
    if path.startswith(("/hand-over", "/deputies")):
        return site.session_for("coordinator")
    if path.startswith("/appeals"):
        return site.session_for("supervisor")
    auditors = ("/closures", "/signs", "/assessment", "/bulletin", "/reports")
    return site.session_for("auditor" if path.startswith(auditors) else "clerk")


@pytest.mark.parametrize("path", POSTS)
def test_a_post_without_the_token_or_with_that_of_another_browser_or_session_is_refused(path: str, site: Site) -> None:
    case = a_petition(site)
    address = _address(site, path, case)
    sender = _sender(site, path, case)
    page_of_it = sender.get("/signin")
    assert page_of_it.status_code == 200
    elsewhere = _sender(site, path, case)
    wrong: dict[str, str | None] = {
        "none": None,
        "empty": "",
        "made up": secrets.token_hex(32),
        "another browser's": form_token(elsewhere),
        "the seal of another session": form_token(sender)[:16] + _token_without_session(sender)[16:],
    }
    if path not in OF_SESSIONS:
        wrong["that of before signing in"] = _token_without_session(sender)
    before = everything(site)
    for kind, token in wrong.items():
        form = {"form_id": secrets.token_hex(16), "version": "1", **({} if token is None else {"form_token": token})}
        answer = sender.post(address, data=form)
        assert answer.status_code == 403, kind
        assert "set-cookie" not in answer.headers, kind
    assert everything(site) == before


def _token_without_session(browser: TestClient) -> str:
    return _sealed(str(browser.cookies[BROWSER_COOKIE]).encode())


def _sealed(key: bytes) -> str:
    """The token of a browser without a session: 16 digits of SHA-256 of nothing, and the browser's seal on them."""
    mark = hashlib.sha256(b"").hexdigest()[:16]
    return mark + hmac.new(key, b"form\0" + mark.encode(), hashlib.sha256).hexdigest()


def test_the_token_of_before_signing_in_is_what_the_test_above_says(site: Site) -> None:
    browser = site.browser()
    assert form_token(browser) == _token_without_session(browser)


def test_a_browser_with_an_empty_value_of_its_own_is_given_one(site: Site) -> None:
    """An empty value would make an HMAC key that everybody knows."""
    for cookie in (f"{BROWSER_COOKIE}=", f"other=x{BROWSER_COOKIE}", f"not_{BROWSER_COOKIE}=1"):
        answer = site.browser().get("/signin", headers={"cookie": cookie})
        assert f"{BROWSER_COOKIE}=" in answer.headers["set-cookie"], cookie
        token = read(answer.text).form("/signin").values["form_token"][0]
        assert token != _sealed(b""), cookie


def test_a_browser_that_takes_no_cookies_is_told_so(site: Site) -> None:
    browser = site.browser()
    token = form_token(browser)
    browser.cookies.clear()
    answer = browser.post("/signin", data={"form_token": token, "login": "clerk", "password": PASSWORD})
    assert answer.status_code == 403
    assert "没有保存本系统的 Cookie" in read(answer.text).text


# -- origins ----------------------------------------------------------------------------------------------------------

CROSS = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "http://elsewhere.test"},
    {"origin": ""},
    {"origin": "http://["},
    {"origin": "127.0.0.1:8000"},
    {"origin": "https://127.0.0.1"},
    {"sec-fetch-site": "cross-site", "origin": "null"},
    {"origin": "http://127.0.0.1:8001"},
    {"origin": "http://127.0.0.1:8000.elsewhere.test"},
    {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8000"},
]
SAME = [
    {},
    {"sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "none"},
    {"sec-fetch-site": "same-origin", "origin": "null"},
    {"origin": "http://127.0.0.1:8000"},
    {"origin": "null"},
    {"origin": "http://huiyin.office.test", "host": "huiyin.office.test"},
    {"origin": "http://huiyin.office.test", "host": "Huiyin.Office.test:80"},
    {"origin": "https://huiyin.office.test", "host": "huiyin.office.test:443"},
    {"origin": "http://[fd00::7]:8000", "host": "[fd00::7]:8000"},
    {"origin": "http://huiyin.office.test:8080", "host": "huiyin.office.test"},
]


@pytest.mark.parametrize("headers", CROSS)
def test_a_post_from_the_page_of_another_site_is_refused_even_with_the_right_token(
    headers: dict[str, str], site: Site
) -> None:
    clerk = site.browser_for("clerk")
    answer = clerk.post("/signout", data={"form_token": form_token(clerk)}, headers=headers)
    assert answer.status_code == 403
    assert clerk.get("/work").status_code == 200, "and the session goes on"


@pytest.mark.parametrize("headers", SAME)
def test_a_post_from_our_own_page_is_taken(headers: dict[str, str], site: Site) -> None:
    clerk = site.browser_for("clerk")
    assert clerk.post("/signout", data={"form_token": form_token(clerk)}, headers=headers).status_code == 303


def test_a_null_origin_alone_proves_nothing(site: Site) -> None:
    """A frame without an origin of its own sends it from any site: the form's token is the proof."""
    clerk = site.browser_for("clerk")
    for data in ({}, {"form_token": secrets.token_hex(40)}):
        assert clerk.post("/signout", data=data, headers={"origin": "null"}).status_code == 403
    assert clerk.get("/work").status_code == 200


def test_behind_a_proxy_that_changes_the_host_the_public_address_is_ours_too(
    office: SmallOffice, tmp_path: Path
) -> None:
    with serving(office, tmp_path, public_url="https://huiyin.office.test/", secure_cookies=False) as site:
        clerk = site.browser_for("clerk")
        data = {"form_token": form_token(clerk)}
        for origin, status in (("https://elsewhere.test", 403), ("https://huiyin.office.test", 303)):
            assert clerk.post("/signout", data=data, headers={"origin": origin}).status_code == status


@pytest.mark.parametrize(("language", "words"), [("zh_CN", "从别的网站提交"), ("en", "sent from another site")])
def test_a_refused_origin_is_explained_in_the_readers_language(language: str, words: str, site: Site) -> None:
    clerk = site.browser_for("clerk")
    clerk.cookies.set("huiyin_language", language, domain="127.0.0.1", path="/")
    answer = clerk.post("/signout", headers={"origin": "http://elsewhere.test"})
    assert words in read(answer.text).text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_the_origin_is_asked_of_every_method_that_could_change_something(method: str, site: Site) -> None:
    answer = site.browser().request(method, "/work", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["rebound.test:8000", "127.0.0.1.rebound.test", "192.0.2.7", "", "localhost.test"])
def test_the_demo_answers_no_other_name_than_this_machines(host: str, sqlite: Engine, tmp_path: Path) -> None:
    with serving(found(sqlite, demo=True), tmp_path) as site:
        for address in ("/", "/static/huiyin.css"):
            answer = site.browser().get(address, headers={"host": host})
            assert answer.status_code == 421
            assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "localhost"])
def test_the_demo_answers_this_machine(host: str, sqlite: Engine, tmp_path: Path) -> None:
    with serving(found(sqlite, demo=True), tmp_path) as site:
        assert site.browser().get("/", headers={"host": host}).status_code == 200


def test_a_real_office_is_reached_by_its_own_name(site: Site) -> None:
    assert site.browser().get("/", headers={"host": "huiyin.example.test"}).status_code == 200


# -- sessions ---------------------------------------------------------------------------------------------------------


def test_the_cookies_are_out_of_reach_of_scripts_and_of_other_sites(site: Site) -> None:
    browser = site.browser()
    first = SimpleCookie(browser.get("/signin").headers["set-cookie"])[BROWSER_COOKIE]
    answer = browser.post(f"/signin/link/{site.link_token('clerk')}", data={"form_token": form_token(browser)})
    second = SimpleCookie(answer.headers["set-cookie"])[SESSION_COOKIE]
    for morsel in (first, second):
        assert (morsel["httponly"], morsel["samesite"].lower(), morsel["path"]) == (True, "lax", "/")
        assert (morsel["max-age"], morsel["expires"], morsel["domain"]) == ("", "", ""), "gone with the browser"
        assert len(morsel.value) >= 32


def test_the_browsers_cookie_is_set_once_and_never_on_a_file_that_others_may_be_given(site: Site) -> None:
    browser = site.browser()
    assert "set-cookie" not in browser.get("/static/huiyin.css").headers
    assert "set-cookie" in browser.get("/").headers
    assert "set-cookie" not in browser.get("/").headers


def test_signing_out_ends_the_session_on_the_server_so_that_a_copied_cookie_is_worth_nothing(site: Site) -> None:
    clerk = site.browser_for("clerk")
    copied = site.browser()
    copied.cookies.set(SESSION_COOKIE, str(clerk.cookies[SESSION_COOKIE]), domain="127.0.0.1", path="/")
    assert copied.get("/work").status_code == 200
    assert clerk.post("/signout", data={"form_token": form_token(clerk)}).status_code == 303
    for browser in (clerk, copied):
        assert browser.get("/work").status_code == 303
    with reading(site.engine) as connection:
        assert count(connection, WebSession) == 0


def test_a_petitioner_can_close_the_matter_on_a_shared_device(site: Site) -> None:
    a_petition(site)
    browser = site.petitioner_of(1)
    form = page(browser, "/track/case").form("/track/leave")
    assert browser.post("/track/leave", data=form.values).status_code == 303
    assert browser.get("/track/case").status_code == 303
    with reading(site.engine) as connection:
        assert count(connection, WebSession) == 0


@pytest.mark.parametrize(("idle", "status"), [(60, 200), (61, 303)])
def test_a_session_ends_after_an_hour_without_use(idle: int, status: int, site: Site) -> None:
    clerk = site.browser_for("clerk")
    site.clock.move_to(START + timedelta(minutes=idle))
    assert clerk.get("/work").status_code == status


@pytest.mark.parametrize(("idle", "status"), [(20, 200), (21, 303)])
def test_a_petitioners_session_ends_after_twenty_minutes_without_use(idle: int, status: int, site: Site) -> None:
    a_petition(site)
    petitioner = site.petitioner_of(1)
    site.clock.move_to(START + timedelta(minutes=idle))
    assert petitioner.get("/track/case").status_code == status


def test_a_session_in_use_goes_on_and_ends_after_ten_hours_all_the_same(site: Site) -> None:
    clerk = site.browser_for("clerk")
    for minutes in range(30, 601, 30):
        site.clock.move_to(START + timedelta(minutes=minutes))
        assert clerk.get("/work").status_code == 200, minutes
    site.clock.move_to(START + timedelta(minutes=601))
    assert clerk.get("/work").status_code == 303


def test_closing_an_account_signs_its_browsers_out_at_once(site: Site) -> None:
    clerk, administrator = site.browser_for("clerk"), site.session_for("administrator")
    address = f"/people/{site.office.accounts['clerk']}/close"
    assert administrator.post(address, data={"form_token": form_token(administrator)}).status_code == 303
    assert clerk.get("/work").status_code == 303


def test_nobody_closes_the_own_account_or_one_that_is_not_there(site: Site) -> None:
    administrator = site.session_for("administrator")
    data = {"form_token": form_token(administrator)}
    own = administrator.post(f"/people/{site.office.accounts['administrator']}/close", data=data)
    assert (own.status_code, administrator.get("/people").status_code) == (422, 200)
    assert administrator.post("/people/999/close", data=data).status_code == 404


# -- links, passwords, codes ------------------------------------------------------------------------------------------


def test_a_link_signs_in_once(site: Site) -> None:
    address = f"/signin/link/{site.link_token('clerk')}"
    statuses = []
    for _ in range(2):
        browser = site.browser()
        statuses.append(browser.post(address, data={"form_token": form_token(browser)}).status_code)
    assert statuses == [303, 404]
    assert site.browser().get(address).status_code == 404


def test_looking_at_a_link_spends_nothing(site: Site) -> None:
    address = f"/signin/link/{site.link_token('clerk')}"
    for _ in range(3):
        assert site.browser().get(address).status_code == 200
    browser = site.browser()
    assert browser.post(address, data={"form_token": form_token(browser)}).status_code == 303


@pytest.mark.parametrize(("hours", "status"), [(47.99, 303), (48, 404)])
def test_a_link_is_good_for_two_days(hours: float, status: int, site: Site) -> None:
    address = f"/signin/link/{site.link_token('clerk')}"
    site.clock.move_to(START + timedelta(hours=hours))
    browser = site.browser()
    assert browser.post(address, data={"form_token": form_token(browser)}).status_code == status


def test_no_secret_is_kept_in_words(site: Site) -> None:
    """Neither the link's token nor the session's nor a code stands anywhere in the database."""
    token = site.link_token("clerk")
    browser = site.browser_for("clerk")
    public = site.browser()
    form = page(public, "/file/petition").form("/file/petition")
    answer = public.post("/file/petition", data=form.typed(**WORDS))
    code = re.search(r"(?:[0-9A-Z]{4}-){5}[0-9A-Z]{4}", answer.text)[0].replace("-", "")  # type: ignore[index]
    stored = everything(site)
    assert len(stored) > 1000
    secrets_ = (token, str(browser.cookies[SESSION_COOKIE]), code, form.values["form_id"][0])
    assert [secret for secret in secrets_ if secret in stored] == []


def with_password(site: Site, login: str) -> None:
    with transaction(site.engine) as connection:
        set_password(connection, site.office.accounts[login], hash_password(PASSWORD), now=START)


def try_password(browser: TestClient, login: str, password: str) -> Any:
    return browser.post("/signin", data={"form_token": form_token(browser), "login": login, "password": password})


@pytest.mark.usefixtures("fast_passwords")
def test_a_password_signs_in(site: Site) -> None:
    with_password(site, "clerk")
    browser = site.browser()
    assert try_password(browser, "clerk", PASSWORD).status_code == 303
    assert browser.get("/work").status_code == 200


@pytest.mark.usefixtures("fast_passwords")
def test_a_password_chosen_on_the_page_signs_in_the_next_time(site: Site) -> None:
    clerk = site.session_for("clerk")
    data = {"form_token": form_token(clerk), "password": PASSWORD, "again": PASSWORD}
    assert clerk.post("/password", data=data).status_code == 303
    assert try_password(site.browser(), "clerk", PASSWORD).status_code == 303


@pytest.mark.usefixtures("fast_passwords")
def test_the_answer_is_the_same_for_a_wrong_password_an_unknown_name_a_closed_account_and_none_chosen(
    site: Site,
) -> None:
    for login in ("clerk", "mediator"):
        with_password(site, login)
    with transaction(site.engine) as connection:
        close_account(connection, site.office.accounts["mediator"], now=START)
    got = {}
    for login in ("clerk", "nobody", "mediator", "auditor"):
        browser = site.browser()
        answer = try_password(browser, login, PASSWORD if login == "mediator" else "wrong password")
        got[login] = answer.status_code, answer.text.replace(login, "?").replace(form_token(browser), "?")
    assert set(got.values()) == {got["clerk"]}
    assert got["clerk"][0] == 422


def test_an_unknown_name_costs_as_much_as_a_wrong_password(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dear part is one verification of a hash: it happens once, whoever is asked for."""
    people.signin._nobodys_hash()
    verified: list[str] = []
    verify = PasswordHash.verify

    def noted(self: PasswordHash, password: str, hashed: str) -> bool:
        verified.append(hashed.rpartition("$")[0].rpartition("$")[0])
        return verify(self, password, hashed)

    with_password(site, "clerk")
    monkeypatch.setattr(PasswordHash, "verify", noted)
    with reading(site.engine) as connection:
        assert [check_password(connection, login, "wrong") for login in ("clerk", "nobody")] == [None, None]
    assert len(verified) == 2
    assert verified[0] == verified[1], "the same algorithm at the same cost"
    assert verified[0].startswith("$argon2id$")


@pytest.mark.parametrize(
    "written", ["{}", " {} ", "lower", "spaces", "misread", "wide", "dashes", "drawn", "unseen", "copied"]
)
def test_a_code_opens_its_case_however_it_was_written_down(written: str, site: Site) -> None:
    opened = site.office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **WORDS))
    code = opened.code
    typed = {
        "lower": "-".join(re.findall("....", code.lower())),
        "spaces": "  ".join(re.findall("....", code)),
        "misread": code.replace("0", "O").replace("1", "l"),
        "wide": "－".join(re.findall("....", code)).translate({n: n + 0xFEE0 for n in range(0x21, 0x7F)}),
        "dashes": "–".join(re.findall("....", code[:12])) + "——" + "−".join(re.findall("....", code[12:])),
        "drawn": "─".join(re.findall("....", code)),
        "unseen": "\u200b".join(re.findall("....", code)) + "\ufeff\u00ad",
        "copied": "　" + "\u00a0".join(re.findall("....", code)) + "。\n",
    }.get(written, written.format(code))
    browser = site.browser()
    answer = browser.post("/track", data={"form_token": form_token(browser), "code": typed})
    assert (answer.status_code, answer.headers.get("location")) == (303, "/track/case")
    assert "停车位" in page(browser, "/track/case").text


@pytest.mark.parametrize("code", ["", "0", "A" * 24, "' OR 1=1 --", "字" * 5000])
def test_a_code_that_is_none_opens_nothing_and_says_so(code: str, site: Site) -> None:
    a_petition(site)
    browser = site.browser()
    answer = browser.post("/track", data={"form_token": form_token(browser), "code": code})
    assert answer.status_code == 422
    assert SESSION_COOKIE not in answer.headers.get("set-cookie", "")
    assert "没有找到这个查询码" in read(answer.text).text


# -- what a look may not change ---------------------------------------------------------------------------------------


def everything(site: Site) -> str:
    """The whole database in words, but for when sessions were last used."""
    with reading(site.engine) as connection:
        return "\n".join(
            f"{table.name}: {sorted(map(str, rows))}"
            for table in Row.metadata.sorted_tables
            if (
                rows := [
                    {name: value for name, value in row._mapping.items() if (table.name, name) != SEEN}
                    for row in connection.execute(table.select())
                ]
            )
        )


SEEN = (WebSession.__tablename__, "seen_at")
GETS = sorted(route.path for route in ROUTES.values() if route.method == "GET")


@pytest.mark.parametrize("path", GETS)
def test_a_look_changes_nothing_but_when_the_session_was_last_used(path: str, site: Site) -> None:
    case = a_petition(site)
    address = _address(site, path, case)
    browsers = [site.browser(), site.petitioner_of(1), *(site.session_for(who) for who in ("clerk", "auditor"))]
    browsers.append(site.session_for("administrator"))
    site.clock.move_to(START + timedelta(minutes=5))
    for browser in browsers:  # the first look at somebody else's case is noted, once a day
        browser.get(address)
    before = everything(site)
    files = _files(site)
    for browser in browsers:
        for query in ("", "?lang=en"):
            for answer in (browser.get(address + query), browser.head(address + query)):
                assert answer.status_code < 500 or path == "/readyz"  # which says so if the timers have not run
    assert everything(site) == before
    assert _files(site) == files


def _files(site: Site) -> set[str]:
    return {path.name for path in site.settings.home.rglob("*") if "huiyin.db" not in path.name}


def test_the_last_use_of_a_session_is_written_at_most_once_a_minute(site: Site) -> None:
    clerk = site.session_for("clerk")

    def seen() -> Any:
        with reading(site.engine) as connection:
            return connection.execute(WebSession.__table__.select()).one().seen_at  # type: ignore[attr-defined]

    for seconds, noted in ((60, 0), (61, 61), (120, 61), (122, 122)):
        site.clock.move_to(START + timedelta(seconds=seconds))
        assert clerk.get("/work").status_code == 200
        assert seen() == START + timedelta(seconds=noted), seconds


def test_an_old_link_is_kept_and_marked_as_used(site: Site) -> None:
    site.browser_for("clerk")
    with reading(site.engine) as connection:
        row = connection.execute(SigninLink.__table__.select()).one()  # type: ignore[attr-defined]
    assert row.used_at == START


# -- what is sent -----------------------------------------------------------------------------------------------------


def test_a_file_is_refused_wherever_it_is_sent(site: Site) -> None:
    browser = site.browser()
    data = {"form_token": form_token(browser), "form_id": secrets.token_hex(16), **WORDS}
    files = {"title": ("title.txt", b"words", "text/plain")}
    answer = browser.post("/file/petition", data={k: v for k, v in data.items() if k != "title"}, files=files)
    assert answer.status_code == 400
    assert "cases: " not in everything(site)


def test_a_body_of_more_than_two_megabytes_is_refused(site: Site) -> None:
    browser = site.browser()
    data = {"form_token": form_token(browser), "form_id": secrets.token_hex(16), **WORDS}
    known = browser.post("/file/petition", data={**data, "statement": "x" * (2 * 1024 * 1024)})
    chunks, headers = iter([b"x" * 1024] * 2100), {"content-type": "application/x-www-form-urlencoded"}
    unknown = browser.post("/file/petition", content=chunks, headers=headers)
    assert (known.status_code, unknown.status_code) == (413, 413)
    assert "太长" in read(known.text).text
    assert "cases: " not in everything(site)


@pytest.mark.parametrize(
    "address",
    [
        "/mails/seven", "/mails/0", "/mails/-1", "/mails/99999999999999999999", "/mails/9223372036854775807",
        "/mails?kind=lost", "/assessment?year=last", "/assessment?year=999999999999",
        "/work?after=nonsense", "/work?after=2026-03-02T09:00:00%2B08:00~99999999999999999999",
        "/work?after=2026-03-02T09:00:00~1", "/work?after=0001-01-01T00:00:00%2B08:00~1",
        "/work?number=99999999999999999999", "/work?number=%00", "/work?show=lost", "/closures?start=%FF",
        "/intake/nothing", "/file/nothing", "/cases/%00", "/cases/..%2F..%2Fetc", "/signin/link/%F0%9F%98%80",
        "/static/../web/app.py", "/static/%2e%2e/__init__.py", "/?lang=xx", "/work?lang[]=en",
    ],
)  # fmt: skip
def test_an_address_typed_by_hand_gets_a_page_and_never_a_failure(address: str, site: Site) -> None:
    for login in ("administrator", "auditor", "clerk"):
        answer = site.session_for(login).get(address)
        assert answer.status_code in (200, 303, 404, 422), login
        if answer.status_code != 303:
            assert answer.headers["content-type"].startswith("text/html"), login
            assert answer.text.lstrip().startswith("<!doctype html>"), login


@pytest.mark.parametrize("body", ["form_token=%FF%FE", "form_token=a&form_token=b", "%00=%00", "a" * 5000, "=&=&="])
def test_a_body_that_no_browser_sends_is_refused_and_never_a_failure(body: str, site: Site) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert site.browser().post("/file/petition", content=body, headers=headers).status_code == 403
    for kind in ("application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x"):
        answer = site.browser().post("/file/petition", content=body, headers={"content-type": kind})
        assert answer.status_code in (400, 403, 415), kind


def test_a_database_that_cannot_write_is_said_to_be_so_and_the_page_keeps_its_headers(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))

    browser = site.browser()
    form = page(browser, "/file/petition").form("/file/petition")
    monkeypatch.setattr("web.routes.public.open_case", full)
    answer = browser.post("/file/petition", data=form.typed(**WORDS))
    assert answer.status_code == 503
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "disk" not in answer.text
