"""The fixtures of the site; what they are is in `tests/databases.py`."""

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
from tests.web.conftest import fast_passwords

__all__ = [
    "engine",
    "fast_passwords",
    "office",
    "office_template",
    "postgres_template",
    "postgresql",
    "site",
    "sqlite",
    "sqlite_template",
]
