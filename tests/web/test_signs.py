"""The auditor's page of signs: what it shows, who gets it, verdicts, and what never stands on any page."""

import re
import stat
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from starlette.testclient import TestClient

from cases.assessment_tables import RatingOrigin, SignReview
from infra.db import reading, transaction
from infra.keys import KeyIsExposed, KeyIsUnreadable, secret_key
from ops.jobs import JOBS, run_job
from tests.databases import Site, SmallOffice, serving, step
from tests.reports.bent import SECRET, a_bent_year, an_order, answered, found_a_duplicate, paused
from tests.web.reading import Page, read
from workflow.signs import SIGNS

_origin = RatingOrigin.__table__.c  # type: ignore[attr-defined]
#: Whoever signs in and is no auditor.
OTHERS = ("clerk", "coordinator", "mediator", "supervisor", "upstream", "assessor", "administrator")


def the_page(browser: TestClient, query: str = "?year=2026") -> Page:
    answer = browser.get(f"/signs{query}")
    assert answer.status_code == 200, answer.text
    return read(answer.text)


def rate(site: Site, case_id: int, *, address: str = "") -> None:
    petitioner = site.petitioner_of(case_id)
    form = read(petitioner.get("/track/case").text).form("/track/rating")
    headers = {"x-forwarded-for": address} if address else {}
    answer = petitioner.post("/track/rating", data=form.typed(score="satisfied"), headers=headers)
    assert answer.status_code == 303, answer.text


def origins(site: Site) -> list[str]:
    with reading(site.engine) as connection:
        return list(connection.execute(select(_origin.origin)).scalars())


def everything_told(site: Site) -> None:
    """A case of each kind of sign, those that show only across cases too."""
    a_bent_year(site.office)
    found_a_duplicate(site.office, "2026-03-18T12:00")
    late = {"note": "已响应。", "happened_at": "2026-03-03T17:00"}
    an_order(site.office, step("2026-03-05T17:00", "mediator", "RespondFirst", **late))
    told = [an_order(site.office, answered(f"2026-03-02T10:0{n}", SECRET)) for n in range(3)]
    site.clock.set("2026-03-03T09:00")
    for opened in told:
        rate(site, opened.case_id)
    site.clock.set("2026-05-01T09:00")


# -- the page ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "heading", "evidence"),
    [
        ("zh_CN", "临期中止", "“工单办结”共 5 个工作日，只剩 1 个工作日（20%）时中止，理由：检测、监测"),
        ("en", "Paused near the end", "“order” of 5 working days was paused with 1 working day (20%) left"),
    ],
)
def test_the_auditor_sees_each_kind_with_its_evidence_and_a_link(
    language: str, heading: str, evidence: str, site: Site
) -> None:
    told = a_bent_year(site.office)
    shown = the_page(site.session_for("auditor"), f"?year=2026&lang={language}")
    assert heading in shown.text
    assert evidence in shown.text
    for opened in told.values():
        assert f"/cases/{opened.public_id}" in shown.links


def test_every_kind_of_sign_has_a_place_on_the_page(site: Site) -> None:
    everything_told(site)
    answer = site.session_for("auditor").get("/signs?year=2026")
    found = re.findall(r'<tr id="([a-z_]+)-', answer.text)
    assert found == list(SIGNS)


def test_a_year_without_signs_says_so_and_a_year_out_of_reach_is_this_one(site: Site) -> None:
    auditor = site.session_for("auditor")
    assert "2025 年没有疑点" in the_page(auditor, "?year=2025").text
    assert "2026 年没有疑点" in the_page(auditor, "?year=99999").text
    assert auditor.get("/signs?year=no").status_code == 404


def test_one_units_signs_can_be_asked_for_alone(site: Site) -> None:
    a_bent_year(site.office)
    auditor = site.session_for("auditor")
    shown = the_page(auditor, f"?year=2026&unit={site.office.units['centre']}")
    assert "登记迟于收到" in shown.text
    assert "临期中止" not in shown.text
    assert auditor.get("/signs?year=2026&unit=x").status_code == 400


# -- verdicts ----------------------------------------------------------------------------------------------------------


def verdict_form(browser: TestClient) -> dict[str, str | list[str]]:
    return the_page(browser).form("/signs/review").typed()


def test_a_verdict_is_recorded_shown_and_can_be_given_again(site: Site) -> None:
    an_order(site.office, paused("2026-03-09T10:00"))
    site.clock.set("2026-05-01T09:00")
    auditor = site.session_for("auditor")
    for verdict, word in (("to_be_discussed", "待研究"), ("explained", "已说明")):
        answer = auditor.post("/signs/review", data={**verdict_form(auditor), "verdict": verdict})
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"].startswith("/signs?year=2026#late_pause-")
        shown = the_page(auditor)
        assert f"{word}账号-auditor" in shown.text.replace(" ", "")
        assert shown.form("/signs/review").values["verdict"] == [verdict]


def test_another_verdict_under_the_same_form_is_a_conflict_that_keeps_it(site: Site) -> None:
    an_order(site.office, paused("2026-03-09T10:00"))
    site.clock.set("2026-05-01T09:00")
    auditor = site.session_for("auditor")
    form = {**verdict_form(auditor), "verdict": "explained"}
    assert [auditor.post("/signs/review", data=form).status_code for _ in range(2)] == [303, 303]
    answer = auditor.post("/signs/review", data={**form, "verdict": "confirmed"})
    assert answer.status_code == 409
    again = read(answer.text).form("/signs/review")
    assert again.values["verdict"] == ["confirmed"]
    assert "已说明" in the_page(auditor).text
    assert auditor.post("/signs/review", data=again.typed()).status_code == 303
    assert the_page(auditor).form("/signs/review").values["verdict"] == ["confirmed"]


def test_a_form_without_a_verdict_comes_back_with_what_to_do(site: Site) -> None:
    an_order(site.office, paused("2026-03-09T10:00"))
    auditor = site.session_for("auditor")
    answer = auditor.post("/signs/review", data=verdict_form(auditor))
    assert answer.status_code == 422
    assert read(answer.text).title.startswith("错误：")
    assert "请选择结论。" in answer.text


@pytest.mark.parametrize("field", ["sign", "case", "seq"])
def test_a_verdict_about_a_sign_that_is_not_there_is_refused(field: str, site: Site) -> None:
    an_order(site.office, paused("2026-03-09T10:00"))
    auditor = site.session_for("auditor")
    made_up = {"sign": "reopened", "case": "0" * 32, "seq": "2"}[field]
    answer = auditor.post("/signs/review", data={**verdict_form(auditor), "verdict": "confirmed", field: made_up})
    assert answer.status_code == 404
    with reading(site.engine) as connection:
        assert connection.execute(select(func.count()).select_from(SignReview)).scalar_one() == 0


# -- nobody else -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", OTHERS)
def test_no_other_role_gets_the_page_or_a_hint_that_there_is_one(login: str, site: Site) -> None:
    everything_told(site)
    auditor = site.session_for("auditor")
    form = {**verdict_form(auditor), "verdict": "confirmed"}
    assert auditor.post("/signs/review", data=form).status_code == 303
    browser = site.session_for(login)
    assert browser.get("/signs").status_code == 404
    # Not even a form of another page opens it.
    token = read(browser.get("/password").text).form("/password").values["form_token"]
    assert browser.post("/signs/review", data={**form, "form_token": token}).status_code == 404
    for address in _pages(browser):
        text = browser.get(address).text
        assert "/signs" not in text, address
        assert "疑点" not in text, address


def _pages(browser: TestClient) -> set[str]:
    """Where the menu leads, and every case that stands on those pages."""
    menu = {link for link in read(browser.get("/password").text).links if link.startswith("/")}
    asked = {link: browser.get(link) for link in menu}
    cases = {link for answer in asked.values() for link in read(answer.text).links if link.startswith("/cases/")}
    return menu | cases


def test_the_sheets_are_the_same_before_and_after_a_verdict(site: Site) -> None:
    an_order(site.office, paused("2026-03-09T10:00"), answered("2026-03-23T10:00", SECRET))
    site.clock.set("2026-05-01T09:00")
    assessor, auditor = site.session_for("assessor"), site.session_for("auditor")
    before = read(assessor.get("/assessment?year=2026").text).text
    assert auditor.post("/signs/review", data={**verdict_form(auditor), "verdict": "confirmed"}).status_code == 303
    assert read(assessor.get("/assessment?year=2026").text).text == before


# -- where ratings come from -------------------------------------------------------------------------------------------


def test_no_origin_and_no_answer_stands_on_any_page_of_the_auditor(site: Site) -> None:
    everything_told(site)
    auditor = site.session_for("auditor")
    (origin,) = set(origins(site))
    assert re.fullmatch(r"[0-9a-f]{16}", origin)
    for address in {"/signs?year=2026", *_pages(auditor)}:
        text = auditor.get(address).text
        assert origin not in text, address
        assert "testclient" not in text, address
        assert SECRET not in text, address
        assert "白某" not in text, address


def test_the_key_of_origins_is_made_once_for_the_programs_own_user(site: Site) -> None:
    opened = an_order(site.office, answered("2026-03-02T10:00", SECRET))
    site.clock.set("2026-03-03T09:00")
    rate(site, opened.case_id)
    path = site.settings.home / "keys" / "rating.key"
    assert len(path.read_bytes()) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret_key(site.settings.home, "rating") == path.read_bytes()
    path.chmod(0o644)
    with pytest.raises(KeyIsExposed):
        secret_key(site.settings.home, "rating")
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(KeyIsUnreadable):
        secret_key(site.settings.home, "rating")


def test_a_rating_is_taken_though_the_key_cannot_be_read(site: Site) -> None:
    opened = an_order(site.office, answered("2026-03-02T10:00", SECRET))
    site.clock.set("2026-03-03T09:00")
    path = site.settings.home / "keys" / "rating.key"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"short")
    rate(site, opened.case_id)
    assert origins(site) == []


def test_an_address_is_the_one_behind_the_proxy_that_is_trusted(office: SmallOffice, tmp_path: Path) -> None:
    with serving(office, tmp_path, trusted_proxy=True) as site:
        told = [an_order(office, answered(f"2026-03-02T10:0{n}", f"第{n}件")) for n in range(3)]
        site.clock.set("2026-03-03T09:00")
        for opened, address in zip(told, ("203.0.113.7", "203.0.113.7", "203.0.113.8"), strict=True):
            rate(site, opened.case_id, address=address)
        first, second, third = origins(site)
        assert len({first, second, third}) == 2


def test_a_refused_rating_leaves_no_trace(site: Site) -> None:
    opened = an_order(site.office, answered("2026-03-02T10:00", SECRET))
    site.clock.set("2026-03-03T09:00")
    petitioner = site.petitioner_of(opened.case_id)
    form = read(petitioner.get("/track/case").text).form("/track/rating")
    assert petitioner.post("/track/rating", data=form.typed()).status_code == 422
    assert origins(site) == []


def test_the_hourly_job_forgets_what_is_a_year_old(site: Site) -> None:
    opened = an_order(site.office, answered("2026-03-02T10:00", SECRET))
    site.clock.set("2026-03-03T09:00")
    rate(site, opened.case_id)
    job = next(job for job in JOBS if job.name == "origins")
    run_job(job, site.engine, site.settings, now=site.clock.set("2027-03-03T08:59"))
    assert len(origins(site)) == 1
    run_job(job, site.engine, site.settings, now=site.clock.set("2027-03-03T09:00"))
    assert origins(site) == []


def test_an_origin_is_no_part_of_the_record(site: Site) -> None:
    """Whoever forgets it, or edits it, changes nothing that the ledger vouches for: it is a figure for a question."""
    from verify.checking import verify

    everything_told(site)
    with transaction(site.engine) as connection:
        connection.execute(update(RatingOrigin).values(origin="0" * 16))
        connection.execute(delete(RatingOrigin).where(_origin.case_id > 0))
    report = verify(str(site.engine.url))
    assert report.ok, report.text()
