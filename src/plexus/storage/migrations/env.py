"""What alembic asks for: it runs the steps on the connection it is handed, inside the transaction that is open there."""

from alembic import context

from plexus.storage.tables.metadata import METADATA, REVISIONS

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=REVISIONS,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
