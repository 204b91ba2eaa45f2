"""`huiyin index`: the index is compared with the record, and written anew from it."""

from pathlib import Path

from sqlalchemy import text

from infra.db import transaction
from tests.databases import opened
from tests.ops.command_line import WRONG, _office_file, home, office, run

__all__ = ["_office_file", "home", "office"]


def test_an_index_that_is_right_is_said_to_be_and_one_that_is_not_is_named_and_mended(office: Path) -> None:
    assert run("index", "check").exit_code == 0
    with opened(f"sqlite:///{office / 'huiyin.db'}") as engine, transaction(engine) as connection:
        connection.execute(text("UPDATE finding SET words = ' 别的 ' WHERE id >> 20 = 1 AND id & 1048575 <> 0"))
    wrong = run("index", "check")
    assert wrong.exit_code == WRONG
    assert "1.1 differs" in wrong.stdout
    assert run("index", "anew").exit_code == 0
    assert run("index", "check").exit_code == 0
