"""Databases with our schema and one small office, as `tests/cases` has them."""

from tests.cases.conftest import postgres_office, postgres_world, sqlite_office, sqlite_world, world

__all__ = ["postgres_office", "postgres_world", "sqlite_office", "sqlite_world", "world"]
