"""Which home a revision of the configuration was written to."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"


def upgrade() -> None:
    """Add the column."""
    op.add_column("config_revisions", sa.Column("home", sa.Text(), nullable=False, server_default="database"))
