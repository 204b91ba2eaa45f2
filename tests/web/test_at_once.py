"""One step for several matters of a list: each decided as alone, and what stayed says why."""

from urllib.parse import urlencode

from sqlalchemy import select

from cases.at_once import AT_MOST
from cases.reading import PAGE
from cases.sweep import sweep
from infra.db import reading
from ledger.tables import Event
from tests.databases import Site, step
from tests.web.reading import page, read

EVENT = Event.__table__.c  # type: ignore[attr-defined]
WORDS = {"statement": "难。", "applicant": "白某"}


def petition(site: Site, title: str, *more: object) -> str:
    opened = site.office.tell(
        "petition",
        step("2026-03-02T09:00", "clerk", "Register", title=title, **WORDS),
        *more,  # type: ignore[arg-type]
    )
    return opened.public_id


def took(site: Site, code: str) -> int:
    with reading(site.engine) as connection:
        return len(list(connection.execute(select(EVENT.stream).where(EVENT.code == code))))


def test_lights_of_several_matters_are_acknowledged_and_the_rest_says_why(site: Site) -> None:
    lit = [petition(site, f"事项{n}") for n in range(3)]
    site.clock.set("2026-03-13T09:00")
    sweep(site.engine, now=site.clock())
    fresh = site.office.tell("petition", step("2026-03-13T08:30", "clerk", "Register", title="新的", **WORDS)).public_id
    browser = site.session_for("clerk")
    listed = page(browser, "/work")
    assert all(f"/cases/{one}" in listed.links for one in (*lit, fresh))
    assert "/at-once/Acknowledge" in browser.get("/work").text

    chosen = {"cases": [*lit, fresh, "0" * 32]}
    asked = page(browser, f"/at-once/Acknowledge?{urlencode(chosen, doseq=True)}")
    assert "选中 4 件" in asked.text, "of one that is not there nothing is said"
    form = asked.form("/at-once/Acknowledge")
    answer = read(browser.post(form.action, data=form.values).text)
    assert "已办 3 件" in answer.text
    assert "True" not in answer.text
    assert "1 件没有办成" in answer.text
    assert took(site, "clock:acknowledged") == 3
    again = read(browser.post(form.action, data=form.values).text)
    assert "已办 3 件" in again.text, "sent twice is once"
    assert took(site, "clock:acknowledged") == 3


def test_several_matters_are_given_to_a_unit_by_one_form(site: Site) -> None:
    accept = step("2026-03-02T09:10", "clerk", "Accept")
    ready = [petition(site, f"事项{n}", accept) for n in range(2)]
    early = petition(site, "还没受理")
    other = site.office.tell(
        "mediation", step("2026-03-02T08:00", "clerk", "Apply", title="另一种", respondents=["石某"], **WORDS)
    ).public_id
    site.clock.set("2026-03-02T10:00")
    browser = site.session_for("coordinator")
    asked = page(browser, f"/at-once/Assign?{urlencode({'cases': [other, *ready, early]}, doseq=True)}")
    form = asked.form("/at-once/Assign")
    empty = browser.post(form.action, data=form.values)
    assert empty.status_code == 422
    assert "请" in read(empty.text).text
    assert took(site, "case:assigned") == 0
    answer = browser.post(form.action, data=form.typed(unit=str(site.office.units["room"])))
    assert "已办 2 件" in read(answer.text).text
    assert "2 件没有办成" in read(answer.text).text, "one of another procedure, and one that is not that far"
    assert took(site, "case:assigned") == 2


def test_whoever_has_no_such_step_is_offered_none_and_finds_no_page(site: Site) -> None:
    case = petition(site, "事项")
    for login in ("clerk", "mediator"):
        assert site.session_for(login).get(f"/at-once/Assign?cases={case}").status_code == 404
    assert not page(site.session_for("auditor"), "/work").has_form("/at-once/Acknowledge")
    assert site.session_for("coordinator").get("/at-once/Assign").status_code == 422


def test_more_matters_than_a_list_has_on_a_page_are_shown_and_taken(site: Site) -> None:
    many = [petition(site, f"事项{n}") for n in range(AT_MOST // 4 + 5)]
    browser = site.session_for("coordinator")
    form = page(browser, f"/at-once/Acknowledge?{urlencode({'cases': many}, doseq=True)}").form("/at-once/Acknowledge")
    assert len(form.values["cases"]) == len(many) > PAGE
    assert f"{len(many)} 件没有办成" in read(browser.post(form.action, data=form.values).text).text


# -- printing and downloading ---------------------------------------------------------------------------------------------


def test_the_ticked_matters_and_no_others_are_printed_and_downloaded(site: Site) -> None:
    ticked = [petition(site, f"事项{n}") for n in range(2)]
    petition(site, "别的")
    browser = site.session_for("clerk")
    assert browser.get("/work").text.count('name="cases"') == 3
    asked = urlencode({"cases": [*ticked, "0" * 32]}, doseq=True)
    shown = page(browser, f"/chosen?{asked}").text
    assert "事项0" in shown
    assert "事项1" in shown
    assert "别的" not in shown
    got = browser.get(f"/chosen/csv?{asked}")
    assert got.headers["content-disposition"].startswith("attachment")
    lines = got.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert "别的" not in got.text
    for address in ("/chosen", "/chosen/csv"):
        empty = browser.get(address)
        assert empty.status_code == 422
        assert "没有勾选事项" in empty.text


def test_what_somebody_may_not_see_is_not_printed_for_them(site: Site) -> None:
    ticked = petition(site, "事项")
    for address in ("/chosen", "/chosen/csv"):
        assert site.session_for("mediator").get(f"{address}?cases={ticked}").status_code == 422
