"""Reports that are made for later: asked for on a page, made by the timers, found again, and the same as if they had been
made at once."""

import hashlib
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import text
from starlette.testclient import TestClient

from cases import tally
from cases.tally import keep_up
from infra.db import reading, transaction
from infra.line import WaitedTooLong
from notifications.deliver import deliver
from ops import jobs as ops_jobs
from ops import report_making
from ops.jobs import run_job
from ops.report_making import Done, make_reports
from people.staffing import close_account
from reports.bulletin.bulletin import BulletinFigures
from reports.bulletin.figures import Hidden, Line
from reports.bulletin.periods import Period
from reports.closures import exports
from reports.later import jobs
from reports.later import kinds as report_kinds
from reports.later.jobs import LEASE, MOST_WAITING, throw_old_away
from tests.databases import Site, form_token, step
from tests.web.reading import read
from tests.web.test_closures import DAYS, events
from web.routes import as_of, assessment, bulletin, closures
from workflow.model import TIMERS

PLACE = re.compile(r"/reports/[0-9a-f]{32}")


@pytest.fixture
def auditor(site: Site, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """An auditor of an office where every report takes too long for a page."""
    for matter in ("petition", "hotline"):
        site.office.tell(
            matter,
            step("2026-03-16T09:00", "clerk", "Register", title="楼上漏水", statement="请处理。", applicant="王某", dispute_type="18"),
            step("2026-03-16T15:00", "clerk", "Refuse", ground="statutory_route", proper_channel="请申请行政复议。"),
        )  # fmt: skip
    for day in ("2026-03-16", "2026-03-17"):
        site.office.tell(
            "petition",
            step(f"{day}T10:00", "clerk", "Register", title="停车位", statement="请处理。", applicant="李某", dispute_type="25"),
            step(f"{day}T11:00", "clerk", "Accept"),
        )  # fmt: skip
    site.clock.set("2026-06-20T09:00")
    never = {kind: replace(one, at_once=0) for kind, one in exports.FORMATS.items()}
    for module in (exports, closures):
        monkeypatch.setattr(module, "FORMATS", never)
    monkeypatch.setattr(assessment, "LINES_AT_ONCE", -1)
    monkeypatch.setattr(as_of, "READ_AT_ONCE", -1)
    return site.session_for("auditor")


def ask(browser: TestClient, path: str, form_id: str = "0" * 32, **typed: Any) -> Any:
    return browser.post(path, data={"form_token": form_token(browser), "form_id": form_id, **typed})


def asked(browser: TestClient, path: str, form_id: str = "0" * 32, **typed: Any) -> str:
    answer = ask(browser, path, form_id, **typed)
    assert answer.status_code == 303, answer.text
    assert PLACE.fullmatch(answer.headers["location"])
    return str(answer.headers["location"])


def made(site: Site) -> Done:
    return make_reports(site.engine, now=site.clock())


def words(browser: TestClient, place: str) -> str:
    answer = browser.get(place)
    assert answer.status_code == 200, answer.text
    return " ".join(read(answer.text).words)


# -- a file ------------------------------------------------------------------------------------------------------------


def test_a_file_is_asked_for_made_found_on_the_desk_and_is_the_one_of_the_record(
    auditor: TestClient, site: Site
) -> None:
    place = asked(auditor, "/closures/csv", **DAYS)
    waiting = auditor.get(place)
    assert "排队中" in waiting.text
    assert waiting.headers["refresh"]
    assert auditor.get(f"{place}/file").status_code == 404
    assert events(site, "report:exported") == []
    assert made(site) == Done(made=1, failed=0)
    assert "我的报表 1" in words(auditor, "/closures"), "the desk says that something is ready"
    shown = auditor.get(place)
    assert "refresh" not in shown.headers
    assert "我的报表 1" not in words(auditor, "/closures"), "it has been looked at"
    file = auditor.get(f"{place}/file")
    found = hashlib.sha256(file.content).hexdigest()
    assert found in shown.text
    assert [one["sha256"] for one in events(site, "report:exported")] == [found]
    assert [one["sha256"] for one in events(site, "report:made")] == [found]
    assert file.content.decode("utf-8-sig").count("\r\n") == 3, "a header and two closings"
    assert file.headers["content-disposition"] == 'attachment; filename="closures-20260316-20260316.csv"'


def test_the_same_asked_for_twice_waits_once_and_may_be_asked_for_again_when_it_is_made(
    auditor: TestClient, site: Site
) -> None:
    place = asked(auditor, "/closures/csv", **DAYS)
    assert asked(auditor, "/closures/csv", **DAYS) == place
    assert asked(auditor, "/closures/csv", "1" * 32, **DAYS) == place
    assert asked(auditor, "/closures/jsonl", "2" * 32, **DAYS) != place
    assert made(site) == Done(made=2, failed=0)
    assert asked(auditor, "/closures/csv", "3" * 32, **DAYS) != place
    assert asked(auditor, "/closures/csv", **DAYS) == place, "a form that is sent again is what it was"


def test_a_sheet_made_for_later_is_the_file_that_a_page_would_have_given(
    auditor: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_up(site.engine, site.office.context.policy.calendar)
    unit = site.office.units["centre"]
    page = auditor.get(f"/assessment/units/{unit}?year=2026&scheme=LIGHTS-A")
    assert page.status_code == 200
    assert f"/assessment/units/{unit}/xlsx" not in page.text
    typed = {"year": "2026", "unit": str(unit), "scheme": "LIGHTS-A", "format": "xlsx"}
    place = asked(auditor, "/reports/ask/sheet", **typed)
    assert made(site) == Done(made=1, failed=0)
    later = auditor.get(f"{place}/file")
    monkeypatch.setattr(assessment, "LINES_AT_ONCE", 10)
    at_once = auditor.get(f"/assessment/units/{unit}/xlsx?year=2026&scheme=LIGHTS-A")
    assert later.content[:2] == at_once.content[:2] == b"PK"
    assert later.content == at_once.content


def test_what_cannot_be_made_says_why_and_what_breaks_off_holds_up_nothing(
    auditor: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    typed = {"year": "2026", "unit": "999", "scheme": "LIGHTS-A", "format": "pdf"}
    nothing = asked(auditor, "/reports/ask/sheet", **typed)
    assert made(site) == Done(made=1, failed=0)
    assert "没有做成" in words(auditor, nothing)

    def breaks(*_: Any) -> None:
        raise ZeroDivisionError

    kinds = dict(report_kinds.KINDS)
    kinds["sheet"] = replace(kinds["sheet"], write=breaks)
    monkeypatch.setattr(report_making, "KINDS", kinds)
    broken = asked(auditor, "/reports/ask/sheet", "1" * 32, **{**typed, "unit": "1"})
    good = asked(auditor, "/closures/csv", "2" * 32, **DAYS)
    assert made(site) == Done(made=1, failed=1)
    assert "程序出错" in words(auditor, broken)
    assert "已做好" in words(auditor, good)
    assert "a report cannot be made" in caplog.text


# -- who ---------------------------------------------------------------------------------------------------------------


def test_a_report_is_there_for_whoever_asked_and_for_nobody_else(auditor: TestClient, site: Site) -> None:
    place = asked(auditor, "/closures/csv", **DAYS)
    made(site)
    other = site.session_for("assessor")
    assert [other.get(f"{place}{end}").status_code for end in ("", "/file")] == [404, 404]
    assert ask(other, f"{place}/remove").status_code == 303
    assert auditor.get(place).status_code == 200, "nobody else has removed it"
    assert ask(auditor, f"{place}/remove").status_code == 303
    assert auditor.get(place).status_code == 404
    assert events(site, "report:exported"), "what was handed out stays in the record"


def test_who_has_left_meanwhile_is_given_nothing(auditor: TestClient, site: Site) -> None:
    asked(auditor, "/closures/csv", **DAYS)
    with transaction(site.engine) as connection:
        close_account(connection, site.office.accounts["auditor"], actor=TIMERS, now=site.clock())
    assert made(site) == Done(made=1, failed=0)
    assert events(site, "report:exported") == []
    with reading(site.engine) as connection:
        failed = connection.execute(text("SELECT failed FROM report_job")).scalar_one()
        assert "not_for_this_account" in failed
        assert connection.execute(text("SELECT count(*) FROM report_part")).scalar_one() == 0


def test_a_supervisor_asks_for_sheets_and_not_for_dates(auditor: TestClient, site: Site) -> None:
    head = site.session_for("supervisor")
    assert ask(head, "/reports/ask/as_of_list", on="2026-03-16").status_code == 404
    asked(head, "/reports/ask/sheet", year="2026", unit="1", scheme="LIGHTS-A", format="pdf")


def test_nobody_fills_the_queue(auditor: TestClient) -> None:
    for number in range(MOST_WAITING):
        asked(
            auditor, "/closures/csv", f"{number:032x}", **DAYS, procedure="petition", columns=list(exports_of(number))
        )
    answer = ask(auditor, "/closures/csv", "f" * 32, **DAYS)
    assert answer.headers["location"] == "/reports?done=too_many_reports"
    assert "10 份报表在等待" in words(auditor, answer.headers["location"])


def exports_of(number: int) -> list[str]:
    """Another choice of columns for each number."""
    return [code for place, code in enumerate(closures.COLUMNS) if place <= number]


def test_whoever_wishes_is_told_by_mail_and_nobody_else(auditor: TestClient, site: Site) -> None:
    asked(auditor, "/closures/csv", **DAYS)
    place = asked(auditor, "/closures/csv", "1" * 32, **DAYS, mail="yes", procedure="petition")
    made(site)
    deliver(site.engine, office=site.office.context, settings=site.settings, now=site.clock())
    mails = [path.read_text("utf-8") for path in (site.settings.home / "mail").glob("*.eml")]
    about = [mail for mail in mails if place in mail or place in _decoded(mail)]
    assert len(about) == 1
    assert "王某" not in _decoded(about[0])


def _decoded(mail: str) -> str:
    from email import message_from_string
    from email.policy import default

    return "".join(part.get_content() for part in message_from_string(mail, policy=default).walk() if part.get_content_maintype() == "text")  # fmt: skip


# -- dates -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("what", "kind"), [("list", "as_of_list"), ("sheet", "as_of_sheet")])
def test_what_was_known_on_a_date_is_the_same_made_for_later_and_at_once(
    what: str, kind: str, auditor: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_up(site.engine, site.office.context.policy.calendar)
    address = f"/as-of?on=2026-06-10&what={what}&year=2026"
    form = read(auditor.get(address).text).form(f"/reports/ask/{kind}")
    place = auditor.post(f"/reports/ask/{kind}", data=form.typed()).headers["location"]
    assert "正在生成" in auditor.get(address).text
    assert made(site) == Done(made=1, failed=0)
    assert auditor.get(f"{place}/file").status_code == 404, "it is no file but a page"
    assert f"/as-of?on=2026-06-10&what={what}" in auditor.get(place).text.replace("&amp;", "&")
    later = auditor.get(address).text
    monkeypatch.setattr(as_of, "READ_AT_ONCE", 500)
    with transaction(site.engine) as connection:
        connection.execute(text("DELETE FROM report_part"))
        connection.execute(text("DELETE FROM report_job"))
    at_once = auditor.get(address).text
    assert read(later).words == read(at_once).words
    assert ("当时在办 2 件" if what == "list" else "亮灯扣分制") in " ".join(read(later).words)


# -- stopping, dying, forgetting ---------------------------------------------------------------------------------------


def test_told_to_stop_a_report_is_given_back_and_made_by_the_next(auditor: TestClient, site: Site) -> None:
    place = asked(auditor, "/closures/csv", **DAYS)
    looks = iter([False, True, True, True])
    assert make_reports(site.engine, now=site.clock(), stop=lambda: next(looks)) == Done(made=0, failed=0)
    assert "排队中" in words(auditor, place)
    assert events(site, "report:exported") == []
    assert made(site) == Done(made=1, failed=0)
    assert len(events(site, "report:exported")) == 1


def test_a_worker_that_died_keeps_a_report_for_its_lease_and_no_longer(auditor: TestClient, site: Site) -> None:
    asked(auditor, "/closures/csv", **DAYS)
    with transaction(site.engine) as connection:
        connection.execute(
            text("UPDATE report_job SET taken_until = :until"), {"until": (site.clock() + LEASE).strftime("%Y-%m-%d %H:%M:%S.%f")}
        )  # fmt: skip
    assert made(site) == Done(made=0, failed=0)
    assert make_reports(site.engine, now=site.clock() + LEASE + timedelta(seconds=1)) == Done(made=1, failed=0)


@pytest.mark.parametrize("frozen_in", ["writing", "keeping", "the last moment"])
def test_a_worker_that_wakes_after_another_has_taken_its_report_leaves_it_alone(
    frozen_in: str, auditor: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = asked(auditor, "/closures/csv", **DAYS)
    place_in = {"writing": (jobs, "tell"), "keeping": (jobs, "keep"), "the last moment": (report_making, "_finish")}
    module, name = place_in[frozen_in]
    goes_on, others = getattr(module, name), list[Done]()

    def freezes(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(module, name, goes_on)
        others.append(make_reports(site.engine, now=site.clock() + LEASE + timedelta(seconds=1)))
        return goes_on(*given, **named)

    monkeypatch.setattr(module, name, freezes)
    assert made(site) == Done(made=0, failed=0)
    assert others == [Done(made=1, failed=0)]
    file = hashlib.sha256(auditor.get(f"{place}/file").content).hexdigest()
    assert [one["sha256"] for one in events(site, "report:exported")] == [file]
    assert [one["sha256"] for one in events(site, "report:made")] == [file]


@pytest.mark.parametrize(("busy_in", "first"), [("tell", Done(made=1, failed=0)), ("keep", None)])
def test_a_moment_in_which_nobody_can_write_costs_a_report_nothing_or_it_is_free_at_once(
    busy_in: str, first: Done | None, auditor: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = asked(auditor, "/closures/csv", **DAYS)
    goes_on = getattr(jobs, busy_in)

    def waits_too_long(*_given: Any, **_named: Any) -> Any:
        monkeypatch.setattr(jobs, busy_in, goes_on)
        raise WaitedTooLong

    monkeypatch.setattr(jobs, busy_in, waits_too_long)
    if first is None:
        with pytest.raises(WaitedTooLong):
            made(site)
        assert "排队中" in words(auditor, place)
        assert made(site) == Done(made=1, failed=0)
    else:
        assert made(site) == first
    assert len(events(site, "report:made")) == 1


def test_what_is_thrown_away_while_it_is_made_was_never_handed_out(
    auditor: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = asked(auditor, "/closures/csv", **DAYS)
    goes_on = jobs.keep

    def keeps(*given: Any) -> Any:
        ask(auditor, f"{place}/remove")
        return goes_on(*given)

    monkeypatch.setattr(jobs, "keep", keeps)
    assert made(site) == Done(made=0, failed=0)
    assert auditor.get(place).status_code == 404
    assert (events(site, "report:exported"), events(site, "report:made")) == ([], [])


def test_old_reports_are_forgotten(auditor: TestClient, site: Site) -> None:
    place = asked(auditor, "/closures/csv", **DAYS)
    made(site)
    for after, there in ((timedelta(0), 200), (timedelta(seconds=1), 404)):
        with transaction(site.engine) as connection:
            throw_old_away(connection, asked_before=site.clock() + after)
        assert auditor.get(place).status_code == there


# -- tallies that catch up ---------------------------------------------------------------------------------------------


def test_pages_of_tallies_say_how_far_these_are_and_ask_again(
    auditor: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "MOST_FRESH", 1)
    unit = site.office.units["centre"]
    for address in ("/assessment?year=2026", f"/assessment/units/{unit}?year=2026", "/signs?year=2026"):
        answer = auditor.get(address)
        assert answer.status_code == 503
        assert "已算好 0 件，共 4 件" in answer.text
        assert answer.headers["refresh"] == answer.headers["retry-after"]
    keep_up(site.engine, site.office.context.policy.calendar)
    assert auditor.get("/assessment?year=2026").status_code == 200


def test_the_warning_of_third_reds_waits_for_the_tallies(
    auditor: TestClient,
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked_for: list[object] = []
    monkeypatch.setattr(ops_jobs, "warn_of_third_reds", lambda *_, **__: asked_for.append(1) or 0)
    monkeypatch.setattr(tally, "MOST_FRESH", 1)
    job = next(one for one in ops_jobs.JOBS if one.name == "third_reds")
    assert run_job(job, site.engine, site.settings, now=site.clock()) == {"units": 0}
    assert not asked_for, "it would have read every case"
    keep_up(site.engine, site.office.context.policy.calendar)
    run_job(job, site.engine, site.settings, now=site.clock())
    assert asked_for


# -- bulletins ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("period", ["month=2026-03", "year=2026"])
def test_a_bulletin_made_for_later_is_the_one_that_is_counted_at_once(
    period: str, auditor: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/bulletin?{period}"
    at_once = auditor.get(address).text
    monkeypatch.setattr(bulletin, "COUNTED_AT_ONCE", 0)
    form = read(auditor.get(address).text).form("/reports/ask/bulletin")
    place = auditor.post("/reports/ask/bulletin", data=form.typed()).headers["location"]
    assert made(site) == Done(made=1, failed=0)
    assert f"/bulletin?{period}" in auditor.get(place).text
    later = auditor.get(address).text
    assert read(later).words == read(at_once).words


def test_every_figure_of_a_bulletin_is_kept_as_it_was() -> None:
    values = (Decimal("12.0"), 12, None, Hidden.WITHHELD, Decimal(0))
    kept = BulletinFigures(
        period=Period(year=2026, month=3), compared=(Period(year=2026),), unit=None, until=date(2026, 3, 5),
        lines=(Line(section="mediation", code="x", kind="share", values=values),), breakdowns=(), by_month=(),
        reopened_later=(),
    )  # fmt: skip
    (line,) = report_kinds.figures_from(TypeAdapter(BulletinFigures).dump_json(kept)).lines
    assert [(type(one), one) for one in line.values] == [(type(one), one) for one in values]


def test_a_bulletin_is_taken_away_as_it_was_made(
    auditor: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = str(site.office.units["centre"])
    monkeypatch.setattr(bulletin, "COUNTED_AT_ONCE", 0)
    typed = {"form_token": form_token(auditor), "period": "2026-03", "unit": unit}
    assert "开始生成" in auditor.post("/bulletin/csv", data=typed).text
    assert events(site, "report:exported") == []
    asked(auditor, "/reports/ask/bulletin", period="2026-03", unit=unit)
    made(site)
    file = auditor.post("/bulletin/csv", data=typed)
    assert [one["sha256"] for one in events(site, "report:exported")] == [hashlib.sha256(file.content).hexdigest()]
