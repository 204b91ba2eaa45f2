"""How pages look: nothing scrolls sideways on a phone or a desk, lights can be read, and browsers find no fault."""

import os
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from infra.db import transaction
from ops.jobs import JOBS, run_job
from people.deputies import name_deputy
from people.posts import give_post, places
from tests.browser.conftest import Office
from tests.databases import SmallOffice, step
from tests.web.canaries import mediation_with_canaries
from workflow.model import Role

WIDTHS = {"desk": 1280, "phone": 375}
LANGUAGES = ("zh_CN", "en")
LONG = "楼上卫生间连续三个月漏水导致厨房顶棚和两个房间的墙面大面积发霉要求修复并赔偿"
SCROLLS = "document.scrollingElement.scrollWidth - innerWidth"
#: The contrast of every light on the page, by WCAG 2.2: (L1 + 0.05) / (L2 + 0.05) of its own colour and ground.
CONTRASTS = """() => {
  const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const luminance = text => { const [r, g, b] = text.match(/[\\d.]+/g).map(Number);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
  return [...document.querySelectorAll('.light')].map(light => {
    const style = getComputedStyle(light), [a, b] = [luminance(style.color), luminance(style.backgroundColor)];
    return [light.classList[1], light.textContent.trim(), style.backgroundColor,
            (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
  });
}"""


@pytest.fixture
def busy(served: Office) -> Office:
    """10 March 2026: a case of every light, a closed one, mails that went out and one case that is answered."""
    office = served.site.office
    words: dict[str, Any] = {"title": LONG, "statement": LONG * 5, "applicant": "白某", "dispute_type": "99"}
    mediation_with_canaries(office)
    # A petition's notice is due fifteen days after it came in: 17 March 24:00 is in the last five days on the 13th.
    office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **words))
    office.tell("hotline", step("2026-03-02T09:00", "clerk", "Register", **words))
    office.tell("mediation", step("2026-03-02T09:00", "clerk", "Apply", **words, respondents=["石" * 60]))
    office.tell(
        "petition",
        step("2026-03-09T09:00", "clerk", "Register", **words),
        step("2026-03-09T09:10", "clerk", "Refuse", ground="statutory_route", proper_channel=LONG),
    )
    served.site.clock.set("2026-03-13T09:00")
    _posts(office, at=served.site.clock())
    for name in ("sweep", "deliver"):
        job = next(job for job in JOBS if job.name == name)
        run_job(job, served.site.engine, served.site.settings, now=served.site.clock())
    return served


def _posts(office: SmallOffice, *, at: datetime) -> None:
    """The head of the room mediates too, and somebody stands in for one of its mediators."""
    with transaction(office.engine) as connection:
        give_post(
            connection, office.accounts["supervisor"], role=Role.MEDIATOR, unit=office.units["room"],
            actor=office.actors["administrator"], now=at,
        )  # fmt: skip
        place = next(one for one in places(connection) if one.account == office.accounts["mediator_2"])
        name_deputy(
            connection, place, office.accounts["supervisor"], first=at.date(), last=at.date() + timedelta(days=20),
            calendar=office.context.policy.calendar, actor=office.actors["coordinator"], now=at,
        )  # fmt: skip


#: Who looks at which page. `case` and `code` are followed from the list and the receipt.
LOOKS = {
    "work-list": ("clerk", "/work"),
    "closed-list": ("clerk", "/work?show=closed"),
    "intake": ("clerk", "/intake/mediation"),
    "case": ("clerk", "case"),
    "case-of-the-mediator": ("mediator", "case"),
    "case-masked": ("auditor", "case"),
    "take-back": ("mediator", "case/steps/TakeBack"),
    "bring-in": ("mediator", "case/steps/BringIn"),
    "ask-unit": ("mediator", "case/steps/AskUnit"),
    "link": ("mediator", "case/steps/LinkCases"),
    "hand-over": ("supervisor", "/hand-over"),
    "hand-over-of-one": ("supervisor", "/hand-over/{mediator}"),
    "find": ("clerk", "/find?q=漏水"),
    "find-narrowed": ("clerk", "/find?show=open&kind=petition&due=30"),
    "find-refused": ("clerk", "/find?q=水"),
    "overview": ("supervisor", "/overview"),
    "deputies": ("supervisor", "/deputies"),
    "act-as": ("supervisor", "/act-as"),
    "assessment": ("auditor", "/assessment"),
    "closures": ("auditor", "/closures"),
    "mails": ("administrator", "/mails?kind=sent"),
    "people": ("administrator", "/people"),
    "posts": ("administrator", "/people/{mediator}/posts"),
    "change-account": ("administrator", "/people/{mediator}/change"),
    "change-unit": ("administrator", "/people/units/3"),
    "close-account": ("administrator", "/people/{mediator}/close"),
}


def _pages(office: Office, language: str) -> Any:
    """Every page of the list above and the petitioner's own, one after the other, with its name."""
    for login in dict.fromkeys(who for who, _ in LOOKS.values()):
        page = office.person(login)
        page.goto(f"/work?lang={language}" if login != "administrator" else f"/people?lang={language}")
        for name, (who, address) in LOOKS.items():
            if who == login:
                of_a_case = address.partition("/steps/") if address.startswith("case") else None
                page.goto("/work" if of_a_case else address.format(**office.site.office.accounts))
                if of_a_case:
                    page.locator("a.title").first.click()
                    if of_a_case[2]:
                        page.locator(f"a[href$='/steps/{of_a_case[2]}']").first.click()
                yield name, page
    yield from _public_pages(office, language)


def _public_pages(office: Office, language: str) -> Any:
    page = office.visitor()
    page.goto(f"/?lang={language}")
    yield "home", page
    page.goto("/file/mediation")
    yield "filing", page
    page.locator("main button[type=submit]").click()
    yield "filing-refused", page
    for name, text in {"title": LONG, "statement": LONG, "applicant": "白某", "respondents": "石某"}.items():
        page.locator(f"#Apply-{name}").fill(text)
    page.locator("main button[type=submit]").click()
    yield "receipt", page
    code = page.locator(".code").inner_text()
    page.goto("/track")
    yield "code", page
    page.locator("#code").fill(code)
    page.locator("main button[type=submit]").click()
    yield "tracking", page


def keep(page: Page, name: str) -> None:
    if folder := os.environ.get("HUIYIN_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_scrolls_sideways_and_no_light_is_hard_to_read(busy: Office, language: str) -> None:
    too_wide, faint, lights, seen = {}, [], set(), set()
    for name, page in _pages(busy, language):
        assert page.locator("html").get_attribute("lang") == {"zh_CN": "zh-CN", "en": "en"}[language], name
        for device, width in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 900})
            keep(page, f"{name}-{device}-{language}")
            if (over := page.evaluate(SCROLLS)) > 1:
                too_wide[name, device] = over
        for code, text, ground, contrast in page.evaluate(CONTRASTS):
            lights.add(code)
            assert re.match(r"[●▲■‖○] \S", text), "a shape and a word"
            if contrast < 4.5 or ground == "rgba(0, 0, 0, 0)":
                faint.append((name, text, ground, contrast))
        seen.add(name)
    assert seen >= set(LOOKS)
    assert (too_wide, faint) == ({}, [])
    assert lights >= {"green", "yellow", "red", "window"}, "there was something to look at"
    # A refused form answers 422, which a browser calls a failed load; anything else would be a fault of ours.
    assert [said for said in busy.problems if "422" not in said] == []


def test_what_is_due_and_what_comes_next_is_seen_without_scrolling_on_a_phone(busy: Office) -> None:
    page = busy.person("clerk", viewport={"width": 390, "height": 844})
    page.goto("/work")
    assert page.locator("table.work .light").first.bounding_box()["y"] < 844  # type: ignore[index]  # it is on the page
    page.locator("a.title").first.click()
    for selector in (".case-head .light", "#next-step"):
        box = page.locator(selector).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 844, selector
