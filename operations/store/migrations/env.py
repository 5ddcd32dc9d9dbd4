"""What Alembic runs around the steps: they share the connection, and the transaction, of whoever called."""

from alembic import context

from operations.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
