"""A closed year is worked out again on any machine, whatever became known later, and not if something it rests on was changed."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine

from cases.execute import execute
from cases.office import OfficeContext, load_office
from cases.sweep import sweep
from cases.tally import counted_marks, fresh
from infra.db import checkpoint, reading, transaction
from reports.years.addendum import Addendum, addendum
from reports.years.closed_years import closed_year, prove
from tests.databases import found
from tests.demo import BUILT_AT, demo_copy
from tests.reports.ended import Ended, ended, local
from tests.reports.golden import SCHEMES, file_of, sealed
from tests.reports.told import in_hand, replied
from verify.checking import verify
from workflow.model import Actor, CaseId, Role
from workflow.procedures.every_case.commands import Rate

__all__ = ["ended"]

ROOT = Path(__file__).parents[2]


# -- proving, and what became known later -----------------------------------------------------------------------------


def test_a_late_event_changes_nothing_of_the_closed_year_and_is_listed(ended: Ended) -> None:
    ended.close("JINHUA")
    before = ended.proof()
    assert ended.late() == Addendum(year=2025, late=(), difference={})
    seq = ended.answer_the_open_one()
    after = ended.proof()
    assert after.ok
    assert after.content == before.content
    found = ended.late()
    (late,) = found.late
    assert (late.case_id, late.events) == (ended.open_case, (seq,))
    assert [(mark.measure, mark.outcome) for mark in late.no_longer] == [("due", "open")]
    assert [(mark.measure, mark.outcome) for mark in late.now] == [("due", "closed_late")]
    # Closed with one of two in time, one open: 50 - 20 = 30 of 50, 20 - 40 is nothing; 30 x 80/70 = 34.29. Now both are
    # closed: 20 x 80/70 = 22.86 more.
    assert found.difference == {ended.office.units["room"]: Decimal("22.86")}


def test_an_event_that_changes_nothing_of_the_year_is_no_addendum(ended: Ended) -> None:
    ended.close()
    ended.office.tell("hotline", *in_hand("2026-01-19"))
    assert not sweep(ended.engine, now=local("2026-02-20T09:00")).failed
    assert ended.late() == Addendum(year=2025, late=(), difference={})
    assert ended.proof().ok


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_year_is_proved_under_whatever_scheme_it_was_closed(ended: Ended, scheme: str) -> None:
    ended.close(scheme)
    ended.answer_the_open_one()
    assert ended.proof().ok


# -- tampering --------------------------------------------------------------------------------------------------------


@pytest.fixture
def closed_file(sqlite: Engine) -> tuple[Ended, Path]:
    office = found(sqlite)
    opened = office.tell("hotline", *in_hand("2025-03-03"), *replied("2025-03-10T10:00"))
    ended = Ended(office, opened.case_id)
    ended.close()
    path = Path(str(sqlite.url.database))
    return ended, path


def tampered(path: Path, *statements: str) -> None:
    """What the owner of the file can do: drop what guards it, and change something."""
    with closing(sqlite3.connect(path)) as connection, connection:
        guards = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in guards:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET data = replace(data, '\"light\":\"yellow\"', '\"light\":null') WHERE code = 'clock:crossed'",
        "UPDATE event SET recorded_at = '2025-03-11 00:00:00.000000' WHERE code = 'case:replied'",
        "UPDATE event SET unit = 3 WHERE stream = 1 AND seq = 1",
        "UPDATE event SET hash = replace(hash, substr(hash, 1, 8), '00000000') WHERE stream = 1 AND seq = 2",
        "DELETE FROM event WHERE stream = 1 AND seq = (SELECT max(seq) FROM event WHERE stream = 1)",
        "UPDATE year_cutoff SET seq = seq - 1",
        "UPDATE year_cutoff SET hash = replace(hash, substr(hash, 1, 8), '00000000')",
        "DELETE FROM year_cutoff",
        "UPDATE year_close SET cases = cases + 1",
        "UPDATE year_close SET cutoff_hash = replace(cutoff_hash, substr(cutoff_hash, 1, 8), '00000000')",
        "UPDATE year_close SET result_hash = replace(result_hash, substr(result_hash, 1, 8), '00000000')",
        "UPDATE year_close SET scheme_content = replace(scheme_content, 'yellow = \"-0.5\"', 'yellow = \"-0.4\"')",
        "UPDATE year_close SET zone = 'UTC'",
    ],
)  # fmt: skip
def test_whatever_a_closed_year_rests_on_cannot_be_changed_unseen(
    closed_file: tuple[Ended, Path], statement: str
) -> None:
    ended, path = closed_file
    assert ended.proof().ok
    tampered(path, statement)
    assert not ended.proof().ok


def test_the_case_whose_chain_was_broken_is_named(closed_file: tuple[Ended, Path]) -> None:
    ended, path = closed_file
    tampered(path, "UPDATE event SET role = 'auditor' WHERE stream = 1 AND seq = 3")
    assert ended.proof().broken == ((1, 3),)


REWRITTEN = (
    "UPDATE year_close SET scheme_content = replace(scheme_content, 'yellow = \"-0.5\"', 'yellow = \"-0.4\"')",
    "UPDATE year_close SET result_hash = '{found}'",
)


def test_scheme_and_hash_rewritten_together_do_not_prove_another_result(closed_file: tuple[Ended, Path]) -> None:
    ended, path = closed_file
    tampered(path, REWRITTEN[0])
    tampered(path, REWRITTEN[1].format(found=ended.proof().found))
    assert not ended.proof().ok


def test_a_stored_result_that_was_changed_is_noticed(closed_file: tuple[Ended, Path]) -> None:
    ended, path = closed_file
    tampered(path, "UPDATE year_close SET result = replace(result, '\"99.50\"', '\"99.99\"')")
    assert not ended.proof().ok


def test_the_examination_of_the_whole_record_names_every_one_of_these(closed_file: tuple[Ended, Path]) -> None:
    ended, path = closed_file
    url = f"sqlite:///{path}"
    assert verify(url).ok
    for statement in (REWRITTEN[0], "UPDATE year_close SET result = replace(result, '99.50', '99.99')"):
        checkpoint(ended.engine)
        copy = path.with_name("copy.db")
        shutil.copyfile(path, copy)
        tampered(copy, statement)
        assert not verify(f"sqlite:///{copy}").ok, statement


# -- the demo, elsewhere ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, OfficeContext]]:
    with demo_copy(demo_file, tmp_path_factory.mktemp("demo")) as engine:
        with reading(engine) as connection:
            office = load_office(connection)
        yield engine, office


def elsewhere(folder: Path, *arguments: str, zone: str, locale: str) -> tuple[int, str]:
    """The command line on another machine: another home, time zone and language."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("HUIYIN", "LC_", "LANG"))},
        "HUIYIN_HOME": str(folder), "HUIYIN_DATABASE": f"sqlite:///{folder / 'huiyin.db'}", "TZ": zone, "LC_ALL": locale,
        "HUIYIN_LANGUAGE": "en", "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done.returncode, done.stdout.decode()


def test_the_demo_proves_its_year_on_any_machine_before_and_after_a_late_event(demo_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "另一台 机器"
    folder.mkdir()
    with demo_copy(demo_file, folder) as engine:
        with reading(engine) as connection:
            year = closed_year(connection, 2025)
            office = load_office(connection)
            known = {(late.case_id, seq) for late in addendum(connection, 2025).late for seq in late.events}
            beside = fresh(connection, office.policy.calendar)
            unrated = next(
                one
                for one in counted_marks(connection, year=2025, units=range(1, 20), beside=beside)
                if (one.mark.measure, one.mark.outcome) == ("answered", "unrated")
                and one.case_id not in {case for case, _ in known}
            )
        assert year is not None
        code, out = elsewhere(
            folder, "assess", "prove", "2025", "--out", str(folder / "a"), zone="America/New_York", locale="C"
        )
        assert code == 0, out
        assert (folder / "a").read_bytes() == year.result.encode()
        petitioner = Actor(account=None, role=Role.PETITIONER, unit=None, case=CaseId(unrated.case_id))
        with transaction(engine) as connection:
            done = execute(
                connection, unrated.case_id, Rate(score="dissatisfied"), actor=petitioner, now=BUILT_AT,
                expected_version=None, office=office, request="a late word",
            )  # fmt: skip
        code, out = elsewhere(
            folder,
            "assess",
            "prove",
            "2025",
            "--out",
            str(folder / "b"),
            zone="Pacific/Kiritimati",
            locale="tr_TR.UTF-8",
        )
        assert code == 0, out
        assert (folder / "b").read_bytes() == year.result.encode()
        with reading(engine) as connection:
            late = addendum(connection, 2025).late
        now = {(one.case_id, seq) for one in late for seq in one.events}
        assert now - known == {(unrated.case_id, done.seq)}
        (new,) = (one for one in late if one.case_id == unrated.case_id)
        assert ("answered", "rated") in [(mark.measure, mark.outcome) for mark in new.now]
        code, out = elsewhere(folder, "assess", "addendum", "2025", "--json", zone="UTC", locale="C.UTF-8")
        assert code == 0, out
        assert [done.seq] in [one["events"] for one in json.loads(out)["late"]]


def test_a_tampered_demo_is_not_proved(demo_file: Path, tmp_path: Path) -> None:
    statement = "UPDATE event SET recorded_at = '2025-02-02 00:00:00.000000' WHERE stream = 9 AND seq = 2"
    with demo_copy(demo_file, tmp_path) as engine:
        tampered(tmp_path / "huiyin.db", statement)
        with reading(engine) as connection:
            proof = prove(connection, 2025)
    assert (proof.ok, proof.broken) == (False, ((9, 2),))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_year_2025_of_the_demo_is_the_golden_one(demo: tuple[Engine, OfficeContext], scheme: str) -> None:
    # Meant to differ? `python -m tests.reports.golden` writes the files anew; read the difference before keeping it.
    assert sealed(demo[0])[scheme] == file_of(scheme).read_bytes()
