"""The demo office as a file: built once for a run of the tests, whichever worker needs it first, and copied by whoever
looks at it. The fixture `demo_file` is in `tests/conftest.py`."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter
from sqlalchemy import Engine

import migrations
from demo.building import DemoOffice, build_demo
from infra.db import reading
from tests.databases import opened

#: Friday 20 November 2026, noon in Shanghai.
BUILT_AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
MADE = TypeAdapter(DemoOffice)


def built_once(folder: Path) -> Path:
    """The demo of `BUILT_AT` in a folder that processes share: who comes second waits for the first."""
    file = folder / "demo.db"
    with (folder / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            half = folder / "demo.half-built.db"
            half.unlink(missing_ok=True)  # of a worker that failed
            made = build(half)
            _beside(file).write_bytes(MADE.dump_json(made))
            half.rename(file)
    return file


def build(file: Path) -> DemoOffice:
    """All of it is in that one file."""
    with opened(f"sqlite:///{file}") as engine:
        migrations.upgrade(engine)
        made = build_demo(engine, now=BUILT_AT)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").close()
    return made


def made_with(file: Path) -> DemoOffice:
    """What the builder of that file said."""
    return MADE.validate_json(_beside(file).read_bytes())


def _beside(file: Path) -> Path:
    return file.with_suffix(".json")


@contextmanager
def demo_copy(demo_file: Path, folder: Path) -> Iterator[Engine]:
    """The demo in a file of one's own, under the name that the program looks for."""
    path = folder / "huiyin.db"
    shutil.copyfile(demo_file, path)
    with opened(f"sqlite:///{path}") as engine:
        with reading(engine):
            pass
        yield engine
