"""A real server and a real browser. The office and its settable clock are those of `tests/databases.py`."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyotp
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page

from people.factors import REQUIRED
from tests.databases import Site, SmallOffice, office, office_template, serving, sqlite_template
from tests.servers import SmtpSink, free_port
from web.security import App

Wrapper = Callable[[App], App]

__all__ = ["office", "office_template", "sqlite_template"]


def nothing(app: App) -> App:
    return app


@dataclass(kw_only=True)
class Office:
    """The served site as people meet it: each opens it in a browser of their own."""

    site: Site
    address: str
    chromium: Browser
    things: dict[str, str] = field(default_factory=dict)  #: addresses of what a test has made, by its own words
    problems: list[str] = field(default_factory=list)  #: what browsers complained of: scripts, policy, missing files
    _open: ExitStack = field(default_factory=ExitStack)

    def browser(self, **options: Any) -> BrowserContext:
        """A browser that has never been here, in Chinese."""
        context = self.chromium.new_context(
            **{"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "base_url": self.address, **options}
        )
        context.set_default_timeout(10_000)
        context.on("console", lambda said: self.problems.append(f"{said.type}: {said.text}"))
        context.on("weberror", lambda failed: self.problems.append(str(failed.error)))
        self._open.callback(context.close)
        return context

    def visitor(self, **options: Any) -> Page:
        return self.browser(**options).new_page()

    def person(self, login: str, **options: Any) -> Page:
        """Somebody of the office who has signed in by a link, on their first page: a password is for another day. Whoever
        must have a second factor has set one up."""
        page = self.visitor(**options)
        page.goto(f"/signin/link/{self.site.link_token(login)}")
        page.locator("main button[type=submit]").click()
        page.wait_for_url("**/password")
        if self.site.office.actors[login].role in REQUIRED:
            set_up_factor(page, self.site)
        page.goto("/")
        return page


def set_up_factor(page: Page, site: Site) -> None:
    page.goto("/account/second-factor")
    secret = page.locator("input[name=secret]").get_attribute("value")
    assert secret
    page.fill("#code", pyotp.TOTP(secret).at(site.clock()))
    page.locator("main button[type=submit]").click()
    page.locator(".codes").wait_for()


@pytest.fixture
def open_office(chromium: Browser, office: SmallOffice, tmp_path: Path) -> Iterator[Callable[..., Office]]:
    """Serves the small office with these settings, and closes it and every browser afterwards. `name` is the host that
    browsers ask for, `certificate` a file for https, `before` what stands between them and the application."""
    with ExitStack() as stack:

        def opened(
            *, name: str = "127.0.0.1", certificate: Path | None = None, before: Wrapper = nothing, **settings: Any
        ) -> Office:
            port = free_port()
            address = f"{'https' if certificate else 'http'}://{name}:{port}"
            site = stack.enter_context(serving(office, tmp_path, port=port, public_url=address, **settings))
            _serve(stack, before(site.app), port, certificate)
            made = Office(site=site, address=address, chromium=chromium)
            stack.enter_context(made._open)
            return made

        yield opened


@pytest.fixture
def served(open_office: Callable[..., Office]) -> Office:
    return open_office()


@pytest.fixture
def mailing(open_office: Callable[..., Office], smtp: SmtpSink) -> Office:
    """The office with its mail server."""
    return open_office(smtp_host=smtp.host, smtp_port=smtp.port)


def _serve(stack: ExitStack, app: App, port: int, certificate: Path | None) -> None:
    """Runs uvicorn in a thread until the stack is left."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_config=None, access_log=False, ws="none", server_header=False,
        ssl_certfile=certificate,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    stack.callback(thread.join, 10)
    stack.callback(setattr, server, "should_exit", True)
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        threading.Event().wait(0.01)
