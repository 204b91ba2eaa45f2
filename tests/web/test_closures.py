"""The page of the closure report: what is chosen stays, what is handed out is recorded first, names need a ground."""

import csv
import hashlib
import io
import json
import re
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from starlette.testclient import TestClient

from infra.db import reading, transaction
from ledger.tables import Event
from reports.closures import exports
from reports.closures.exports import Format
from tests.databases import Site, form_token, step
from tests.web.reading import Page, read
from web.routes import closures

EVENT = Event.__table__.c  # type: ignore[attr-defined]
DAYS = {"start": "2026-03-16", "end": "2026-03-16"}


@pytest.fixture
def auditor(site: Site) -> TestClient:
    """An auditor in an office that has closed a petition and a hotline order on 16 March."""
    for matter, series in (("petition", "甲"), ("hotline", "乙")):
        site.office.tell(
            matter,
            step("2026-03-16T09:00", "clerk", "Register", title="楼上漏水", statement="请处理。", applicant=f"王{series}", dispute_type="18"),
            step("2026-03-16T15:00", "clerk", "Refuse", ground="statutory_route", proper_channel="请申请行政复议。"),
        )  # fmt: skip
    site.clock.set("2026-03-17T09:00")
    return site.session_for("auditor")


def post(browser: TestClient, kind: str, **typed: Any) -> Any:
    return browser.post(f"/closures/{kind}", data={"form_token": form_token(browser), **DAYS, **typed})


def rows(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def events(site: Site, code: str) -> list[dict[str, Any]]:
    with reading(site.engine) as connection:
        query = select(EVENT.data).where(EVENT.stream == 0, EVENT.code == code).order_by(EVENT.seq)
        return [json.loads(data) for data in connection.execute(query).scalars()]


def page(browser: TestClient, **typed: Any) -> Page:
    answer = browser.get("/closures", params={**DAYS, **typed})
    assert answer.status_code == 200
    return read(answer.text)


def test_the_count_and_the_file_are_of_the_same_choice(auditor: TestClient, site: Site) -> None:
    for typed, wanted in (({}, 2), ({"profile": "hotline"}, 1), ({"procedure": "mediation"}, 0), ({"unit": str(site.office.units["room"])}, 0)):  # fmt: skip
        assert f"{wanted} 件办结事项" in page(auditor, **typed).words
        assert len(rows(post(auditor, "csv", **typed))) == wanted


def test_an_address_carries_the_choice_into_the_form_that_downloads(auditor: TestClient) -> None:
    shown = page(auditor, profile="hotline", columns=["number", "points"])
    form = shown.form("/closures/xlsx")
    assert form.values["profile"] == ["hotline"]
    assert form.values["columns"] == ["number", "points"]
    found = rows(auditor.post("/closures/csv", data=form.typed()))
    assert [list(row) for row in found] == [["事项编号", "亮灯扣分"]]


def test_the_hash_of_what_was_sent_is_in_the_ledger_and_on_the_page(auditor: TestClient, site: Site) -> None:
    for kind in ("xlsx", "csv", "pdf", "jsonl"):
        answer = post(auditor, kind)
        assert answer.headers["content-length"] == str(len(answer.content))
        digest = hashlib.sha256(answer.content).hexdigest()
        recorded = events(site, "report:exported")[-1]
        assert (recorded["sha256"], recorded["rows"], recorded["format"]) == (digest, 2, kind)
        assert digest in page(auditor).words


def test_names_are_masked_and_an_auditor_who_gives_a_ground_reads_them(auditor: TestClient, site: Site) -> None:
    assert {row["申请人"] for row in rows(post(auditor, "csv"))} == {"王＊＊"}
    assert events(site, "report:unmasked") == []
    assert {row["申请人"] for row in rows(post(auditor, "csv", ground="complaint_review"))} == {"王甲", "王乙"}
    (unmasked,) = events(site, "report:unmasked")
    assert unmasked["ground"] == "complaint_review"
    assert [one["masked"] for one in events(site, "report:exported")] == [True, False]
    assert "完整" in page(auditor).words


def test_a_made_up_ground_is_refused_and_nothing_is_recorded(auditor: TestClient, site: Site) -> None:
    answer = post(auditor, "csv", ground="好奇")
    assert answer.status_code == 422
    assert events(site, "report:exported") == []


def test_an_assessor_is_offered_no_names_and_gets_none(auditor: TestClient, site: Site) -> None:
    assessor = site.session_for("assessor")
    assert "ground" not in page(assessor).form("/closures/xlsx").values
    assert post(assessor, "csv", ground="audit_sample").status_code == 422
    assert {row["事项标题"] for row in rows(post(assessor, "csv"))} == {"楼＊＊"}


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"unit": "99"}, "unit", "没有这个单位：99"),
        ({"unit": "x"}, "unit", "没有这个单位：x"),
        ({"procedure": "卜卦"}, "procedure", "没有这种程序：卜卦"),
        ({"profile": "none"}, "profile", "没有这个事项类别：none"),
        ({"columns": "shoe_size"}, "columns", "没有这个栏目：shoe_size"),
    ],
)
def test_what_there_is_not_is_refused_in_words_and_the_days_stay(typed: dict[str, str], field: str, words: str, auditor: TestClient) -> None:  # fmt: skip
    for answer in (auditor.get("/closures", params={**DAYS, **typed}), post(auditor, "csv", **typed)):
        assert answer.status_code == 422
        shown = read(answer.text)
        assert shown.title.startswith("错误：")
        assert f'href="#{field}"' in answer.text
        assert f'id="{field}"' in answer.text
        assert words in answer.text
        assert shown.form("/closures").values["start"] == ["2026-03-16"]


def test_a_unit_out_of_reach_does_not_exist(auditor: TestClient, site: Site) -> None:
    assessor = site.session_for("assessor")
    upstream = str(site.office.units["upstream"])
    assert auditor.get("/closures", params={**DAYS, "unit": upstream}).status_code == 200
    assert assessor.get("/closures", params={**DAYS, "unit": upstream}).status_code == 422


def test_more_rows_than_a_file_holds_are_refused_with_what_to_do(
    auditor: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {**exports.FORMATS, "xlsx": Format(media="x", at_once=1, most=1)}
    monkeypatch.setattr(exports, "FORMATS", small)
    monkeypatch.setattr(closures, "FORMATS", small)
    shown = auditor.get("/closures", params=DAYS).text
    assert "请缩短期间，或导出 CSV" in shown
    assert 'formaction="/closures/xlsx"' not in shown
    assert 'formaction="/closures/csv"' in shown
    answer = post(auditor, "xlsx")
    assert answer.status_code == 422
    assert "请缩短期间，或导出 CSV" in answer.text
    assert events(site, "report:exported") == []


def test_a_file_is_not_sent_unless_it_was_recorded(auditor: TestClient, site: Site) -> None:
    with transaction(site.engine) as connection:  # a ledger that refuses the next event, for it would leave a gap
        connection.execute(text("UPDATE stream_head SET seq = seq + 5 WHERE stream = 0"))
    with pytest.raises(DBAPIError):
        post(auditor, "csv")
    assert events(site, "report:exported") == []


def test_a_post_has_no_way_around_the_reach_of_the_asker(auditor: TestClient, site: Site) -> None:
    for login in ("clerk", "mediator", "duty_leader", "administrator"):
        assert post(site.session_for(login), "csv").status_code == 404


def test_the_page_keeps_no_name_in_its_list_of_exports(auditor: TestClient, site: Site) -> None:
    post(auditor, "csv", ground="court_request")
    assert not re.search("王甲|王乙|楼上漏水", auditor.get("/closures", params=DAYS).text)
