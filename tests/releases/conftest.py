"""The office of every kept database after its upgrade, on each server: upgraded once, copied for each test."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.databases import Site, postgres_copy, serving, sqlite_copy
from tests.releases.kept import RELEASES, Upgraded, load_into_postgresql, office_in, unpacked, upgrade

SERVERS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))


LOOKED_AT = "2026-12-01T11:00"  #: a day after the last event of any


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each kept database, unpacked."""
    folder = tmp_path_factory.mktemp("kept")
    return {release: unpacked(release, folder) for release in RELEASES}


@pytest.fixture(scope="session")
def sqlite_releases(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    upgraded = {}
    for release, file in files.items():
        upgraded[release] = tmp_path_factory.mktemp("upgraded") / "huiyin.db"
        upgraded[release].write_bytes(file.read_bytes())
        upgrade(f"sqlite:///{upgraded[release]}")
    return upgraded


@pytest.fixture(scope="session")
def postgresql_releases(files: dict[str, Path], postgres: str) -> Iterator[dict[str, tuple[str, str]]]:
    made = {}
    for release, file in files.items():
        name = f"release_{secrets.token_hex(6)}"
        _run(postgres, f"CREATE DATABASE {name}")
        made[release] = (postgres, name)
        url = postgres.replace("postgresql://", "postgresql+psycopg://", 1).rpartition("/")[0] + f"/{name}"
        load_into_postgresql(file, url)
        upgrade(url)
    yield made
    for _, name in made.values():
        _run(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=RELEASES)
def upgraded(request: pytest.FixtureRequest, server: str, files: dict[str, Path], tmp_path: Path) -> Iterator[Upgraded]:
    """The office of each release on each server, in a database of this test's own."""
    release = request.param
    templates = request.getfixturevalue(f"{server}_releases")
    copy = postgres_copy(templates[release]) if server == "postgresql" else sqlite_copy(templates[release], tmp_path)
    with copy as engine:
        yield Upgraded(release=release, kept=files[release], office=office_in(engine))


@pytest.fixture(params=RELEASES)
def on_sqlite(
    request: pytest.FixtureRequest, sqlite_releases: dict[str, Path], files: dict[str, Path], tmp_path: Path
) -> Iterator[Upgraded]:
    """The same on SQLite only, for what asks no database anything of its own."""
    with sqlite_copy(sqlite_releases[request.param], tmp_path) as engine:
        yield Upgraded(release=request.param, kept=files[request.param], office=office_in(engine))


@pytest.fixture
def site(on_sqlite: Upgraded, tmp_path: Path) -> Iterator[Site]:
    """The site of each release's office."""
    with serving(on_sqlite.office, tmp_path) as made:
        made.clock.set(LOOKED_AT)
        yield made


@pytest.fixture
def site_on_any(upgraded: Upgraded, tmp_path: Path) -> Iterator[Site]:
    """The same on each server."""
    with serving(upgraded.office, tmp_path, database=upgraded.url) as made:
        made.clock.set(LOOKED_AT)
        yield made


def _run(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())
