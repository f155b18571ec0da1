"""Run by Alembic: migrations happen inside the transaction that `Database.migrate` opened, all of them or none."""

from alembic import context

from records.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
