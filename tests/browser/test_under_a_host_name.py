"""The office under a name of its own: a browser says less about where a form comes from than it does on loopback."""

from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.certificates import certificate_of
from tests.browser.conftest import Office
from tests.browser.test_main_job import fill, happened, opened, send
from tests.databases import step
from tests.web.test_security import PASSWORD, with_password
from web.security import App

NAME = "huiyin.office.test"
WORDS = {"title": "停车位", "statement": "小区停车难。", "applicant": "白某"}

Said = set[tuple[str | None, str | None]]


def between(said: Said, *, fetch_metadata: bool = True, referrer_policy: str = "") -> Callable[[App], App]:
    """What may stand between a browser and the application: it notes what posts say of their origin. Without
    `fetch_metadata` the browser is an older one; `referrer_policy` is that of a proxy with rules of its own."""

    def wrapped(app: App) -> App:
        async def asked(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                headers = [(n, v) for n, v in scope["headers"] if fetch_metadata or not n.startswith(b"sec-fetch-")]
                scope = {**scope, "headers": headers}
                if scope["method"] == "POST":
                    told = {n.decode(): v.decode() for n, v in headers}
                    said.add((told.get("sec-fetch-site"), told.get("origin")))

            async def answered(message: MutableMapping[str, Any]) -> None:
                if referrer_policy and message["type"] == "http.response.start":
                    kept = [(n, v) for n, v in message["headers"] if n != b"referrer-policy"]
                    message["headers"] = [*kept, (b"referrer-policy", referrer_policy.encode())]
                await send(message)

            await app(scope, receive, answered)

        return asked

    return wrapped


@pytest.fixture
def open_under_name(open_office: Callable[..., Office], tmp_path: Path) -> Callable[..., Office]:
    def under_name(*, https: bool, **options: Any) -> Office:
        certificate = certificate_of(NAME, tmp_path) if https else None
        return open_office(name=NAME, certificate=certificate, secure_cookies=https, **options)

    return under_name


KINDS: dict[str, tuple[bool, dict[str, Any], Callable[[str], Said]]] = {
    # https, what stands between, and what posts then say: (Sec-Fetch-Site, Origin)
    "http": (False, {}, lambda address: {(None, address)}),
    "https": (True, {}, lambda address: {("same-origin", address)}),
    "https, older browser": (True, {"fetch_metadata": False}, lambda address: {(None, address)}),
    "http, proxy that hides the origin": (False, {"referrer_policy": "no-referrer"}, lambda _: {(None, "null")}),
    "https, older browser, origin hidden": (
        True, {"fetch_metadata": False, "referrer_policy": "no-referrer"}, lambda _: {(None, "null")},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_under_a_host_name_a_matter_is_filed_somebody_signs_in_and_takes_a_step(
    kind: str, open_under_name: Callable[..., Office]
) -> None:
    https, options, expected = KINDS[kind]
    said: Said = set()
    office = open_under_name(https=https, before=between(said, **options))
    with_password(office.site, "clerk")

    petitioner = office.visitor(ignore_https_errors=True)
    petitioner.goto("/file/petition")
    fill(petitioner, "Register", **WORDS)
    petitioner.get_by_role("button", name="提交").click()
    code = petitioner.locator(".code").inner_text()
    petitioner.goto("/track")
    petitioner.get_by_label("回执上的查询码").fill(code)
    petitioner.get_by_role("button", name="查询").click()
    expect(petitioner.get_by_role("heading", name="停车位")).to_be_visible()

    clerk = office.visitor(ignore_https_errors=True)
    clerk.goto("/signin")
    sign_in(clerk, "clerk", PASSWORD)
    clerk.get_by_role("link", name="停车位").click()
    opened(clerk, "RespondFirst")
    fill(clerk, "RespondFirst", note="已电话告知。")
    send(clerk, "RespondFirst")
    happened(clerk, "已首次响应")
    assert said == expected(office.address)


@pytest.mark.parametrize("hides", [{}, {"referrer_policy": "no-referrer"}])
def test_under_a_host_name_the_page_of_another_site_cannot_send_our_forms(
    hides: dict[str, str], open_under_name: Callable[..., Office], tmp_path: Path
) -> None:
    """Over http, where the browser says nothing but the origin; a file's origin is "null", as that of our own forms may be."""
    office = open_under_name(https=False, before=between(set(), **hides))
    office.site.office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **WORDS, dispute_type="25"))
    clerk = office.person("clerk")
    trap = tmp_path / "trap.html"
    trap.write_text(f'<form method="post" action="{office.address}/signout"><button>?</button></form>', "utf-8")
    clerk.goto(trap.as_uri())
    clerk.get_by_role("button").click()
    expect(clerk.get_by_role("heading", level=1)).to_have_text(
        "浏览器没有保存 Cookie"
    )  # none are sent from another site
    clerk.goto("/")
    expect(clerk.get_by_role("link", name="停车位")).to_be_visible()


def test_a_code_and_a_name_typed_with_a_chinese_input_method_are_read(served: Office) -> None:
    with_password(served.site, "clerk")
    told = served.site.office.tell(
        "petition", step("2026-03-02T09:00", "clerk", "Register", **WORDS, dispute_type="25")
    )
    page = served.visitor()
    page.goto("/track")
    page.get_by_label("回执上的查询码").fill(wide("－".join(told.code[n : n + 4] for n in range(0, 24, 4))))
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_role("heading", name="停车位")).to_be_visible()
    page.goto("/signin")
    sign_in(page, wide("Clerk"), wide(PASSWORD))
    expect(page.get_by_role("heading", name="待办事项")).to_be_visible()


def test_a_double_click_on_a_one_time_link_signs_in_and_asks_for_a_password(served: Office) -> None:
    page = served.visitor()
    page.goto(f"/signin/link/{served.site.link_token('clerk')}")
    page.locator("main button[type=submit]").dblclick()
    expect(page.get_by_role("heading", name="设置密码")).to_be_visible()
    page.locator("#password").fill(PASSWORD)
    page.locator("#again").fill(PASSWORD)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", name="待办事项")).to_be_visible()


def wide(text: str) -> str:
    """The full-width form of ASCII: U+FF01 stands 0xFEE0 behind U+0021, and the space has one of its own."""
    return "".join("\u3000" if c == " " else chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def sign_in(page: Page, login: str, password: str) -> None:
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录", exact=True).click()
