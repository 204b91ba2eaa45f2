"""Alembic's entry: runs inside the transaction that `migrations.upgrade` has begun, never on a connection of its own."""

from alembic import context

from infra.columns import Row

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Row.metadata,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
