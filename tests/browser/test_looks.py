"""How pages look and read: nothing scrolls sideways, lights can be read, a program that checks for accessibility finds nothing,
no page shows a word of the other language, and browsers find no fault."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import Office
from tests.browser.looks import LONG, LOOKS, NOT_LOOKED_AT, PUBLIC, go_to, make_busy, pages
from tests.browser.words_seen import foreign_words
from tests.databases import SEATS, UNITS, step
from tests.web.canaries import CANARIES
from web.access import ROUTES

#: 320 is what is left of 1280 at 400 %: WCAG 2.2, 1.4.10.
WIDTHS = {"desk": 1280, "phone": 375, "narrow": 320}
LANGUAGES = ("zh_CN", "en")
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
#: Everything that can be read, and what is read out: text, titles, labels, what stands in empty fields.
READ = """() => [document.title, document.body.innerText,
  ...[...document.querySelectorAll('svg title, svg desc, svg text, option')].map(one => one.textContent),
  ...[...document.querySelectorAll('[title], [placeholder], [aria-label], [alt], [data-label]')].flatMap(one =>
    ['title', 'placeholder', 'aria-label', 'alt', 'data-label'].map(name => one.getAttribute(name) || ''))].join('\\n')"""
#: What a finger has to hit on a phone and is lower than 44 px. Of a box, its words count with it.
SMALL = """() => [...document.querySelectorAll(
    'main button:not(.link), main [role=button], main summary, main input:not([type=hidden]), main select, .work .title')]
  .map(one => one.closest('label') && ['checkbox', 'radio'].includes(one.type) ? one.closest('label') : one)
  .filter(one => one.offsetParent && one.getBoundingClientRect().height < 43.5)
  .map(one => `${one.tagName} ${one.textContent.trim().slice(0, 20)} ${Math.round(one.getBoundingClientRect().height)}`)"""
#: What of a page is printed and should not be: what is typed into and pressed, more than a sheet is wide; or what should be and is not.
ON_PAPER = """() => {
  const seen = one => one.checkVisibility({contentVisibilityAuto: true});
  const head = document.querySelector('.letterhead');
  return [...document.querySelectorAll('main button, main textarea, main select, main summary, main input:not([type=hidden])')]
    .filter(seen).map(one => `${one.tagName} ${one.name || one.textContent.trim().slice(0, 20)}`)
    .concat(document.scrollingElement.scrollWidth > innerWidth + 1 ? ['wider than the sheet'] : [])
    .concat(head && seen(head) && /20\\d\\d/.test(head.textContent) ? [] : ['no head with the year']);
}"""
#: What an A4 sheet with margins leaves, in px of 1/96 inch.
SHEET = {"width": 670, "height": 1000}
AXE = Axe()
#: All rules of axe for WCAG 2.2 A and AA and of good practice; that on the size of targets, and those for AAA.
ALSO = ("target-size", "color-contrast-enhanced", "identical-links-same-purpose", "meta-refresh-no-exceptions")
RULES: dict[str, Any] = {"rules": {name: {"enabled": True} for name in ALSO}, "resultTypes": ["violations"]}
#: Names and texts of this office, which stand on pages as they were entered.
KNOWN = [LONG, *CANARIES.values(), *(name for _, name, _, _ in UNITS), *(f"账号-{login}" for login in SEATS), *SEATS,
         "滨园", "漏水", "水", "白某", "石" * 60, "石某"]  # fmt: skip


@pytest.fixture
def busy(open_office: Callable[..., Office]) -> Office:
    """With unified accounts set up, for which nobody answers."""
    return make_busy(open_office(oidc_issuer="http://127.0.0.1:9", oidc_client_id="huiyin"))


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds on the page as it stands: which rule, and where. Once it is there, it is asked again for each width."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.axe_script)
    found = page.evaluate("rules => axe.run(document, rules).then(said => said.violations)", RULES)
    return [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found]


def on_paper(page: Page, name: str, language: str) -> list[str]:
    """What is wrong with the page as it is printed."""
    page.set_viewport_size(SHEET)
    page.emulate_media(media="print")
    found: list[str] = page.evaluate(ON_PAPER)
    page.emulate_media(media="screen")
    if folder := os.environ.get("HUIYIN_SCREENSHOTS"):
        page.pdf(path=Path(folder) / f"{name}-{language}.pdf", format="A4")
    return found


def keep(page: Page, name: str) -> None:
    if folder := os.environ.get("HUIYIN_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.jpg", full_page=True, type="jpeg", quality=60)


def test_every_page_that_there_is_is_looked_at() -> None:
    """Or stands in a list with the reason why not."""
    opened = {address.partition("?")[0] for _, address in LOOKS.values()}
    elsewhere = {
        "/", "/signin", "/signin/second", "/signin/link/{token}", "/file", "/file/{matter}", "/track", "/track/case",
        "/track/case/clocks/{number}", "/mails/{message}",
    }  # fmt: skip
    of_a_case = {"/cases/{public_id}", "/cases/{public_id}/steps/{command}", "/cases/{public_id}/clocks/{number}"}
    there = {route.path for route in ROUTES.values() if route.method == "GET"}
    assert set(NOT_LOOKED_AT) <= there
    for path in there - elsewhere - of_a_case - set(NOT_LOOKED_AT):
        assert any(re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", path), one) for one in opened), path


def test_what_is_wrong_with_a_page_is_found(busy: Office) -> None:
    page = busy.visitor()
    page.goto("/")
    assert violations(page) == []
    page.evaluate("""() => { const faint = document.createElement('p'), picture = document.createElement('img');
      faint.textContent = 'can hardly be read'; faint.style.color = '#696969'; document.querySelector('main').append(faint, picture); }""")
    assert {name for name, _ in violations(page)} == {"color-contrast-enhanced", "image-alt"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page(busy: Office, language: str) -> None:
    faults: dict[str, list[Any]] = {"too wide": [], "faint": [], "small": [], "axe": [], "words": [], "paper": []}
    lights, seen = set(), set()
    for name, page in pages(busy, language):
        assert page.locator("html").get_attribute("lang") == {"zh_CN": "zh-CN", "en": "en"}[language], name
        for device, width in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 900})
            if device != "narrow":
                keep(page, f"{name}-{device}-{language}")
            if (over := page.evaluate(SCROLLS)) > 1:
                faults["too wide"].append((name, device, over))
            faults["axe"] += [(name, device, *found) for found in violations(page)]
            if device == "phone":
                faults["small"] += [(name, one) for one in page.evaluate(SMALL)]
        for code, text, ground, contrast in page.evaluate(CONTRASTS):
            lights.add(code)
            assert re.match(r"[●▲■‖○✓] \S", text), "a shape and a word"
            if contrast < 4.5 or ground == "rgba(0, 0, 0, 0)":
                faults["faint"].append((name, text, ground, contrast))
        faults["paper"] += [(name, one) for one in on_paper(page, name, language)]
        foreign = foreign_words(page.evaluate(READ), language, KNOWN)
        if foreign and (name, language) != ("mail", "en"):  # a mail speaks as whoever gets it reads
            faults["words"].append((name, foreign))
        seen.add(name)
    assert seen == {*LOOKS, *PUBLIC}
    assert lights >= {"green", "yellow", "red", "window", "ended"}, "there was something to look at"
    assert not any(faults.values()), "\n".join(f"{kind}: {one}" for kind, found in faults.items() for one in found)
    # A refused form answers 422, which a browser calls a failed load; anything else would be a fault of ours.
    assert [said for said in busy.problems if "422" not in said] == []


def test_what_is_read_all_day_can_be_read_by_night_and_in_colours_of_the_readers_own(busy: Office) -> None:
    found = []
    for options in ({"color_scheme": "dark"}, {"forced_colors": "active"}):
        for login, address in (
            ("clerk", "/work"),
            ("clerk", "case"),
            ("supervisor", "/overview"),
            ("supervisor", "/assessment"),
        ):
            page = busy.person(login, **options)
            go_to(page, address, busy.site.office, busy.things)
            keep(page, f"{login}{address.replace('/', '-')}-{next(iter(options.values()))}")
            found += [(login, address, options, *one) for one in violations(page)]
            assert page.locator("body").evaluate(
                "body => getComputedStyle(body).backgroundColor"
            ) != "rgb(255, 255, 255)" or ("forced_colors" in options)
    assert found == []


def test_what_is_due_and_what_comes_next_is_seen_without_scrolling_on_a_phone(busy: Office) -> None:
    page = busy.person("clerk", viewport={"width": 390, "height": 844})
    page.goto("/work")
    assert page.locator("table.work .light").first.bounding_box()["y"] < 844  # type: ignore[index]  # it is on the page
    page.locator("a.title").first.click()
    for selector in (".case-head .light", "#next-step"):
        box = page.locator(selector).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 844, selector


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_screen_has_fourteen_matters_of_at_most_45_px(busy: Office, language: str) -> None:
    """Over several groups, with titles and names that are too long for a line."""
    for n in range(14):
        busy.site.office.tell(
            "petition",
            step(
                f"2026-03-{n % 10 + 1:02}T09:00", "clerk", "Register", title=LONG, statement="难。", applicant="石" * 60
            ),
        )
    page = busy.person("clerk", viewport={"width": 1280, "height": 900})
    page.goto(f"/work?lang={language}")
    rows = page.evaluate(
        "[...document.querySelectorAll('.work tbody tr:not(.group)')].map(row => row.getBoundingClientRect())"
    )
    assert len([row for row in rows if row["bottom"] <= 900]) >= 14
    assert max(row["height"] for row in rows) <= 45
