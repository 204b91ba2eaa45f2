"""A small office with its people in a database of its own, and the means to take steps in it and to look at everything.

Each test gets a copy of one office (`template`), on SQLite or on PostgreSQL; the fixtures are in `conftest.py`.
"""

import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, select, text

import migrations
from cases.execute import Done, Opened, execute, open_case
from cases.office import OfficeContext, load_office
from infra.columns import Row
from infra.db import open_engine, reading, transaction
from stories.story import Stage, build_stage
from workflow.commands import Command, Intake
from workflow.model import Actor, RecordNumber, Role
from workflow.procedures.mediation.commands import Apply
from workflow.procedures.petition.commands import Register

#: Monday 2026-03-02, 09:00 in Shanghai.
START = datetime(2026, 3, 2, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """An office that a test may do anything to."""

    url: str
    engine: Engine
    office: OfficeContext
    stage: Stage

    def actor(self, name: str, *, case: int | None = None) -> Actor:
        """Anyone of `stories.story.CAST`, or the petitioner of a case."""
        if name == "petitioner":
            return Actor(account=None, role=Role.PETITIONER, unit=self.stage.units["centre"], case=case)  # type: ignore[arg-type]
        return self.stage.people[name]

    def account(self, name: str) -> int:
        account = self.stage.people[name].account
        assert account is not None
        return account

    def open(
        self,
        matter: str = "petition",
        *,
        by: str = "clerk",
        at: datetime = START,
        request: str | None = None,
        command: Intake | None = None,
        connection: Connection | None = None,
    ) -> Opened:
        profile = self.office.profile_of(matter)
        assert profile is not None, f"this office takes in no {matter}"
        with _given_or_new(self.engine, connection) as use:
            return open_case(
                use, command or an_intake(matter), profile=profile, actor=self.actor(by), now=at,
                office=self.office, request=request or new_request(),
            )  # fmt: skip

    def take(
        self,
        case_id: int,
        command: Command,
        *,
        by: str,
        at: datetime = START,
        version: int | None = None,
        request: str | None = None,
        connection: Connection | None = None,
        actor: Actor | None = None,
    ) -> Done:
        with _given_or_new(self.engine, connection) as use:
            return execute(
                use, case_id, command, actor=actor or self.actor(by, case=case_id), now=at, expected_version=version,
                office=self.office, request=request or new_request(),
            )  # fmt: skip

    def rows(self, query: str, **values: Any) -> Rows:
        """What a plain query finds. Instants of SQLite come as it spells them."""
        with reading(self.engine) as connection:
            return [dict(row) for row in connection.execute(text(query), values).mappings()]

    def column(self, query: str, **values: Any) -> list[Any]:
        return [next(iter(row.values())) for row in self.rows(query, **values)]

    def events(self, case_id: int) -> Rows:
        table = Row.metadata.tables["event"]
        with reading(self.engine) as connection:
            found = connection.execute(select(table).where(table.c.stream == case_id).order_by(table.c.seq))
            return [dict(row) for row in found.mappings()]

    def case(self, case_id: int) -> dict[str, Any]:
        table = Row.metadata.tables["cases"]
        with reading(self.engine) as connection:
            return dict(connection.execute(select(table).where(table.c.id == case_id)).mappings().one())

    def parties(self, case_id: int) -> tuple[RecordNumber, ...]:
        found = self.column("SELECT number FROM party WHERE case_id = :id ORDER BY number", id=case_id)
        return tuple(map(RecordNumber, found))

    def everything(self) -> Mapping[str, Rows]:
        """All tables, to the last row."""
        with reading(self.engine) as connection:
            return {
                name: [
                    dict(row)
                    for row in connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
                ]
                for name, table in sorted(Row.metadata.tables.items())
            }

    def reloaded(self) -> "World":
        """The same office under the policy that is in force by now."""
        with reading(self.engine) as connection:
            return replace(self, office=load_office(connection))

    def ledger_agrees(self) -> bool:
        from verify.checking import verify

        report = verify(self.url)
        assert report.ok, report.text()
        return True


def an_intake(matter: str = "petition", **changed: Any) -> Intake:
    fields = {"title": "楼道堆物", "statement": "楼道里堆满了杂物", "applicant": "王某", "respondents": ("李某",)}
    return (Apply if matter == "mediation" else Register)(**{**fields, **changed})


def new_request() -> str:
    return secrets.token_hex(16)


def local(when: str) -> datetime:
    """A local time of the office, Asia/Shanghai, as it is written: "2026-03-02 09:00"."""
    return datetime.fromisoformat(when + "+08:00").astimezone(UTC)


# -- databases --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A database that is only copied: a file, or the name of one on a server."""

    stage: Stage
    file: Path | None = None
    server: str = ""
    name: str = ""


def sqlite_template(directory: Path) -> Template:
    file = directory / "huiyin.db"
    return Template(stage=founded(f"sqlite:///{file}"), file=file)


@contextmanager
def postgres_template(server: str) -> Iterator[Template]:
    with postgres_database(server) as (name, url):
        yield Template(stage=founded(url), server=server, name=name)


@contextmanager
def world(template: Template, directory: Path) -> Iterator[World]:
    """A copy of the office, which is gone afterwards."""
    if template.file:
        file = directory / "huiyin.db"
        shutil.copyfile(template.file, file)
        with opened(f"sqlite:///{file}", template.stage) as made:
            yield made
        return
    with (
        postgres_database(template.server, template=template.name) as (_, url),
        opened(url, template.stage) as made,
    ):
        yield made


@contextmanager
def postgres_database(server: str, *, template: str = "template1") -> Iterator[tuple[str, str]]:
    """The name and the SQLAlchemy URL of a database, which is gone afterwards."""
    name = f"cases_{secrets.token_hex(6)}"
    _run(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield name, server.replace("postgresql://", "postgresql+psycopg://", 1).rpartition("/")[0] + "/" + name
    finally:
        _run(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def opened(url: str, stage: Stage) -> Iterator[World]:
    """The office of a database that is there already."""
    engine = open_engine(url)
    try:
        with reading(engine) as connection:
            office = load_office(connection)
        yield World(url=url, engine=engine, office=office, stage=stage)
    finally:
        engine.dispose()


@contextmanager
def _given_or_new(engine: Engine, connection: Connection | None) -> Iterator[Connection]:
    if connection is not None:
        yield connection
        return
    with transaction(engine) as made:
        yield made


def founded(url: str) -> Stage:
    engine = open_engine(url)
    try:
        migrations.upgrade(engine)
        with transaction(engine) as connection:
            return build_stage(connection, now=START - DAY)
    finally:
        engine.dispose()


def _run(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())
