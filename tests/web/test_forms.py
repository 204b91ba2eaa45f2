"""A form that cannot be taken comes back whole: what is wrong, in words, at its field, with everything that was typed."""

import re
import secrets
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from cases.tables import Case
from infra.db import reading
from ledger.tables import Event
from people.asked import NameDeputy
from tests.databases import Site, count, form_token, found, serving, step
from tests.web.reading import Page, page, read
from web.forms import FormIsWrong, read_form
from workflow.procedures.every_case.commands import AddNote

#: What a refused form says before its title, and where it links to a field, in each language.
LANGUAGES = {"zh_CN": "错误：", "en": "Error:"}
#: What a form itself carries, beside what a person types.
CARRIED = ("form_token", "form_id", "version")
GOOD = {
    "title": "楼上漏水",
    "statement": "厨房顶漏水。\n已三个月。",
    "applicant": "甲某",
    "applicant_contact": "138 0000 0000",
    "respondents": "乙某\n丙公司",
    "dispute_type": "11",
}


def filed(site: Site, matter: str = "mediation", *, language: str = "zh_CN", **values: str) -> tuple[int, Page]:
    """The public form of a matter, with the good values but for those given, as it comes back."""
    browser = site.browser()
    form = page(browser, f"/file/{matter}?lang={language}").form(f"/file/{matter}")
    answer = browser.post(form.action, data=form.typed(**{**GOOD, **values}))
    return answer.status_code, read(answer.text)


def cases(site: Site) -> int:
    with reading(site.engine) as connection:
        return count(connection, Case)


# -- the error summary ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refused_form_says_so_in_its_title_and_links_each_error_to_its_field(language: str, site: Site) -> None:
    status, shown = filed(site, language=language, title="", statement="", dispute_type="11")
    assert status == 422
    assert shown.title.startswith(LANGUAGES[language])
    for field in ("title", "statement"):
        assert f"#Apply-{field}" in shown.links
        assert f"Apply-{field}" in shown.ids, "the link leads somewhere"
    assert "#Apply-applicant" not in shown.links, "what was right is not blamed"
    assert cases(site) == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_fresh_form_says_nothing_of_errors(language: str, site: Site) -> None:
    shown = page(site.browser(), f"/file/mediation?lang={language}")
    assert not shown.title.startswith(LANGUAGES[language])
    assert not [link for link in shown.links if link.startswith("#") and link != "#main"]


@pytest.mark.parametrize(("language", "words"), [("zh_CN", "请填写此项。"), ("en", "Please fill this in.")])
def test_the_same_words_stand_in_the_summary_and_at_the_field(language: str, words: str, site: Site) -> None:
    _, shown = filed(site, language=language, title="")
    assert sum(text.endswith(words) for text in shown.words) == 2


def test_every_link_of_every_summary_leads_to_a_field_of_the_page(site: Site) -> None:
    """For every command of both procedures: an empty form and one with a value that nobody offered."""
    browser = site.session_for("coordinator")

    def a_case() -> str:
        opened = site.office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **_told()))
        return f"/cases/{opened.public_id}"

    looked_at = set()
    for step_of in [form.action for form in page(browser, a_case()).forms if "/steps/" in form.action]:
        for word in ("", "§"):  # each in a case of its own: a form without a required field is taken as it is
            address = a_case()
            action = f"{address}/steps/{step_of.rpartition('/')[2]}"
            form = page(browser, address).form(action)
            wrong = {name: word for name in form.names if name not in CARRIED}
            if not wrong:  # nothing can be typed wrongly into a form without a field
                continue
            answer = browser.post(action, data={**_carried(form.values), **wrong})
            if answer.status_code == 303:
                continue
            shown = read(answer.text)
            links = {link for link in shown.links if link.startswith("#")}
            assert links, action
            assert {link[1:] for link in links} <= set(shown.ids), action
            looked_at.add(action.rpartition("/")[2])
    assert looked_at == {"Accept", "Refuse", "FindNotOurs", "RespondFirst"}


def _told() -> dict[str, Any]:
    return {**GOOD, "respondents": ["乙某"]}


def _carried(values: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: values[name] for name in CARRIED}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_that_was_typed_is_lost(language: str, site: Site) -> None:
    long = "很长的题目" * 50
    _, shown = filed(site, language=language, title=long, more_applicants="丁某\n戊某")
    values = shown.form("/file/mediation").values
    typed = {**GOOD, "title": long, "more_applicants": "丁某\n戊某"}
    assert {name: values[name] for name in typed} == {name: [value] for name, value in typed.items()}


def test_markup_and_quotes_come_back_as_they_were_typed_and_are_never_markup(site: Site) -> None:
    nasty = """</textarea><script>alert("1")</script>'"&amp;"""
    browser = site.browser()
    form = page(browser, "/file/mediation").form("/file/mediation")
    answer = browser.post(form.action, data=form.typed(**{**GOOD, "title": "", "statement": nasty, "applicant": nasty}))
    values = read(answer.text).form("/file/mediation").values
    assert (values["statement"], values["applicant"]) == ([nasty], [nasty])
    assert "<script" not in answer.text


def test_all_errors_are_told_at_once(site: Site) -> None:
    _, shown = filed(site, title="字" * 201, statement="", applicant="", respondents="", dispute_type="77")
    blamed = {link.removeprefix("#Apply-") for link in shown.links if link.startswith("#Apply-")}
    assert blamed == {"title", "statement", "applicant", "respondents", "dispute_type"}


# -- what is refused --------------------------------------------------------------------------------------------------


def test_text_of_the_greatest_length_is_taken_and_one_character_more_is_not(site: Site) -> None:
    assert filed(site, title="字" * 200, statement="字" * 5000)[0] == 200
    for values in ({"title": "字" * 201}, {"statement": "字" * 5001}, {"respondents": "\n".join(["乙"] * 51)}):
        status, shown = filed(site, **values)
        assert status == 422
        assert "最多" in shown.text
    assert cases(site) == 1


def test_a_mediation_without_the_other_side_is_refused_and_a_petition_is_not(site: Site) -> None:
    status, shown = filed(site, "mediation", respondents=" \n ")
    assert status == 422
    assert "#Apply-respondents" in shown.links
    assert filed(site, "petition", respondents="")[0] == 200


@pytest.mark.parametrize("name", ["state", "outcome", "__class__", "form-token", "Title", "标题"])
def test_a_field_that_the_form_does_not_have_is_refused(name: str, site: Site) -> None:
    status, shown = filed(site, **{name: "closed"})
    assert status == 422
    assert "表单里有无法识别的内容" in shown.text
    assert cases(site) == 0


@pytest.mark.parametrize(("name", "value"), [("channel", "upstream"), ("received_at", "2026-03-01T09:00")])
def test_a_petitioner_cannot_enter_what_only_the_office_may(name: str, value: str, site: Site) -> None:
    assert filed(site, "petition", **{name: value})[0] == 422
    assert cases(site) == 0


def registered(site: Site, **values: str) -> tuple[int, Page]:
    clerk = site.session_for("clerk")
    form = page(clerk, "/intake/petition").form("/intake/petition")
    answer = clerk.post(form.action, data=form.typed(**{**GOOD, **values}))
    return answer.status_code, read(answer.text)


@pytest.mark.parametrize(
    ("received_at", "words"),
    [
        ("2026-03-02T09:01", "收到时间不能晚于现在。"),
        ("2026-02-30T09:00", "请填写日期和时间"),
        ("昨天", "请填写日期和时间"),
        ("2025-02-28T09:00", "收到时间早于一年前"),
    ],
)
def test_a_time_of_receipt_that_cannot_be_is_refused_with_the_text_kept(
    received_at: str, words: str, site: Site
) -> None:
    """It is Monday 2 March 2026, 09:00."""
    status, shown = registered(site, received_at=received_at)
    assert status == 422
    assert words in shown.text
    values = shown.form("/intake/petition").values
    assert (values["received_at"], values["statement"]) == ([received_at], [GOOD["statement"]])
    assert cases(site) == 0


@pytest.mark.parametrize("received_at", ["2026-03-02T09:00", "2026-02-27T16:30", ""])
def test_a_letter_of_friday_may_be_registered_on_monday(received_at: str, site: Site) -> None:
    assert registered(site, received_at=received_at)[0] == 200
    assert cases(site) == 1


def a_case_in_session(site: Site) -> str:
    opened = site.office.tell(
        "mediation",
        step("2026-03-02T09:00", "clerk", "Apply", **_told()),
        step("2026-03-02T09:30", "clerk", "RecordConsent", party="乙某", answer="given"),
        step("2026-03-02T09:40", "clerk", "Accept"),
        step("2026-03-02T10:00", "coordinator", "AppointMediators", chief="mediator"),
        step("2026-03-02T10:30", "mediator", "NotifyRights", signed_by="all"),
        step("2026-03-02T14:00", "mediator", "HoldSession", form="joint", place="调解室", minutes="双方陈述。"),
    )
    site.clock.set("2026-03-02T16:00")
    return f"/cases/{opened.public_id}"


def settled(site: Site, browser: TestClient, address: str, **values: Any) -> tuple[int, Page]:
    """The form of an agreement with everything right but for the values given; None leaves a field out."""
    form = page(browser, address).form("/Settle")
    parties = _offered(browser, address, "signed_by")
    good = {
        "form": "written", "terms": "修好水管，赔偿 500 元。", "performance_due_on": "2026-03-02", "signed_by": parties,
        "mediator_signed": "yes", "sealed": "yes", "amount_yuan": "500",
    }  # fmt: skip
    typed = {name: value for name, value in {**good, **values}.items() if value is not None}
    if typed.get("signed_by") == "first":
        typed["signed_by"] = parties[:1]
    answer = browser.post(form.action, data={**_carried(form.values), **typed})
    return answer.status_code, read(answer.text)


def _offered(browser: TestClient, address: str, name: str) -> list[str]:
    part = browser.get(address).text.partition('/steps/Settle"')[2].partition("</form>")[0]
    return re.findall(rf'name="{name}" value="(\d+)"', part)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"performance_due_on": "2026-03-01"}, "履行期限不能早于今天。"),
        ({"performance_due_on": "三月"}, "请按年-月-日填写日期"),
        ({"amount_yuan": "五百"}, "请填写整数。"),
        ({"amount_yuan": "-1"}, "不能小于 0。"),
        ({"signed_by": None}, "须全体当事人签字，还缺 2 位。"),
        ({"signed_by": "first"}, "须全体当事人签字，还缺 1 位。"),
        ({"signed_by": ["99"]}, "须全体当事人签字，还缺 2 位。"),  # who is no party has signed for nobody
        ({"mediator_signed": None}, "书面协议须由调解员签名。"),
        ({"sealed": None}, "书面协议须加盖调委会印章。"),
        ({"form": "whispered"}, "请从列出的选项中选择。"),
        ({"form": None}, "请填写此项。"),
    ],
)
def test_what_the_rules_refuse_of_an_agreement_is_said_at_its_field_with_the_terms_kept(
    wrong: dict[str, Any], words: str, site: Site
) -> None:
    address = a_case_in_session(site)
    mediator = site.session_for("mediator")
    status, shown = settled(site, mediator, address, **wrong)
    assert status == 422
    assert words in shown.text
    assert f"#Settle-{next(iter(wrong))}" in shown.links
    assert shown.form("/Settle").values["terms"] == ["修好水管，赔偿 500 元。"]
    with reading(site.engine) as connection:
        assert count(connection, Event, Event.__table__.c.code == "case:settled") == 0  # type: ignore[attr-defined]


def test_a_day_that_no_calendar_reaches_is_refused_in_words(site: Site) -> None:
    address = a_case_in_session(site)
    status, shown = settled(site, site.session_for("mediator"), address, performance_due_on="2061-01-01")
    assert status == 422
    assert "#Settle-performance_due_on" in shown.links


def test_an_extension_that_no_calendar_reaches_is_refused_in_words(sqlite: Engine, tmp_path: Path) -> None:
    with serving(found(sqlite, profile="mediation-month"), tmp_path) as site:
        address = a_case_in_session(site)
        mediator = site.session_for("mediator")
        form = page(mediator, address).form("/ExtendByConsent")
        typed = {"to_length": "3650", "consenting": _offered(mediator, address, "signed_by")}
        answer = mediator.post(form.action, data={**_carried(form.values), **typed})
        assert answer.status_code == 422
        assert "#ExtendByConsent-to_length" in read(answer.text).links


def test_the_same_agreement_without_a_mistake_is_taken(site: Site) -> None:
    address = a_case_in_session(site)
    assert settled(site, site.session_for("mediator"), address)[0] == 303


def test_a_box_that_must_be_ticked_is_asked_for_in_words(site: Site) -> None:
    address = a_case_in_session(site)
    mediator = site.session_for("mediator")
    form = page(mediator, address).form("/Terminate")
    typed = {"ground": "no_agreement", "remedies": "可以向法院起诉。"}
    answer = mediator.post(form.action, data={**_carried(form.values), **typed})
    shown = read(answer.text)
    assert answer.status_code == 422
    assert "须先书面告知其他救济途径" in shown.text
    assert shown.form("/Terminate").values["remedies"] == ["可以向法院起诉。"]


# -- the forms that are written by hand -------------------------------------------------------------------------------

NEW_ACCOUNT = {"name": "新同事", "role": "clerk", "unit": "2", "login": "new", "email": "new@example.test"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": ""}, "请填写姓名。"),
        ({"role": "petitioner"}, "请选择岗位。"),
        ({"role": "system"}, "请选择岗位。"),
        ({"unit": "99"}, "请选择单位。"),
        ({"unit": "²"}, "请选择单位。"),
        ({"email": "nobody"}, "电子邮箱的写法应如"),
        ({"email": "a@b.test>, <c@d.test"}, "电子邮箱的写法应如"),
        ({"login": "clerk"}, "这个登录名已有人使用。"),
        ({"name": "长" * 121}, "各不超过 120 个字符"),
    ],
)
def test_an_account_that_cannot_be_added_comes_back_as_typed(wrong: dict[str, str], words: str, site: Site) -> None:
    browser = site.session_for("administrator")
    form = page(browser, "/people").form("/people")
    answer = browser.post("/people", data=form.typed(**{**NEW_ACCOUNT, **wrong}))
    shown = read(answer.text)
    assert (answer.status_code, shown.title.startswith("错误：")) == (422, True)
    assert words in shown.text
    kept = {**NEW_ACCOUNT, **wrong}
    values = shown.form("/people").values
    assert [values[name] for name in ("name", "login", "email")] == [[kept[n]] for n in ("name", "login", "email")]


@pytest.mark.parametrize("separator", ["\n", "\r", "\x0b", "\u2028", "\x85"])
def test_a_name_of_two_lines_is_no_post_of_ours(separator: str, site: Site) -> None:
    """It would stand in the header of a mail."""
    browser = site.session_for("administrator")
    form = page(browser, "/people").form("/people")
    name = f"新同事{separator}Bcc: all@example.test"
    assert browser.post("/people", data=form.typed(**{**NEW_ACCOUNT, "name": name})).status_code == 400


def test_a_password_that_is_too_short_or_not_the_same_twice_is_refused(site: Site) -> None:
    browser = site.session_for("clerk")
    token = form_token(browser)
    for password, again in (("short", "short"), ("long enough it is", "long enough it isn't")):
        answer = browser.post("/password", data={"form_token": token, "password": password, "again": again})
        assert answer.status_code == 422
        assert read(answer.text).title.startswith("错误：")
        assert password not in answer.text, "a password is never shown"


@pytest.mark.parametrize("days", [("gestern", ""), ("2026-03-02", "2026-03-01"), ("1999-12-31", "2026-03-01")])
def test_days_of_a_report_that_cannot_be_are_refused_and_kept(days: tuple[str, str], site: Site) -> None:
    browser = site.session_for("auditor")
    answer = browser.get("/closures", params={"start": days[0], "end": days[1]})
    shown = read(answer.text)
    assert (answer.status_code, shown.title.startswith("错误：")) == (422, True)
    assert shown.form("/closures").values["start"] == [days[0]]
    token, form_id = form_token(browser), secrets.token_hex(16)
    form = {"form_token": token, "form_id": form_id, "start": days[0], "end": days[1]}
    assert browser.post("/closures/csv", data=form).status_code == 422


def test_what_somebody_typed_is_never_kept_for_the_next(site: Site) -> None:
    """Fields that look alike for everybody are drawn once; one with a word in it, or a fault, is not."""
    typed = {**GOOD, "title": "只有我知道的题目", "applicant": ""}
    _, refused = filed(site, language="zh_CN", **typed)
    assert "只有我知道的题目" in refused.form("/file/mediation").values["title"]
    blank = page(site.browser(), "/file/mediation")
    assert blank.form("/file/mediation").values["title"] == [""]
    assert "只有我知道的题目" not in blank.text


@pytest.mark.parametrize("year", ["0001", "1899", "3000", "9999"])
def test_a_day_of_another_age_is_a_slip_of_the_pen_and_breaks_nothing(year: str) -> None:
    for kind, field, typed in (
        (NameDeputy, "first_day", f"{year}-12-31"),
        (AddNote, "happened_at", f"{year}-01-01T00:00"),
        (AddNote, "happened_at", f"{year}-12-31T23:59"),
    ):
        with pytest.raises(FormIsWrong) as wrong:
            read_form(kind, {field: [typed]}, {}, zone=ZoneInfo("Asia/Shanghai"))
        (said,) = [one for one in wrong.value.form.fields if one.name == field]
        assert [reason.code.rpartition("_")[0] for reason in said.errors] == ["form.not_a"]
        assert said.value == typed
