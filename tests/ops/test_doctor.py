"""`huiyin doctor` looks at everything and changes nothing: what is wrong is marked, and is exit code 1."""

import shutil
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import Result

from infra.settings import settings
from tests.ops.command_line import _office_file, home, office, run
from tests.ops.test_wrong_settings import put
from tests.servers import SmtpSink

__all__ = ["_office_file", "home", "office"]


def marks(done: Result) -> dict[str, str]:
    """The lines by their words, and how each is marked."""
    return {line[6:]: line[:5].strip() for line in done.stdout.splitlines()}


def wrong(done: Result) -> list[str]:
    return [words for words, how in marks(done).items() if how == "WRONG"]


def test_all_is_well_and_nothing_is_changed(office: Path) -> None:
    before = {path.name: path.read_bytes() for path in office.iterdir() if path.name == "huiyin.db"}
    done = run("doctor")
    assert (done.exit_code, wrong(done)) == (0, []), done.stdout
    assert {path.name: path.read_bytes() for path in office.iterdir() if path.name == "huiyin.db"} == before
    assert not (office / "keys").exists()


def test_a_place_without_an_office_is_found(home: Path) -> None:
    done = run("doctor")
    assert done.exit_code == 1
    assert any("There is no folder" in one for one in wrong(done))
    home.mkdir()
    assert any("There is no database" in one for one in wrong(run("doctor")))
    assert list(home.iterdir()) == []


def test_the_mail_server_is_greeted_and_gets_no_mail(
    office: Path, smtp: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(monkeypatch, {"SMTP_HOST": smtp.host, "SMTP_PORT": str(smtp.port), "MAIL_FROM": "huiyin@example.cn"})
    done = run("doctor")
    assert marks(done)[f"The mail server {smtp.host}:{smtp.port} answers."] == "ok"
    assert smtp.received == []
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        put(monkeypatch, {"SMTP_PORT": str(nobody.getsockname()[1])})
        assert any("does not answer as it should" in one for one in wrong(run("doctor")))


def test_a_key_that_the_record_names_and_nobody_has_is_found(home: Path) -> None:
    founding = run("init", "--name", "甲", "--short-name", "乙", "--email", "a@b.cn")
    assert founding.exit_code == 0
    assert marks(run("doctor"))["The keys are those that the record names."] == "ok"
    shutil.rmtree(home / "keys")
    assert any("anchor, rating, links" in one for one in wrong(run("doctor")))


def test_a_file_that_is_no_database_is_said_in_words(office: Path) -> None:
    (office / "huiyin.db").write_text("no database, only words " * 1000)
    done = run("doctor")
    assert any(one.startswith("Database: ") for one in wrong(done))
    assert "Traceback" not in done.output


def test_a_clock_in_doubt_is_found(office: Path) -> None:
    with closing(sqlite3.connect(office / "huiyin.db")) as record:
        record.execute(
            "INSERT INTO clock_watch (id, boot, ticks, seen_at) VALUES (1, 'other', 0, '2027-06-01 00:00:00.000000')"
        ).close()
        record.commit()
    assert any("clock is in doubt" in one for one in wrong(run("doctor")))
    settings.cache_clear()


def test_a_damaged_file_is_found_whose_pages_can_still_be_opened(office: Path) -> None:
    file = office / "huiyin.db"
    with closing(sqlite3.connect(file)) as record:
        (page,) = record.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_cases_due'").fetchone()
        (size,) = record.execute("PRAGMA page_size").fetchone()
        record.execute("PRAGMA journal_mode = delete").close()
    with file.open("r+b") as spoiled:
        spoiled.seek((page - 1) * size)
        spoiled.write(b"\xff" * size)
    done = run("doctor")
    assert done.exit_code == 1
    assert any(one.startswith("The database file is damaged") for one in wrong(done)), done.stdout


def test_it_says_which_program_this_is_and_that_there_is_no_backup_yet(office: Path) -> None:
    found = marks(run("doctor"))
    assert next(iter(found)).startswith("Huiyin 0.")
    assert found["There has been no backup yet."] == "note"
    assert run("--version").stdout.startswith("huiyin 0.")
