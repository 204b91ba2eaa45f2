"""The databases that released programs made (`data/`, made by `make.py`), as they were and brought to this program's schema.

A file is named after the program that made it: `0.1.0` by a release, `0.1.0+1e7fa26` by a commit that was handed out before
the next one, `0.1.0-continued-by-1e7fa26` by the first and, after an upgrade, by the other. PostgreSQL gets the same rows,
inserted into the tables of that program's own revision.
"""

import lzma
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Boolean, DateTime, Engine, MetaData, create_engine, select, text

import migrations
from cases.office import load_office
from infra.db import open_engine, reading, transaction
from infra.keys import fingerprint_of
from infra.signing import signing_key, written
from people.office_keys import ANCHORS, change_key, pins
from stories.story import actor_of
from tests.databases import SmallOffice
from workflow.model import TIMERS, AccountId, UnitId

DATA = Path(__file__).parent / "data"
RELEASES = tuple(sorted(path.name.removesuffix(".db.xz") for path in DATA.glob("*.db.xz")))
#: The last that was made from its beginning: it holds every event that its program could write.
NEWEST = "0.1.0+1e7fa26"
#: PostgreSQL counts ids by itself and knows nothing of those that were inserted.
COUNTED = ("account", "cases", "event", "message", "unit")


@dataclass(frozen=True, kw_only=True)
class Upgraded:
    """An office that a release founded, under this program. `kept` is the file as that release left it."""

    release: str
    kept: Path
    office: SmallOffice

    @property
    def url(self) -> str:
        return self.office.engine.url.render_as_string(hide_password=False)


def unpacked(release: str, folder: Path) -> Path:
    """The file as the program of that release left it."""
    file = folder / f"{release}.db"
    file.write_bytes(lzma.decompress((DATA / f"{release}.db.xz").read_bytes()))
    return file


def load_into_postgresql(file: Path, url: str) -> None:
    """The rows of an SQLite file in an empty database, under the revision that the file has."""
    kept = create_engine(f"sqlite:///{file}")
    target = open_engine(url, owner=True)
    source, tables = MetaData(), MetaData()
    try:
        with kept.connect() as old, transaction(target) as new:
            revision = old.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
            made = migrations.config()
            made.attributes["connection"] = new
            command.upgrade(made, revision)
            source.reflect(old)
            tables.reflect(new)
            for table in tables.sorted_tables:
                rows = [_typed(table, dict(row)) for row in old.execute(select(source.tables[table.name])).mappings()]
                if rows and table.name != "alembic_version":
                    new.execute(table.insert(), rows)
            for name in COUNTED:
                new.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}"))
    finally:
        kept.dispose()
        target.dispose()


def _typed(table: Any, row: dict[str, Any]) -> dict[str, Any]:
    for name, value in row.items():
        if value is not None and isinstance(table.c[name].type, DateTime):
            row[name] = value.replace(tzinfo=UTC)
        elif value is not None and isinstance(table.c[name].type, Boolean):
            row[name] = bool(value)
    return row


def upgrade(url: str) -> None:
    engine = open_engine(url)
    try:
        migrations.upgrade(engine)
    finally:
        engine.dispose()


def office_in(engine: Engine) -> SmallOffice:
    """The office of a database that has been upgraded, with its people and units by the names that stories use."""
    with reading(engine) as connection:
        found = connection.execute(text("SELECT login, id FROM account WHERE active ORDER BY id")).all()
        units = connection.execute(text("SELECT name, id FROM unit")).all()
        accounts = {login: AccountId(id_) for login, id_ in found}
        return SmallOffice(
            engine=engine,
            context=load_office(connection),
            units={name: UnitId(id_) for name, id_ in units},
            accounts=accounts,
            actors={login: actor_of(connection, account) for login, account in accounts.items()},
        )


def give_key(engine: Engine, home: Path) -> None:
    """Two people have made the key of this machine the office's: the one that the release signed with is not kept."""
    key = signing_key(home)
    with transaction(engine) as connection:
        if ANCHORS in pins(connection):
            change_key(
                connection, ANCHORS, fingerprint=fingerprint_of(key.public), public=written(key.public), actor=TIMERS,
                now=datetime(2026, 12, 1, 2, 0, tzinfo=UTC),
            )  # fmt: skip
