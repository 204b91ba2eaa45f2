"""Every page that a person can open, on an office with a case of every light: who opens it, and how one gets there."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from playwright.sync_api import Page

from infra.db import transaction
from ops.jobs import JOBS, run_job
from people.deputies import name_deputy
from people.posts import give_post, places
from people.staffing import close_account
from reports.later.jobs import Asker, ask
from reports.later.kinds import SHEET
from tests.browser.conftest import Office, set_up_factor
from tests.databases import SmallOffice, step
from tests.web.canaries import mediation_with_canaries
from workflow.model import Role

LONG = "楼上卫生间连续三个月漏水导致厨房顶棚和两个房间的墙面大面积发霉要求修复并赔偿"


def make_busy(served: Office) -> Office:
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
    office.tell("petition", step("2026-03-12T09:00", "clerk", "Register", **words))
    lit = office.tell(
        "hotline",
        step("2026-02-02T09:00", "clerk", "Register", **words),
        step("2026-02-02T09:10", "clerk", "Accept"),
        step("2026-02-02T09:20", "coordinator", "Assign", unit="room", handler="mediator_2"),
        step("2026-02-02T09:30", "mediator_2", "SignFor"),
    )
    served.site.clock.set("2026-03-13T09:00")
    served.things |= {"lit": lit.public_id, "report": _what_people_leave(office, at=served.site.clock())}
    _posts(office, at=served.site.clock())
    for name in ("sweep", "deliver"):
        job = next(job for job in JOBS if job.name == name)
        run_job(job, served.site.engine, served.site.settings, now=served.site.clock())
    return served


def _what_people_leave(office: SmallOffice, *, at: datetime) -> str:
    """An account closed, a report asked for; the address of that."""
    with transaction(office.engine) as connection:
        close_account(connection, office.accounts["desk_mediator"], now=at)
        return ask(
            connection, SHEET, {"year": 2026, "unit": int(office.units["room"]), "scheme": "LIGHTS-A", "format": "xlsx"},
            asker=Asker(office.accounts["auditor"]), language="zh_CN", mail=False, now=at, request="looks",
        )  # fmt: skip


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


#: Who looks at which page, by role. `case` is the first of the list; names in braces are accounts of `SEATS`.
LOOKS: dict[str, tuple[str, str]] = {
    "work-list": ("clerk", "/work"),
    "closed-list": ("clerk", "/work?show=closed"),
    "intake-choice": ("clerk", "/intake"),
    "intake": ("clerk", "/intake/mediation"),
    "case": ("clerk", "case"),
    "find": ("clerk", "/find?q=漏水"),
    "find-narrowed": ("clerk", "/find?show=open&kind=petition&due=30"),
    "find-refused": ("clerk", "/find?q=水"),
    "at-once": ("clerk", "/at-once/Acknowledge"),
    "account": ("clerk", "/account"),
    "password": ("clerk", "/password"),
    "factor": ("clerk", "/account/second-factor"),
    "passkeys": ("clerk", "/account/passkeys"),
    "case-of-the-mediator": ("mediator", "case"),
    "why-this-day": ("mediator", "case/clocks/"),
    "take-back": ("mediator", "case/steps/TakeBack"),
    "bring-in": ("mediator", "case/steps/BringIn"),
    "ask-unit": ("mediator", "case/steps/AskUnit"),
    "link": ("mediator", "case/steps/LinkCases"),
    "overview": ("supervisor", "/overview"),
    "hand-over": ("supervisor", "/hand-over"),
    "hand-over-of-one": ("supervisor", "/hand-over/{mediator}"),
    "tokens": ("clerk", "/account/tokens"),
    "telling": ("mediator", "/account/telling"),
    "unified": ("mediator", "/account/unified"),
    "webhooks": ("clerk", "/account/webhooks"),
    "deputies": ("supervisor", "/deputies"),
    "act-as": ("supervisor", "/act-as"),
    "appeals": ("supervisor", "/appeals"),
    "appeal": ("supervisor", "/appeals/{lit}"),
    "desk-of-the-auditor": ("auditor", "/desk"),
    "case-masked": ("auditor", "case"),
    "assessment": ("auditor", "/assessment"),
    "sheet": ("auditor", "/assessment/units/{room}"),
    "chosen": ("clerk", "/chosen?cases={lit}"),
    "pictures": ("supervisor", "/pictures"),
    "bulletin": ("auditor", "/bulletin?month=2026-03"),
    "closures": ("auditor", "/closures"),
    "as-of": ("auditor", "/as-of"),
    "serials": ("auditor", "/serials"),
    "anchors": ("auditor", "/anchors"),
    "signs": ("auditor", "/signs"),
    "reads": ("auditor", "/reads"),
    "reports": ("auditor", "/reports"),
    "report": ("auditor", "/reports/{report}"),
    "office-record": ("auditor", "/office-record"),
    "clock": ("auditor", "/clock"),
    "keys": ("auditor", "/keys"),
    "second": ("auditor", "/second"),
    "desk": ("administrator", "/desk"),
    "mails": ("administrator", "/mails?kind=sent"),
    "mail": ("administrator", "/mails?kind=sent > a[href^='/mails/']"),
    "reopen-account": ("administrator", "/people/{desk_mediator}/reopen"),
    "people": ("administrator", "/people"),
    "policy": ("administrator", "/policy"),
    "posts": ("administrator", "/people/{mediator}/posts"),
    "change-account": ("administrator", "/people/{mediator}/change"),
    "change-email": ("administrator", "/people/{mediator}/email"),
    "change-unit": ("administrator", "/people/units/3"),
    "close-account": ("administrator", "/people/{mediator}/close"),
}
PASSWORD = "four words and a hat"
#: Pages of visitors and petitioners, in the order in which they come to them.
PUBLIC = (
    "signin-link",
    "signin-second",
    "home",
    "signin",
    "file-choice",
    "filing",
    "filing-refused",
    "receipt",
    "code",
    "tracking",
    "why-this-day-outside",
)
#: What is answered to GET and is no page, or one that needs what this office does not have, with the reason.
NOT_LOOKED_AT = {
    "/healthz": "for machines",
    "/chosen/csv": "a file",
    "/signin/unified/back": "leads on, or back to the page for signing in",
    "/calendar/{name}": "for calendars of other programs",
    **{
        f"/api/v1/{path}": "for programs"
        for path in (
            "openapi.json",
            "me",
            "cases",
            "cases/{public_id}",
            "cases/{public_id}/steps/{command}",
            "cases/{public_id}/clocks/{number}",
            "matters",
            "orders/{order_number}",
            "feed",
        )
    },
    "/readyz": "for machines",
    "/cases/{public_id}/clocks/{number}/json": "a file",
    "/track/case/clocks/{number}/json": "a file",
    "/find/csv": "a file",
    "/anchors/{anchor}": "a file",
    "/assessment/units/{unit}/{kind}": "a file",
    "/assessment/{year}/closed/result": "a file",
    "/assessment/{year}/closed": "no year of this office is over: asked for by the access matrix, and not looked at",
    "/reports/{public_id}/file": "a file",
}


def pages(office: Office, language: str) -> Iterator[tuple[str, Page]]:
    """Every page of the lists above, one after the other, with its name."""
    small = office.site.office
    for login in dict.fromkeys(who for who, _ in LOOKS.values()):
        page = office.person(login)
        page.goto(f"/account?lang={language}")
        for name in (name for name, (who, _) in LOOKS.items() if who == login):
            go_to(page, LOOKS[name][1], small, office.things)
            yield name, page
    yield from _signing_in(office, language)
    yield from _public_pages(office, language)


def go_to(page: Page, address: str, small: SmallOffice, things: Mapping[str, str]) -> None:
    """A page of `LOOKS`: by its address, through a link of the page at that address, or through the first case of the list."""
    if not address.startswith("case"):
        place, _, link = address.partition(" > ")
        page.goto(place.format(**small.accounts, **things, room=small.units["room"]))
        if link:
            page.locator(link).first.click()
        return
    page.goto("/work")
    page.locator("a.title").first.click()
    if within := address.removeprefix("case"):
        page.locator(f"a[href*='{within}']").first.click()


def _signing_in(office: Office, language: str) -> Iterator[tuple[str, Page]]:
    """By a link, with a password for another time; then by that, and the second factor is asked for."""
    page = office.visitor()
    page.goto(f"/signin/link/{office.site.link_token('duty_leader')}?lang={language}")
    yield "signin-link", page
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/password")
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/work**")
    set_up_factor(page, office.site)
    page = office.visitor()
    page.goto(f"/signin?lang={language}")
    page.fill("#login", "duty_leader")
    page.fill("#password", PASSWORD)
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/signin/second")
    yield "signin-second", page


def _public_pages(office: Office, language: str) -> Iterator[tuple[str, Page]]:
    page = office.visitor()
    page.goto(f"/?lang={language}")
    yield "home", page
    for name, address in {"signin": "/signin", "file-choice": "/file", "filing": "/file/mediation"}.items():
        page.goto(address)
        yield name, page
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
    page.locator("a[href*='/clocks/']").first.click()
    yield "why-this-day-outside", page
