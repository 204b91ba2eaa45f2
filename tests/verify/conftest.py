"""Records to verify: built once for each database server, copied for each test."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.verify.records import Record, build, copied


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("record") / "huiyin.db"
    build(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> Iterator[tuple[str, str]]:
    """The URL of the server, and the name of a database on it that is only copied."""
    name = f"verify_{secrets.token_hex(6)}"
    _run(postgres, f"CREATE DATABASE {name}")
    build(_url(postgres, name))
    yield postgres, name
    _run(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_record(sqlite_template: Path, tmp_path: Path) -> Record:
    return copied(sqlite_template, tmp_path)


@pytest.fixture
def postgres_record(postgres_template: tuple[str, str]) -> Iterator[Record]:
    server, template = postgres_template
    name = f"{template}_{secrets.token_hex(4)}"
    _run(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield Record(url=_url(server, name))
    _run(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def record(request: pytest.FixtureRequest) -> Record:
    """The same record on each database."""
    made: Record = request.getfixturevalue(f"{request.param}_record")
    return made


def _url(server: str, name: str) -> str:
    return server.replace("postgresql://", "postgresql+psycopg://", 1).rpartition("/")[0] + "/" + name


def _run(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())
