"""The bulletin and the completeness of numbers as pages, and the bulletin as a file."""

import csv
import hashlib
import io
import json

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert, select

from cases.execute import execute
from cases.tables import Case, Series
from infra.db import reading, transaction
from ledger.tables import Event
from tests.databases import Site, form_token
from tests.reports.hand_made import at
from tests.reports.quarter import a_quarter
from tests.web.reading import page, read
from workflow.procedures.petition.commands import Reopen

CASE, EVENT = Case.__table__.c, Event.__table__.c  # type: ignore[attr-defined]


@pytest.fixture
def quarter(site: Site) -> Site:
    a_quarter(site.office)
    site.clock.set("2026-04-20T09:00")
    return site


def test_the_bulletin_opens_on_the_last_month_and_on_the_askers_own_unit(quarter: Site) -> None:
    text = page(quarter.session_for("auditor"), "/bulletin").text
    assert "月报 · 2026年3月" in text
    assert "区委社会工作部及其下级" in text
    assert "协议涉及金额（元） 5,800 300 0" in text
    assert "成功率 66.7% 100.0% —" in text
    assert "期未结束" not in text
    of_the_room = page(quarter.session_for("supervisor"), "/bulletin").text
    assert "人民调解室及其下级" in of_the_room
    assert "按期办结率 — — —" in of_the_room


def test_the_bulletin_speaks_the_language_asked_for_and_says_how_it_counts(quarter: Site) -> None:
    shown = page(quarter.session_for("auditor"), "/bulletin?year=2026&lang=en")
    assert shown.title.startswith("Statistics of the year · 2026")
    assert "not over yet: up to Mon 20 Apr 2026" in shown.text
    assert "success rate 75.0% —" in shown.text
    assert "How the figures are counted" in shown.text
    assert not [word for word in shown.words if word.startswith("bulletin.")]


def test_the_picture_has_a_title_a_description_and_no_style_of_its_own(quarter: Site) -> None:
    html = quarter.session_for("auditor").get("/bulletin?month=2026-03").text
    assert '<title id="chart-title">各月登记和办结件数</title>' in html
    assert "2026年3月: 登记 8, 办结 6." in html
    assert " style=" not in html


def test_the_neighbours_of_a_month_are_links_and_a_month_to_come_is_none(quarter: Site) -> None:
    unit = quarter.office.units["upstream"]
    links = page(quarter.session_for("auditor"), "/bulletin?month=2026-04").links
    assert f"/bulletin?month=2026-03&unit={unit}" in links
    assert not [link for link in links if "2026-05" in link]


@pytest.mark.parametrize(
    ("asked", "says"),
    [("month=2026-13", "月份请写 2026-03"), ("year=zwei", "月份请写 2026-03"), ("month=2026-05", "还没有开始")],
)
def test_a_period_that_is_none_is_said_in_words_above_the_last_months_bulletin(
    asked: str, says: str, quarter: Site
) -> None:
    answer = quarter.session_for("auditor").get(f"/bulletin?{asked}")
    shown = read(answer.text)
    assert answer.status_code == 422
    assert shown.title.startswith("错误：")
    assert says in shown.text
    assert "2026年3月" in shown.text


@pytest.mark.parametrize("unit", ["0", "x", "-1", "9" * 30])
def test_a_unit_that_is_not_below_the_askers_own_does_not_exist(unit: str, quarter: Site) -> None:
    assert quarter.session_for("auditor").get(f"/bulletin?unit={unit}").status_code == 404
    of_the_desk = quarter.office.units["desk"]
    assert quarter.session_for("supervisor").get(f"/bulletin?unit={of_the_desk}").status_code == 404


def test_the_files_say_what_the_page_says_and_each_download_is_recorded_with_its_hash(quarter: Site) -> None:
    browser = quarter.session_for("auditor")
    form = {"form_token": form_token(browser), "period": "2026-03", "unit": str(quarter.office.units["upstream"])}
    as_csv = browser.post("/bulletin/csv", data=form)
    as_xlsx = browser.post("/bulletin/xlsx", data=form)
    assert 'filename="bulletin-2026-03.csv"' in as_csv.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(as_csv.content.decode("utf-8-sig"), newline="")))
    assert rows[0] == ["栏目", "指标", "2026年3月", "2026年2月", "2025年3月"]
    assert ["人民调解", "成功率", "66.7", "100.0", ""] in rows
    sheet = load_workbook(io.BytesIO(as_xlsx.content)).active
    assert sheet is not None
    assert len(list(sheet.values)) == len(rows)
    assert ("人民调解", "成功率", 66.7, 100, None) in list(sheet.values)
    with reading(quarter.engine) as connection:
        query = select(EVENT.data).where(EVENT.stream == 0, EVENT.code == "report:exported").order_by(EVENT.seq)
        noted = [json.loads(data) for data in connection.execute(query).scalars()]
    assert [(one["report"], one["choice"]["period"], one["format"]) for one in noted] == [
        ("bulletin", "2026-03", "csv"), ("bulletin", "2026-03", "xlsx"),
    ]  # fmt: skip
    assert [one["sha256"] for one in noted] == [
        hashlib.sha256(answer.content).hexdigest() for answer in (as_csv, as_xlsx)
    ]


def test_a_month_that_was_handed_out_says_on_page_and_file_what_is_not_as_it_was(quarter: Site) -> None:
    """The order of the desk that was closed in March is opened again on 2 April."""
    quarter.clock.set("2026-04-01T09:00")
    browser = quarter.session_for("auditor")
    upstream = str(quarter.office.units["upstream"])
    form = {"form_token": form_token(browser), "period": "2026-03", "unit": upstream}
    assert browser.post("/bulletin/csv", data=form).status_code == 200
    assert "变动说明" not in page(browser, "/bulletin?month=2026-03").text
    one = select(CASE.id).where(CASE.series == "热线字", CASE.closed_at.is_not(None)).order_by(CASE.id)
    with transaction(quarter.engine) as connection:
        (case,) = connection.execute(one.limit(1)).scalars()
        execute(
            connection, case, Reopen(ground="new_facts", note="新情况。"), actor=quarter.office.actors["coordinator"],
            now=at("2026-04-02T09:00"), expected_version=None, office=quarter.office.context, request="again",
        )  # fmt: skip
    quarter.clock.set("2026-04-20T09:00")
    browser = quarter.session_for("auditor")
    form["form_token"] = form_token(browser)
    said = "2026年3月“办结”：2026年4月1日 周三交出时为 2，现为 1。"
    assert said in page(browser, "/bulletin?month=2026-03").text
    rows = list(csv.reader(io.StringIO(browser.post("/bulletin/csv", data=form).content.decode("utf-8-sig"))))
    assert ["变动说明", "2026-03“办结”：2026-04-01交出时为 2，现为 1。", "", "", ""] in rows
    english = page(browser, "/bulletin?month=2026-03&lang=en").text
    assert "March 2026, closed: 2 when handed out on Wed 1 Apr 2026, now 1." in english


def test_a_file_of_no_known_kind_or_period_is_no_download(quarter: Site) -> None:
    browser = quarter.session_for("auditor")
    token = form_token(browser)
    assert browser.post("/bulletin/exe", data={"form_token": token, "period": "2026-03"}).status_code == 404
    assert browser.post("/bulletin/csv", data={"form_token": token, "period": "gestern"}).status_code == 422


def test_complete_numbers_are_said_to_be_and_a_gap_is_named(quarter: Site) -> None:
    browser = quarter.session_for("auditor")
    assert "每一号都有着落" in page(browser, "/serials").text
    with transaction(quarter.engine) as connection:
        connection.execute(insert(Series).values(series="急字", year=2026, last=3))
    shown = page(browser, "/serials?year=2026").text
    assert "每一号都有着落" not in shown
    assert "2026 急字: 缺失 3 (1–3)" in shown
    assert "没有发放过编号" in page(browser, "/serials?year=2024").text
    assert browser.get("/serials?year=zwei").status_code == 404


def test_numbers_out_of_an_assessors_reach_are_a_count(quarter: Site) -> None:
    words = page(quarter.session_for("assessor"), "/serials?lang=en").words
    assert "held elsewhere" in words
