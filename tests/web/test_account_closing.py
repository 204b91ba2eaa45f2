"""Ending a colleague's account: asked about, said what it holds, and taken back; nobody's matter is lost by it."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from cases.reading import PAGE
from infra.db import reading, transaction
from ledger.chain import NewEvent, append_to_office
from ledger.tables import Event
from people.staffing import close_account
from people.tables import Account
from reports.years.closing import PROPOSED
from tests.databases import START, Site, form_token, found, serving, step
from tests.reports.told import in_hand
from tests.web.reading import page, read
from tests.web.test_closures import events as office_events

EVENT, ACCOUNT = Event.__table__.c, Account.__table__.c  # type: ignore[attr-defined]
WORDS = {"title": "楼上漏水", "statement": "厨房顶漏水。", "applicant": "甲某"}
BOTH = {**WORDS, "respondents": ["乙某"]}


def given_to_the_mediator(site: Site) -> None:
    site.office.tell("hotline", *in_hand("2026-03-02", **WORDS))


def mediated_by(site: Site, *, chief: str, others: list[str]) -> Any:
    return site.office.tell(
        "mediation",
        step("2026-03-02T09:00", "clerk", "Apply", **BOTH),
        step("2026-03-02T09:30", "clerk", "RecordConsent", party="乙某", answer="given"),
        step("2026-03-02T09:40", "clerk", "Accept"),
        step("2026-03-02T10:00", "coordinator", "AppointMediators", chief=chief, others=others),
    )


def address(site: Site, login: str, act: str) -> str:
    return f"/people/{site.office.accounts[login]}/{act}"


def is_open(site: Site, login: str) -> bool:
    with reading(site.engine) as connection:
        query = select(ACCOUNT.active).where(ACCOUNT.id == site.office.accounts[login])
        return bool(connection.execute(query).scalar_one())


def close(site: Site, administrator: Any, login: str) -> Any:
    form = page(administrator, address(site, login, "close")).form("/close")
    return administrator.post(form.action, data=form.values)


# -- the question -----------------------------------------------------------------------------------------------------


def test_one_click_on_the_list_closes_nothing_and_leads_to_a_question(site: Site) -> None:
    administrator = site.session_for("administrator")
    shown = page(administrator, "/people")
    assert address(site, "mediator", "close") in shown.links
    assert not shown.has_form("/close")
    asked = page(administrator, address(site, "mediator", "close"))
    assert "停用账号-mediator的账号？" in asked.text
    assert is_open(site, "mediator")


def test_the_question_says_what_the_account_holds_by_number_and_light_and_nothing_of_the_matters(site: Site) -> None:
    """A hotline order of Monday 2 March: five working days, so yellow on Friday 6 March."""
    given_to_the_mediator(site)
    given_to_the_mediator(site)
    mediated_by(site, chief="mediator_2", others=["mediator"])
    site.clock.set("2026-03-06T09:00")
    text = page(site.session_for("administrator"), address(site, "mediator", "close")).text
    assert "名下未办结的事项 2" in text
    assert "热线字第1号" in text
    assert "热线字第2号" in text
    assert text.count("▲") == 2
    assert text.count("3月9日 周一 24:00") == 2, "3, 4, 5, 6 and 9 March"
    assert "参与调解的其他事项 1" in text
    assert "改发给： 账号-supervisor" in text
    assert not [words for words in ("漏水", "甲某", "乙某", "/cases/") if words in text]


def test_of_more_cases_than_a_page_holds_the_first_are_shown_and_all_are_counted(site: Site) -> None:
    for _ in range(PAGE + 1):
        given_to_the_mediator(site)
    asked = page(site.session_for("administrator"), address(site, "mediator", "close"))
    assert "名下未办结的事项 51" in asked.text
    assert "只列出前 50 项" in asked.text
    assert asked.text.count("热线字第") == 50


def test_a_signature_that_waits_for_the_second_is_said(site: Site) -> None:
    data: Any = {"year": 2026, "scheme": "LIGHTS-A", "result_hash": "0" * 64}
    now, actor = site.clock(), site.office.actors["assessor"]
    event = NewEvent(code=PROPOSED, occurred_at=now, recorded_at=now, actor=actor, data=data)
    with transaction(site.engine) as connection:
        append_to_office(connection, event)
    text = page(site.session_for("administrator"), address(site, "assessor", "close")).text
    assert "尚待会签的年度" in text
    assert "2026" in text.partition("尚待会签的年度")[2]


def test_an_account_that_holds_nothing_is_said_to_hold_nothing(site: Site) -> None:
    text = page(site.session_for("administrator"), address(site, "clerk", "close")).text
    assert "名下未办结的事项 0" in text
    assert "没有。" in text


def test_it_is_said_beforehand_that_nobody_would_be_left_to_be_told(site: Site) -> None:
    nothing = page(site.session_for("administrator"), address(site, "mediator", "close")).text
    assert "应发给承办人的通知" not in nothing, "of no matter nobody is told"
    site.office.tell("hotline", *in_hand("2026-03-02"))
    with transaction(site.engine) as connection:
        for login in ("supervisor", "clerk", "coordinator", "duty_leader", "upstream"):
            close_account(connection, site.office.accounts[login], now=START)
    text = page(site.session_for("administrator"), address(site, "mediator", "close")).text
    assert "无人接收" in text


# -- the act ----------------------------------------------------------------------------------------------------------


def test_closing_ends_sessions_and_links_and_says_that_it_worked(site: Site) -> None:
    administrator, mediator = site.session_for("administrator"), site.browser_for("mediator")
    link = f"/signin/link/{site.link_token('mediator')}"
    answer = close(site, administrator, "mediator")
    assert answer.status_code == 303
    shown = page(administrator, answer.headers["location"])
    assert "账号-mediator" in shown.text.partition("账号已停用")[2].partition("单位与账号")[0]
    assert mediator.get("/work").status_code == 303, "to the sign-in page"
    stranger = site.browser()
    assert stranger.get(link).status_code == 404
    mediator_id, auditor = site.office.accounts["mediator"], site.office.accounts["auditor"]
    assert office_events(site, "account:closed") == [
        {
            "account": mediator_id,
            "schema": 2,
            "told": [auditor],
            "wrote": {"account": {f"{mediator_id}": {"active": False}}},
        }
    ]


def test_closing_twice_is_closing_once(site: Site) -> None:
    administrator = site.session_for("administrator")
    form = page(administrator, address(site, "mediator", "close")).form("/close")
    answers = [administrator.post(form.action, data=form.values) for _ in range(2)]
    assert len({(answer.status_code, answer.headers["location"]) for answer in answers}) == 1
    assert len(office_events(site, "account:closed")) == 1
    assert administrator.get(form.action).headers["location"] == "/people", "there is nothing to ask any more"


def test_reopening_asks_gives_a_link_and_is_an_event(site: Site) -> None:
    administrator = site.session_for("administrator")
    old_link = f"/signin/link/{site.link_token('mediator')}"
    close(site, administrator, "mediator")
    assert address(site, "mediator", "reopen") in page(administrator, "/people").links
    asked = page(administrator, address(site, "mediator", "reopen"))
    assert not is_open(site, "mediator"), "a question changes nothing"
    form = asked.form("/reopen")
    answer = administrator.post(form.action, data=form.values)
    assert "账号已重新启用" in read(answer.text).text
    link = re.search(r"/signin/link/[\w-]+", answer.text)[0]  # type: ignore[index]  # None fails the test
    browser = site.browser()
    assert browser.get(old_link).status_code == 404, "what was handed out before stays worthless"
    assert browser.post(link, data={"form_token": form_token(browser)}).status_code == 303
    assert browser.get("/work").status_code == 200
    (said,) = office_events(site, "account:reopened")
    assert said["account"] == site.office.accounts["mediator"]


def test_the_form_of_reopening_sent_twice_shows_a_link_both_times_and_is_one_reopening(site: Site) -> None:
    administrator = site.session_for("administrator")
    close(site, administrator, "mediator")
    form = page(administrator, address(site, "mediator", "reopen")).form("/reopen")
    for _ in range(2):
        assert "/signin/link/" in administrator.post(form.action, data=form.values).text
    assert len(office_events(site, "account:reopened")) == 1


def test_a_closed_account_gets_no_link_from_a_page_that_was_open_before(site: Site) -> None:
    administrator = site.session_for("administrator")
    form = page(administrator, "/people").form(address(site, "mediator", "link"))
    close(site, administrator, "mediator")
    answer = administrator.post(form.action, data=form.values)
    assert answer.status_code == 409
    assert "请先重新启用" in answer.text
    assert "/signin/link/" not in answer.text


@pytest.mark.parametrize("act", ["close", "reopen", "link"])
@pytest.mark.parametrize("number", ["999", "0", "x", str(2**63)])
def test_an_account_that_is_not_there_is_no_page(act: str, number: str, site: Site) -> None:
    administrator = site.session_for("administrator")
    data = {"form_token": form_token(administrator)}
    assert administrator.post(f"/people/{number}/{act}", data=data).status_code == 404
    if act != "link":
        assert administrator.get(f"/people/{number}/{act}").status_code == 404


# -- whom an office cannot be without ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("login", "words"), [("administrator", "不能停用自己的账号"), ("auditor", "这是最后一位审核员的账号")]
)
def test_the_own_account_and_the_last_auditor_are_refused_in_words(login: str, words: str, site: Site) -> None:
    administrator = site.session_for("administrator")
    asked = page(administrator, address(site, login, "close"))
    assert words in asked.text
    assert not asked.has_form("/close")
    answer = administrator.post(address(site, login, "close"), data={"form_token": form_token(administrator)})
    assert answer.status_code == 422
    assert words in read(answer.text).text
    assert is_open(site, login)


def test_two_administrators_who_close_each_other_at_once_leave_one(engine: Engine, tmp_path: Any) -> None:
    with serving(found(engine), tmp_path) as site:
        with transaction(engine) as connection:
            connection.execute(update(Account).where(ACCOUNT.login == "duty_leader").values(role="administrator"))
        pair = ("administrator", "duty_leader")
        browsers = [site.session_for(login) for login in pair]
        asks = [
            (browser, address(site, other, "close"), {"form_token": form_token(browser)})
            for browser, other in zip(browsers, reversed(pair), strict=True)
        ]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda ask: ask[0].post(ask[1], data=ask[2]), asks))
        assert sum(is_open(site, login) for login in pair) == 1


# -- what is left behind ----------------------------------------------------------------------------------------------


def test_work_list_and_case_page_say_that_the_holder_is_gone(site: Site) -> None:
    given_to_the_mediator(site)
    close(site, site.session_for("administrator"), "mediator")
    coordinator = site.session_for("coordinator")
    shown = page(coordinator, "/work")
    assert "账号-mediator（已停用）" in shown.text
    case = next(link for link in shown.links if link.startswith("/cases/"))
    assert "账号-mediator（已停用）" in page(coordinator, case.partition("/clocks")[0]).text


def test_a_mediator_whose_account_is_closed_can_be_replaced(site: Site) -> None:
    opened = mediated_by(site, chief="mediator", others=[])
    close(site, site.session_for("administrator"), "mediator")
    coordinator = site.session_for("coordinator")
    form = page(coordinator, f"/cases/{opened.public_id}").form("/ReplaceMediator")
    leaving, arriving = (str(site.office.accounts[login]) for login in ("mediator", "mediator_2"))
    typed = form.typed(leaving=leaving, arriving=arriving, ground="unavailable")
    assert coordinator.post(form.action, data=typed).status_code == 303
    again = page(coordinator, f"/cases/{opened.public_id}").form("/ReplaceMediator")
    back = again.typed(leaving=arriving, arriving=leaving, ground="unavailable")
    assert coordinator.post(again.action, data=back).status_code == 422, "nobody comes in whose account is closed"
