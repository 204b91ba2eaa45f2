"""The clock of the machine is set under a running office: nothing is dated by it until it agrees again, or somebody who has
looked says that it is right."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

import infra.ticks
from cases.clock_watch import BELIEVED, DOUBTED, ClockIsInDoubt, look
from cases.crossings import CROSSED
from infra.db import reading, transaction
from ledger.tables import Event, Message
from notifications.compose import compose
from notifications.names import give_names
from ops.jobs import JOBS, run_job
from tests.databases import START, Site, form_token, found, step, stopped_clock
from tests.web.reading import page, read
from verify.checking import verify
from web.pages import new_form_id

HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=366)
WORDS = {"title": "停车位", "statement": "小区停车难。", "applicant": "白某"}
EVENT = Event.__table__.c  # type: ignore[attr-defined]
MESSAGE = Message.__table__.c  # type: ignore[attr-defined]


def events(engine: Engine) -> list[tuple[int, str, datetime]]:
    with reading(engine) as connection:
        rows = connection.execute(select(EVENT.stream, EVENT.code, EVENT.recorded_at).order_by(EVENT.id))
        return [(row.stream, row.code, row.recorded_at) for row in rows]


def codes(site: Site) -> list[str]:
    """Of what the timers do and of the clock, not of who signs in."""
    return [code for _, code, _ in events(site.engine) if not code.startswith("session:")]


def run_all(site: Site) -> list[str]:
    """As the timers run them, each once; those that wait."""
    waited = []
    for job in JOBS:
        try:
            run_job(job, site.engine, site.settings, now=site.clock())
        except ClockIsInDoubt:
            waited.append(job.name)
    return waited


@pytest.fixture
def running(site: Site) -> Site:
    """An office with a petition whose lights are 51 and 61 days away; the timers have run a minute ago."""
    site.office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **WORDS))
    assert run_all(site) == []
    site.clock.move_to(START + timedelta(minutes=1))
    assert run_all(site) == []
    return site


@pytest.mark.parametrize("by", [HOUR, DAY, YEAR, -HOUR, -DAY, -YEAR], ids=str)
def test_a_clock_that_was_set_lights_nothing_and_dates_nothing(running: Site, by: timedelta) -> None:
    before = events(running.engine)
    running.clock.put_wrong(by)
    waited = run_all(running)
    assert {"sweep", "signing", "third_reds", "digests", "anchors", "sessions", "origins", "tries"} <= set(waited)
    assert "deliver" not in waited, "which is how people hear of it"
    added = events(running.engine)[len(before) :]
    assert [code for _, code, _ in added] == [DOUBTED]
    assert abs(added[0][2] - (START + timedelta(minutes=1))) < timedelta(seconds=5), "dated by what it should show"
    run_all(running)
    assert len(events(running.engine)) == len(before) + 1, "it is said once"
    # Whoever comes meanwhile is told, and loses nothing.
    anybody = running.browser()
    form = {"form_token": form_token(anybody), "form_id": new_form_id(), **WORDS}
    answer = anybody.post("/file/petition", data=form)
    assert answer.status_code == 503
    assert WORDS["statement"] in answer.text
    assert len(events(running.engine)) == len(before) + 1
    # It is put right, and everything goes on by itself.
    running.clock.put_wrong(-by)
    assert run_all(running) == []
    assert codes(running)[-1] == BELIEVED
    assert anybody.post("/file/petition", data=form).status_code in (200, 303)
    assert CROSSED not in codes(running)
    report = verify(str(running.engine.url))
    assert report.ok, report.text()


def test_everybody_sees_it_and_those_who_can_settle_it_are_mailed(running: Site) -> None:
    running.clock.put_wrong(DAY)
    run_all(running)
    for login in ("mediator", "supervisor", "auditor"):
        assert "本机时钟有疑问" in running.session_for(login).get("/work").text
    assert "/clock" in page(running.session_for("administrator"), "/people").links
    assert "本机时钟有疑问" in running.browser().get("/").text
    with transaction(running.engine) as connection:
        waits = connection.execute(select(MESSAGE.id).where(MESSAGE.stream == 0, MESSAGE.bundle.is_(None))).scalars()
        give_names(connection, list(waits))
    with reading(running.engine) as connection:
        rows = connection.execute(select(*MESSAGE).where(MESSAGE.stream == 0)).all()
        found = compose(connection, rows, office=running.office.context, settings=running.settings, now=running.clock())
    told = {letter.to: letter.mail for letter in found.letters if "时钟" in letter.mail["Subject"]}
    assert set(told) == {"administrator@example.test", "auditor@example.test"}
    assert "/clock" in told["auditor@example.test"].get_body(("plain",)).get_content()


def test_somebody_who_has_looked_says_that_it_is_right_and_everything_goes_on_by_it(running: Site) -> None:
    """A machine that was stopped by whoever runs it looks like one whose clock was set."""
    running.clock.put_wrong(timedelta(days=70))
    run_all(running)
    auditor = running.session_for("auditor")
    shown = page(auditor, "/clock")
    assert "可能被拨动" in shown.text
    old = shown.form("/clock").values["shown"]
    running.clock.put_wrong(DAY)
    auditor = running.session_for("auditor")
    form = page(auditor, "/clock").form("/clock")
    auditor.post("/clock", data=form.typed(shown=old))
    assert codes(running)[-1] == DOUBTED, "the word was about another time than it shows now"
    assert auditor.post("/clock", data=form.typed()).status_code == 303
    assert codes(running)[-1] == BELIEVED
    assert run_all(running) == []
    assert codes(running).count(CROSSED) >= 2, "yellow and red have come true"
    assert "时钟没有问题" in auditor.get("/clock").text
    assert verify(str(running.engine.url)).ok


def test_nobody_else_settles_it(running: Site) -> None:
    running.clock.put_wrong(DAY)
    run_all(running)
    for login in ("clerk", "coordinator", "mediator", "supervisor"):
        assert running.session_for(login).get("/clock").status_code == 404


@pytest.mark.parametrize(
    ("by", "doubted"), [(DAY, False), (timedelta(days=30), False), (timedelta(days=40), True), (-HOUR, True)], ids=str
)
def test_after_a_restart_a_pause_is_believed_and_more_than_a_pause_is_not(
    running: Site, by: timedelta, doubted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "boot").write_text("another start", "ascii")
    monkeypatch.setattr(infra.ticks, "BOOT_ID", tmp_path / "boot")
    infra.ticks._boot.cache_clear()
    try:
        running.clock.put_wrong(by)
        assert bool(look(running.engine, now=running.clock())) is doubted
        assert (codes(running)[-1] == DOUBTED) is doubted
    finally:
        infra.ticks._boot.cache_clear()


def test_who_signs_in_meanwhile_is_dated_by_what_the_clock_should_show(running: Site) -> None:
    """A session that was begun a year ahead would hold everything after it there."""
    token = running.link_token("administrator")
    running.clock.put_wrong(YEAR)
    run_all(running)
    browser = running.browser()
    answer = browser.post(f"/signin/link/{token}", data={"form_token": form_token(browser)})
    assert answer.status_code == 303
    assert browser.get("/account/second-factor").status_code == 200
    running.clock.put_wrong(-YEAR)
    run_all(running)
    assert max(at for _, _, at in events(running.engine)) < START + timedelta(minutes=5)


def test_a_restart_is_nobodys_word(running: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running.clock.put_wrong(timedelta(days=20))
    run_all(running)
    (tmp_path / "boot").write_text("another start", "ascii")
    monkeypatch.setattr(infra.ticks, "BOOT_ID", tmp_path / "boot")
    infra.ticks._boot.cache_clear()
    try:
        assert "sweep" in run_all(running)
        assert codes(running)[-1] == DOUBTED
        running.clock.put_wrong(-timedelta(days=20))
        assert run_all(running) == []
        assert codes(running)[-1] == BELIEVED
    finally:
        infra.ticks._boot.cache_clear()


def test_the_first_look_of_all_is_held_against_the_newest_event(site: Site) -> None:
    site.office.tell("petition", step("2026-03-02T09:00", "clerk", "Register", **WORDS))
    site.clock.put_wrong(-DAY)
    doubt = look(site.engine, now=site.clock())
    assert doubt is not None
    assert (doubt.why, doubt.expected) == ("behind", START)
    site.clock.put_wrong(DAY)
    assert look(site.engine, now=site.clock()) is None


def test_the_clock_of_the_database_server_is_another_one(postgresql: Engine) -> None:
    """Here it shows the real time, and that of the test's machine another."""

    found(postgresql)
    with stopped_clock(START):
        doubt = look(postgresql, now=START)
        assert doubt is not None
        assert doubt.why == "server"
        with reading(postgresql) as connection:
            [event] = connection.execute(select(EVENT.data).where(EVENT.code == DOUBTED)).scalars()
    assert '"why":"server"' in event


def test_reading_a_page_is_never_refused(running: Site) -> None:
    running.clock.put_wrong(YEAR)
    run_all(running)
    assert read(running.browser().get("/").text)
    assert running.session_for("auditor").get("/office-record").status_code == 200
