"""`huiyin export`: whole files or none, and a file that can be told from any other."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from infra.db import reading, transaction
from reports.files import sheets
from tests.databases import opened
from tests.ops.command_line import ASKED_WRONGLY, WRONG, _office_file, home, office, run

__all__ = ["_office_file", "home", "office"]

UNREADABLE = 3
PERIOD = ("--from", "2026-01-01", "--to", "2026-12-31")


@pytest.fixture
def closed_office(office: Path) -> Path:
    """The office of the command line, in which both orders are closed: by hand, for this is not about how."""
    with opened(f"sqlite:///{office / 'huiyin.db'}") as engine, transaction(engine) as connection:
        connection.execute(text("UPDATE cases SET closed_at = registered_at, outcome = 'resolved', state = 'closed'"))
    return office


def test_a_report_is_written_whole_and_its_hash_is_told_and_kept(closed_office: Path, tmp_path: Path) -> None:
    for kind in ("csv", "xlsx", "pdf", "jsonl"):
        file = tmp_path / f"closures.{kind}"
        told = json.loads(run("export", "closures", file, *PERIOD, "--json").stdout)
        assert (told["rows"], told["bytes"], told["masked"]) == (2, file.stat().st_size, True)
        found = json.loads(run("export", "check", file, "--json").stdout)
        assert found["sha256"] == told["sha256"]
        assert found["export"]["format"] == kind
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {f"closures.{kind}" for kind in ("csv", "xlsx", "pdf", "jsonl")}  # fmt: skip


def test_names_are_masked_unless_a_reason_of_the_list_is_given(closed_office: Path, tmp_path: Path) -> None:
    def applicants(*options: str) -> set[str]:
        assert run("export", "closures", tmp_path / "a.csv", *PERIOD, "--language", "en", *options).exit_code == 0
        rows = csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text("utf-8-sig")))
        return {row["Applicants"] for row in rows}

    assert applicants() == {"白＊＊"}
    assert applicants("--reason", "court_request") == {"白某"}
    refused = run("export", "closures", tmp_path / "b.csv", *PERIOD, "--reason", "curiosity")
    assert refused.exit_code == ASKED_WRONGLY
    assert "court_request" in refused.stderr


def test_check_names_the_export_and_says_of_an_edited_file_that_it_is_none(closed_office: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    run("export", "closures", file, *PERIOD, "--profile", "hotline")
    found = run("export", "check", file)
    assert found.exit_code == 0
    assert "2026-01-01 – 2026-12-31" in found.stdout
    assert "hotline order" in found.stdout
    assert "command line" in found.stdout
    file.write_bytes(file.read_bytes() + b" ")
    other = run("export", "check", file)
    assert other.exit_code == WRONG
    assert "is no export of this office" in other.stdout
    assert run("export", "check", tmp_path / "nothing.csv").exit_code == UNREADABLE


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("a.exe", *PERIOD), "no report has this format"),
        (("a", *PERIOD), "no report has this format"),
        (("a.csv", "--from", "2026-02-30", "--to", "2026-12-31"), "year-month-day"),
        (("a.csv", "--from", "2026-12-31", "--to", "2026-01-01"), "must not be after"),
        (("a.csv", *PERIOD, "--unit", "no such unit"), "no such unit"),
        (("a.csv", *PERIOD, "--columns", "number,shoe_size"), "shoe_size"),
        (("a.csv", *PERIOD, "--procedure", "divination"), "divination"),
    ],
)
def test_what_cannot_be_given_is_refused_in_words_and_leaves_nothing(
    arguments: tuple[str, ...], words: str, closed_office: Path, tmp_path: Path
) -> None:
    refused = run("export", "closures", tmp_path / arguments[0], *arguments[1:])
    assert refused.exit_code == ASKED_WRONGLY
    assert words.lower() in refused.stderr.lower()
    assert [path for path in tmp_path.iterdir() if path != closed_office] == []


def test_a_unit_is_known_by_its_name(closed_office: Path, tmp_path: Path) -> None:
    for unit, rows in (("滨江园区党群服务中心", 2), ("人民调解室", 0)):
        told = run("export", "closures", tmp_path / "a.csv", *PERIOD, "--unit", unit, "--json")
        assert json.loads(told.stdout)["rows"] == rows


def test_a_folder_that_is_not_there_is_said_and_nothing_is_recorded(closed_office: Path, tmp_path: Path) -> None:
    refused = run("export", "closures", tmp_path / "nowhere" / "a.csv", *PERIOD)
    assert refused.exit_code == UNREADABLE
    assert "Check the folder" in refused.stderr


def test_a_report_that_fails_half_way_leaves_the_old_file_and_no_half_one(
    closed_office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(b"an older report")
    monkeypatch.setattr(sheets, "ROWS_A_SHEET", 2)  # the header and one row
    refused = run("export", "closures", file, *PERIOD)
    assert refused.exit_code == ASKED_WRONGLY
    assert file.read_bytes() == b"an older report"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.xlsx"]


# -- the event log ----------------------------------------------------------------------------------------------------


def test_the_event_log_is_written_whole_and_known_again(office: Path, tmp_path: Path) -> None:
    file = tmp_path / "events.json"
    told = json.loads(run("export", "ocel", file, "--json").stdout)
    read = json.loads(file.read_bytes())
    assert (told["cases"], told["events"]) == (2, len(read["events"]))
    assert told["bytes"] == file.stat().st_size
    found = run("export", "check", file)
    assert found.exit_code == 0
    assert "event log (OCEL 2.0)" in found.stdout
    assert told["sha256"] in found.stdout
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["events.json"]


def test_an_event_log_that_cannot_be_written_is_said_and_not_recorded(office: Path, tmp_path: Path) -> None:
    refused = run("export", "ocel", tmp_path / "nowhere" / "events.json")
    assert refused.exit_code == UNREADABLE
    assert "Check the folder" in refused.stderr
    with opened(f"sqlite:///{office / 'huiyin.db'}") as engine, reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM event WHERE code = 'report:exported'")).scalar_one() == 0


# -- a process that is stopped ----------------------------------------------------------------------------------------

#: The program as it is, but with a pause after each page of one row, so that there is a half-way to be stopped at.
#: A shell that starts tests in the background lets them ignore the interrupt, which a person's terminal does not.
SLOWLY = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from reports.closures import query as closure_query
closure_query.ROWS_A_FETCH = 1
whole = closure_query.pages
def slowly(connection, query):
    for number, page in enumerate(whole(connection, query)):
        yield page
        time.sleep(30)
import reports.closures.report
reports.closures.report.pages = slowly
from cli.main import main
sys.argv = ["huiyin", *sys.argv[1:]]
main()
"""


def _begun(office: Path, file: Path) -> subprocess.Popen[bytes]:
    """A real export that has written its first rows into the file that says of itself that it is a part."""
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOWLY, "export", "closures", str(file), *PERIOD],
        cwd=root, env={**os.environ, "HUIYIN_HOME": str(office)}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    part = file.with_name(f".{file.name}.part")
    for _ in range(300):
        if part.exists():
            return process
        time.sleep(0.1)
    process.kill()
    raise AssertionError("the export has not begun within thirty seconds")


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_that_is_told_to_stop_clears_its_part_away(
    stop: int, kind: str, closed_office: Path, tmp_path: Path
) -> None:
    file = tmp_path / f"a.{kind}"
    process = _begun(closed_office, file)
    time.sleep(0.3)
    process.send_signal(stop)
    assert process.wait(timeout=20) != 0
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def test_an_export_that_is_killed_leaves_what_is_plainly_a_part(closed_office: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    process = _begun(closed_office, file)
    process.kill()
    process.wait(timeout=20)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [".a.csv.part"]
    assert run("export", "check", tmp_path / ".a.csv.part").exit_code == WRONG, "it was never recorded"
    assert run("export", "closures", file, *PERIOD).exit_code == 0
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["a.csv"]


def test_progress_is_told_on_stderr(closed_office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.exporting.STEP", 2)
    told = run("export", "closures", tmp_path / "a.csv", *PERIOD)
    assert told.stderr.splitlines() == ["2 of 2 rows"]
