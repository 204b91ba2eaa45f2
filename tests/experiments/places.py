"""Where an experiment happens: a new office on SQLite or PostgreSQL, and a directory, both gone afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from stories.story import Stage
from tests.cases import records
from tests.servers import postgres_server


class NoPostgres(Exception):
    """There is no PostgreSQL server on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    url: str
    stage: Stage
    directory: Path


@contextmanager
def place(database: str) -> Iterator[Place]:
    """Raises `NoPostgres`."""
    with tempfile.TemporaryDirectory(prefix="huiyin-kill-") as name:
        directory = Path(name)
        if database == "sqlite":
            template = records.sqlite_template(directory)
            yield Place(url=f"sqlite:///{template.file}", stage=template.stage, directory=directory)
            return
        with running_postgres() as server, postgres_place(server, directory) as made:
            yield made


@contextmanager
def empty(database: str, server: str | None, directory: Path) -> Iterator[str]:
    """The URL of a database of its own without a schema, on that server if it is PostgreSQL."""
    if database == "sqlite":
        yield f"sqlite:///{directory / 'empty.db'}"
        return
    assert server
    with records.postgres_database(server) as (_, url):
        yield url


@contextmanager
def empty_place(database: str) -> Iterator[tuple[str, Path]]:
    """The URL of a database of its own without a schema, and a directory. Raises `NoPostgres`."""
    with (
        nullcontext("") if database == "sqlite" else running_postgres() as server,
        tempfile.TemporaryDirectory(prefix="huiyin-place-") as directory,
        empty(database, server, Path(directory)) as url,
    ):
        yield url, Path(directory)


@contextmanager
def running_postgres() -> Iterator[str]:
    """The libpq URL of a server. Raises `NoPostgres`."""
    with postgres_server(Path(tempfile.gettempdir())) as server:
        if server is None:
            raise NoPostgres
        yield server


@contextmanager
def postgres_place(server: str, directory: Path) -> Iterator[Place]:
    with records.postgres_database(server) as (_, url):
        yield Place(url=url, stage=records.founded(url), directory=directory)
