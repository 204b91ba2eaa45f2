"""The schema's history, one step a file, each in one transaction, on both databases (`migrations/versions`)."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

import cases.assessment_tables
import cases.tables
import people.tables
from infra.columns import Row
from infra.db import transaction

HERE = Path(__file__).parent
TABLES = (cases.tables, cases.assessment_tables, people.tables)  #: imported so that the metadata below is complete


class SchemaIsUnknown(Exception):
    """The database is of a version that this program does not know: a newer program has written it."""


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", str(HERE))
    return made


def head() -> str:
    found = ScriptDirectory.from_config(config()).get_current_head()
    assert found, "there is a first migration"
    return found


def current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine) -> None:
    """Brings the schema to this program's version, in one transaction. Raises `SchemaIsUnknown` for a newer one."""
    made = config()
    known = {script.revision for script in ScriptDirectory.from_config(made).walk_revisions()}
    with transaction(engine) as connection:
        if (found := current(connection)) and found not in known:
            raise SchemaIsUnknown(found)
        made.attributes["connection"] = connection
        command.upgrade(made, "head")


def differences(connection: Connection) -> list[object]:
    """What the tables say and the migrations do not; empty when the migrations are fresh."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Row.metadata))
