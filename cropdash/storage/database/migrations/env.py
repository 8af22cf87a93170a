"""Alembic's environment: it is given a connection, whose transaction it works in."""

from alembic import context

from cropdash.storage.database.schema import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
