"""The desks of auditor, assessor and administrator: what asks for them stands on top, and leads to where it is seen to."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from cases.jobruns import note_failure
from infra.db import transaction
from infra.verified import note_verified
from ledger.tables import Message
from people.noting import note
from tests.databases import Site, step
from tests.web.reading import page
from workflow.model import TIMERS

DESKS = ("auditor", "assessor", "administrator")


def asked(site: Site, login: str) -> str:
    """What stands under “waits for you”."""
    text = page(site.session_for(login), "/desk").text
    return text.partition("等您处理")[2].partition("可以查看")[0]


@pytest.mark.parametrize("login", DESKS)
def test_whoever_has_a_desk_begins_there_and_every_line_of_it_leads_somewhere(site: Site, login: str) -> None:
    site.clock.set("2026-03-02T09:00")
    browser = site.session_for(login)
    assert browser.get("/").headers["location"] == "/desk"
    shown = page(browser, "/desk")
    lines = [link for link in shown.links if link.startswith("/")]
    assert len(set(lines)) > 5
    for link in set(lines):
        assert browser.get(link).status_code in (200, 303), link


def test_a_mail_that_was_given_up_and_a_job_that_fails_ask_for_the_administrator(site: Site) -> None:
    assert "邮件" not in asked(site, "administrator")
    site.office.tell(
        "petition", step("2026-03-02T09:00", "clerk", "Register", title="停车", statement="难。", applicant="白某")
    )
    with transaction(site.engine) as connection:
        first = connection.execute(select(Message.id).limit(1)).scalar_one()  # type: ignore[call-overload]
        connection.execute(update(Message).where(Message.id == first).values(dead_at=site.clock(), next_try_at=None))  # type: ignore[arg-type]
        note_failure(connection, "deliver", now=site.clock())
    now = asked(site, "administrator")
    assert "未能送达 1 封" in now
    assert "有 1 项任务一直失败" in now


def test_from_november_on_the_notice_of_the_next_year_is_asked_for(site: Site) -> None:
    for at, missing in (("2026-10-31T09:00", False), ("2026-11-02T09:00", True)):
        site.clock.set(at)
        assert ("2027 年放假通知还没有录入" in asked(site, "administrator")) is missing, at


def test_a_year_that_can_be_closed_asks_for_whoever_signs(site: Site) -> None:
    for at, due in (("2026-01-14T09:00", False), ("2026-01-15T09:00", True)):
        site.clock.set(at)
        assert ("2025 年可以封存" in asked(site, "auditor")) is due, at


def test_a_backup_is_asked_for_until_there_is_one_of_the_last_days(site: Site) -> None:
    assert "备份" in asked(site, "administrator")
    with transaction(site.engine) as connection:
        note(connection, "backup:made", actor=TIMERS, now=site.clock(), data={})
    assert "备份" not in asked(site, "administrator")
    assert "最近一次备份" in page(site.session_for("administrator"), "/desk").text
    site.clock.move_to(site.clock() + timedelta(days=8))
    assert "备份" in asked(site, "administrator")


def test_an_auditor_sees_what_the_last_verification_found(site: Site) -> None:
    assert "核验" in asked(site, "auditor")
    note_verified(site.settings.home, sound=True, at=site.clock())
    assert "核验" not in asked(site, "auditor")
    assert "记录无误" in page(site.session_for("auditor"), "/desk").text
    note_verified(site.settings.home, sound=False, at=site.clock())
    assert "发现记录有问题" in asked(site, "auditor")
    (site.settings.home / "verified.json").write_text("[]")
    assert "还没有核验过" in asked(site, "auditor")
