"""Copies of the office that is tampered with, each gone after its use: files, or databases of a PostgreSQL server."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cases.records import postgres_database
from tests.releases.kept import load_into_postgresql

FILES = ("a copy byte by byte", "a copy by VACUUM INTO", "a copy by the backup API")
DATABASES = ("a copy by CREATE DATABASE",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The office that nobody changes: its file, or the database of a server that has the same rows."""

    file: Path
    server: str = ""
    name: str = ""

    @property
    def ways(self) -> tuple[str, ...]:
        """How copies are made; the first way is the fastest."""
        return DATABASES if self.server else FILES


@contextmanager
def original(file: Path, server: str) -> Iterator[Original]:
    """The office of a file, on the server if one is given."""
    if not server:
        yield Original(file=file)
        return
    with postgres_database(server) as (name, url):
        load_into_postgresql(file, url)
        yield Original(file=file, server=server, name=name)


@contextmanager
def copied(kept: Original, way: str = "") -> Iterator[str]:
    """The URL of a copy."""
    if kept.server:
        with postgres_database(kept.server, template=kept.name) as (_, url):
            yield url
        return
    with tempfile.TemporaryDirectory(prefix="huiyin-tampered-") as name:
        file = Path(name) / "huiyin.db"
        _copy(kept.file, file, way or FILES[0])
        yield f"sqlite:///{file}"


def _copy(file: Path, to: Path, way: str) -> None:
    if way == FILES[0]:
        shutil.copyfile(file, to)
        return
    source = sqlite3.connect(file)
    try:
        if way == FILES[1]:
            source.execute("VACUUM INTO ?", (str(to),))
        else:
            target = sqlite3.connect(to)
            source.backup(target)
            target.close()
    finally:
        source.close()
