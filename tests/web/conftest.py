"""The fixtures of the site; what they are is in `tests/databases.py`."""

from collections.abc import Iterator

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

import people.signin
from tests.databases import (
    engine,
    office,
    office_template,
    postgres_template,
    postgresql,
    site,
    sqlite,
    sqlite_template,
)

__all__ = [
    "engine", "fast_passwords", "office", "office_template", "postgres_template", "postgresql", "site", "sqlite", "sqlite_template",
]  # fmt: skip


@pytest.fixture(scope="module")
def fast_passwords() -> Iterator[None]:
    """The same hash at a thousandth of the cost: for tests that sign in, not for those that ask how it is done."""
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people.signin, "hasher", lambda: cheap)
        people.signin._nobodys_hash.cache_clear()
        yield
    people.signin._nobodys_hash.cache_clear()
