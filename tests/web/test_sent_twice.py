"""Forms beside those of cases: sent twice they are one act and one answer, and never pass for something else."""

from typing import Any

import pytest
from sqlalchemy import func, select

from infra.db import reading
from ledger.tables import Event
from tests.databases import Site
from tests.web.reading import page, read
from tests.web.test_closures import events as office_events
from tests.web.test_policy_page import FILE, NOTICES, apply_form, book, planned
from web.forms import blank_form
from workflow.commands import Command
from workflow.procedures.every_case.commands import Suspend
from workflow.procedures.mediation.commands import HoldSession

__all__ = ["book"]

EVENT = Event.__table__.c  # type: ignore[attr-defined]


def test_a_plan_applied_twice_is_published_once_and_both_answers_say_so(book: tuple[Site, Any]) -> None:
    """It moves two running time limits, so that the same plan cannot come out again."""
    site, _ = book
    browser = site.session_for("administrator")
    form = apply_form(planned(browser, name=FILE, **NOTICES["toml"]))
    before = len(office_events(site, "policy:published"))
    answers = [browser.post(form.action, data=form.values) for _ in range(2)]
    assert {(one.status_code, one.headers.get("location")) for one in answers} == {
        (303, "/policy?done=policy_published")
    }
    assert len(office_events(site, "policy:published")) == before + 1


def test_another_text_under_an_applied_plan_is_not_taken_for_it(book: tuple[Site, Any]) -> None:
    site, _ = book
    browser = site.session_for("administrator")
    form = apply_form(planned(browser, name=FILE, **NOTICES["toml"]))
    assert browser.post(form.action, data=form.values).status_code == 303
    other = NOTICES["toml"]["content"].replace('source = "', 'source = "另一份 ')
    assert other != NOTICES["toml"]["content"]
    assert browser.post(form.action, data={**form.values, "content": other}).status_code == 409


def test_profiles_saved_are_said_to_be_saved(site: Site) -> None:
    browser = site.session_for("administrator")
    form = page(browser, "/policy").form("/policy/profiles")
    answer = browser.post(form.action, data=form.values)
    assert "收件范围已保存" in page(browser, answer.headers["location"]).text


@pytest.mark.parametrize(
    ("language", "said", "never"),
    [("zh_CN", "（导入通知时必填", "（可不填）"), ("en", "(required for a notice", "(optional)")],
)
def test_year_and_title_of_a_notice_are_not_called_optional(language: str, said: str, never: str, site: Site) -> None:
    """They are required for a notice, and a notice without them is refused."""
    browser = site.session_for("administrator")
    text = page(browser, f"/policy?lang={language}").text
    assert text.count(said) == 2
    assert never not in text
    refused = planned(browser, name=FILE, kind="csv", content="2027-01-01,off\n", year="", source="")
    assert refused.status_code == 422


@pytest.mark.parametrize("command", [HoldSession, Suspend])
def test_what_something_else_in_the_form_may_ask_for_is_not_called_optional(command: type[Command]) -> None:
    (field,) = [one for one in blank_form(command, {}).fields if one.name == "consenting"]
    assert (field.required, field.sometimes) == (False, True)


def registered(site: Site) -> int:
    with reading(site.engine) as connection:
        return connection.execute(select(func.count()).where(EVENT.code == "case:registered")).scalar_one()


@pytest.mark.parametrize(("login", "address"), [(None, "/file/petition"), ("clerk", "/intake/petition")])
def test_the_same_matter_from_a_form_asked_for_anew_is_not_registered_twice(
    site: Site, login: str | None, address: str
) -> None:
    """As where a browser, gone back, asks for the form again and fills in what was typed: other words are another matter, and
    whoever means it sends the same once more."""
    browser = site.session_for(login) if login else site.browser()
    words = {"title": "楼道堆物", "statement": "三楼楼道堆满杂物", "applicant": "白某"}

    def send(**more: str) -> Any:
        form = page(browser, address).form(address)
        return browser.post(address, data={**form.values, **words, **more})

    assert send().status_code == 200
    again = send()
    assert again.status_code == 409
    assert "刚刚已经提交过" in again.text
    assert words["statement"] in again.text, "and nothing typed is lost"
    assert registered(site) == 1
    assert send(title="另一处楼道堆物").status_code == 200
    assert send().status_code == 200, "it was not the last one"
    meant = read(send().text).form(address)
    assert browser.post(address, data=meant.values).status_code == 200
    assert registered(site) == 4


def test_another_browser_is_told_nothing_of_what_was_sent_here(site: Site) -> None:
    words = {"title": "楼道堆物", "statement": "三楼楼道堆满杂物", "applicant": "白某"}
    for browser in (site.browser(), site.browser()):
        form = page(browser, "/file/petition").form("/file/petition")
        answer = browser.post("/file/petition", data={**form.values, **words})
        assert answer.status_code == 200
        kept = "".join(browser.cookies.values())
        assert form.values["form_id"][0] not in kept


def test_a_session_that_has_run_out_says_so_and_shows_what_was_typed(site: Site) -> None:
    browser = site.browser_for("clerk")
    form = page(browser, "/intake/petition").form("/intake/petition")
    words = {"title": "楼道堆物", "statement": "三楼楼道\n堆满杂物", "applicant": "白某", "channel": "call"}
    site.clock.set("2026-03-02T23:00")
    answer = browser.post("/intake/petition", data={**form.values, **words})
    assert answer.status_code == 403
    shown = read(answer.text)
    assert "登录已过期" in shown.text
    assert "/signin" in shown.links
    for said in ("楼道堆物", "堆满杂物", "白某", "来电"):
        assert said in shown.text, said
    assert registered(site) == 0


def test_a_form_of_another_session_shows_what_was_typed_and_takes_nothing(site: Site) -> None:
    browser = site.browser_for("clerk")
    form = page(browser, "/intake/petition").form("/intake/petition")
    browser.post("/signout", data={"form_token": form.values["form_token"]})
    link = f"/signin/link/{site.link_token('clerk')}"
    browser.post(link, data={"form_token": page(browser, link).form(link).values["form_token"]})
    answer = browser.post(
        "/intake/petition", data={**form.values, "title": "楼道堆物", "statement": "杂物", "applicant": "白某"}
    )
    assert answer.status_code == 403
    assert "楼道堆物" in read(answer.text).text
    assert registered(site) == 0


def test_nobody_is_shown_what_another_browser_typed_and_no_password_is_shown(site: Site) -> None:
    stranger = site.browser()
    stranger.get("/")
    words = {"form_token": "0" * 80, "title": "楼道堆物"}
    assert stranger.post("/intake/petition", data=words).status_code == 303
