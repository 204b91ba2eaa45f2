"""`huiyin verify` leaves what it found for the desk of whoever audits: of the office's own record, and of no other."""

from pathlib import Path

from sqlalchemy import text

from infra.db import transaction
from infra.verified import last_verified
from tests.databases import opened
from tests.ops.command_line import NOW, WRONG, _office_file, home, office, run

__all__ = ["_office_file", "home", "office"]


def test_what_was_found_is_left_with_its_time(office: Path) -> None:
    assert last_verified(office) is None
    assert run("verify", "--processes", "1").exit_code == 0
    found = last_verified(office)
    assert found is not None
    assert found.sound
    assert abs((found.at - NOW).total_seconds()) < 600
    with opened(f"sqlite:///{office / 'huiyin.db'}") as engine, transaction(engine) as connection:
        connection.execute(text("UPDATE cases SET state = 'closed' WHERE id = 1"))
    assert run("verify", "--processes", "1").exit_code == WRONG
    found = last_verified(office)
    assert found is not None
    assert not found.sound


def test_of_another_database_nothing_is_left(office: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes((office / "huiyin.db").read_bytes())
    assert run("verify", copy, "--processes", "1").exit_code == 0
    assert last_verified(office) is None


def test_where_nothing_can_be_written_it_is_verified_all_the_same(office: Path) -> None:
    (office / "verified.json").mkdir()
    assert run("verify", "--processes", "1").exit_code == 0
    assert last_verified(office) is None
