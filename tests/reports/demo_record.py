"""The demo office as a file: built once for a run of the tests, and copied by whoever wants to change something in it."""

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from sqlalchemy import Engine

import migrations
from infra.db import reading
from ops.demo import build_demo
from tests.databases import opened

#: Friday 20 November 2026, noon in Shanghai.
BUILT_AT = datetime(2026, 11, 20, 4, tzinfo=UTC)


@cache
def demo_file() -> Path:
    """A file with the demo of `BUILT_AT`, all of it in that one file. Nobody writes into it."""
    folder = Path(tempfile.mkdtemp(prefix="huiyin-demo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "huiyin.db"
    with opened(f"sqlite:///{path}") as engine:
        migrations.upgrade(engine)
        build_demo(engine, now=BUILT_AT)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close()
    return path


@contextmanager
def demo_copy(folder: Path) -> Iterator[Engine]:
    """The demo in a file of one's own, under the name that the program looks for."""
    path = folder / "huiyin.db"
    shutil.copyfile(demo_file(), path)
    with opened(f"sqlite:///{path}") as engine:
        with reading(engine):
            pass
        yield engine
