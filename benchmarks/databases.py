"""Where measures get their databases: an empty one with our schema, on SQLite or on PostgreSQL.

SQLite files lie in a directory of the run. PostgreSQL is the server of `tests/servers.py`, but a durable one: what a
commit costs is half of the question.
"""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import psycopg
from sqlalchemy import Engine

import migrations
from infra.db import open_engine
from tests import servers

#: The settings of a server that keeps what it has committed. Everything else is PostgreSQL's own default.
DURABLE = "-c fsync=on -c synchronous_commit=on -c max_wal_size=4GB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What every measure is given. `small`: a run that proves the benchmarks work and says nothing of speed.
    `closed_cases`: how many a year of closed cases has; `cases`: how many a large office has. `before`: the commit that pages
    are served beside."""

    directory: Path
    postgres: str | None  #: a libpq URL, or None where there is no server
    small: bool
    closed_cases: int
    before: str
    cases: int = 0

    @property
    def dialects(self) -> tuple[str, ...]:
        return ("sqlite", "postgresql") if self.postgres else ("sqlite",)

    def measures_memory(self, dialect: str) -> bool:
        """Each measure of memory starts a new process, so that a small run takes one database for it."""
        return not self.small or dialect == "sqlite"


@contextmanager
def bench(*, small: bool, closed_cases: int, before: str, cases: int = 0) -> Iterator[Bench]:
    with (
        mock.patch.object(servers, "POSTGRES_OPTIONS", DURABLE),
        tempfile.TemporaryDirectory(prefix="huiyin-bench-") as directory,
        servers.postgres_server(Path(tempfile.gettempdir())) as postgres,
    ):
        if postgres is None:
            print("!!! NO POSTGRESQL: its measures are left out")
        else:
            _tell_of_settings(postgres)
        yield Bench(
            directory=Path(directory),
            postgres=postgres,
            small=small,
            closed_cases=closed_cases,
            before=before,
            cases=cases,
        )


@contextmanager
def database(bench: Bench, dialect: str) -> Iterator[Engine]:
    """An engine on a new database with the schema, which is gone afterwards."""
    name = f"bench_{os.getpid()}_{secrets.token_hex(4)}"
    if dialect == "sqlite":
        path = bench.directory / f"{name}.sqlite"
        with _engine(f"sqlite:///{path}") as engine:
            yield engine
        for file in bench.directory.glob(f"{name}*"):
            file.unlink()
        return
    assert bench.postgres, "nobody measures PostgreSQL without a server"
    with psycopg.connect(bench.postgres, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            with _engine(_url(bench.postgres, name)) as engine:
                yield engine
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def folded_up(engine: Engine) -> None:
    """The write-ahead log is empty, as after a quiet quarter of an hour: whoever writes next starts evenly."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        sqlite = engine.dialect.name == "sqlite"
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)" if sqlite else "CHECKPOINT").close()


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    try:
        migrations.upgrade(engine)
        yield engine
    finally:
        engine.dispose()


def _url(server: str, name: str) -> str:
    return server.rsplit("/", 1)[0].replace("postgresql://", "postgresql+psycopg://") + "/" + name


def _tell_of_settings(url: str) -> None:
    with psycopg.connect(url) as server:
        settings = [(name, server.execute(f"SHOW {name}").fetchone()) for name in ("fsync", "synchronous_commit")]
    print("postgresql:", ", ".join(f"{name}={value[0]}" for name, value in settings if value))
