"""The schema's history, one step a file, each in one transaction, on both databases (`migrations/versions`)."""

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import ProgrammingError

import cases.assessment_tables
import cases.tables
import ledger.tables
import people.tables
import reports.later.tables
from cases.anchors import pin_key_of_last_anchor
from cases.finding import index_some
from infra.columns import Row
from infra.db import make_file, owned, sqlite_file, transaction
from people.staffing import vouch_for_what_stands

HERE = Path(__file__).parent
FINDABLE_SINCE = "0028"
WORDS = ("finding_terms", "ix_finding_terms")  #: how the names of the index of words begin
INSUFFICIENT_PRIVILEGE = "42501"  #: PostgreSQL's code
TABLES = (
    ledger.tables,
    cases.tables,
    cases.assessment_tables,
    people.tables,
    reports.later.tables,
)  #: imported so that the metadata below is complete


class SchemaIsUnknown(Exception):
    """The database is of a version that this program does not know: a newer program has written it."""


class SchemaIsNotOurs(Exception):
    """The schema is older than the program and belongs to somebody else: a role that may not change it has asked."""


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(HERE))
    return made


def head() -> str:
    found = ScriptDirectory.from_config(config()).get_current_head()
    assert found, "there is a first migration"
    return found


def known() -> frozenset[str]:
    """The revisions of every version that this program can bring up to date."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(config()).walk_revisions())


def current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


class NoDatabase(Exception):
    """There is no file where the database should be. Carries its path."""


class DatabaseIsEmpty(Exception):
    """There is a database, and nothing of this program in it."""


def bring_up_to_date(engine: Engine) -> None:
    """What `upgrade` does for a database that this program, or an older one, has made. Raises what it raises, and
    `NoDatabase`, `DatabaseIsEmpty`: whoever looks in the wrong place finds nothing there, and leaves nothing."""
    path = sqlite_file(engine.url)
    if path and not path.exists():
        raise NoDatabase(path)
    with engine.connect() as connection:
        if current(connection) is None:
            raise DatabaseIsEmpty(path or engine.url.database)
    upgrade(engine)


def upgrade(engine: Engine) -> None:
    """Brings the schema to this program's version, in one transaction, as the owner of the database; makes what is not
    there. A schema that is of this version already is only looked at, which needs no owner.

    Raises `SchemaIsUnknown` for a newer one, `SchemaIsNotOurs` for an older one that this role may not change,
    `DatabaseIsEmpty` where this role may not make one.
    """
    make_file(engine)
    made = config()
    scripts = ScriptDirectory.from_config(made)
    with engine.connect() as connection:
        found = current(connection)
    if found == scripts.get_current_head():
        return
    if found and found not in known():
        raise SchemaIsUnknown(found)
    try:
        with owned(engine) as owning, transaction(owning) as connection:
            made.attributes["connection"] = connection
            command.upgrade(made, "head")
            now = datetime.now(UTC)
            vouch_for_what_stands(connection, now=now)
            pin_key_of_last_anchor(connection, now=now)
            if found is None or found < FINDABLE_SINCE:
                _index_what_stands(connection)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) == INSUFFICIENT_PRIVILEGE:
            raise (SchemaIsNotOurs(found) if found else DatabaseIsEmpty(engine.url.database)) from None
        raise


def _index_what_stands(connection: Connection) -> None:
    """What was written before there was an index of words can be found too."""
    after: int | None = 0
    while after is not None:
        after = index_some(connection, after)


def differences(connection: Connection) -> list[object]:
    """What the tables say and the migrations do not; empty when the migrations are fresh."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": _is_declared})
    return list(compare_metadata(context, Row.metadata))


def _is_declared(_object: object, name: str | None, _kind: str, _reflected: bool, _other: object) -> bool:
    """All but the index of words, which only the migration can spell: an index of an expression here, a table of FTS5 there."""
    return not (name or "").startswith(WORDS)
