"""A step that moves a due date shows it first; nothing is saved until the person has said yes to these very dates.

2 March 2026 is a Monday.
"""

from typing import Any

from sqlalchemy import Engine
from starlette.testclient import TestClient

from tests.databases import Site, found, serving, step
from tests.reports.told import in_hand
from tests.web.reading import Page, page, read


def an_order(site: Site, *more: Any) -> str:
    opened = site.office.tell("hotline", *in_hand("2026-03-02"), *more)
    site.clock.set("2026-03-03T10:00")
    return f"/cases/{opened.public_id}"


def posted(site: Site, who: str | TestClient, address: str, command: str, **typed: Any) -> tuple[int, Page]:
    browser = site.session_for(who) if isinstance(who, str) else who
    form = page(browser, address).form(f"/{command}")
    answer = browser.post(form.action, data=form.typed(**typed))
    return answer.status_code, read(answer.text)


def due(site: Site) -> list[str]:
    with site.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT due_at FROM clock WHERE name = 'order' ORDER BY number").all()
    return [str(row[0])[:10] for row in rows]


# HOT-07: 3, 4, 5, 6, 9 March; 15 working days: 3-6, 9-13, 16-20 are 4 + 5 + 5 = 14, the 15th is Mon 23 March.
ASKED = step("2026-03-02T10:00", "mediator", "RequestExtension", to_length=15, reason="需要检测。")


def test_the_page_of_an_extension_names_its_length_its_unit_and_its_limit(site: Site) -> None:
    address = an_order(site)
    shown = page(site.session_for("mediator"), address)
    assert "现为 5 个工作日；从起算日起算，总期限最长可到 15 个工作日" in shown.text


def test_an_extension_shows_the_day_it_would_lead_to_and_saves_nothing_yet(site: Site) -> None:
    address = an_order(site, ASKED)
    status, shown = posted(site, "supervisor", address, "GrantExtension", to_length="15", person_told="yes")
    assert status == 200
    assert "请核对到期日" in shown.text
    assert "2026年3月9日 周一 24:00" in shown.text
    assert "2026年3月23日 周一 24:00" in shown.text
    assert len(due(site)) == 1


def test_saying_yes_saves_it(site: Site) -> None:
    address = an_order(site, ASKED)
    head = site.session_for("supervisor")
    _, shown = posted(site, head, address, "GrantExtension", to_length="15", person_told="yes")
    form = shown.form("/GrantExtension")
    answer = head.post(form.action, data=form.values)
    assert answer.status_code == 303
    assert due(site) == ["2026-03-09", "2026-03-23"]  # UTC: 24:00 in Shanghai is 16:00 of the same day


def test_other_dates_than_those_that_were_seen_are_shown_again(site: Site) -> None:
    address = an_order(site, ASKED)
    head = site.session_for("supervisor")
    _, shown = posted(site, head, address, "GrantExtension", to_length="15", person_told="yes")
    form = shown.form("/GrantExtension")
    answer = head.post(form.action, data=form.typed(to_length="10"))
    assert answer.status_code == 200
    assert "2026年3月16日 周一 24:00" in read(answer.text).text  # 10: 3-6, 9-13 are 9, the 10th is Mon 16 March
    assert len(due(site)) == 1


def test_what_is_asked_for_is_shown_as_what_it_would_be(site: Site) -> None:
    status, shown = posted(site, "mediator", an_order(site), "RequestExtension", to_length="15", reason="需要检测。")
    assert status == 200
    assert "2026年3月23日 周一 24:00" in shown.text
    assert "如获批准" in shown.text


def test_a_pause_shows_where_it_leads(site: Site) -> None:
    # Paused from Tue 3, which is used up, until Tue 10: 1=3, 2=11, 3=12, 4=13, 5=Mon 16 March.
    typed = {"ground": "measurement", "until": "2026-03-10"}
    _, shown = posted(site, "mediator", an_order(site), "Suspend", **typed)
    assert "2026年3月16日 周一 24:00" in shown.text


def test_what_moves_no_date_is_taken_at_once(site: Site) -> None:
    assert posted(site, "mediator", an_order(site), "Reply", form="oral", answer="已修好。")[0] == 303


def test_what_would_be_refused_is_refused_and_not_shown(site: Site) -> None:
    status, shown = posted(site, "mediator", an_order(site), "RequestExtension", to_length="45", reason="需要检测。")
    assert status == 422
    assert "总期限最长为 15 个工作日。" in shown.text


def test_forty_five_months_are_refused_with_the_unit_named(sqlite: Engine, tmp_path: Any) -> None:
    with serving(found(sqlite, profile="mediation-month"), tmp_path) as site:
        opened = site.office.tell(
            "mediation",
            step(
                "2026-03-02T09:00", "clerk", "Apply", title="t", statement="s", applicant="甲某", respondents=["乙某"],
                channel="visit",
            ),
            step("2026-03-02T09:30", "clerk", "RecordConsent", party="乙某", answer="given"),
            step("2026-03-02T09:40", "clerk", "Accept"),
        )  # fmt: skip
        site.clock.set("2026-03-03T10:00")
        address = f"/cases/{opened.public_id}"
        status, shown = posted(site, "coordinator", address, "ExtendByConsent", to_length="45", consenting=["5", "6"])
        assert status == 422
        assert "总期限最长为 6 个月。" in shown.text


def test_a_supervisor_refuses_with_a_reason(site: Site) -> None:
    address = an_order(site, ASKED)
    assert posted(site, "supervisor", address, "RefuseExtension", reason="检测无需十五日。")[0] == 303
    assert "未同意延期" in page(site.session_for("mediator"), address).text
