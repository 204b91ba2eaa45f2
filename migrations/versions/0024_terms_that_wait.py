"""Which rows the index of words has not been told of yet, on SQLite."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE TABLE finding_terms_new (id INTEGER PRIMARY KEY)")
