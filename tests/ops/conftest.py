"""The fixtures of records that can be verified; what they are is in `tests/verify/conftest.py`."""

from tests.verify.conftest import postgres_record, postgres_template, record, sqlite_record, sqlite_template

__all__ = ["postgres_record", "postgres_template", "record", "sqlite_record", "sqlite_template"]
