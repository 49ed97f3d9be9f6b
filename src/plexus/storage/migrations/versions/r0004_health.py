"""Cooldowns, measurements and meters."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    """Make the tables."""
    _cooldowns()
    _measurements()
    _meter_snapshots()


def _cooldowns() -> None:
    op.create_table(
        "cooldowns",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "model", name=op.f("pk_cooldowns")),
    )


def _measurements() -> None:
    op.create_table(
        "measurements",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("measured_at", sa.BigInteger(), nullable=False),
        sa.Column("ttft_ms", sa.Float(), nullable=True),
        sa.Column("tokens_per_second", sa.Float(), nullable=True),
        sa.Column("end_to_end_tokens_per_second", sa.Float(), nullable=True),
        sa.Column("duration_ms", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_measurements")),
    )
    op.create_index(
        op.f("ix_measurements_provider_model_measured_at"),
        "measurements",
        ["provider", "model", "measured_at"],
        unique=False,
    )


def _meter_snapshots() -> None:
    op.create_table(
        "meter_snapshots",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("checker_id", sa.Text(), nullable=False),
        sa.Column("checker_type", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("meter_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("group", sa.Text(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("limit", sa.Float(), nullable=True),
        sa.Column("used", sa.Float(), nullable=True),
        sa.Column("remaining", sa.Float(), nullable=True),
        sa.Column("utilization_state", sa.Text(), nullable=False),
        sa.Column("utilization_percent", sa.Float(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("period_value", sa.Integer(), nullable=True),
        sa.Column("period_unit", sa.Text(), nullable=True),
        sa.Column("period_cycle", sa.Text(), nullable=True),
        sa.Column("resets_at", sa.BigInteger(), nullable=True),
        sa.Column("success", sa.Boolean(), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meter_snapshots")),
    )
    op.create_index(op.f("ix_meter_snapshots_checked_at"), "meter_snapshots", ["checked_at"], unique=False)
    op.create_index(
        op.f("ix_meter_snapshots_checker_id_meter_key_checked_at"),
        "meter_snapshots",
        ["checker_id", "meter_key", "checked_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_meter_snapshots_provider_checked_at"), "meter_snapshots", ["provider", "checked_at"], unique=False
    )
