"""A mediator's day without a mouse: from the sign-in to a signed agreement, by Tab, arrows, Space and Enter alone; wherever the
keyboard is can be seen.
"""

from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.browser.conftest import Office
from tests.databases import step

#: More presses than any page has things to stop at.
MOST = 120
FOCUSED = """() => { const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at);
  return {seen: box.bottom > 0 && box.top < innerHeight && box.width > 0,
          ring: parseFloat(style.outlineWidth) > 0 && style.outlineStyle !== 'none' || style.boxShadow !== 'none'}; }"""


@dataclass
class Keyboard:
    page: Page
    pressed: int = 0

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.pressed += 1

    def go_to(self, selector: str) -> None:
        """Tab until that has the focus, which can be seen."""
        for _ in range(MOST):
            self.press("Tab")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                focused = self.page.evaluate(FOCUSED)
                assert focused["seen"], selector
                assert focused["ring"], selector
                return
        raise AssertionError(f"the keyboard does not come to {selector}")

    def write(self, selector: str, text: str) -> None:
        self.go_to(selector)
        self.page.keyboard.type(text)

    def tick(self, selector: str) -> None:
        self.go_to(selector)
        self.press("Space")

    def tick_all(self, selector: str, count: int) -> None:
        for _ in range(count):
            self.tick(selector)

    def send(self, command: str) -> None:
        self.go_to(f"form[action$='/steps/{command}'] button[type=submit]")
        self.enter()

    def enter(self) -> None:
        """Where the keyboard is leads to another page, or sends a form."""
        with self.page.expect_navigation():
            self.press("Enter")


def test_a_day_of_a_mediator_without_a_mouse(served: Office) -> None:
    site = served.site
    site.office.tell(
        "mediation",
        step("2026-03-02T08:00", "clerk", "Apply", title="楼上漏水", statement="天花板受潮。", applicant="白某",
             respondents=["石某"], dispute_type="11"),
        step("2026-03-02T08:10", "clerk", "RecordConsent", party="石某", answer="given"),
        step("2026-03-02T08:20", "clerk", "Accept"),
        step("2026-03-02T08:30", "coordinator", "AppointMediators", chief="mediator"),
    )  # fmt: skip
    site.clock.set("2026-03-02T14:00")
    page = served.visitor()
    keys = Keyboard(page)
    page.goto(f"/signin/link/{site.link_token('mediator')}")
    keys.go_to("main button[type=submit]")
    keys.press("Enter")
    page.wait_for_url("**/password")
    page.goto("/")

    # The first thing that Tab comes to leads past the head of the page; the next is the work.
    keys.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    keys.press("Enter")
    keys.go_to("a.title")
    keys.enter()

    keys.tick_all("#NotifyRights-signed_by input", 2)
    keys.send("NotifyRights")
    expect(page.locator(".stepper .now")).to_have_text("权利告知")

    keys.go_to("#HoldSession-form input")
    keys.press("Space")
    keys.write("#HoldSession-place", "调解室")
    keys.write("#HoldSession-minutes", "双方陈述，现场查看。")
    keys.send("HoldSession")
    expect(page.locator(".stepper .now")).to_have_text("调解会")

    # Whatever is folded opens by the keyboard too; what is wrong is read first, and nothing typed is lost.
    keys.go_to("#Settle-form input")
    keys.press("Space")
    keys.write("#Settle-terms", "楼上修好水管，赔偿 500 元。")
    keys.send("Settle")
    expect(page.locator("#errors")).to_be_visible()
    expect(page.locator("#Settle-terms")).to_have_value("楼上修好水管，赔偿 500 元。")
    keys.go_to("#errors a")
    keys.press("Enter")
    expect(page.locator("#Settle-performance_due_on")).to_be_focused()
    page.keyboard.type("03022026")  # month, day and year, each a stop of its own
    keys.tick_all("#Settle-signed_by input", 2)
    keys.tick("#Settle-mediator_signed")
    keys.tick("#Settle-sealed")
    keys.send("Settle")
    expect(page.locator(".stepper .now")).to_have_text("达成协议")
    assert keys.pressed < 260, "a day's work is no marathon"


def with_alt(page: Page, letter: str) -> None:
    """What a keyboard sends; the library leaves out which letter it would be without Alt, and by that a browser knows the key."""
    session, code = page.context.new_cdp_session(page), f"Key{letter.upper()}"
    said = {
        "modifiers": 1,
        "key": letter,
        "code": code,
        "windowsVirtualKeyCode": ord(letter.upper()),
        "unmodifiedText": letter,
    }
    session.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": letter, **said})
    session.send("Input.dispatchKeyEvent", {"type": "keyUp", **said})


def test_keys_lead_to_the_search_the_list_and_the_help(served: Office) -> None:
    page = served.person("mediator")
    page.goto("/account")
    with_alt(page, "s")
    assert page.evaluate("document.activeElement.name") == "q"
    page.goto("/account")
    with_alt(page, "h")
    expect(page.locator("#page-help")).to_have_attribute("open", "")
    expect(page.locator("#page-help")).to_contain_text("快捷键：Alt 加 S 查找")
    with page.expect_navigation():
        with_alt(page, "w")
    assert page.url.endswith("/work")
