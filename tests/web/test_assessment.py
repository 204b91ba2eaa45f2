"""The pages of the year-end assessment: sheets, their files, appeals, and closing a year by two signatures."""

import io
import json
import re
import secrets
from collections.abc import Callable

import pytest
from python_calamine import CalamineWorkbook
from starlette.testclient import TestClient

from cases.execute import Opened
from cases.sweep import sweep
from infra.db import reading
from people.directory import names_of_units
from reports.years.assessment import assess, lines_of
from tests.databases import Site, form_token, step
from tests.web.reading import page, read

WORDS = {"title": "楼道堆物", "statement": "楼道里堆满杂物。", "applicant": "某居民", "channel": "hotline"}
SCHEME = "LIGHTS-A"


def an_order_that_lit_red(site: Site) -> Opened:
    """Received Mon 2 March: 1=3 2=4 3=5 4=6 5=9 March, yellow on the 6th, red on the 10th. Answered on the 11th."""
    opened = site.office.tell(
        "hotline",
        step("2026-03-02T09:00", "clerk", "Register", **WORDS),
        step("2026-03-02T09:10", "clerk", "Accept"),
        step("2026-03-02T09:20", "coordinator", "Assign", unit="room", handler="mediator"),
        step("2026-03-02T09:30", "mediator", "SignFor"),
        step("2026-03-02T10:00", "mediator", "ContactPerson", note="已联系。"),
        step("2026-03-11T10:00", "mediator", "Reply", form="oral", answer="已清理。"),
        step("2026-03-11T11:00", "mediator", "Close", outcome="resolved"),
    )
    site.clock.set("2026-03-12T09:00")
    sweep(site.engine, now=site.clock())
    return opened


def room(site: Site) -> str:
    return f"/assessment/units/{site.office.units['room']}?year=2026"


def test_the_page_shows_the_very_totals_of_the_report(site: Site) -> None:
    an_order_that_lit_red(site)
    with reading(site.engine) as connection:
        actor, office = site.office.actors["auditor"], site.office.context
        report = assess(connection, year=2026, scheme=SCHEME, actor=actor, office=office)
        units = names_of_units(connection)
    shown = page(site.session_for("auditor"), "/assessment?year=2026").words
    for sheet in report.units:
        after = shown[shown.index(units[sheet.unit]) + 1 :]
        assert after[:2] == (f"{sheet.score.total}", f"{sheet.before.total}")


def test_the_sheet_names_each_light_with_its_case_rule_event_and_points(site: Site) -> None:
    opened = an_order_that_lit_red(site)
    text = site.session_for("auditor").get(room(site)).text
    # The red supersedes the yellow of the same time limit: one point, and one line.
    assert text.count('<span class="light red">') == 1
    assert '<span class="light yellow">' not in text
    assert "-1.0" in text
    with reading(site.engine) as connection:
        (line,) = lines_of(
            connection, year=2026, unit=site.office.units["room"], scheme=site.office.context.policy.schemes[SCHEME],
            actor=site.office.actors["auditor"], office=site.office.context,
        )  # fmt: skip
    assert (
        f'<a href="/cases/{opened.public_id}/clocks/{line.mark.clock}"><data value="HOT-07">一般求助投诉办结</data></a>'
        in text
    )
    assert f'<td class="figure" data-label="记录号">{line.mark.seq}</td>' in text


def test_the_sheet_can_be_downloaded_as_itemised_xlsx_and_as_pdf(site: Site) -> None:
    an_order_that_lit_red(site)
    browser = site.session_for("supervisor")
    address = f"/assessment/units/{site.office.units['room']}"
    book = browser.get(f"{address}/xlsx?year=2026")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book.content)).get_sheet_by_index(0).to_python()
    assert rows[1][0] == "基础分"
    assert [row[2] for row in rows if row[4] == "HOT-07"] == [-1.0]
    assert [row[2] for row in rows if row[0] == "得分" or row[0] == "总分"] == [99.0]
    pdf = browser.get(f"{address}/pdf?year=2026")
    assert pdf.content.startswith(b"%PDF-")
    assert 'filename="sheet-2026-' in pdf.headers["content-disposition"]
    assert browser.get(f"{address}/docx?year=2026").status_code == 404


def test_a_head_sees_the_sheet_of_the_own_unit_and_no_other(site: Site) -> None:
    an_order_that_lit_red(site)
    assert site.session_for("supervisor").get(room(site)).status_code == 200
    assert site.session_for("desk_supervisor").get(room(site)).status_code == 404


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/assessment?year=2019", 404, "2019 年还没有公布放假安排"),
        ("/assessment?year=2026", 200, "2026 年没有任何可以考核的事项"),
        ("/assessment/units/1?year=2019", 404, ""),
        ("/assessment/2025/closed", 404, ""),
    ],
)
def test_a_year_without_calendar_or_data_says_so(site: Site, address: str, status: int, words: str) -> None:
    answer = site.session_for("auditor").get(address)
    assert answer.status_code == status
    assert words in answer.text


# -- appeals ----------------------------------------------------------------------------------------------------------


def appeal(site: Site, browser: TestClient, opened: Opened, **typed: str) -> tuple[int, str]:
    address = f"/appeals/{opened.public_id}"
    version = read(browser.get(address).text).form("AppealLight").values["version"][0]
    data = {"form_token": form_token(browser), "form_id": secrets.token_hex(16), "version": version, **typed}
    answer = browser.post(f"{address}/AppealLight", data=data)
    return answer.status_code, answer.text


def the_light(site: Site, browser: TestClient, opened: Opened, which: str = "red") -> str:
    offered = offers(browser.get(f"/appeals/{opened.public_id}").text, "light")
    return next(value for value in offered if value.endswith(f":{which}"))


def offers(html: str, field: str) -> list[str]:
    """What a form lets one choose from."""
    return re.findall(rf'<input type="radio" name="{field}" value="([^"]+)"', html)


def test_a_unit_appeals_and_an_assessor_decides_on_the_page_of_the_case(site: Site) -> None:
    opened = an_order_that_lit_red(site)
    head, assessor = site.session_for("supervisor"), site.session_for("assessor")
    light = the_light(site, head, opened)
    status, _ = appeal(site, head, opened, light=light, ground="not_attributable", evidence="现场无人，有照片。")
    assert status == 303
    assert "待决定" in page(head, "/appeals").text
    case_page = assessor.get(f"/cases/{opened.public_id}").text
    assert "现场无人，有照片。" in case_page, "whoever decides reads the evidence"
    form = read(case_page).form("DecideWaiver")
    decided = {
        "form_token": form_token(assessor), "form_id": secrets.token_hex(16), "version": form.values["version"][0],
        "waiver": offers(case_page, "waiver")[0], "decision": "upheld", "reason": "材料属实。",
    }  # fmt: skip
    assert assessor.post(f"/cases/{opened.public_id}/steps/DecideWaiver", data=decided).status_code == 303
    # The red does not count any more; the yellow of the same time limit does: 99 becomes 99.5.
    shown = page(site.session_for("auditor"), room(site))
    assert "99.50" in shown.text
    assert "不可归责" in site.session_for("auditor").get(room(site)).text


def test_a_refused_appeal_says_why_and_loses_nothing_typed(site: Site) -> None:
    opened = an_order_that_lit_red(site)
    head = site.session_for("supervisor")
    light = the_light(site, head, opened)
    # Noticed Wed 11 March, by the answer: five working days later is Wed 18; on the 19th it is too late.
    version = read(head.get(f"/appeals/{opened.public_id}").text).form("AppealLight").values["version"][0]
    site.clock.set("2026-03-19T00:00")
    head = site.session_for("supervisor")  # who signs in again after a week
    data = {
        "form_token": form_token(head), "form_id": secrets.token_hex(16), "version": version, "light": light,
        "ground": "other", "evidence": "写了很久的理由",
    }  # fmt: skip
    answer = head.post(f"/appeals/{opened.public_id}/AppealLight", data=data)
    assert answer.status_code == 422
    assert "写了很久的理由" in answer.text
    assert "最后一天是 2026年3月18日 周三" in answer.text


def test_another_unit_finds_no_case_to_appeal_about(site: Site) -> None:
    opened = an_order_that_lit_red(site)
    assert site.session_for("desk_supervisor").get(f"/appeals/{opened.public_id}").status_code == 404


# -- closing ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def sign(site: Site) -> Callable[..., tuple[int, str]]:
    def post(login: str, what: str, **fields: str) -> tuple[int, str]:
        browser = site.session_for(login)
        data = {"form_token": form_token(browser), "scheme": SCHEME, **fields}
        answer = browser.post(f"/assessment/2026/{what}", data=data)
        return answer.status_code, answer.text

    return post


def test_two_people_close_a_year_and_everyone_can_read_what_it_came_to(
    site: Site, sign: Callable[..., tuple[int, str]]
) -> None:
    an_order_that_lit_red(site)
    site.clock.set("2027-01-14T23:59")
    status, text = sign("assessor", "propose")
    assert (status, "最早 2027-01-15" in text) == (409, True)
    site.clock.set("2027-01-15T09:00")
    sweep(site.engine, now=site.clock())
    assert sign("assessor", "propose")[0] == 303
    proposed = site.session_for("auditor").get("/assessment?year=2026").text
    result = read(proposed).form("close").values["result"][0]
    assert "第二签署人须是另一个人" in sign("assessor", "close", result=result)[1]
    assert "结果已经不同" in sign("auditor", "close", result="0" * 64)[1]
    assert sign("auditor", "close", result=result)[0] == 303
    assert "已经封存" in sign("assessor", "propose")[1]
    auditor = site.session_for("auditor")
    assert result in auditor.get("/assessment/2026/closed").text
    kept = auditor.get("/assessment/2026/closed/result")
    assert json.loads(kept.content)["year"] == 2026
    assert page(site.session_for("supervisor"), "/assessment/2026/closed").text.count("人民调解室") == 1
    assert "/anchors/1" in page(auditor, "/anchors").links, "an anchor is made at once"
