"""Every reader of the record over a database of every release, brought to this program's schema."""

import base64
import json
import sqlite3
import subprocess
import sys
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import text

from cases.anchors import anchor_text, list_anchors, make_anchors
from cases.facts import load_facts
from cases.history import histories, records
from cases.sweep import sweep
from cases.tally import agrees, keep_up, start_over
from infra.columns import UTCDateTime
from infra.db import reading, transaction
from infra.keys import fingerprint_of
from infra.settings import Settings
from infra.signing import signing_key
from ops.jobs import JOBS, Job, run_job
from people.office_keys import ANCHORS, KeyIsMissing, pins, signing_key_of_office
from reports.bulletin.bulletin import bulletin
from reports.bulletin.periods import period_from
from reports.record.as_of import case_as_of, open_cases_as_of, sheets_as_of
from reports.record.ocel_file import write_event_log
from reports.record.pack import pack_case
from reports.record.serials import serial_completeness
from reports.years.addendum import addendum
from reports.years.assessment import assess
from reports.years.closed_years import closed_years, prove
from reports.years.signs import signs_of_year
from tests.cases.records import DAY, local
from tests.releases.kept import DATA, NEWEST, RELEASES, Upgraded, give_key
from verify.checking import verify
from workflow.calendar import WorkCalendar
from workflow.marks import marks
from workflow.model import TIMERS

ROOT = Path(__file__).parents[2]
NOW = local("2026-12-01 11:00")
SCHEMES = ("LIGHTS-A", "RATES-B", "DACHUAN", "JINHUA")


def calendar_of(upgraded: Upgraded) -> WorkCalendar:
    return upgraded.office.context.policy.calendar


def cases_of(upgraded: Upgraded) -> list[int]:
    with reading(upgraded.office.engine) as connection:
        return list(connection.execute(text("SELECT id FROM cases ORDER BY id")).scalars())


def test_the_event_log_holds_what_every_release_wrote(upgraded: Upgraded, tmp_path: Path) -> None:
    file = BytesIO()
    with reading(upgraded.office.engine) as connection:
        made = write_event_log(connection, file, beside=tmp_path)
        written = connection.execute(text("SELECT count(*) FROM event WHERE stream <> 0")).scalar_one()
        clocks = connection.execute(text("SELECT count(*) FROM clock")).scalar_one()
    read = json.loads(file.getvalue())
    assert made.events == len(read["events"]) == written
    assert [one["type"] for one in read["objects"]].count("clock") == clocks


def test_every_release_that_the_changelog_names_has_a_database_here() -> None:
    headings = [
        line[3:].strip() for line in (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines() if line[:3] == "## "
    ]
    assert set(headings) - {"Unreleased"} <= set(RELEASES)


def test_an_upgrade_leaves_every_event_as_it_was_written(upgraded: Upgraded) -> None:
    with sqlite3.connect(upgraded.kept) as kept:
        before = kept.execute("SELECT stream, seq, code, data, hash FROM event ORDER BY stream, seq").fetchall()
    with reading(upgraded.office.engine) as connection:
        query = "SELECT stream, seq, code, data, hash FROM event ORDER BY stream, seq"
        after = {(row.stream, row.seq): tuple(row) for row in connection.execute(text(query))}
    assert [after[row[0], row[1]] for row in before] == before


def test_after_the_upgrade_the_record_verifies(upgraded: Upgraded) -> None:
    report = verify(upgraded.url)
    assert report.ok, report.text()


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_every_job_runs(upgraded: Upgraded, job: Job, tmp_path: Path) -> None:
    home = tmp_path / "home"
    if job.name == "anchors":
        give_key(upgraded.office.engine, home)
    run_job(job, upgraded.office.engine, Settings(home=home, database=upgraded.url, smtp_host=""), now=NOW)
    report = verify(upgraded.url)
    assert report.ok, report.text()


def test_an_anchor_that_the_release_signed_holds_the_office_to_its_key(upgraded: Upgraded, tmp_path: Path) -> None:
    has_signed = (DATA / f"{upgraded.release}.pub").exists()
    with transaction(upgraded.office.engine) as connection:
        if not has_signed:
            assert ANCHORS not in pins(connection)
            return
        public = (DATA / f"{upgraded.release}.pub").read_text("ascii").strip()
        assert fingerprint_of(base64.b64decode(public)).startswith(pins(connection)[ANCHORS].fingerprint)
        with pytest.raises(KeyIsMissing):
            signing_key_of_office(connection, tmp_path, now=NOW)
    assert verify(upgraded.url).ok


def test_what_the_events_add_up_to_is_what_the_rows_say(upgraded: Upgraded) -> None:
    with reading(upgraded.office.engine) as connection:
        for record in records(connection, actor=TIMERS):
            loaded = load_facts(connection, record.case_id, actor=TIMERS)
            assert loaded is not None
            facts, _ = loaded
            assert record.clocks() == facts.clocks
            assert (record.case["state"], record.version) == (facts.state, facts.version)


def test_the_marks_of_every_case_are_tallied(upgraded: Upgraded) -> None:
    engine, calendar = upgraded.office.engine, calendar_of(upgraded)
    with transaction(engine) as connection:
        start_over(connection)
    assert keep_up(engine, calendar) == len(cases_of(upgraded))
    with reading(engine) as connection:
        assert agrees(connection, calendar, year=2025)
        assert agrees(connection, calendar, year=2026)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_of_the_program_scores_it(upgraded: Upgraded, scheme: str) -> None:
    context = upgraded.office.context
    with reading(upgraded.office.engine) as connection:
        for year in (2025, 2026):
            now = assess(connection, year=year, scheme=scheme, actor=TIMERS, office=context)
            then = sheets_as_of(connection, year=year, scheme=scheme, at=NOW, actor=TIMERS, office=context)
            assert now.units == then.assessment.units


def test_the_year_2025_of_the_room_costs_its_red_lights(upgraded: Upgraded) -> None:
    """The petition of 2025-03-03 has sixty days, to 2025-05-02, and was answered on 06-10: red, 1 point. The order of
    2025-10-13, which 0.1.0 could not reopen and has not, has five working days, to 10-20, and was answered on 10-24: red,
    1 point. 100 - 1 = 99; 100 - 2 = 98."""
    with reading(upgraded.office.engine) as connection:
        found = assess(connection, year=2025, actor=TIMERS, office=upgraded.office.context)
    room = next(sheet for sheet in found.units if sheet.unit == upgraded.office.units["room"])
    assert room.score.total == Decimal("98.00" if upgraded.release == NEWEST else "99.00")


def test_every_extension_is_known_with_the_instant_it_was_granted_at(upgraded: Upgraded) -> None:
    """0.1.0 did not write down when an extension opened a clock. Each release was told eight extensions; the one of the
    order about a noisy lift was granted on 2026-11-12 at 10:00."""
    with reading(upgraded.office.engine) as connection:
        granted = text("SELECT recorded_at FROM event WHERE code = 'clock:extended'").columns(recorded_at=UTCDateTime())
        at = sorted(connection.execute(granted).scalars())
        found = [mark for one in histories(connection, actor=TIMERS) for mark in marks(one, calendar_of(upgraded))]
    assert sorted(mark.at for mark in found if (mark.measure, mark.outcome) == ("extended", "granted")) == at
    assert len(at) == 8
    assert local("2026-11-12 10:00") in at


def test_every_case_can_be_seen_as_it_was_known_after_each_of_its_events(upgraded: Upgraded) -> None:
    context = upgraded.office.context
    with reading(upgraded.office.engine) as connection:
        for case_id in cases_of(upgraded):
            whole = case_as_of(connection, case_id, at=NOW, actor=TIMERS, office=context)
            for at in {event.recorded_at for event in whole.events}:
                then = case_as_of(connection, case_id, at=at, actor=TIMERS, office=context)
                assert then.events == tuple(event for event in whole.events if event.recorded_at <= at)
        for month in range(1, 13):
            open_cases_as_of(connection, at=local(f"2026-{month:02}-01 00:00"), actor=TIMERS, office=context)


def test_bulletins_serials_and_signs_are_made(upgraded: Upgraded) -> None:
    context, auditor = upgraded.office.context, upgraded.office.actors["auditor"]
    today = calendar_of(upgraded).local_day(NOW)
    with reading(upgraded.office.engine) as connection:
        for period in ("2025", "2026", *(f"2026-{month:02}" for month in range(1, 13))):
            bulletin(connection, period_from(period, today=today), actor=auditor, office=context, now=NOW)
        serial_completeness(connection, actor=auditor)
        signs_of_year(connection, year=2026, actor=auditor, office=context)


def test_every_case_can_be_packed_and_the_pack_holds_without_this_program(upgraded: Upgraded, tmp_path: Path) -> None:
    context = upgraded.office.context
    for case_id in cases_of(upgraded):
        with reading(upgraded.office.engine) as connection:
            made = pack_case(connection, case_id, office=context, actor=TIMERS, now=NOW, masked=False)
        file = tmp_path / f"{case_id}.zip"
        file.write_bytes(made.content)
        with ZipFile(file) as archive:
            assert json.loads(archive.read("record.json"))["events"]
        check = [sys.executable, str(ROOT / "docs/verify_pack.py"), str(file)]
        done = subprocess.run(check, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_was_closed_is_proved(upgraded: Upgraded) -> None:
    with reading(upgraded.office.engine) as connection:
        found = closed_years(connection)
        assert set(found) == ({2025} if upgraded.release == NEWEST else set())
        for year in found:
            assert prove(connection, year).ok
            addendum(connection, year)


def test_its_anchors_and_a_new_one_hold_against_it(upgraded: Upgraded, tmp_path: Path) -> None:
    """The anchors that the release made are signed by its key, which is kept beside its database."""
    engine = upgraded.office.engine
    own = DATA / f"{upgraded.release}.pub"
    key = signing_key(tmp_path)
    make_anchors(engine, office=upgraded.office.context, key=key, now=NOW)
    with reading(engine) as connection:
        for one in list_anchors(connection):
            (tmp_path / f"anchor-{one.number}.txt").write_text(anchor_text(connection, one.number) or "", "utf-8")
    keys = [str(one) for one in (own, tmp_path / "keys" / "anchor.pub") if one.exists()]
    report = verify(upgraded.url, anchors=sorted(str(one) for one in tmp_path.glob("anchor-*.txt")), keys=keys)
    assert report.ok, report.text()


def test_the_record_goes_on_for_a_year(upgraded: Upgraded) -> None:
    engine = upgraded.office.engine
    assert not sweep(engine, now=NOW + 365 * DAY).failed
    with reading(engine) as connection:
        assert sum(1 for _ in histories(connection, actor=TIMERS)) == len(cases_of(upgraded))
    report = verify(upgraded.url)
    assert report.ok, report.text()
