"""A database of release 0001 with cases in it, brought to this program's schema: nothing is lost and all still verifies.

`release-0001.json` holds every row that the program of that release wrote: an order that was paused, resumed and is
yellow, a mediation that was extended, and one event of the office itself.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, DateTime, MetaData, inspect, text

import migrations
from cases.office import NoOffice, load_office
from cases.policies import files_of, publish, shipped_files, versions
from cases.sweep import sweep
from infra.db import make_file, open_engine, reading, transaction
from stories.story import CAST, Stage, actor_of
from tests.cases import records
from tests.cases.records import DAY, Template, World, local
from verify.checking import verify
from workflow.model import TIMERS
from workflow.policy_files import version_of
from workflow.procedures.every_case.commands import Acknowledge, ExtendByConsent
from workflow.procedures.petition.commands import GrantExtension, RequestExtension

Rows = dict[str, list[dict[str, Any]]]
RELEASE: Rows = json.loads((Path(__file__).parent / "release-0001.json").read_text("utf-8"))
ORDER, MEDIATION = 1, 2
NOW = local("2026-03-09 10:00")  # the order is yellow since midnight


def build(url: str, rows: Rows) -> None:
    """The schema of release 0001 with these rows in it, inserted one by one as anybody could."""
    engine = open_engine(url, owner=True)
    make_file(engine)
    try:
        with transaction(engine) as connection:
            made = migrations.config()
            made.attributes["connection"] = connection
            command.upgrade(made, "0001")
            tables = MetaData()
            tables.reflect(connection)
            for table in tables.sorted_tables:
                for row in rows.get(table.name, ()):
                    connection.execute(table.insert().values(_typed(connection, table, row)))
            _count_on(connection, rows)
    finally:
        engine.dispose()


def _typed(connection: Connection, table: Any, row: dict[str, Any]) -> dict[str, Any]:
    """The row with its instants as the database takes them."""
    zone = UTC if connection.dialect.name == "postgresql" else None
    return {
        name: datetime.fromisoformat(value).replace(tzinfo=zone)
        if value is not None and isinstance(table.c[name].type, DateTime)
        else value
        for name, value in row.items()
    }


def _count_on(connection: Connection, rows: Rows) -> None:
    """PostgreSQL's own counters know nothing of ids that were inserted."""
    if connection.dialect.name == "postgresql":
        for table in ("account", "cases", "event", "message", "unit"):
            if rows.get(table):
                counter = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
                connection.execute(text(counter))


def upgrade(url: str) -> None:
    engine = open_engine(url)
    try:
        migrations.upgrade(engine)
    finally:
        engine.dispose()


def stage_of(url: str) -> Stage:
    """The people and units of that release, by the names that stories use."""
    engine = open_engine(url)
    try:
        with reading(engine) as connection:
            ids = {name: account for account, name in connection.execute(text("SELECT id, login FROM account"))}
            units = {name: unit for unit, name in connection.execute(text("SELECT id, name FROM unit"))}
            return Stage(people={name: actor_of(connection, ids[name]) for name in CAST if name in ids}, units=units)
    finally:
        engine.dispose()


@pytest.fixture(scope="session")
def sqlite_release(tmp_path_factory: pytest.TempPathFactory) -> Template:
    file = tmp_path_factory.mktemp("release") / "huiyin.db"
    build(f"sqlite:///{file}", RELEASE)
    upgrade(f"sqlite:///{file}")
    return Template(stage=stage_of(f"sqlite:///{file}"), file=file)


@pytest.fixture(scope="session")
def postgres_release(postgres: str) -> Iterator[Template]:
    with records.postgres_database(postgres) as (name, made):
        build(made, RELEASE)
        upgrade(made)
        yield Template(stage=stage_of(made), server=postgres, name=name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def upgraded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """The office of release 0001 as this program finds it after its upgrade, on each database."""
    with records.world(request.getfixturevalue(f"{request.param}_release"), tmp_path) as world:
        yield world


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database on each server."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'huiyin.db'}"
        return
    with records.postgres_database(request.getfixturevalue("postgres")) as (_, made):
        yield made


def a_bare_office() -> Rows:
    """By the month, and nobody has signed in yet: the office's own stream is empty."""
    return {
        **RELEASE,
        "office": [{**row, "mediation_profile": "mediation-month"} for row in RELEASE["office"]],
        "event": [row for row in RELEASE["event"] if row["stream"]],
        "stream_head": [row for row in RELEASE["stream_head"] if row["stream"]],
    }


# -- the office -------------------------------------------------------------------------------------------------------


def test_an_office_goes_on_taking_in_what_it_took_in(upgraded: World) -> None:
    assert upgraded.office.profiles == ("mediation-30d", "petition", "hotline", "enterprise")
    assert upgraded.office.profile_of("mediation") == "mediation-30d"
    with reading(upgraded.engine) as connection:
        assert "mediation_profile" not in {column["name"] for column in inspect(connection).get_columns("office")}


def test_the_policy_that_it_counts_by_is_published_at_the_end_of_its_chain(upgraded: World) -> None:
    version = version_of(shipped_files())
    with reading(upgraded.engine) as connection:
        assert versions(connection) == [version]
        assert files_of(connection, version) == shipped_files()
    before = [row for row in RELEASE["event"] if row["stream"] == 0]
    *known, last, vouched = upgraded.events(0)
    assert vouched["code"] == "office:vouched"
    assert [event["hash"] for event in known] == [row["hash"] for row in before]
    assert (last["seq"], last["code"], last["role"]) == (len(before) + 1, "policy:published", "system")
    assert json.loads(last["data"])["version"] == version == upgraded.office.policy.version


def test_an_office_without_events_begins_its_chain_with_its_policy(url: str) -> None:
    build(url, a_bare_office())
    upgrade(url)
    with records.opened(url, stage_of(url)) as world:
        assert [(event["seq"], event["code"]) for event in world.events(0)] == [
            (1, "policy:published"),
            (2, "office:vouched"),
        ]
        assert world.office.profiles == ("mediation-month", "petition", "hotline", "enterprise")
        assert world.ledger_agrees()


def test_what_the_migration_wrote_is_what_founding_an_office_writes(upgraded: World, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'founded.db'}"
    with records.opened(other, records.founded(other)) as beside:
        contents = [one.column("SELECT content FROM policy_version") for one in (upgraded, beside)]
        assert contents[0] == contents[1]
        moved, founded = (
            next(e for e in one.events(0) if e["code"] == "policy:published") for one in (upgraded, beside)
        )
    for column in ("code", "actor", "role", "unit"):
        assert moved[column] == founded[column]
    # A migration stays as it was written, and so does the shape of its event: the first, which says no number.
    assert {**json.loads(moved["data"]), "schema": 1} == json.loads(founded["data"])
    assert moved["key"].partition(":policy:")[2] == founded["key"].partition(":policy:")[2]
    assert moved["key"].startswith(moved["occurred_at"].strftime("%Y-%m-%dT%H:%M:%S."))


def test_an_empty_database_is_given_no_version(url: str) -> None:
    build(url, {})
    upgrade(url)
    engine = open_engine(url)
    try:
        with reading(engine) as connection:
            assert versions(connection) == []
            assert connection.execute(text("SELECT count(*) FROM event")).scalar_one() == 0
            with pytest.raises(NoOffice):
                load_office(connection)
    finally:
        engine.dispose()


# -- the record -------------------------------------------------------------------------------------------------------


def test_the_chains_of_the_cases_still_verify(upgraded: World) -> None:
    report = verify(upgraded.url)
    assert report.ok, report.text()
    assert report.counts["chains"] == len(RELEASE["event"]) + 2  # the policy published; what stands vouched for


def test_every_row_is_what_it_was(upgraded: World) -> None:
    """And the clock that an extension opened says when: at the instant at which the clock before it stopped."""
    found = upgraded.everything()
    for table in ("clock", "cases", "party", "personal_text", "custody", "event", "message"):
        kept = [{name: _plain(row.get(name)) for name in RELEASE[table][0]} for row in found[table]]
        known = [{name: _plain(value) for name, value in row.items()} for row in RELEASE[table]]
        assert [row for row in kept if row.get("stream") != 0] == [row for row in known if row.get("stream") != 0]
    stopped = {(row["case_id"], row["number"]): row["stopped_at"] for row in found["clock"]}
    for row in found["clock"]:
        assert row["opened_at"] == (stopped[row["case_id"], row["extends"]] if row["extends"] else None)
        assert row["acknowledged_at"] is None
    assert any(row["extends"] for row in found["clock"]), "the mediation was extended"


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def test_its_cases_go_on_where_they_stood(upgraded: World) -> None:
    upgraded.take(ORDER, Acknowledge(), by="mediator", at=NOW)
    upgraded.take(ORDER, RequestExtension(to_length=15, reason="等检测"), by="mediator", at=NOW)
    upgraded.take(ORDER, GrantExtension(to_length=15, person_told=True), by="supervisor", at=NOW)
    agreed = ExtendByConsent(to_length=60, consenting=upgraded.parties(MEDIATION))
    upgraded.take(MEDIATION, agreed, by="coordinator", at=NOW)
    assert upgraded.open("petition", at=NOW).case_id not in (ORDER, MEDIATION)
    sweep(upgraded.engine, now=NOW + 120 * DAY)
    found = upgraded.rows("SELECT name, length, outcome FROM clock WHERE case_id = :id ORDER BY number", id=MEDIATION)
    assert [tuple(row.values()) for row in found] == [
        ("intake", 3, "met"),
        ("period", 30, "extended"),
        ("period", 45, "extended"),
        ("period", 60, None),
    ]
    assert upgraded.ledger_agrees()


def test_another_version_may_be_published_after_it(upgraded: World) -> None:
    more = {**shipped_files(), "own/remark.toml": b"# ours\n"}
    with transaction(upgraded.engine) as connection:
        publish(connection, more, actor=TIMERS, now=NOW)
    with reading(upgraded.engine) as connection:
        assert versions(connection) == [version_of(shipped_files()), version_of(more)]
    assert upgraded.ledger_agrees()


# -- the schema -------------------------------------------------------------------------------------------------------


def test_after_all_migrations_the_tables_are_what_the_program_says(upgraded: World) -> None:
    with reading(upgraded.engine) as connection:
        assert migrations.differences(connection) == []
        assert migrations.current(connection) == migrations.head()


def test_an_upgrade_that_was_done_is_not_done_again(upgraded: World) -> None:
    found = upgraded.everything()
    migrations.upgrade(upgraded.engine)
    assert upgraded.everything() == found
