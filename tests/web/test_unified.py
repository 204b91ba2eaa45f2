"""Signing in by way of somebody else's accounts: with a published provider, and with one that lies."""

import base64
import hashlib
import hmac
import html
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient

import people.identities
from infra.db import transaction, written_at_once
from infra.settings import SettingsAreWrong, read_settings
from people.identities import AT_ONCE
from people.noting import note
from people.staffing import close_account
from tests.databases import Site, SmallOffice, form_token, serving
from tests.web.provider import KEY, OTHER_KEY, Answers, answering, id_token
from tests.web.reading import page
from tests.web.test_second_factor import with_factor
from tests.web.test_security import PASSWORD, with_password
from verify.checking import verify
from workflow.model import TIMERS

pytestmark = pytest.mark.usefixtures("fast_passwords")
CLIENT = {"oidc_client_id": "huiyin", "oidc_client_secret": "a word & more"}


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    people.identities._provider.cache_clear()


def way_of(answer: Any) -> str:
    """Where the page leads."""
    assert answer.status_code == 200, answer.text
    found = re.search(r'role="button" href="([^"]+)"', answer.text)
    assert found
    return html.unescape(found[1])


def begin(browser: TestClient) -> str:
    return way_of(browser.post("/signin/unified", data={"form_token": form_token(browser)}))


def begin_connecting(browser: TestClient) -> str:
    form = page(browser, "/account/unified").form("/account/unified")
    return way_of(browser.post(form.action, data=form.typed(password=PASSWORD)))


def is_in(browser: TestClient) -> bool:
    return browser.get("/account").status_code == 200


# -- with a published provider ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    issuer = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                httpx2.get(f"{issuer}/.well-known/openid-configuration")
                break
            except httpx2.TransportError:
                time.sleep(0.05)
        yield issuer
    finally:
        started.terminate()
        started.wait()


def signed_in_there(way: str, who: str) -> str:
    """Where it sends the browser back to, once somebody has signed in there."""
    answer = httpx2.post(way, data={"sub": who})
    assert answer.status_code in (302, 303), answer.text
    back = urlsplit(answer.headers["location"])
    return f"{back.path}?{back.query}"


def test_an_account_is_connected_once_and_signs_in_from_then_on(
    office: SmallOffice, tmp_path: Path, published: str
) -> None:
    real = datetime.now(UTC)
    with serving(office, tmp_path, oidc_issuer=published, **CLIENT) as site:
        site.clock.move_to(real)
        with_password(site, "clerk")
        stranger = site.browser()
        refused = stranger.get(signed_in_there(begin(stranger), "zhang"))
        assert refused.status_code == 422
        assert "统一身份登录没有成功" in refused.text
        owner = site.session_for("clerk")
        connected = owner.get(signed_in_there(begin_connecting(owner), "zhang"))
        assert connected.headers["location"] == "/account/unified?done=identity_connected"
        browser = site.browser()
        assert browser.get(signed_in_there(begin(browser), "zhang")).headers["location"] == "/"
        assert "账号-clerk" in browser.get("/account").text
        assert "统一身份" in browser.get("/account").text
        somebody = site.browser()
        assert somebody.get(signed_in_there(begin(somebody), "li")).status_code == 422
        assert not is_in(somebody)
        report = verify(site.engine.url.render_as_string(hide_password=False))
        assert report.ok, report.text()


# -- with one that lies ---------------------------------------------------------------------------------------------------


@pytest.fixture
def liar() -> Iterator[Answers]:
    with answering() as answers:
        yield answers


@pytest.fixture
def site(office: SmallOffice, tmp_path: Path, liar: Answers) -> Iterator[Site]:
    with serving(office, tmp_path, oidc_issuer=liar.issuer, **CLIENT) as made:
        with_password(made, "clerk")
        yield made


def instant() -> int:
    """By the clock that the program goes by."""
    return int(datetime.now(UTC).timestamp())


def claims(liar: Answers, way: str, **other: Any) -> dict[str, Any]:
    now = instant()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(way).query).items()}
    return {
        "iss": liar.issuer, "sub": "zhang", "aud": "huiyin", "iat": now, "exp": now + 300, "nonce": asked["nonce"], **other,
    }  # fmt: skip


def back(way: str, **other: str) -> str:
    state = parse_qs(urlsplit(way).query)["state"][0]
    said = {"code": "a-code", "state": state, **other}
    return "/signin/unified/back?" + "&".join(f"{name}={value}" for name, value in said.items())


def connect(site: Site, liar: Answers, login: str = "clerk", who: str = "zhang") -> Any:
    owner = site.session_for(login)
    way = begin_connecting(owner)
    liar.token = {"id_token": id_token(claims(liar, way, sub=who)), "access_token": "x", "token_type": "Bearer"}
    return owner.get(back(way))


def test_what_is_sent_is_what_the_other_side_needs_and_no_more(site: Site, liar: Answers) -> None:
    connect(site, liar)
    assert set(liar.said) == {"grant_type", "code", "redirect_uri", "code_verifier", "client_id"}
    assert base64.b64decode(liar.credentials.removeprefix("Basic ")) == b"huiyin:a%20word%20%26%20more"
    way = begin(site.browser())
    asked = parse_qs(urlsplit(way).query)
    assert asked["scope"] == ["openid"], "no name and no address of anybody is asked for"
    assert asked["code_challenge_method"] == ["S256"]


def shared(said: dict[str, Any]) -> str:
    """Signed with what everybody can read, as if that were a secret."""
    parts = (json.dumps({"alg": "HS256", "kid": "one"}).encode(), json.dumps(said).encode())
    signed = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    mark = hmac.new(KEY.as_pem(private=False), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


LIES: dict[str, Callable[[Answers, str], str]] = {
    "of another issuer": lambda liar, way: id_token(claims(liar, way, iss="https://elsewhere.example")),
    "for another office": lambda liar, way: id_token(claims(liar, way, aud="somebody-else")),
    "for several, of which one is not said": lambda liar, way: id_token(
        claims(liar, way, aud=["huiyin", "other"], azp="other")
    ),
    "too old": lambda liar, way: id_token(claims(liar, way, exp=instant() - 120)),
    "of a time to come": lambda liar, way: id_token(claims(liar, way, iat=instant() + 600)),
    "with another nonce": lambda liar, way: id_token(claims(liar, way, nonce="0" * 64)),
    "without a nonce": lambda liar, way: id_token({k: v for k, v in claims(liar, way).items() if k != "nonce"}),
    "without anybody": lambda liar, way: id_token({k: v for k, v in claims(liar, way).items() if k != "sub"}),
    "about no text": lambda liar, way: id_token(claims(liar, way, sub=7)),
    "about too long a text": lambda liar, way: id_token(claims(liar, way, sub="z" * 256)),
    "signed by somebody else": lambda liar, way: id_token(claims(liar, way), key=OTHER_KEY),
    "signed with the key that everybody knows": lambda liar, way: shared(claims(liar, way)),
    "signed by nobody": lambda liar, way: ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode()
        for part in (b'{"alg":"none"}', str(claims(liar, way)).replace("'", '"').encode(), b"")
    ),
    "no token": lambda _liar, _way: "nothing",
}


@pytest.mark.parametrize("lie", LIES)
def test_nobody_comes_in_by_a_token_that_is(site: Site, liar: Answers, lie: str) -> None:
    assert connect(site, liar).status_code == 303
    browser = site.browser()
    way = begin(browser)
    liar.token = {"id_token": LIES[lie](liar, way)}
    assert browser.get(back(way)).status_code == 422
    assert not is_in(browser)


def test_the_same_word_counts_once_in_one_browser_for_one_purpose(site: Site, liar: Answers) -> None:
    connect(site, liar)
    browser, other = site.browser(), site.browser()
    way = begin(browser)
    liar.token = {"id_token": id_token(claims(liar, way))}
    form_token(other)
    assert other.get(back(way)).status_code == 422, "another browser was not sent there"
    assert browser.get(back(way, state="s." + "0" * 64)).status_code == 422
    way = begin(browser)
    liar.token = {"id_token": id_token(claims(liar, way))}
    assert browser.get(back(way)).status_code == 303
    assert is_in(browser)
    assert browser.get(back(way)).status_code == 422, "it is spent"
    late = site.browser()
    way = begin(late)
    liar.token = {"id_token": id_token(claims(liar, way))}
    site.clock.move_to(site.clock() + timedelta(minutes=11))
    liar.token = {"id_token": id_token(claims(liar, way))}
    assert late.get(back(way)).status_code == 422


def test_an_identity_is_one_persons(site: Site, liar: Answers) -> None:
    with_password(site, "mediator")
    assert connect(site, liar).status_code == 303
    refused = connect(site, liar, "mediator")
    assert refused.status_code == 422
    assert "没有连接成功" in refused.text
    owner = site.session_for("mediator")
    way = begin_connecting(owner)
    liar.token = {"id_token": id_token(claims(liar, way, sub="li"))}
    assert site.session_for("clerk").get(back(way)).status_code == 422, "somebody else's browser connects nothing"


def test_whoever_disconnects_or_is_closed_does_not_come_in(site: Site, liar: Answers) -> None:
    connect(site, liar)
    owner = site.session_for("clerk")
    end = page(owner, "/account/unified").form("/account/unified/end")
    assert owner.post(end.action, data=end.typed()).status_code == 303
    browser = site.browser()
    way = begin(browser)
    liar.token = {"id_token": id_token(claims(liar, way))}
    assert browser.get(back(way)).status_code == 422
    connect(site, liar)
    with transaction(site.engine) as connection:
        close_account(connection, site.office.accounts["clerk"], now=site.clock())
    way = begin(browser)
    liar.token = {"id_token": id_token(claims(liar, way))}
    assert browser.get(back(way)).status_code == 422


def test_a_second_factor_is_asked_for_all_the_same(site: Site, liar: Answers) -> None:
    connect(site, liar)
    with_factor(site, "clerk")
    browser = site.browser()
    way = begin(browser)
    liar.token = {"id_token": id_token(claims(liar, way))}
    assert browser.get(back(way)).headers["location"] == "/signin/second"
    assert browser.get("/work").status_code == 303


def test_connecting_asks_for_the_password(site: Site) -> None:
    owner = site.session_for("clerk")
    form = page(owner, "/account/unified").form("/account/unified")
    assert owner.post(form.action, data=form.typed(password="wrong")).status_code == 422


@pytest.mark.parametrize(
    "itself",
    [
        {"issuer": "https://elsewhere.example"}, {"token_endpoint": "http://elsewhere.example/token"}, {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": ""},
    ],
)  # fmt: skip
def test_a_server_that_describes_somebody_else_is_not_gone_to(
    site: Site, liar: Answers, itself: dict[str, str]
) -> None:
    liar.itself = itself
    browser = site.browser()
    answer = browser.post("/signin/unified", data={"form_token": form_token(browser)})
    assert answer.status_code == 422
    assert "没有回应" in answer.text


def test_one_that_does_not_answer_is_said_to(site: Site, liar: Answers) -> None:
    connect(site, liar)
    liar.status = 500
    browser = site.browser()
    way = begin(browser)
    assert browser.get(back(way)).status_code == 422


def test_a_server_that_hangs_holds_nobody_up_here(site: Site, liar: Answers) -> None:
    """While somebody waits for it, whoever is at work writes."""
    browser = site.browser()
    token = form_token(browser)
    liar.goes_on.clear()
    liar.asked.clear()
    waiting = threading.Thread(target=browser.post, args=("/signin/unified",), kwargs={"data": {"form_token": token}})
    waiting.start()
    try:
        assert liar.asked.wait(10)
        assert written_at_once(
            site.engine, lambda connection: note(connection, "backup:made", actor=TIMERS, now=site.clock(), data={})
        )
    finally:
        liar.goes_on.set()
        waiting.join()


def test_of_many_who_wait_for_it_a_few_ask(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people.identities, "TURN_SECONDS", 0.05)
    browser = site.browser()
    for _ in range(AT_ONCE):
        assert people.identities._ASKING.acquire(timeout=0)
    try:
        answer = browser.post("/signin/unified", data={"form_token": form_token(browser)})
    finally:
        for _ in range(AT_ONCE):
            people.identities._ASKING.release()
    assert answer.status_code == 422
    assert "没有回应" in answer.text
    assert begin(browser), "and then it is asked"


def test_where_nothing_is_set_up_there_is_nothing(office: SmallOffice, tmp_path: Path) -> None:
    with serving(office, tmp_path) as site:
        clerk = site.session_for("clerk")
        assert "统一身份" not in site.browser().get("/signin").text
        assert "统一身份" not in clerk.get("/account").text
        for address in ("/account/unified", "/signin/unified/back?code=a&state=s.b"):
            assert clerk.get(address).status_code == 404


@pytest.mark.parametrize(
    ("issuer", "client"),
    [("https://id.example", ""), ("", "huiyin"), ("http://id.example", "huiyin"), ("https://a:b@id.example", "huiyin")],
)
def test_half_a_setting_or_one_in_clear_starts_nothing(
    monkeypatch: pytest.MonkeyPatch, issuer: str, client: str
) -> None:
    monkeypatch.setenv("HUIYIN_OIDC_ISSUER", issuer)
    monkeypatch.setenv("HUIYIN_OIDC_CLIENT_ID", client)
    with pytest.raises(SettingsAreWrong):
        read_settings({"HUIYIN_OIDC_ISSUER": issuer, "HUIYIN_OIDC_CLIENT_ID": client})
