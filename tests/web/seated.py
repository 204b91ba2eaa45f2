"""The office that the access matrix is asked in: one account a role and unit, and cases in every relation to them."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import text

from cases.execute import Opened
from infra.db import reading, transaction
from ops.jobs import JOBS, run_job
from people.directory import person
from people.links import make_link, use_link
from people.signin import begin_session
from people.staffing import add_account, close_account
from people.tokens import CALENDAR, issue_token
from reports.later.jobs import Asker, ask, finish, keep, take
from reports.later.kinds import SHEET
from reports.years.closing import close_year, propose_close
from stories.story import StoryStep, actor_of
from tests.api.programs import token_of
from tests.databases import FOUNDED_AT, SEATS, Site, SmallOffice, serving, sqlite_copy, step
from tests.web.asking import Answer, Asking, asking
from tests.web.canaries import mediation_with_canaries, recuse
from tests.web.cells import ASKERS, COLLEAGUE, OUTSIDERS, ROLES, UNITS
from web.context import BROWSER_COOKIE, SESSION_COOKIE
from workflow.model import AccountId, CaseId, Role

NOW = "2026-03-10T09:00"
CLOSED = 2026  #: the year that is closed for the pages of one
ORDER = "12345-20260310-1"  #: the number of an order that a hotline has sent in
#: Accounts that the matrix does something to, beside those that ask.
OTHERS = ("an_account", "closed", "leaver", "returning", "left", "linked")
#: Who sits where, under the name that stories call them by.
LOGINS = {f"{role}@{unit}": login for login, (unit, role) in reversed(SEATS.items())} | {COLLEAGUE: "mediator_2"}


@dataclass(frozen=True, kw_only=True)
class Seated:
    """The served office, whoever asks, and what the words in <> stand for."""

    site: Site
    ask: Asking
    things: Mapping[str, str]
    cookies: Mapping[str, Mapping[str, str]]
    tokens: Mapping[str, str]  #: the form token of each asker's session
    bearers: Mapping[str, str]  #: the access token of each asker's account, which is for everything
    same: dict[tuple[str, ...], Answer] = field(default_factory=dict)  #: answers that each asker must always get alike

    def address(self, written: str, asker: str) -> str:
        """An address with the things in it; some are another for each asker."""
        for name in reversed(written.split("<")[1:]):
            word = name.partition(">")[0]
            written = written.replace(f"<{word}>", quote(self.things.get(f"{word} of {asker}") or self.things[word]))
        return written

    def with_new_session(self, asker: str) -> Mapping[str, str]:
        """The asker's browser with a session of its own, for what ends sessions. Whoever has none keeps what they have."""
        whom = _whom(self.site.office, asker, self.things)
        if not whom or asker in ("idle", "left"):
            return self.cookies[asker]
        with transaction(self.site.engine) as connection:
            return {**self.cookies[asker], SESSION_COOKIE: begin_session(connection, **whom, now=self.site.clock())}


#: Unified accounts are set up, and nobody answers for them.
NOBODY_THERE = {"oidc_issuer": "http://127.0.0.1:9", "oidc_client_id": "huiyin"}


@contextmanager
def seated(template: Path, made: SmallOffice, folder: Path) -> Iterator[Seated]:
    with sqlite_copy(template, folder) as engine:
        office = _with_everybody(replace(made, engine=engine))
        cases = _cases(office)
        with serving(office, folder, **NOBODY_THERE) as site, asking(site.app) as ask:
            site.clock.set(NOW)
            for name in ("sweep", "anchors", "deliver"):
                run_job(next(job for job in JOBS if job.name == name), engine, site.settings, now=site.clock())
            _close_the_year(office)
            things = _things(site, cases)
            cookies = {asker: _cookies(site, asker, things) for asker in ASKERS}
            tokens = {asker: form_token_in(ask("GET", "/signin", cookies=own)) for asker, own in cookies.items()}
            bearers = {asker: token_of(site, asker) for asker in ASKERS if asker not in OUTSIDERS}
            _send_order(ask, bearers["clerk@centre"])
            yield Seated(site=site, ask=ask, things=things, cookies=cookies, tokens=tokens, bearers=bearers)


def form_token_in(page: Answer) -> str:
    return page.body.decode().partition('name="form_token" value="')[2].partition('"')[0]


# -- who there is -----------------------------------------------------------------------------------------------------


def _with_everybody(office: SmallOffice) -> SmallOffice:
    """Each role in each unit, under the names of `SEATS` where the small office has them; and the accounts that are acted
    upon."""
    accounts, actors = dict(office.accounts), dict(office.actors)
    wanted = {f"{role}@{unit}": (unit, role) for unit in UNITS for role in ROLES if f"{role}@{unit}" not in LOGINS}
    with transaction(office.engine) as connection:
        for login, (unit, role) in (wanted | dict.fromkeys(OTHERS, ("desk", "clerk"))).items():
            accounts[login] = add_account(
                connection, unit=office.units[unit], role=Role(role), login=login, name=f"账号-{login}",
                email=f"{login.replace('@', '.')}@example.test", now=FOUNDED_AT,
            )  # fmt: skip
            actors[login] = actor_of(connection, accounts[login])
    for seat, login in LOGINS.items():
        accounts[seat], actors[seat] = accounts[login], actors[login]
    return replace(office, accounts=accounts, actors=actors)


def _whom(office: SmallOffice, asker: str, things: Mapping[str, str]) -> dict[str, AccountId | CaseId]:
    """Whose session the asker's is; nothing for whoever has none."""
    match asker:
        case "nobody" | "unknown":
            return {}
        case "party" | "idle":
            return {"case": CaseId(int(things["number_of_held"]))}
        case "other_party":
            return {"case": CaseId(int(things["number_of_waiting"]))}
        case _:
            return {"account": office.accounts[asker]}


def _cookies(site: Site, asker: str, things: Mapping[str, str]) -> dict[str, str]:
    """What the asker's browser brings. Sessions are begun in the database, where that of a closed account stands too."""
    browser = {BROWSER_COOKIE: f"browser-of-{asker}"}
    if asker == "unknown":
        return {**browser, SESSION_COOKIE: secrets.token_urlsafe(32)}
    if not (whom := _whom(site.office, asker, things)):
        return browser
    begun = site.clock() - (timedelta(hours=1) if asker == "idle" else timedelta(0))
    with transaction(site.engine) as connection:
        return {**browser, SESSION_COOKIE: begin_session(connection, **whom, now=begun)}


# -- what there is ----------------------------------------------------------------------------------------------------


def _cases(office: SmallOffice) -> dict[str, Opened]:
    """The cases that `reach.txt` speaks of."""
    found = {
        "held": mediation_with_canaries(office).opened,
        "joined": office.tell("mediation", *_mediation(others=["mediator_2"])),
        "waiting": office.tell("petition", *_until_sent("clerk", "coordinator", "room")),
        "moved": office.tell(
            "hotline", *_until_signed("desk", "desk_mediator"),
            step("2026-03-06T10:00", "coordinator", "Assign", unit="room", handler="mediator"),
            step("2026-03-06T11:00", "mediator", "SignFor"),
        ),
        "ended": office.tell(
            "hotline", *_until_signed("room", "mediator"),
            step("2026-03-02T12:00", "mediator", "Reply", form="oral", answer="已清理。"),
            step("2026-03-02T16:00", "mediator", "Close", outcome="resolved"),
        ),
        "helped": office.tell("hotline", *_until_signed("room", "mediator"), _recorder("2026-03-02T10:30")),
        "parted": office.tell(
            "hotline", *_until_signed("room", "mediator"), _recorder("2026-03-02T10:30"),
            step("2026-03-02T11:00", "mediator", "EndPart", participant="last"),
        ),
        "asked": office.tell("hotline", *_until_signed("room", "mediator"), _asking("2026-03-02T10:30")),
        "replied": office.tell(
            "hotline", *_until_signed("room", "mediator"), _asking("2026-03-02T10:30"),
            step("2026-03-02T11:00", "desk_clerk", "AnswerTask", task="desk", reply="已核查。"),
        ),
        "desks": office.tell("petition", _registered("desk_clerk")),
        "above": office.tell("petition", _registered("clerk@upstream")),
        "barred": office.tell("hotline", *_until_signed("room", "mediator")),
    }  # fmt: skip
    for seat in ASKERS:
        if seat.endswith(("@centre", "@room")):
            recuse(office, found["barred"].case_id, seat)
    return found


def _recorder(at: str) -> StoryStep:
    return step(at, "mediator", "BringIn", part="recorder", person="mediator_2")


def _asking(at: str) -> StoryStep:
    return step(at, "mediator", "AskUnit", co_unit="desk", what="请核查。", length=2)


def _registered(by: str) -> StoryStep:
    return step("2026-03-02T09:00", by, "Register", title="停车位", statement="小区停车难。", applicant="申请人")


def _until_sent(clerk: str, coordinator: str, unit: str, **assigned: str) -> tuple[StoryStep, ...]:
    return (
        _registered(clerk),
        step("2026-03-02T09:10", clerk, "Accept"),
        step("2026-03-02T09:20", coordinator, "Assign", unit=unit, **assigned),
    )


def _until_signed(unit: str, mediator: str) -> tuple[StoryStep, ...]:
    return (
        *_until_sent("clerk", "coordinator", unit, handler=mediator),
        step("2026-03-02T09:30", mediator, "SignFor"),
        step("2026-03-02T10:00", mediator, "ContactPerson", note="已联系。"),
    )


def _mediation(*, others: list[str]) -> tuple[StoryStep, ...]:
    words = {"title": "楼上漏水", "statement": "漏水。", "applicant": "甲", "respondents": ["丙"], "dispute_type": "11"}
    return (
        step("2026-03-02T09:00", "clerk", "Apply", **words),
        step("2026-03-02T09:30", "clerk", "RecordConsent", party="丙", answer="given"),
        step("2026-03-02T09:40", "clerk", "Accept"),
        step("2026-03-02T10:00", "coordinator", "AppointMediators", chief="mediator", others=others),
    )


def _things(site: Site, cases: Mapping[str, Opened]) -> dict[str, str]:
    office = site.office
    clocks = {name: _clocks(site, opened.case_id) for name, opened in cases.items()}
    found = {
        **{name: opened.public_id for name, opened in cases.items()},
        **{f"number_of_{name}": str(opened.case_id) for name, opened in cases.items()},
        **{f"clock_of_{name}": str(numbers[0]) for name, numbers in clocks.items()},
        **{name: str(office.units[name]) for name in UNITS},
        **{name: str(office.accounts[name]) for name in OTHERS},
        "room_mediator": str(office.accounts["mediator"]), "desk_mediator": str(office.accounts["desk_mediator"]),
        **{f"me of {seat}": str(office.accounts[seat]) for seat in ASKERS if seat not in OUTSIDERS},
        "order": ORDER, "nowhere": secrets.token_hex(16), "no_id": str(2**62), "no_small_id": str(2**30), "no_clock": "999",
        "me": str(office.accounts["an_account"]), "mail": _a_mail(site),
        "my_clock": str(clocks["held"][0]), "my_clock of other_party": str(clocks["waiting"][0]),
        "others_clock": str(_of_the_first_alone(clocks["waiting"], clocks["held"])),
        "others_clock of other_party": str(_of_the_first_alone(clocks["held"], clocks["waiting"])),
    }  # fmt: skip
    return found | _reports(site) | _links(site)


def _send_order(ask: Asking, token: str) -> None:
    """By a program of the centre's clerk, who alone may ask for it."""
    fields = {"title": "路灯不亮", "statement": "楼前路灯不亮。", "applicant": "某人"}
    said = {"matter": "hotline", "order_number": ORDER, "fields": fields}
    assert ask.by_program("POST", "/api/v1/orders", token=token, said=said).status == 201


def _clocks(site: Site, case: int) -> list[int]:
    with reading(site.engine) as connection:
        rows = connection.execute(text("SELECT number FROM clock WHERE case_id = :c ORDER BY number"), {"c": case})
        return list(rows.scalars())


def _of_the_first_alone(some: list[int], others: list[int]) -> int:
    return next(number for number in some if number not in others)


def _a_mail(site: Site) -> str:
    with reading(site.engine) as connection:
        return str(connection.execute(text("SELECT min(id) FROM message WHERE sent_at IS NOT NULL")).scalar_one())


def _reports(site: Site) -> dict[str, str]:
    """A report that is made, for each account of those that ask; and somebody else's."""
    of_all = {seat: site.office.accounts[seat] for seat in (*ASKERS, "an_account") if seat not in OUTSIDERS}
    found = {}
    for seat, account in of_all.items():
        asked = {"year": CLOSED, "unit": 1, "scheme": "LIGHTS-A", "format": "xlsx"}
        with transaction(site.engine) as connection:
            found[seat] = ask(
                connection,
                SHEET,
                asked,
                asker=Asker(account),
                language="zh_CN",
                mail=False,
                now=site.clock(),
                request=seat,
            )
        wanted = take(site.engine, now=site.clock())
        assert wanted
        size, sha256 = keep(site.engine, wanted, BytesIO(b"PK"), site.clock)
        with transaction(site.engine) as connection:
            finish(connection, wanted, name="sheet.xlsx", size=size, sha256=sha256, now=site.clock())
    others = found["an_account"]
    return {"report": others, "others_report": others, **{f"report of {seat}": one for seat, one in found.items()}}


def _links(site: Site) -> dict[str, str]:
    """One that signs in as often as it is opened, one that is spent, one of a closed account; and the accounts closed."""
    ids, now = site.office.accounts, site.clock()
    with transaction(site.engine) as connection:
        link = make_link(connection, ids["linked"], now=now, reusable=True)
        spent = make_link(connection, ids["linked"], now=now)
        assert use_link(connection, spent, browser="another browser", now=now)
        for name in ("closed", "returning", "left"):
            close_account(connection, ids[name], now=now)
        of_closed = make_link(connection, ids["closed"], now=now)
        owner = person(connection, ids["linked"])
        assert owner
        feed = issue_token(connection, owner, name="日历", scopes=(CALENDAR,), days=30, now=now, request="feed")
    return {"link": link, "spent_link": spent, "link_of_closed": of_closed, "feed": f"{feed}.ics"}


def _close_the_year(office: SmallOffice) -> None:
    """By two signatures, in the January after it."""
    by, now = office.actors, datetime(CLOSED + 1, 1, 20, 9, tzinfo=UTC)
    with transaction(office.engine) as connection:
        proposal = propose_close(
            connection, year=CLOSED, scheme="LIGHTS-A", actor=by["assessor@upstream"], office=office.context, now=now
        )
        close_year(
            connection, year=CLOSED, result_hash=proposal.result_hash, actor=by["auditor"], office=office.context, now=now
        )  # fmt: skip
