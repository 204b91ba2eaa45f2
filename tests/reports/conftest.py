"""The fixtures of the small office; what they are is in `tests/databases.py`."""

from tests.databases import (
    engine,
    office,
    office_template,
    postgres_template,
    postgresql,
    sqlite,
    sqlite_template,
)

__all__ = ["engine", "office", "office_template", "postgres_template", "postgresql", "sqlite", "sqlite_template"]
