"""Passkeys in a real browser, whose device is Chromium's own virtual authenticator (Chrome DevTools Protocol, WebAuthn)."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from people.passkeys import place_of
from tests.browser.certificates import certificate_of
from tests.browser.conftest import Office
from tests.browser.test_looks import KNOWN, LANGUAGES, READ, SCROLLS, SMALL, WIDTHS, keep, violations
from tests.browser.words_seen import foreign_words

NAME = "huiyin.office.test"
#: A device in the machine, which asks its owner who they are and keeps the passkey itself.
DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def on_loopback(open_office: Callable[..., Office]) -> Office:
    return open_office(name="localhost")


@pytest.fixture
def under_a_name(open_office: Callable[..., Office], tmp_path: Path) -> Office:
    return open_office(name=NAME, certificate=certificate_of(NAME, tmp_path), secure_cookies=True)


class Device:
    """The virtual authenticator of one page."""

    def __init__(self, page: Page, **said: Any) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        self._id = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": {**DEVICE, **said}})[
            "authenticatorId"
        ]

    def passkeys(self) -> list[dict[str, Any]]:
        found = self._session.send("WebAuthn.getCredentials", {"authenticatorId": self._id})
        return list(found["credentials"])

    def put(self, passkey: dict[str, Any]) -> None:
        self._session.send("WebAuthn.addCredential", {"authenticatorId": self._id, "credential": passkey})

    def forget(self) -> None:
        self._session.send("WebAuthn.clearCredentials", {"authenticatorId": self._id})

    def is_the_owner(self, verdict: bool) -> None:
        self._session.send("WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": verdict})


def add(page: Page, name: str) -> None:
    page.goto("/account/passkeys")
    page.fill("#name", name)
    page.get_by_role("button", name="添加", exact=True).click()
    page.wait_for_url("**/account/passkeys?done=passkey_added")


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="退出").first.click()
    page.wait_for_url("**/")


def ask(page: Page) -> None:
    page.goto("/signin")
    page.get_by_role("button", name="用通行密钥登录").click()


@pytest.mark.parametrize("where", ["on_loopback", "under_a_name"])
def test_a_passkey_is_added_and_signs_in(where: str, request: pytest.FixtureRequest) -> None:
    office: Office = request.getfixturevalue(where)
    page = office.person("clerk", ignore_https_errors=True)
    device = Device(page)
    add(page, "窗口电脑")
    expect(page.get_by_role("heading", name="窗口电脑")).to_be_visible()
    (made,) = device.passkeys()
    place = place_of(office.address)
    assert place is not None
    assert made["rpId"] == place.name
    sign_out(page)
    ask(page)
    page.wait_for_url(f"{office.address}/work**")
    page.goto("/account")
    expect(page.get_by_text("谷歌浏览器")).to_have_count(2)
    expect(page.get_by_text("通行密钥", exact=False).last).to_be_visible()
    assert office.problems == []


def test_a_device_that_is_not_sure_of_its_owner_signs_nobody_in(on_loopback: Office) -> None:
    page = on_loopback.person("clerk")
    device = Device(page)
    add(page, "窗口电脑")
    sign_out(page)
    device.is_the_owner(False)
    ask(page)
    expect(page.locator("#passkey-failed")).to_be_visible()
    device.is_the_owner(True)
    page.get_by_role("button", name="再试一次").click()
    page.wait_for_url("**/work**")
    assert on_loopback.problems == []


def test_a_copied_passkey_is_refused_once_the_other_has_been_used(on_loopback: Office) -> None:
    page = on_loopback.person("clerk")
    device = Device(page)
    add(page, "窗口电脑")
    (copied,) = device.passkeys()
    for _ in range(2):
        sign_out(page)
        ask(page)
        page.wait_for_url("**/work**")
    sign_out(page)
    device.forget()
    device.put(copied)
    ask(page)
    expect(page.get_by_role("alert")).to_contain_text("通行密钥没有通过")
    page.goto("/work")
    page.wait_for_url("**/signin**")


def test_a_removed_passkey_signs_nobody_in(on_loopback: Office) -> None:
    page = on_loopback.person("clerk")
    Device(page)
    add(page, "窗口电脑")
    page.locator("section details", has_text="删除").locator("summary").click()
    page.get_by_role("button", name="删除").click()
    page.wait_for_url("**/account/passkeys?done=passkey_removed")
    sign_out(page)
    ask(page)
    expect(page.get_by_role("alert")).to_contain_text("通行密钥没有通过")


def test_without_scripts_the_page_says_so_and_the_password_does(on_loopback: Office) -> None:
    page = on_loopback.visitor(java_script_enabled=False)
    ask(page)
    expect(page.get_by_text("浏览器没有运行脚本")).to_be_visible()
    page.get_by_role("link", name="返回").click()
    page.wait_for_url("**/signin")


def test_a_script_that_is_none_of_ours_does_not_run_beside_ours(on_loopback: Office) -> None:
    """On the page that may run our script nothing else runs: no line in the page, no script of another place."""
    page = on_loopback.visitor()
    Device(page)
    ask(page)
    page.evaluate(
        "() => { const one = document.createElement('script'); one.textContent = 'window.planted = 1'; document.body.append(one); }"
    )
    assert page.evaluate("window.planted") is None
    assert any("script-src 'self'" in said for said in on_loopback.problems)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["passkeys", "passkey", "signin", "account"])
def test_pages_about_passkeys_are_read_without_scrolling_sideways(
    on_loopback: Office, name: str, language: str, width: str
) -> None:
    size = {"width": WIDTHS[width], "height": 900}
    page = (
        on_loopback.person("clerk", viewport=size)
        if name in ("passkeys", "account")
        else on_loopback.visitor(viewport=size)
    )
    device = Device(page)
    if name in ("passkeys", "account"):
        add(page, "窗口电脑")
    if name == "passkey":
        device.is_the_owner(False)
        page.goto(f"/signin?lang={language}")
        page.locator("form[action='/signin/passkey'] button").click()
        expect(page.locator("#passkey")).to_be_visible()
    else:
        page.goto(
            {"passkeys": "/account/passkeys", "signin": "/signin", "account": "/account"}[name] + f"?lang={language}"
        )
    assert page.evaluate(SCROLLS) <= 1
    assert page.locator("h1").count() == 1
    assert violations(page) == []
    if width == "phone":  # but for the help that every page has
        assert [one for one in page.evaluate(SMALL) if not re.search("本页说明|Help", one)] == []
    assert foreign_words(page.evaluate(READ), language, [*KNOWN, "窗口电脑"]) == []
    keep(page, f"passkeys-{name}-{language}-{width}")
