"""Accounts of an older release: sign-in names in one spelling, and nobody locked out by it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select

from infra.db import open_engine, reading
from people.signin import check_password
from people.tables import Account
from tests.cases.test_migration import RELEASE, build, upgrade

CHEAP = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
#: Id, sign-in name, whether it is open, what becomes of the name.
ACCOUNTS = (
    (101, "Zhang.San", True, "zhang.san"),
    (102, "ｌｉｓｉ", True, "lisi"),
    (103, "Wang", False, "Wang"),  # the spelling goes to the open account
    (104, "WANG", True, "wang"),
    (105, "zhao", True, "zhao"),
    (106, "Zhao", True, "Zhao"),  # taken by the one before: it stays, and signs in as it did
    (107, "\u3000", True, "\u3000"),
    (108, "王 伟", True, "王伟"),
)


def test_names_of_an_older_release_are_brought_into_one_spelling_and_all_still_sign_in(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    first = RELEASE["account"][0]
    rows: list[dict[str, Any]] = [
        {
            **first, "id": number, "login": login, "active": active, "password_hash": CHEAP.hash(f"password {number}"),
            "created_at": datetime(2026, 1, 5, tzinfo=UTC).isoformat(),
        }
        for number, login, active, _ in ACCOUNTS
    ]  # fmt: skip
    build(url, {**RELEASE, "account": [*RELEASE["account"], *rows]})
    upgrade(url)
    engine = open_engine(url)
    try:
        with reading(engine) as connection:
            query = select(Account.id, Account.login).where(Account.id > 100)  # type: ignore[call-overload, arg-type, operator]  # columns
            kept = {row.id: row.login for row in connection.execute(query)}
            assert kept == {number: name for number, _, _, name in ACCOUNTS}
            for number, login, active, _ in ACCOUNTS:
                if login.strip():
                    assert check_password(connection, login, f"password {number}") == (number if active else None), (
                        login
                    )
            for typed, number in (("ZHANG。SAN", 101), ("wang", 104), ("ｗang", 104), ("ZHAO", 105)):
                assert check_password(connection, typed, f"password {number}") == number, typed
    finally:
        engine.dispose()
