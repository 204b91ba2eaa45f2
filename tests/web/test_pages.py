"""What each page says: the work list, the petitioner's page, the reports, mails and people, in both languages."""

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import select, update
from starlette.testclient import TestClient

from cases.execute import Opened
from cases.tables import Case
from infra.db import reading, transaction
from ledger.tables import Event, Message
from ops.jobs import JOBS, run_job
from people.tables import Account
from tests.databases import SEATS, START, Site, SmallOffice, form_token, serving, sqlite_copy, step
from tests.web.canaries import mediation_with_canaries
from tests.web.reading import Page, page, read

CASE, MESSAGE, EVENT = Case.__table__.c, Message.__table__.c, Event.__table__.c  # type: ignore[attr-defined]
WORDS = {"title": "停车位", "statement": "小区停车难。", "applicant": "白某"}
NUMBER = re.compile(r"（2026）滨园访字第(\d+)号")


def a_petition(site: Site, at: str = "2026-03-02T09:00", by: str = "clerk", **words: str) -> Opened:
    return site.office.tell("petition", step(at, by, "Register", **{**WORDS, **words}))


def work_jobs(site: Site, local: str, *names: str) -> None:
    site.clock.set(local)
    for name in names or ("sweep", "deliver"):
        run_job(next(job for job in JOBS if job.name == name), site.engine, site.settings, now=site.clock())


# -- the work list ----------------------------------------------------------------------------------------------------


def groups(shown: Page) -> dict[str, list[str]]:
    """The titles under each heading of the work list, in its order."""
    found: dict[str, list[str]] = {}
    heading = None
    for text in shown.words:
        if text in ("已超期", "今天", "本周", "以后", "中止", "已办结"):
            heading = text
        elif heading and text.startswith("事项-"):
            found.setdefault(heading, []).append(text)
    return found


def test_what_is_over_for_others_is_for_today_and_not_overdue(site: Site) -> None:
    """The days for rating are over on 31 March: nothing of ours is late, and the matter can be closed."""
    mediation_with_canaries(site.office)
    for at, heading in (("2026-03-25T09:00", "以后"), ("2026-03-30T09:00", "今天"), ("2026-04-02T09:00", "今天")):
        site.clock.set(at)
        words = page(site.session_for("mediator"), "/work").words
        assert heading in words, at
        assert "已超期" not in words


def test_the_work_list_groups_cases_by_when_they_are_due_and_sorts_by_what_is_next(site: Site) -> None:
    """Seen on Wednesday 18 March 2026, 09:00. A petition must be told of within 15 days of the day it came in."""
    # Each title names the last day of its fifteen: received on the 2nd, it is the 17th.
    for title, at in (
        ("事项-22 周日", "2026-03-07T09:00"), ("事项-17 昨天", "2026-03-02T09:00"), ("事项-18 今天", "2026-03-03T09:00"),
        ("事项-23 下周一", "2026-03-08T09:00"), ("事项-19 明天", "2026-03-04T09:00"), ("事项-16 前天", "2026-03-01T09:00"),
    ):  # fmt: skip
        a_petition(site, at, title=title)
    # Paused on the 17th until the 30th: its first response was given, so nothing else of it runs but the paused order.
    paused = site.office.tell(
        "hotline",
        step("2026-03-16T09:00", "clerk", "Register", **{**WORDS, "title": "事项-暂停"}),
        step("2026-03-16T09:10", "clerk", "Accept"),
        step("2026-03-16T09:20", "coordinator", "Assign", unit="room", handler="mediator"),
        step("2026-03-16T09:30", "mediator", "SignFor"),
        step("2026-03-16T09:40", "mediator", "ContactPerson", note="已联系。"),
        step("2026-03-16T09:50", "mediator", "RespondFirst", note="已告知。"),
        step("2026-03-17T09:00", "mediator", "Suspend", ground="measurement", until="2026-03-30"),
    )
    assert paused
    site.clock.set("2026-03-18T09:00")
    assert groups(page(site.session_for("clerk"), "/work")) == {
        "已超期": ["事项-16 前天", "事项-17 昨天"],
        "今天": ["事项-18 今天"],
        "本周": ["事项-19 明天", "事项-22 周日"],
        "以后": ["事项-23 下周一"],
        "中止": ["事项-暂停"],
    }


def test_each_row_says_how_long_is_left_what_comes_next_and_who_holds_it(site: Site) -> None:
    a_petition(site)
    site.clock.set("2026-03-10T09:00")
    text = page(site.session_for("clerk"), "/work").text
    for words in (
        "● 绿 正常",
        "受理告知",
        "还剩 7 天",
        "（3月17日 周二 24:00）",
        "停车位",
        "（2026）滨园访字第1号",
        "白某",
    ):
        assert words in text, words
    row = text.partition("停车位")[2]
    assert "受理" in row
    assert row.index("受理") < row.index("登记") < row.index("滨江园区党群服务中心")


@pytest.mark.parametrize("login", ["auditor", "assessor"])
def test_the_list_of_one_who_only_checks_has_kinds_of_disputes_in_place_of_titles_and_names(
    login: str, site: Site
) -> None:
    a_petition(site, dispute_type="25")
    shown = page(site.session_for(login), "/work")
    assert "物业" in shown.words
    assert "停车位" not in shown.text
    assert "白某" not in shown.text


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_an_empty_list_says_something_kind_and_useful(language: str, site: Site) -> None:
    words = {"zh_CN": "没有等您办理的事项。", "en": "Nothing is waiting for you."}[language]
    shown = page(site.session_for("desk_mediator"), f"/work?lang={language}")
    assert words in shown.text
    closed = page(site.session_for("desk_mediator"), f"/work?show=closed&lang={language}")
    assert words not in closed.text
    assert {"zh_CN": "还没有已办结的事项", "en": "has been closed yet"}[language] in closed.text


def _on_all_pages(browser: TestClient, address: str) -> Iterator[list[str]]:
    while True:
        shown = page(browser, address)
        yield NUMBER.findall(shown.text)
        more = [link for link in shown.links if link.startswith("/work?") and "after=" in link]
        if not more:
            return
        (address,) = more


def test_a_long_list_comes_in_pages_of_fifty_and_every_case_is_on_one_of_them(site: Site) -> None:
    """120 cases, sixty of them due at the very same instant, so that a page ends in the middle of equals."""
    for n in range(120):
        a_petition(site, "2026-03-02T09:00" if n % 2 else f"2026-02-{n % 14 + 10}T09:00")
    found = list(_on_all_pages(site.session_for("clerk"), "/work"))
    assert [len(one) for one in found] == [50, 50, 20]
    assert sorted(int(number) for one in found for number in one) == list(range(1, 121))


def test_the_pages_of_closed_cases_miss_none_either(site: Site) -> None:
    for _ in range(51):
        a_petition(site)
    with transaction(site.engine) as connection:
        closed_at = START + timedelta(hours=1)
        connection.execute(update(Case).values(closed_at=closed_at, state="closed", outcome="resolved"))
    found = list(_on_all_pages(site.session_for("clerk"), "/work?show=closed"))
    assert [len(one) for one in found] == [50, 1]
    assert len({number for one in found for number in one}) == 51


@pytest.mark.parametrize("typed", ["2", "第2号", "（2026）滨园访字第2号", " 2 "])
def test_a_case_is_found_by_its_running_number_however_it_is_copied(typed: str, site: Site) -> None:
    for title in ("第一件", "第二件", "第三件"):
        a_petition(site, title=title)
    text = read(site.session_for("clerk").get("/work", params={"number": typed}).text).text
    assert ("第一件" in text, "第二件" in text, "第三件" in text) == (False, True, False)


def test_a_number_that_is_on_no_list_is_said_to_be_so(site: Site) -> None:
    a_petition(site)
    shown = page(site.session_for("clerk"), "/work?number=77")
    assert "您的清单里没有这个编号的事项" in shown.text
    nothing = page(site.session_for("clerk"), "/find?q=77").text
    assert "没有找到" in nothing


def test_the_next_step_is_open_and_the_others_are_folded_or_closed_with_a_reason(site: Site) -> None:
    opened = site.office.tell("mediation", step("2026-03-02T09:00", "clerk", "Apply", **WORDS, respondents=["石某"]))
    html = site.session_for("clerk").get(f"/cases/{opened.public_id}").text
    assert len(re.findall(r'<div class="panel next"><h3>', html)) == 1, "one step stands open"
    assert "<summary>不予受理</summary>" in html
    text = read(html).text
    assert "目前不能办理" in text
    assert "受理：还有 1 位当事人没有同意。" in text


def test_a_letter_registered_later_shows_both_times(site: Site) -> None:
    clerk = site.session_for("clerk")
    site.clock.set("2026-03-02T09:00")
    form = page(clerk, "/intake/petition").form("/intake/petition")
    answer = clerk.post(form.action, data=form.typed(**WORDS, channel="letter", received_at="2026-02-27T16:30"))
    (address,) = [link for link in read(answer.text).links if link.startswith("/cases/")]
    text = page(clerk, address).text
    assert "2月27日 16:30" in text
    assert "3月2日 09:00登记" in text


# -- the petitioner ---------------------------------------------------------------------------------------------------


def test_the_petitioner_sees_where_the_matter_stands_the_next_date_and_what_has_happened(site: Site) -> None:
    opened = site.office.tell(
        "petition",
        step("2026-03-02T09:00", "clerk", "Register", **WORDS),
        step("2026-03-03T09:00", "clerk", "Accept"),
        step("2026-03-03T10:00", "coordinator", "Assign", unit="room", handler="mediator", instruction="内部要求"),
    )
    site.clock.set("2026-03-03T11:00")
    text = page(site.petitioner_of(opened.case_id), "/track/case").text
    for words in (
        "停车位",
        "（2026）滨园访字第1号",
        "已交办，等待承办单位签收。",
        "下一个日期",
        "已受理",
        "3月2日 09:00 已登记",
        "3月3日 09:00",
    ):
        assert words in text, words
    for words in ("内部要求", "账号-", "您的评价", "请您评价"):
        assert words not in text, words


def test_the_petitioner_reads_the_answer_rates_it_once_and_sees_the_rating(site: Site) -> None:
    opened = site.office.tell(
        "petition",
        step("2026-03-02T09:00", "clerk", "Register", **WORDS),
        step("2026-03-02T09:10", "clerk", "Accept"),
        step("2026-03-02T09:20", "coordinator", "Assign", unit="room", handler="mediator"),
        step("2026-03-02T10:00", "mediator", "SignFor"),
        step("2026-03-02T10:30", "mediator", "Reply", form="oral", answer="已划出二十个车位。"),
    )
    site.clock.set("2026-03-02T11:00")
    petitioner = site.petitioner_of(opened.case_id)
    shown = page(petitioner, "/track/case")
    assert "已划出二十个车位。" in shown.text
    form = shown.form("/track/rating")
    empty = petitioner.post("/track/rating", data={**form.values, "comment": "慢了些"})
    assert empty.status_code == 422
    assert read(empty.text).form("/track/rating").values["comment"] == ["慢了些"]
    rated = petitioner.post("/track/rating", data={**form.values, "score": "fairly_satisfied", "comment": "慢了些"})
    assert rated.status_code == 303
    after = page(petitioner, "/track/case")
    assert "您的评价： 基本满意" in after.text
    assert not after.has_form("/track/rating")


def test_the_receipt_gives_number_code_and_the_date_of_the_first_word(site: Site) -> None:
    browser = site.browser()
    form = page(browser, "/file/petition").form("/file/petition")
    text = read(browser.post(form.action, data=form.typed(**WORDS)).text).text
    assert "（2026）滨园访字第1号" in text
    assert "3月17日 周二" in text  # PET-02: fifteen days from the 2nd
    assert re.search(r"(?:[0-9A-Z]{4}-){5}[0-9A-Z]{4}", text)


# -- reports ----------------------------------------------------------------------------------------------------------


def a_year_with_lights(site: Site) -> None:
    """Two petitions that nobody takes up, and one that is refused in time; seen on 2 April 2026.

    Fifteen days from the 2nd end with the 17th: red. From the 20th they end with 4 April, the last five of them since
    31 March: yellow.
    """
    a_petition(site, "2026-03-02T09:00")
    a_petition(site, "2026-03-20T09:00")
    site.office.tell(
        "petition",
        step("2026-03-16T09:00", "clerk", "Register", **WORDS),
        step("2026-03-16T15:00", "clerk", "Refuse", ground="statutory_route", proper_channel="请申请行政复议。"),
    )
    work_jobs(site, "2026-04-02T09:00", "sweep")


def closed_on(site: Site, browser: TestClient, kind: str, start: str, end: str) -> Any:
    data = {"form_token": form_token(browser), "start": start, "end": end}
    return browser.post(f"/closures/{kind}", data=data)


@pytest.mark.parametrize(("start", "end", "rows"), [("2026-03-16", "2026-03-16", 1), ("2026-03-17", "2026-04-02", 0)])
def test_the_closure_report_counts_what_it_then_hands_out_as_csv_and_xlsx(
    start: str, end: str, rows: int, site: Site
) -> None:
    a_year_with_lights(site)
    auditor = site.session_for("auditor")
    assert f"{rows} 件办结事项" in page(auditor, f"/closures?start={start}&end={end}").text
    answer = closed_on(site, auditor, "csv", start, end)
    name = f"closures-{start.replace('-', '')}-{end.replace('-', '')}"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(lines) == rows + 1
    if rows:
        assert lines[1][0] == "（2026）滨园访字第3号"
        assert "不予受理：应走法定途径" in lines[1]
    answer = closed_on(site, auditor, "xlsx", start, end)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == rows + 1


def test_each_download_is_an_event_of_the_office_and_a_count_is_not(site: Site) -> None:
    auditor = site.session_for("auditor")
    page(auditor, "/closures")
    assert _office_events(site, "report:exported") == []
    closed_on(site, auditor, "csv", "2026-01-01", "2026-03-02")
    ((actor, data),) = _office_events(site, "report:exported")
    assert actor == site.office.accounts["auditor"]
    assert '"start":"2026-01-01"' in data.replace(" ", "")


def _office_events(site: Site, code: str) -> list[Any]:
    with reading(site.engine) as connection:
        query = select(EVENT.actor, EVENT.data).where(EVENT.stream == 0, EVENT.code == code)
        return list(connection.execute(query))


def test_an_unknown_kind_of_file_is_refused(site: Site) -> None:
    assert closed_on(site, site.session_for("auditor"), "exe", "2026-01-01", "2026-03-02").status_code == 422


# -- mails and people -------------------------------------------------------------------------------------------------


def test_a_mail_that_was_written_to_a_file_can_be_read_on_the_page(site: Site) -> None:
    site.office.tell("petition", step("2026-03-02T09:00", "petitioner", "Register", **WORDS))
    administrator = site.session_for("administrator")
    waiting = page(administrator, "/mails")
    assert "待发送 2" in waiting.text
    work_jobs(site, "2026-03-02T09:05")
    shown = page(administrator, "/mails?kind=sent")
    assert "已发送 2" in shown.text
    letters = [link for link in shown.links if re.fullmatch(r"/mails/\d+", link)]
    assert len(letters) == 2
    texts = [page(administrator, link).text for link in letters]
    assert all("【新登记】（2026）滨园访字第1号" in text and "请决定是否受理并告知。" in text for text in texts)
    assert not any("白某" in text or "停车位" in text for text in texts)
    assert any("coordinator@example.test" in text for text in texts)
    assert "检查时限" in shown.text
    assert "clocks=" not in shown.text
    assert "没有要处理的" in shown.text


def test_a_dead_letter_is_shown_first_and_tried_again_at_a_word(site: Site) -> None:
    site.office.tell("petition", step("2026-03-02T09:00", "petitioner", "Register", **WORDS))
    with transaction(site.engine) as connection:
        connection.execute(
            update(Message).values(dead_at=START, next_try_at=None, attempts=3, last_error="SMTPDataError 550")
        )
    administrator = site.session_for("administrator")
    shown = page(administrator, "/mails")
    assert "未能送达 2" in shown.text
    assert "SMTPDataError 550 · 尝试 3 次" in shown.text
    form = next(form for form in shown.forms if form.action.endswith("/again"))
    answer = administrator.post(form.action, data=form.values)
    assert (answer.status_code, answer.headers["location"]) == (303, "/mails?done=mail_taken_up")
    assert "未能送达 1" in page(administrator, "/mails").text
    work_jobs(site, "2026-03-02T09:05", "deliver")
    assert "已发送 1" in page(administrator, "/mails").text


def test_a_mail_that_was_sent_over_smtp_or_not_at_all_has_no_page(site: Site) -> None:
    a_petition(site, by="petitioner")
    with reading(site.engine) as connection:
        waiting = connection.execute(select(MESSAGE.id)).scalars().first()
    administrator = site.session_for("administrator")
    assert administrator.get(f"/mails/{waiting}").status_code == 404
    assert administrator.get("/mails/999").status_code == 404


def test_an_account_is_added_with_a_link_that_signs_its_person_in(site: Site) -> None:
    administrator = site.session_for("administrator")
    form = page(administrator, "/people").form("/people")
    unit = str(site.office.units["room"])
    typed = form.typed(name="何静洲", role="clerk", unit=unit, login="hejingzhou", email="he@example.test")
    text = administrator.post("/people", data=typed).text
    link = re.search(r"http://127\.0\.0\.1:8000(/signin/link/[\w-]+)", text)
    assert link, text
    assert link[1] not in administrator.get("/people").text, "shown only now"
    newcomer = site.browser()
    answer = newcomer.post(link[1], data={"form_token": form_token(newcomer)})
    assert answer.status_code == 303
    assert "何静洲 · 登记员" in page(newcomer, "/work").text
    assert len(_office_events(site, "account:added")) == len(SEATS) + 1
    assert "何静洲" not in str(_office_events(site, "account:added"))


def test_a_new_link_for_somebody_who_forgot_works_and_is_noted(site: Site) -> None:
    administrator = site.session_for("administrator")
    account = site.office.accounts["mediator"]
    form = page(administrator, "/people").form(f"/people/{account}/link")
    link = re.search(r"/signin/link/[\w-]+", administrator.post(form.action, data=form.values).text)[0]  # type: ignore[index]
    browser = site.browser()
    assert browser.post(link, data={"form_token": form_token(browser)}).status_code == 303
    assert len(_office_events(site, "account:link_made")) == 1


def test_a_unit_is_added_and_can_be_chosen_at_once(site: Site) -> None:
    administrator = site.session_for("administrator")
    form = page(administrator, "/people").form("/people/units")
    typed = form.typed(name="法律咨询室", kind="unit", parent=str(site.office.units["centre"]))
    assert administrator.post(form.action, data=typed).status_code == 303
    assert "法律咨询室" in page(administrator, "/people").text
    refused = administrator.post(form.action, data={**typed, "name": ""})
    assert refused.status_code == 422


# -- languages --------------------------------------------------------------------------------------------------------


def test_the_language_stays_as_it_was_chosen(site: Site) -> None:
    browser = site.browser()
    chinese = page(browser, "/signin")
    assert chinese.title.startswith("登录")
    (link,) = [link for link in chinese.links if "lang=" in link]
    assert page(browser, f"/signin{link}").title.startswith("Sign in")
    assert page(browser, "/track").title.startswith("Follow a matter")
    assert page(browser, "/track?lang=zh_CN").title.startswith("查询进度")


def test_changing_the_language_keeps_what_the_list_was_asked_for(site: Site) -> None:
    shown = page(site.session_for("clerk"), "/work?show=closed&number=3")
    (link,) = [link for link in shown.links if "lang=" in link]
    assert link == "?show=closed&number=3&lang=en"


def test_an_answer_to_a_form_offers_no_link_that_would_lose_it(site: Site) -> None:
    """The receipt shows its code only now; a link to the same address would be an empty form."""
    browser = site.browser()
    form = page(browser, "/file/petition").form("/file/petition")
    for words in (WORDS, {**WORDS, "title": ""}):
        shown = read(browser.post(form.action, data=form.typed(**words)).text)
        assert [link for link in shown.links if "lang=" in link] == []


def test_somebody_whose_account_is_english_reads_english_without_asking(site: Site) -> None:
    with transaction(site.engine) as connection:
        connection.execute(update(Account).where(Account.__table__.c.login == "auditor").values(language="en"))  # type: ignore[attr-defined]
    assert page(site.session_for("auditor"), "/work").title.startswith("Work list")


#: A code of the rules, or of the catalogue, that met no word: `state.handling`, `field.to_length`, `event.case:closed`.
UNTRANSLATED = re.compile(
    r"\b(?:about|agreement|channel|choice|clock|clock_outcome|closure|closures|code|command|consent|disclosure|dispute|"
    r"due|error|event|field|file|filing|form|gaming|ground|group|help|job|kind|left|length|light|mail|mails|mark|matter|measure|menu|"
    r"outcome|over|party|password|people|procedure|profile|rating|reason|remedies|role|rung|scheme|side|sign|signin|"
    r"stage|stands|state|unit_kind|waived|window)\.[A-Za-z][\w.:]*"
)
ROLES = ["clerk", "coordinator", "mediator", "supervisor", "assessor", "auditor", "administrator"]


def _all_pages(browser: TestClient, language: str, first: str) -> dict[str, Page]:
    """What links lead to; of addresses that differ in an id only, the first four."""
    waiting, seen = [first], dict[str, Page]()
    shapes = Counter[str]()
    while waiting:
        address = waiting.pop()
        shape = re.sub(r"[0-9a-f]{32}|\d+", "#", address)
        if address in seen or not address.startswith("/") or address.startswith("/static") or shapes[shape] == 4:
            continue
        shapes[shape] += 1
        answer = browser.get(address, params=None if "?" in address else {"lang": language})
        if answer.status_code == 303:
            waiting.append(answer.headers["location"])
            continue
        seen[address] = read(answer.text)
        waiting += seen[address].links
    return seen


@pytest.fixture(scope="module")
def full_year(
    office_template: tuple[Path, SmallOffice], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, int]]:
    """A site with cases of every kind, lights and mails, for tests that only look; and the case that a petitioner has."""
    template, made = office_template
    folder = tmp_path_factory.mktemp("year")
    with sqlite_copy(template, folder) as engine, serving(replace(made, engine=engine), folder) as site:
        aviary = mediation_with_canaries(site.office)
        site.office.tell("hotline", step("2026-03-02T09:00", "clerk", "Register", **WORDS))
        a_year_with_lights(site)
        work_jobs(site, "2026-04-02T09:00")
        yield site, aviary.opened.case_id


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize("login", [*ROLES, "petitioner", "nobody"])
def test_every_page_of_every_role_is_in_words_and_never_in_codes(
    login: str, language: str, full_year: tuple[Site, int]
) -> None:
    site, case = full_year
    if login == "nobody":
        browser = site.browser()
    else:
        browser = site.petitioner_of(case) if login == "petitioner" else site.session_for(login)
    first = f"/track/case?lang={language}" if login == "petitioner" else f"/?lang={language}"
    pages = _all_pages(browser, language, first)
    assert len(pages) >= (2 if login == "petitioner" else 3), set(pages)
    for address, shown in pages.items():
        assert UNTRANSLATED.findall(shown.text + shown.title) == [], address
        if language == "en" and login in ("nobody", "administrator"):
            chinese = [word for word in shown.words if re.search(r"[\u4e00-\u9fff]", word)]
            assert [word for word in chinese if not _is_data(word)] == [], address


def _is_data(word: str) -> bool:
    """Names of the office, its people, its cases, and of the other language; a mail in the language of who got it."""
    return any(
        name in word
        for name in (
            "【汇总】",
            "滨江园区",
            "账号-",
            "中文",
            "人民调解室",
            "谈心室",
            "区委社会工作部",
            "滨园",
            "回音",
            "Huiyin",
        )
    )


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize(
    "address", ["/file/mediation", "/file/petition", "/signin", "/track", "/signin/link/none", "/no/such/page"]
)
def test_a_stranger_meets_the_same_care(address: str, language: str, site: Site) -> None:
    browser = site.browser()
    browser.get(f"/?lang={language}")
    answer = browser.get(address)
    shown = read(answer.text)
    assert answer.status_code in (200, 404)
    assert UNTRANSLATED.findall(shown.text) == []
    assert re.search(r'<html lang="(.+?)"', answer.text)[1] == {"zh_CN": "zh-CN", "en": "en"}[language]  # type: ignore[index]


# -- the rest ---------------------------------------------------------------------------------------------------------


def test_healthz_says_ok_to_a_program(site: Site) -> None:
    answer = site.browser().get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["content-type"].startswith("text/plain")


def test_the_start_page_leads_each_to_the_own_work(site: Site) -> None:
    assert page(site.browser(), "/").has_form("/signin") is False
    places = {login: site.session_for(login).get("/").headers.get("location") for login in ROLES}
    assert places == {
        **dict.fromkeys(ROLES, "/work"), **dict.fromkeys(("auditor", "assessor", "administrator"), "/desk"),
    }  # fmt: skip


def test_the_menu_offers_exactly_what_the_role_may_open(site: Site) -> None:
    addresses = (
        "/work",
        "/intake",
        "/assessment",
        "/appeals",
        "/bulletin",
        "/serials",
        "/as-of",
        "/anchors",
        "/signs",
        "/closures",
        "/mails",
        "/people",
        "/policy",
    )
    for login in ROLES:
        browser = site.session_for(login)
        start = page(browser, browser.get("/").headers["location"])
        offered = {link for link in start.links if link in addresses}
        assert offered == {address for address in addresses if browser.get(address).status_code == 200}, login


def test_a_page_of_staff_says_when_time_limits_were_last_checked(site: Site) -> None:
    clerk = site.session_for("clerk")
    assert "尚未检查过时限" in page(clerk, "/work").text
    work_jobs(site, "2026-03-02T09:07", "sweep")
    assert "时限最近检查：3月2日 09:07" in page(clerk, "/work").text


def test_a_second_site_has_the_routes_of_the_first(site: Site, tmp_path: Path) -> None:
    """Of a thousand tests each has a site: were its routes its own, each would read every signature anew and keep it."""
    with serving(site.office, tmp_path) as other:
        assert [route for route in other.app.routes if isinstance(route, APIRoute)] == [
            route for route in site.app.routes if isinstance(route, APIRoute)
        ]
