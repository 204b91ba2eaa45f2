"""Who reads what people said in confidence is noted: not whoever works on the case, and of others one look a day."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, insert, select, update

import web.reads
from cases.reads import BATCH, gather
from cases.tables import CaseRead
from infra.db import reading, transaction
from ops.jobs import JOBS, run_job
from tests.databases import START, Site, found, step
from tests.verify.records import named
from tests.web.reading import page
from tests.web.test_closures import events as office_events
from verify.checking import verify
from web.reads import Notes
from workflow.model import AccountId

READ = CaseRead.__table__.c  # type: ignore[attr-defined]
REGISTERED = {"title": "停车位", "statement": "小区停车难。", "applicant": "申请人"}
WORDS = {"title": "楼上漏水", "statement": "天花板受潮。", "applicant": "白某", "respondents": ["石某"]}


@pytest.fixture
def address(site: Site) -> str:
    """The page of a mediation of the centre, held by its mediator."""
    opened = site.office.tell(
        "mediation",
        step("2026-03-02T08:00", "clerk", "Apply", **WORDS),
        step("2026-03-02T08:10", "clerk", "RecordConsent", party="石某", answer="given"),
        step("2026-03-02T08:20", "clerk", "Accept"),
        step("2026-03-02T08:30", "coordinator", "AppointMediators", chief="mediator"),
    )
    return f"/cases/{opened.public_id}"


def notes(site: Site) -> list[tuple[int, int | None]]:
    with reading(site.engine) as connection:
        rows = connection.execute(select(READ.account_id, READ.seq).order_by(READ.first_at, READ.account_id))
        return [(row.account_id, row.seq) for row in rows]


def collect(site: Site) -> None:
    run_job(next(job for job in JOBS if job.name == "reads"), site.engine, site.settings, now=site.clock())


def test_whoever_works_on_a_case_is_not_noted_and_whoever_only_reads_it_is_once_a_day(site: Site, address: str) -> None:
    by = site.office.accounts
    for login in ("mediator", "coordinator", "auditor", "auditor"):
        page(site.session_for(login), address)
    assert sorted(account for account, _ in notes(site)) == sorted([by["coordinator"], by["auditor"]])
    site.clock.move_to(site.clock.now + timedelta(days=1))
    page(site.session_for("auditor"), address)
    assert [account for account, _ in notes(site)].count(by["auditor"]) == 2


def test_notes_become_an_event_of_the_office_and_an_auditor_reads_them(site: Site, address: str) -> None:
    page(site.session_for("supervisor"), address)
    collect(site)
    collect(site)
    (said,) = office_events(site, "cases:read")
    assert [read[1] for read in said["reads"]] == [site.office.accounts["supervisor"]]
    text = page(site.session_for("auditor"), "/reads").text
    assert "账号-supervisor" in text
    assert "登记阅看记录" in page(site.session_for("auditor"), "/office-record").text
    assert verify(str(site.engine.url)).ok


def test_a_page_that_does_not_exist_for_the_reader_is_not_noted(site: Site, address: str) -> None:
    assert site.session_for("desk_mediator").get(address).status_code == 404
    assert notes(site) == []


def test_while_somebody_else_writes_the_page_is_shown_and_noted_with_the_next_one(
    site: Site, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.reads, "written_at_once", lambda *_: False)
    page(site.session_for("supervisor"), address)
    assert notes(site) == []
    monkeypatch.undo()
    page(site.session_for("auditor"), address)
    assert len(notes(site)) == 2


def test_notes_of_many_who_read_at_one_moment_are_all_written(engine: Engine) -> None:
    """On a server they write side by side; a note is kept until it is committed."""
    office, kept = found(engine), Notes()
    opened = office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **REGISTERED))
    readers = [AccountId(1000 + n) for n in range(40)]

    def reads(account: AccountId) -> None:
        kept.write(engine, (opened.case_id, account, START.date(), START))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(reads, readers))
    reads(AccountId(1))  # whatever was refused a turn goes with the next one
    with reading(engine) as connection:
        assert set(connection.execute(select(READ.account_id)).scalars()) == {*readers, 1}


@pytest.mark.parametrize("change", ["taken out", "another reader", "another instant", "put in", "seq"])
def test_a_note_that_somebody_changed_is_named(site: Site, address: str, change: str) -> None:
    page(site.session_for("supervisor"), address)
    collect(site)
    with transaction(site.engine) as connection:
        row = connection.execute(select(*READ)).one()._mapping
        match change:
            case "taken out":
                connection.execute(delete(CaseRead))
            case "another reader":
                connection.execute(update(CaseRead).values(account_id=77))
            case "another instant":
                connection.execute(update(CaseRead).values(first_at=START - timedelta(days=9)))
            case "put in":
                connection.execute(insert(CaseRead).values(dict(row) | {"account_id": 77}))
            case _:
                connection.execute(update(CaseRead).values(seq=1))
    found = {code for code, table, *_ in named(verify(str(site.engine.url))) if table == "case_read"}
    assert found == {
        "taken out": {"office.missing"}, "another reader": {"office.missing", "office.orphan"},
        "another instant": {"office.differs"}, "put in": {"office.orphan"}, "seq": {"office.differs"},
    }[change]  # fmt: skip


def test_a_great_many_notes_are_gathered_in_parts(site: Site, address: str) -> None:
    page(site.session_for("supervisor"), address)
    with transaction(site.engine) as connection:
        row = dict(connection.execute(select(*READ)).one()._mapping)
        connection.execute(insert(CaseRead), [{**row, "account_id": 1000 + n} for n in range(BATCH)])
    with transaction(site.engine) as connection:
        assert [gather(connection, now=START) for _ in range(3)] == [BATCH, 1, 0]
