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
