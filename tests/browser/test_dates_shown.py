"""The page that shows due dates before a step moves them, as a handler meets it on a desk and on a phone."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Office
from tests.browser.test_looks import SCROLLS, WIDTHS, keep
from tests.reports.told import in_hand

#: HOT-07 from Mon 2 March: 5 working days end on Mon 9; 15: 3-6, 9-13, 16-20 are 14, the 15th is Mon 23 March.
SAID = {
    "zh_CN": ("请核对到期日", "2026年3月9日 周一 24:00", "2026年3月23日 周一 24:00", "日期无误，确认提交"),
    "en": ("Please check the dates", "Mon 9 Mar 2026 24:00", "Mon 23 Mar 2026 24:00", "Yes, these dates are right"),
}


@pytest.mark.parametrize("language", SAID)
@pytest.mark.parametrize("width", WIDTHS)
def test_an_extension_is_asked_for_with_its_date_before_the_eyes(served: Office, language: str, width: str) -> None:
    opened = served.site.office.tell("hotline", *in_hand("2026-03-02"))
    served.site.clock.set("2026-03-03T10:00")
    page = served.person("mediator", viewport={"width": WIDTHS[width], "height": 900})
    page.goto(f"/cases/{opened.public_id}?lang={language}")
    form = page.locator("form[action$='/RequestExtension']")
    if not form.is_visible():
        page.locator("details", has=form).locator("summary").click()
    keep(page, f"extension-{language}-{width}")
    form.locator("[name=to_length]").fill("15")
    form.locator("[name=reason]").fill("需要检测。")
    form.locator("button").click()
    heading, before, after, yes = SAID[language]
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.locator("table.dates")).to_contain_text(before)
    expect(page.locator("table.dates")).to_contain_text(after)
    assert page.evaluate(SCROLLS) <= 1
    keep(page, f"dates-{language}-{width}")
    page.get_by_role("button", name=yes).click()
    page.wait_for_url(f"**/cases/{opened.public_id}")
    keep(page, f"asked-{language}-{width}")
    assert served.problems == []
