"""Client keys, quotas, counters and holds."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    """Make the tables."""
    _api_keys()
    _retired_key_hashes()
    _user_quotas()
    _quota_state()
    _quota_holds()


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("allowed_models", sa.Text(), nullable=True),
        sa.Column("excluded_models", sa.Text(), nullable=True),
        sa.Column("allowed_providers", sa.Text(), nullable=True),
        sa.Column("excluded_providers", sa.Text(), nullable=True),
        sa.Column("allowed_ips", sa.Text(), nullable=True),
        sa.Column("quotas", sa.Text(), nullable=True),
        sa.Column("raw_passthrough", sa.Boolean(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_keys_secret_hash")),
    )


def _retired_key_hashes() -> None:
    op.create_table(
        "retired_key_hashes",
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["name"], ["api_keys.name"], name=op.f("fk_retired_key_hashes_name"), onupdate="CASCADE", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_retired_key_hashes")),
    )
    op.create_index(op.f("ix_retired_key_hashes_name"), "retired_key_hashes", ["name"], unique=False)
    op.create_index(op.f("ix_retired_key_hashes_valid_until"), "retired_key_hashes", ["valid_until"], unique=False)


def _user_quotas() -> None:
    op.create_table(
        "user_quotas",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_user_quotas")),
    )


def _quota_state() -> None:
    op.create_table(
        "quota_state",
        sa.Column("quota", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("window_start", sa.BigInteger(), nullable=False),
        sa.Column("window_end", sa.BigInteger(), nullable=True),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("quota", "owner", "window_start", name=op.f("pk_quota_state")),
    )
    op.create_index(op.f("ix_quota_state_window_end"), "quota_state", ["window_end"], unique=False)


def _quota_holds() -> None:
    op.create_table(
        "quota_holds",
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("quota", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("window_start", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", "quota", "owner", name=op.f("pk_quota_holds")),
    )
    op.create_index(op.f("ix_quota_holds_lease_until"), "quota_holds", ["lease_until"], unique=False)
