"""Two people, one case; one person, two clicks: nothing is lost and nothing happens twice."""

import re
import secrets
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from cases.execute import Opened
from cases.sweep import sweep
from cases.tables import Case, Tracking
from infra.db import reading
from ledger.tables import Event
from tests.databases import Site, count, form_token, found, serving, step
from tests.web.reading import Page, PageForm, page, read

EVENT, CASE = Event.__table__.c, Case.__table__.c  # type: ignore[attr-defined]
WORDS = {"title": "楼上漏水", "statement": "厨房顶漏水。", "applicant": "甲某", "respondents": ["乙某"]}
ANSWER = "已约楼上住户查看水管，\n三日内修好。"


def a_mediation_with_its_mediator(site: Site) -> Opened:
    opened = site.office.tell(
        "mediation",
        step("2026-03-02T09:00", "clerk", "Apply", **WORDS),
        step("2026-03-02T09:30", "clerk", "RecordConsent", party="乙某", answer="given"),
        step("2026-03-02T09:40", "clerk", "Accept"),
        step("2026-03-02T10:00", "coordinator", "AppointMediators", chief="mediator"),
    )
    site.clock.set("2026-03-02T11:00")
    return opened


def a_matter_in_hand(site: Site) -> Opened:
    """A petition that the room's mediator has signed for, at 11:00 of 2 March 2026."""
    opened = site.office.tell(
        "petition",
        step("2026-03-02T09:00", "clerk", "Register", **WORDS),
        step("2026-03-02T09:10", "clerk", "Accept"),
        step("2026-03-02T09:20", "coordinator", "Assign", unit="room", handler="mediator"),
        step("2026-03-02T10:00", "mediator", "SignFor"),
    )
    site.clock.set("2026-03-02T11:00")
    return opened


def events(site: Site, opened: Opened, code: str | None = None) -> int:
    with reading(site.engine) as connection:
        where = [EVENT.stream == opened.case_id, *([EVENT.code == code] if code else [])]
        return count(connection, Event, *where)


def send(browser: TestClient, filled: PageForm, /, **values: Any) -> Any:
    return browser.post(filled.action, data=filled.typed(**values))


@pytest.fixture
def stale(site: Site) -> tuple[Site, Opened, TestClient, Any]:
    """The mediator began an answer, and before it was sent the clerk noted a first response."""
    opened = a_matter_in_hand(site)
    mediator = site.session_for("mediator")
    form = page(mediator, f"/cases/{opened.public_id}").form("/Reply")
    other = site.session_for("clerk")
    first_response = page(other, f"/cases/{opened.public_id}").form("/RespondFirst")
    assert send(other, first_response, note="已电话告知受理。").status_code == 303
    answer = send(mediator, form, form="oral", answer=ANSWER)
    return site, opened, mediator, answer


# -- a stale version --------------------------------------------------------------------------------------------------


def test_a_stale_form_comes_back_with_what_was_typed_and_what_has_changed(
    stale: tuple[Site, Opened, TestClient, Any],
) -> None:
    site, opened, _, answer = stale
    assert answer.status_code == 409
    shown = read(answer.text)
    assert shown.title.startswith("错误：")
    assert "事项在此期间有了变化" in shown.text
    assert "首次响应" in shown.text
    assert "已电话告知受理。" in shown.text, "what the other person wrote"
    form = shown.form("/Reply")
    assert form.values["answer"] == [ANSWER]
    assert form.values["form"] == ["oral"]
    assert events(site, opened, "case:replied") == 0


def test_the_page_of_a_conflict_tells_only_what_has_changed_since(stale: tuple[Site, Opened, TestClient, Any]) -> None:
    shown = read(stale[3].text).text
    assert "签收" not in shown.partition("您填写的内容")[0]


def test_the_typed_step_can_be_applied_to_the_case_as_it_stands_now(
    stale: tuple[Site, Opened, TestClient, Any],
) -> None:
    site, opened, mediator, answer = stale
    form = read(answer.text).form("/Reply")
    assert form.buttons == ["按事项目前的情况提交"]
    again = mediator.post(form.action, data=form.values)
    assert (again.status_code, again.headers["location"]) == (303, f"/cases/{opened.public_id}")
    assert events(site, opened, "case:replied") == 1
    assert ANSWER.split("\n")[0] in page(mediator, f"/cases/{opened.public_id}").text


def test_a_step_that_has_become_impossible_keeps_the_text_but_offers_no_button(site: Site) -> None:
    opened = a_matter_in_hand(site)
    address = f"/cases/{opened.public_id}"
    one, other = site.session_for("mediator"), site.session_for("mediator")
    late = page(one, address).form("/Reply")
    assert send(other, page(other, address).form("/Reply"), form="oral", answer="另一份答复").status_code == 303
    answer = send(one, late, form="oral", answer=ANSWER)
    assert answer.status_code == 409
    form = read(answer.text).form("/Reply")
    assert (form.values["answer"], form.buttons) == ([ANSWER], [])
    assert events(site, opened, "case:replied") == 1


def test_a_stale_form_whose_choices_are_gone_is_a_conflict_and_not_a_wrong_form(site: Site) -> None:
    opened = a_mediation_with_its_mediator(site)
    address = f"/cases/{opened.public_id}"
    one, other = site.session_for("coordinator"), site.session_for("coordinator")
    serving, arriving = str(site.office.accounts["mediator"]), str(site.office.accounts["mediator_2"])
    values = {"leaving": serving, "arriving": arriving, "ground": "unavailable"}
    late = page(one, address).form("/ReplaceMediator")
    assert send(other, page(other, address).form("/ReplaceMediator"), **values).status_code == 303
    assert send(one, late, **values).status_code == 409


def test_a_light_that_was_lit_meanwhile_makes_no_form_stale(site: Site) -> None:
    """A petition is decided within 60 days of 2 March: yellow on 22 April, and the form was opened the day before."""
    opened = a_matter_in_hand(site)
    mediator = site.session_for("mediator")
    site.clock.set("2026-04-21T23:50")
    mediator = site.session_for("mediator")
    form = page(mediator, f"/cases/{opened.public_id}").form("/Reply")
    sweep(site.engine, now=site.clock.set("2026-04-22T00:01"))
    assert events(site, opened, "clock:crossed") >= 1
    assert send(mediator, form, form="oral", answer=ANSWER).status_code == 303


# -- the same form twice ----------------------------------------------------------------------------------------------


def test_the_same_step_sent_twice_is_one_event_and_both_answers_lead_to_the_same_place(site: Site) -> None:
    opened = a_matter_in_hand(site)
    mediator = site.session_for("mediator")
    form = page(mediator, f"/cases/{opened.public_id}").form("/Reply")
    answers = [send(mediator, form, form="oral", answer=ANSWER) for _ in range(2)]
    assert [(a.status_code, a.headers["location"]) for a in answers] == [(303, f"/cases/{opened.public_id}")] * 2
    assert events(site, opened, "case:replied") == 1


def test_a_step_that_changes_nothing_of_the_state_is_taken_once_too(site: Site) -> None:
    opened = a_matter_in_hand(site)
    mediator = site.session_for("mediator")
    form = page(mediator, f"/cases/{opened.public_id}").form("/RespondFirst")
    assert {send(mediator, form, note="已联系。").status_code for _ in range(3)} == {303}
    assert events(site, opened, "case:first_responded") == 1


def test_the_form_opened_again_is_another_form(site: Site) -> None:
    """Two ids, two acts: a repetition is told by the form's id, and not by what stands in it."""
    opened = a_matter_in_hand(site)
    mediator = site.session_for("mediator")
    for _ in range(2):
        form = page(mediator, f"/cases/{opened.public_id}").form("/RespondFirst")
        assert send(mediator, form, note="已联系。").status_code == 303
    assert events(site, opened, "case:first_responded") == 2


def code_on(answer: Any) -> str:
    return re.search(r"(?:[0-9A-Z]{4}-){5}[0-9A-Z]{4}", answer.text)[0]  # type: ignore[index]  # None fails the test


@pytest.mark.parametrize("address", ["/file/petition", "/intake/petition"])
def test_the_same_filing_twice_gives_the_same_code_and_one_case(address: str, site: Site) -> None:
    browser = site.session_for("clerk") if address.startswith("/intake") else site.browser()
    form = page(browser, address).form(address)
    answers = [send(browser, form, **WORDS) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert code_on(answers[0]) == code_on(answers[1])
    with reading(site.engine) as connection:
        assert count(connection, Case) == 1
        assert count(connection, Tracking) == 1
        assert count(connection, Event, EVENT.stream != 0) == 1


def test_a_filing_that_was_refused_keeps_its_id_so_that_mending_and_clicking_twice_is_one_case(site: Site) -> None:
    browser = site.browser()
    form = page(browser, "/file/petition").form("/file/petition")
    refused = send(browser, form, **{**WORDS, "title": ""})
    mended = read(refused.text).form("/file/petition")
    assert mended.values["form_id"] == form.values["form_id"]
    codes = {code_on(send(browser, mended, **WORDS)) for _ in range(2)}
    assert len(codes) == 1
    with reading(site.engine) as connection:
        assert count(connection, Case) == 1


def test_a_rating_sent_twice_counts_once(site: Site) -> None:
    opened = a_matter_in_hand(site)
    mediator = site.session_for("mediator")
    send(mediator, page(mediator, f"/cases/{opened.public_id}").form("/Reply"), form="oral", answer=ANSWER)
    petitioner = site.petitioner_of(opened.case_id)
    form = page(petitioner, "/track/case").form("/track/rating")
    answers = [send(petitioner, form, score="satisfied") for _ in range(2)]
    assert [(a.status_code, a.headers["location"]) for a in answers] == [(303, "/track/case")] * 2
    assert events(site, opened, "case:rated") == 1


def test_a_second_rating_from_a_page_opened_earlier_is_refused_in_words(site: Site) -> None:
    opened = a_matter_in_hand(site)
    mediator = site.session_for("mediator")
    send(mediator, page(mediator, f"/cases/{opened.public_id}").form("/Reply"), form="oral", answer=ANSWER)
    petitioner = site.petitioner_of(opened.case_id)
    first, second = (page(petitioner, "/track/case").form("/track/rating") for _ in range(2))
    assert send(petitioner, first, score="satisfied").status_code == 303
    answer = send(petitioner, second, score="dissatisfied")
    assert answer.status_code == 422
    assert "已经评价过了" in read(answer.text).text
    assert events(site, opened, "case:rated") == 1


def test_on_both_databases_a_stale_form_is_a_conflict_and_a_repeated_one_is_not(engine: Engine, tmp_path: Any) -> None:
    with serving(found(engine), tmp_path) as site:
        opened = a_matter_in_hand(site)
        address = f"/cases/{opened.public_id}"
        mediator = site.session_for("mediator")
        first, second = (page(mediator, address).form("/RespondFirst") for _ in range(2))
        statuses = [send(mediator, form, note="已联系。").status_code for form in (first, first, second)]
        assert statuses == [303, 303, 409]
        assert events(site, opened, "case:first_responded") == 1


# -- one form, two things ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/file/petition", "/intake/petition"])
def test_a_second_matter_under_the_form_of_the_first_is_a_conflict_and_can_be_sent_as_a_new_one(
    address: str, site: Site
) -> None:
    browser = site.session_for("clerk") if address.startswith("/intake") else site.browser()
    form = page(browser, address).form(address)
    first = send(browser, form, **WORDS)
    second = send(browser, form, **{**WORDS, "title": "路灯不亮", "statement": "整条街都黑。"})
    assert second.status_code == 409
    shown = read(second.text)
    assert shown.title.startswith("错误：")
    assert code_on(first) not in second.text, "what came of the first is not for whoever typed the second"
    again = shown.form(address)
    assert (again.values["title"], again.values["statement"]) == (["路灯不亮"], ["整条街都黑。"])
    assert again.values["form_id"] != form.values["form_id"]
    assert again.buttons == ["作为新的一份提交"]
    taken = browser.post(again.action, data=again.values)
    assert taken.status_code == 200
    assert code_on(taken) != code_on(first)
    with reading(site.engine) as connection:
        assert count(connection, Case) == 2


def test_another_text_under_the_form_of_a_step_is_a_conflict_that_keeps_it(site: Site) -> None:
    opened = a_matter_in_hand(site)
    mediator = site.session_for("mediator")
    form = page(mediator, f"/cases/{opened.public_id}").form("/RespondFirst")
    assert send(mediator, form, note="已联系。").status_code == 303
    answer = send(mediator, form, note="已约周三上门。")
    assert answer.status_code == 409
    again = read(answer.text).form("/RespondFirst")
    assert again.values["note"] == ["已约周三上门。"]
    assert events(site, opened, "case:first_responded") == 1
    assert mediator.post(again.action, data=again.values).status_code == 303
    assert events(site, opened, "case:first_responded") == 2


def test_another_step_or_another_case_under_a_used_form_is_never_answered_as_done(site: Site) -> None:
    one, other = a_matter_in_hand(site), a_matter_in_hand(site)
    mediator = site.session_for("mediator")
    form = page(mediator, f"/cases/{one.public_id}").form("/RespondFirst")
    assert send(mediator, form, note="已联系。").status_code == 303
    for case, step_name, typed in (
        (one, "Reply", {"form": "oral", "answer": ANSWER}),
        (other, "RespondFirst", {"note": "已联系。"}),
    ):
        fields = {name: form.values[name] for name in ("form_token", "form_id", "version")}
        answer = mediator.post(f"/cases/{case.public_id}/steps/{step_name}", data={**fields, **typed})
        assert answer.status_code == 409
    assert events(site, one, "case:replied") == events(site, other, "case:first_responded") == 0


def test_a_replacement_sent_twice_is_taken_once_although_its_choices_are_gone(site: Site) -> None:
    """After the first, whoever left can no longer be chosen: what was offered then is not asked for."""
    opened = a_mediation_with_its_mediator(site)
    coordinator = site.session_for("coordinator")
    form = page(coordinator, f"/cases/{opened.public_id}").form("/ReplaceMediator")
    accounts = {name: str(site.office.accounts[name]) for name in ("mediator", "mediator_2", "desk_mediator")}
    values = {"leaving": accounts["mediator"], "arriving": accounts["mediator_2"], "ground": "unavailable"}
    assert [send(coordinator, form, **values).status_code for _ in range(2)] == [303, 303]
    assert send(coordinator, form, **{**values, "arriving": accounts["desk_mediator"]}).status_code == 409
    assert events(site, opened, "mediator:replaced") == 1


def test_another_rating_under_the_same_form_does_not_pass_for_the_first(site: Site) -> None:
    opened = a_matter_in_hand(site)
    mediator = site.session_for("mediator")
    send(mediator, page(mediator, f"/cases/{opened.public_id}").form("/Reply"), form="oral", answer=ANSWER)
    petitioner = site.petitioner_of(opened.case_id)
    form = page(petitioner, "/track/case").form("/track/rating")
    assert send(petitioner, form, score="satisfied").status_code == 303
    answer = send(petitioner, form, score="dissatisfied", comment="第二天又漏了")
    assert answer.status_code == 409
    assert "第二天又漏了" in read(answer.text).text
    assert events(site, opened, "case:rated") == 1


def test_the_page_of_a_used_form_is_told_in_english_too(site: Site) -> None:
    browser = site.browser()
    form = page(browser, "/file/petition?lang=en").form("/file/petition")
    send(browser, form, **WORDS)
    shown = read(send(browser, form, **{**WORDS, "title": "Another"}).text)
    assert shown.title.startswith("Error: ")
    assert "This form has been used for something else" in shown.text
    assert shown.form("/file/petition").buttons == ["Send it as a new one"]


# -- forms that are none of ours --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"), [("form_id", "1"), ("form_id", ""), ("version", "-1"), ("version", ""), ("version", "9" * 30)]
)
def test_a_post_with_a_made_up_id_or_version_is_no_form_of_ours(name: str, value: str, site: Site) -> None:
    opened = a_matter_in_hand(site)
    mediator = site.session_for("mediator")
    form: dict[str, str] = {
        "form_token": form_token(mediator), "form_id": secrets.token_hex(16), "version": "4", "form": "oral",
        "answer": ANSWER,
    }  # fmt: skip
    answer = mediator.post(f"/cases/{opened.public_id}/steps/Reply", data={**form, name: value})
    assert answer.status_code == 400
    assert events(site, opened, "case:replied") == 0


def test_the_conflict_page_is_told_in_english_too(site: Site) -> None:
    opened = a_matter_in_hand(site)
    mediator = site.session_for("mediator")
    shown: Page = page(mediator, f"/cases/{opened.public_id}?lang=en")
    form = shown.form("/Reply")
    assert send(mediator, shown.form("/RespondFirst"), note="Told.").status_code == 303
    answer = read(send(mediator, form, form="oral", answer=ANSWER).text)
    assert answer.title.startswith("Error: The case has changed meanwhile")
    assert answer.form("/Reply").values["answer"] == [ANSWER]
