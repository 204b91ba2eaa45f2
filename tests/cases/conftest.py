"""Offices to work in: built once for each database server, copied for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cases import records
from tests.cases.records import Template, World


@pytest.fixture(scope="session")
def sqlite_office(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return records.sqlite_template(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="session")
def postgres_office(postgres: str) -> Iterator[Template]:
    with records.postgres_template(postgres) as template:
        yield template


@pytest.fixture
def sqlite_world(sqlite_office: Template, tmp_path: Path) -> Iterator[World]:
    with records.world(sqlite_office, tmp_path) as made:
        yield made


@pytest.fixture
def postgres_world(postgres_office: Template, tmp_path: Path) -> Iterator[World]:
    with records.world(postgres_office, tmp_path) as made:
        yield made


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest) -> World:
    """The same office on each database."""
    made: World = request.getfixturevalue(f"{request.param}_world")
    return made
