"""Several posts and deputies on the pages: giving, naming, acting as another, and the way to a matter of another post."""

import json
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from infra.db import reading, transaction
from ledger.tables import Event
from people.posts import begin_and_end, give_post
from people.signin import set_password
from people.staffing import close_account
from reports.later.jobs import Asker, reports_of
from tests.databases import Site, form_token, step
from tests.web.reading import page, read
from workflow.model import AccountId, Role

EVENT = Event.__table__.c  # type: ignore[attr-defined]
WORDS = {"title": "请求鉴定危房", "statement": "墙体开裂。", "applicant": "某住户", "channel": "letter"}


def give(site: Site, login: str, role: Role, unit: str = "room") -> int:
    with transaction(site.engine) as connection:
        return give_post(
            connection, account(site, login), role=role, unit=site.office.units[unit],
            actor=site.office.actors["administrator"], now=site.clock(),
        )  # fmt: skip


def account(site: Site, login: str) -> AccountId:
    return site.office.accounts[login]


def petition(site: Site) -> str:
    """The address of one that the mediator of the room has in hand."""
    opened = site.office.tell(
        "petition",
        step("2026-02-09T09:00", "clerk", "Register", **WORDS),
        step("2026-02-09T10:00", "clerk", "Accept"),
        step("2026-02-09T11:00", "coordinator", "Assign", unit="room", handler="mediator"),
        step("2026-02-09T12:00", "mediator", "SignFor"),
        step("2026-02-09T13:00", "mediator", "ContactPerson", note="已联系。"),
    )
    return f"/cases/{opened.public_id}"


def act_as(browser: TestClient, post: int | str, *, to: str = "") -> Any:
    form = page(browser, "/act-as").form("/act-as")
    return browser.post("/act-as", data=form.typed(post=str(post), to=to))


def name_deputy(site: Site, browser: TestClient, absent: str, deputy: str, **days: str) -> Any:
    form = page(browser, "/deputies").form("/deputies")
    days = {"first_day": "2026-03-02", "last_day": "2026-03-20", **days}
    typed = {"absent": f"{account(site, absent)}.0", "deputy": str(account(site, deputy)), **days}
    return browser.post("/deputies", data=form.typed(**typed))


# -- acting as another ------------------------------------------------------------------------------------------------


def test_whoever_has_one_post_is_offered_no_other(site: Site) -> None:
    assert "/act-as" not in page(site.browser_for("clerk"), "/work").links


def test_whoever_acts_as_another_has_its_pages_and_the_record_says_as_what(site: Site) -> None:
    address, post = petition(site), give(site, "clerk", Role.COORDINATOR)
    browser = site.browser_for("clerk")
    first = page(browser, "/work")
    assert "/act-as" in first.links
    assert "/hand-over" not in first.links
    answer = act_as(browser, post)
    assert (answer.status_code, answer.headers["location"]) == (303, "/work")
    now = page(browser, "/work")
    assert "/hand-over" in now.links
    assert "协调员 · 人民调解室" in now.text
    form = page(browser, f"{address}/steps/AddNote").form(f"{address}/steps/AddNote")
    assert browser.post(f"{address}/steps/AddNote", data=form.typed(note="已催办。")).status_code == 303
    with reading(site.engine) as connection:
        noted = select(EVENT.role, EVENT.unit, EVENT.actor).where(EVENT.code == "case:noted")
        last = connection.execute(noted).one()
    assert tuple(last) == ("coordinator", site.office.units["room"], account(site, "clerk"))
    assert act_as(browser, "").status_code == 303
    assert "/hand-over" not in page(browser, "/work").links


def test_a_post_that_is_somebody_elses_or_has_ended_is_no_part_to_act_in(site: Site) -> None:
    post = give(site, "clerk", Role.SUPERVISOR)
    give(site, "mediator", Role.SUPERVISOR, "desk")
    assert act_as(site.browser_for("mediator"), post).status_code == 404


def test_a_form_that_was_opened_in_another_part_is_not_taken(site: Site) -> None:
    address, post = petition(site), give(site, "clerk", Role.SUPERVISOR)
    browser = site.browser_for("clerk")
    form = page(browser, f"{address}/steps/AddNote").form(f"{address}/steps/AddNote")
    act_as(browser, post)
    assert browser.post(f"{address}/steps/AddNote", data=form.typed(note="已催办。")).status_code == 403


def test_a_matter_of_another_post_leads_to_the_choice_and_then_to_the_matter(site: Site) -> None:
    address, post = petition(site), give(site, "desk_clerk", Role.SUPERVISOR)
    browser = site.browser_for("desk_clerk")
    answer = browser.get(address)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/act-as?to={address}")
    choice = page(browser, answer.headers["location"])
    assert "另一个岗位" in choice.text
    form = choice.form("/act-as")
    assert (form.values["post"], form.values["to"]) == ([str(post)], [address])
    assert browser.post("/act-as", data=form.values).headers["location"] == address
    assert browser.get(address).status_code == 200


def test_a_matter_of_none_of_ones_posts_is_not_there(site: Site) -> None:
    address = petition(site)
    give(site, "desk_clerk", Role.SUPERVISOR, "desk")
    assert site.browser_for("desk_clerk").get(address).status_code == 404


@pytest.mark.parametrize("to", ["https://elsewhere.test/cases/", "//elsewhere.test", "/cases/\\elsewhere", "/signout"])
def test_the_choice_leads_to_no_other_site(site: Site, to: str) -> None:
    give(site, "clerk", Role.SUPERVISOR)
    browser = site.browser_for("clerk")
    assert act_as(browser, "", to=to).headers["location"] == "/work"


def test_what_was_asked_for_in_one_post_is_not_there_in_another(site: Site) -> None:
    post = give(site, "supervisor", Role.SUPERVISOR, "desk")
    browser = site.browser_for("supervisor")
    asked = {
        "form_token": form_token(browser),
        "form_id": "ab" * 16,
        "year": "2026",
        "unit": str(site.office.units["room"]),
        "format": "xlsx",
    }
    answer = browser.post("/reports/ask/sheet", data=asked)
    assert answer.status_code == 303, answer.text
    with reading(site.engine) as connection:
        (report,) = reports_of(connection, Asker(account(site, "supervisor")))
        assert reports_of(connection, Asker(account(site, "supervisor"), post)) == []
    address = f"/reports/{report.public_id}"
    assert browser.get(address).status_code == 200
    act_as(browser, post)
    assert browser.get(address).status_code == 404


# -- deputies ---------------------------------------------------------------------------------------------------------


def test_a_deputy_is_named_on_the_page_and_acts_for_whoever_is_away(site: Site) -> None:
    address = petition(site)
    answer = name_deputy(site, site.browser_for("coordinator"), "mediator", "mediator_2")
    assert answer.headers["location"] == "/deputies?done=deputy_named"
    deputy = site.browser_for("mediator_2")
    assert deputy.get(address).headers["location"] == f"/act-as?to={address}"
    choice = page(deputy, f"/act-as?to={address}")
    assert "代账号-mediator" in choice.text
    deputy.post("/act-as", data=choice.form("/act-as").values)
    assert "代账号-mediator" in page(deputy, address).text
    form = page(deputy, f"{address}/steps/AddNote").form(f"{address}/steps/AddNote")
    deputy.post(f"{address}/steps/AddNote", data=form.typed(note="代看房。"))
    assert "账号-mediator_2 · 代账号-mediator" in page(site.browser_for("mediator"), address).text


def test_a_deputys_access_ends_with_the_last_day_before_the_timers_come_by(site: Site) -> None:
    address = petition(site)
    name_deputy(site, site.browser_for("coordinator"), "mediator", "mediator_2")
    site.clock.set("2026-03-20T23:30")
    deputy = site.browser_for("mediator_2")
    deputy.post("/act-as", data=page(deputy, f"/act-as?to={address}").form("/act-as").values)
    assert deputy.get(address).status_code == 200
    site.clock.set("2026-03-21T00:00")
    assert deputy.get(address).status_code == 404
    begin_and_end(site.engine, now=site.clock())
    assert deputy.get(address).status_code == 404


def test_whoever_is_back_ends_it_on_their_own_page_and_nobody_elses_is_theirs_to_end(site: Site) -> None:
    name_deputy(site, site.browser_for("coordinator"), "mediator", "mediator_2")
    own = page(site.browser_for("mediator"), "/account")
    assert "账号-mediator_2" in own.text
    (end,) = [form.action for form in own.forms if "/deputies/" in form.action]
    for login, left in (("desk_mediator", 1), ("mediator", 0)):
        browser = site.browser_for(login)
        assert browser.post(end, data={"form_token": form_token(browser)}).status_code == 303
        with reading(site.engine) as connection:
            ended = connection.execute(select(EVENT.id).where(EVENT.code == "deputy:ended")).all()
        assert len(ended) == 1 - left


def test_what_is_wrong_with_a_deputy_is_said_at_the_field_and_keeps_what_was_typed(site: Site) -> None:
    browser = site.browser_for("coordinator")
    answer = name_deputy(site, browser, "mediator", "mediator_2", last_day="2026-03-01")
    assert answer.status_code == 422
    assert "最后一天不能早于第一天" in answer.text
    back = read(answer.text).form("/deputies").values
    assert (back["absent"], back["last_day"]) == ([f"{account(site, 'mediator')}.0"], ["2026-03-01"])


def test_a_form_sent_twice_names_one_deputy(site: Site) -> None:
    browser = site.browser_for("coordinator")
    form = page(browser, "/deputies").form("/deputies")
    typed = {
        **form.values, "absent": f"{account(site, 'mediator')}.0", "deputy": str(account(site, "mediator_2")),
        "first_day": "2026-03-02", "last_day": "2026-03-20",
    }  # fmt: skip
    assert [browser.post("/deputies", data=typed).status_code for _ in range(2)] == [303, 303]


def test_a_form_that_named_somebody_names_nobody_else_when_it_is_sent_with_other_words(site: Site) -> None:
    browser = site.browser_for("coordinator")
    form = page(browser, "/deputies").form("/deputies")
    days = {"first_day": "2026-03-02", "last_day": "2026-03-20"}
    for absent, status in (("mediator", 303), ("desk_mediator", 422)):
        typed = {"absent": f"{account(site, absent)}.0", "deputy": str(account(site, "mediator_2")), **days}
        answer = browser.post("/deputies", data=form.typed(**typed))
        assert answer.status_code == status
    assert "没有保存" in answer.text
    again = read(answer.text).form("/deputies")
    assert again.values["absent"] == [f"{account(site, 'desk_mediator')}.0"]
    assert browser.post("/deputies", data=again.typed()).status_code == 303


def test_deputies_of_units_that_are_not_ours_are_neither_shown_nor_ended(site: Site) -> None:
    name_deputy(site, site.browser_for("coordinator"), "mediator", "mediator_2")
    ours = page(site.browser_for("supervisor"), "/deputies")
    (end,) = [form.action for form in ours.forms if form.action.endswith("/end")]
    other = site.browser_for("desk_supervisor")
    theirs = page(other, "/deputies")
    assert "这里没有代理" in theirs.text
    assert other.post(end, data={"form_token": form_token(other)}).status_code == 303
    assert "这里没有代理" not in page(site.browser_for("supervisor"), "/deputies").text


# -- posts ------------------------------------------------------------------------------------------------------------


def test_the_administrator_gives_and_ends_a_post_and_its_owner_and_the_auditors_are_told(site: Site) -> None:
    browser, address = site.session_for("administrator"), f"/people/{account(site, 'clerk')}/posts"
    assert address in page(browser, "/people").links
    form = page(browser, address).form(address)
    typed = {**form.values, "post_role": "mediator", "post_unit": str(site.office.units["room"])}
    assert browser.post(address, data=typed).headers["location"] == f"{address}?done=post_given"
    again = browser.post(address, data={**typed, "form_id": "cd" * 16})
    assert again.status_code == 422
    assert "已经有这个岗位" in again.text
    assert "人民调解室" in page(site.browser_for("clerk"), "/account").text
    (end,) = [one.action for one in page(browser, address).forms if one.action.endswith("/end")]
    assert browser.post(end, data={"form_token": form_token(browser)}).status_code == 303
    assert "/act-as" not in page(site.browser_for("clerk"), "/work").links
    record = page(site.session_for("auditor"), "/office-record").text
    assert "增加兼任岗位" in record
    assert "结束岗位" in record


@pytest.mark.parametrize("login", ["auditor", "administrator"])
def test_an_auditor_or_administrator_is_offered_no_other_post(site: Site, login: str) -> None:
    address = f"/people/{account(site, login)}/posts"
    shown = page(site.session_for("administrator"), address)
    assert "只有这一个岗位" in shown.text
    assert [form for form in shown.forms if form.action == address] == []


def test_a_post_in_which_something_is_in_hand_is_not_ended(site: Site) -> None:
    give(site, "clerk", Role.MEDIATOR)
    site.office.tell(
        "petition",
        step("2026-02-09T09:00", "desk_clerk", "Register", **WORDS),
        step("2026-02-09T10:00", "desk_clerk", "Accept"),
        step("2026-02-09T11:00", "coordinator", "Assign", unit="room", handler="clerk"),
    )
    browser, address = site.session_for("administrator"), f"/people/{account(site, 'clerk')}/posts"
    (end,) = [one.action for one in page(browser, address).forms if one.action.endswith("/end")]
    answer = browser.post(end, data={"form_token": form_token(browser)})
    assert answer.status_code == 422
    assert "这个岗位上还有 1 件事项" in answer.text
    assert end in [one.action for one in page(browser, address).forms]


def test_an_account_of_a_closed_unit_is_not_reopened(site: Site) -> None:
    browser, desk = site.session_for("administrator"), f"/people/units/{site.office.units['desk']}"
    with transaction(site.engine) as connection:
        for login in ("desk_clerk", "desk_mediator", "desk_supervisor"):
            close_account(connection, account(site, login), now=site.clock())
    send(browser, desk, f"{desk}/close")
    address = f"/people/{account(site, 'desk_clerk')}/reopen"
    answer = browser.post(address, data={"form_token": form_token(browser)})
    assert answer.status_code == 422
    assert "所在单位已撤销" in answer.text


@pytest.mark.parametrize("days", [{"last_day": "9999-12-31"}, {"first_day": "0001-01-01"}])
def test_days_that_no_calendar_has_are_refused_with_what_was_typed(site: Site, days: dict[str, str]) -> None:
    answer = name_deputy(site, site.browser_for("coordinator"), "mediator", "mediator_2", **days)
    assert answer.status_code == 422
    assert next(iter(days.values())) in answer.text


def test_a_deputy_at_work_is_no_outsider_who_looks(site: Site) -> None:
    address = petition(site)
    name_deputy(site, site.browser_for("coordinator"), "mediator", "mediator_2")
    deputy = site.browser_for("mediator_2")
    deputy.post("/act-as", data=page(deputy, f"/act-as?to={address}").form("/act-as").values)
    page(deputy, address)
    assert "账号-mediator_2" not in page(site.session_for("auditor"), "/reads").text


# -- accounts and units -----------------------------------------------------------------------------------------------


def send(browser: TestClient, shown: str, action: str, **typed: str) -> Any:
    return browser.post(action, data=page(browser, shown).form(action).typed(**typed))


def test_a_name_and_a_unit_are_put_right_and_the_owner_is_told(site: Site) -> None:
    browser, address = site.session_for("administrator"), f"/people/{account(site, 'desk_clerk')}"
    done = send(browser, f"{address}/change", f"{address}/name", new_name="白晓")
    assert done.headers["location"].endswith("done=account_changed")
    send(browser, f"{address}/change", f"{address}/unit", below=str(site.office.units["room"]))
    shown = page(site.browser_for("desk_clerk"), "/work").text
    assert "白晓" in shown
    with reading(site.engine) as connection:
        query = select(EVENT.code, EVENT.data).where(EVENT.code.in_(("account:renamed", "account:moved")))
        told = {code: json.loads(data)["told"] for code, data in connection.execute(query)}
    both = [account(site, "desk_clerk"), account(site, "auditor")]
    assert told == {"account:renamed": both, "account:moved": both}


def test_whoever_has_something_in_hand_is_not_moved(site: Site) -> None:
    petition(site)
    browser, address = site.session_for("administrator"), f"/people/{account(site, 'mediator')}"
    answer = send(browser, f"{address}/change", f"{address}/unit", below=str(site.office.units["desk"]))
    assert answer.status_code == 422
    assert "手上还有 1 件事项" in answer.text


def test_an_auditors_name_takes_two_people(site: Site) -> None:
    with transaction(site.engine) as connection:
        set_password(connection, account(site, "auditor"), "a hash", now=site.clock())
    browser, address = site.session_for("administrator"), f"/people/{account(site, 'auditor')}"
    done = send(browser, f"{address}/change", f"{address}/name", new_name="别人")
    assert done.headers["location"].endswith("done=second_asked")
    assert "账号-auditor → 别人" in page(site.session_for("auditor"), "/second").text


def test_a_unit_is_renamed_moved_closed_and_reopened_on_its_page(site: Site) -> None:
    browser, desk = site.session_for("administrator"), f"/people/units/{site.office.units['desk']}"
    assert desk in page(browser, "/people").links
    send(browser, desk, f"{desk}/name", new_name="第二谈心室")
    send(browser, desk, f"{desk}/place", below=str(site.office.units["room"]))
    assert "第二谈心室" in page(browser, "/people").text
    refused = send(browser, desk, f"{desk}/close")
    assert refused.status_code == 422
    assert "还有 3 个人的岗位在这里" in refused.text
    with transaction(site.engine) as connection:
        for login in ("desk_clerk", "desk_mediator", "desk_supervisor"):
            close_account(connection, account(site, login), now=site.clock())
    assert send(browser, desk, f"{desk}/close").headers["location"].endswith("done=unit_closed")
    assert [one.action for one in page(browser, desk).forms if one.action == f"{desk}/close"] == []
    assert send(browser, desk, f"{desk}/reopen").status_code == 303
    assert f"{desk}/close" in [one.action for one in page(browser, desk).forms]


def test_a_unit_put_below_itself_is_refused_and_nothing_typed_is_lost(site: Site) -> None:
    browser, centre = site.session_for("administrator"), f"/people/units/{site.office.units['centre']}"
    answer = send(browser, centre, f"{centre}/place", below=str(site.office.units["room"]))
    assert answer.status_code == 422
    assert "不能归到自己或自己的下级单位下面" in answer.text
    assert read(answer.text).form(f"{centre}/place").values["below"] == [str(site.office.units["room"])]
