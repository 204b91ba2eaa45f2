"""`python -m tests.browser.guide_pictures [ROLE ...]` takes the pictures of docs/guides anew: the demo office of `tests/demo.py`,
in both languages, what one sees without scrolling."""

import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from sqlalchemy import Engine

from cases.tracking import in_groups
from demo.building import DemoOffice
from infra.db import transaction
from infra.settings import Settings
from people.signin import begin_session
from tests.conftest import CHROMIUM_OPTIONS
from tests.databases import opened, stopped_clock
from tests.demo import BUILT_AT, build
from tests.servers import chromium_path, free_port
from web.app import create_app
from web.context import SESSION_COOKIE
from words import Words
from workflow.model import Role

FOLDER = Path(__file__).parents[2] / "docs" / "guides" / "pictures"
LANGUAGES = {"zh": "zh_CN", "en": "en"}
DESK: ViewportSize = {"width": 960, "height": 620}
PHONE: ViewportSize = {"width": 375, "height": 667}
#: Who works on a phone.
ON_PHONES = frozenset({Role.MEDIATOR, Role.PETITIONER})
#: The petitioner of the pictures.
FILED = {
    "zh": {
        "title": "楼上漏水",
        "statement": "厨房顶漏水三个月，请对方修好。",
        "applicant": "周某",
        "respondents": "石某",
    },
    "en": {
        "title": "Water from the flat above",
        "statement": "It has leaked for three months; it should be mended.",
        "applicant": "Zhou",
        "respondents": "Shi",
    },
}

Way = Callable[[Page, str], None]


def at(address: str) -> Way:
    def go(page: Page, _language: str) -> None:
        page.goto(address)

    return go


def due(command: str) -> Way:
    """The first matter of the work list whose next step is this one, from its next step down."""

    def go(page: Page, language: str) -> None:
        page.goto("/work")
        step = Words(LANGUAGES[language])(f"command.{command}")
        named = page.locator("td.step strong").get_by_text(step, exact=True)
        page.locator("table.work tr", has=named).first.locator("a.title").click()
        if page.viewport_size == PHONE:
            page.locator("#next-step").evaluate("form => form.scrollIntoView()")

    return go


def _asked_for(page: Page, _language: str) -> None:
    """The matter that has waited longest for a decision."""
    page.goto("/overview")
    page.locator("main a[href^='/cases/']").first.click()


def _registered(page: Page, language: str) -> None:
    page.goto("/intake/mediation")
    _fill(page, language)
    page.locator("#Apply-channel").select_option(index=1)
    page.locator("main button[type=submit]").click()
    page.locator(".code").wait_for()


def _new_case(page: Page, _language: str) -> None:
    """From the page of the receipt: the other side has agreed, and it can be accepted."""
    page.locator("main a[href^='/cases/']").click()
    form = page.locator("form[action$='/steps/RecordConsent']")
    page.locator("details", has=form).locator("summary").click()
    form.locator("input[type=radio]").nth(1).check()  # the other side
    form.locator("input[value=given]").check()
    form.locator("button[type=submit]").click()
    page.locator("form[action$='/steps/Accept'] button").wait_for()


def _filed(page: Page, language: str) -> None:
    page.goto("/file/mediation")
    _fill(page, language)
    page.locator("main button[type=submit]").click()
    page.locator(".code").wait_for()


def _fill(page: Page, language: str) -> None:
    for name, value in FILED[language].items():
        page.locator(f"#Apply-{name}").fill(value)


def _to_add(page: Page, _language: str) -> None:
    page.goto("/people")
    page.locator("form[action='/people']").evaluate("form => form.scrollIntoView({block: 'center'})")


def _sheet(page: Page, _language: str) -> None:
    page.goto("/assessment")
    page.locator("main a[href*='/assessment/units/']").first.click()


#: The pictures of each role's guide, by name.
PICTURES: dict[Role, dict[str, Way]] = {
    Role.CLERK: {"work": at("/work"), "registered": _registered, "case": _new_case},
    Role.COORDINATOR: {"appoint": due("AppointMediators"), "overview": at("/overview"), "deputies": at("/deputies")},
    Role.MEDIATOR: {"work": at("/work"), "session": due("HoldSession"), "agreement": due("Settle")},
    Role.SUPERVISOR: {"overview": at("/overview"), "extension": _asked_for, "appeals": at("/appeals")},
    Role.AUDITOR: {"desk": at("/desk"), "sheet": _sheet, "closures": at("/closures")},
    Role.ADMINISTRATOR: {"desk": at("/desk"), "account": _to_add, "mails": at("/mails?kind=sent")},
    Role.PETITIONER: {"home": at("/"), "receipt": _filed},
}


def take(browser: Browser, address: str, engine: Engine, made: DemoOffice, roles: list[Role]) -> None:
    for role in roles:
        for language, code in LANGUAGES.items():
            context = browser.new_context(
                base_url=address, timezone_id="Asia/Shanghai", viewport=PHONE if role in ON_PHONES else DESK
            )
            if role is not Role.PETITIONER:
                with transaction(engine) as connection:
                    session = begin_session(connection, account=made.accounts[role], now=BUILT_AT)
                context.add_cookies([{"name": SESSION_COOKIE, "value": session, "url": address}])
            page = context.new_page()
            page.goto(f"/signin?lang={code}" if role is Role.PETITIONER else f"/account?lang={code}")
            for name, go in PICTURES[role].items():
                go(page, language)
                _keep(page, f"{role.value}-{name}.{language}")
            if role is Role.PETITIONER:
                _follow(page, made)
                _keep(page, f"{role.value}-answered.{language}")
            context.close()


def _follow(page: Page, made: DemoOffice) -> None:
    page.goto("/track")
    page.locator("#code").fill(in_groups(made.code))
    page.locator("main button[type=submit]").click()
    page.locator(".panel.next").wait_for()


def _keep(page: Page, name: str) -> None:
    page.screenshot(path=FOLDER / f"{name}.jpg", type="jpeg", quality=60)
    print(name)


@contextmanager
def serving(engine: Engine, folder: Path) -> Iterator[str]:
    """The demo on a port of its own, at the moment up to which it was built."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = Settings(home=folder, database=str(engine.url), smtp_host="", port=port, public_url=address)
    app = create_app(engine, settings)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False))
    with stopped_clock(BUILT_AT):
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            thread.join(0.01)
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join(10)


def main(names: list[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        file = Path(place) / "huiyin.db"
        made = build(file)
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_OPTIONS)
        with opened(f"sqlite:///{file}") as engine, serving(engine, Path(place)) as address:
            take(browser, address, engine, made, [Role(name) for name in names] or list(PICTURES))
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
