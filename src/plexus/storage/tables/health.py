"""The meters that quota checkers read at providers. Cooldowns and measurements of a process are in a file of its own."""

from sqlalchemy import Boolean, Column, Float, Index, Integer, Table

from plexus.storage.tables.metadata import METADATA
from plexus.storage.tables.types import Counter, Moment, Words

meter_snapshots = Table(
    "meter_snapshots",
    METADATA,
    Column("id", Counter, primary_key=True),
    Column("checker_id", Words, nullable=False),
    Column("checker_type", Words, nullable=False),
    Column("provider", Words, nullable=False),
    Column("meter_key", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("unit", Words, nullable=False),
    Column("label", Words, nullable=False),
    Column("group", Words),
    Column("scope", Words),
    Column("limit", Float),
    Column("used", Float),
    Column("remaining", Float),
    Column("utilization_state", Words, nullable=False),
    Column("utilization_percent", Float),
    Column("status", Words, nullable=False),
    Column("period_value", Integer),
    Column("period_unit", Words),
    Column("period_cycle", Words),
    Column("resets_at", Moment),
    Column("success", Boolean, nullable=False),
    Column("error_message", Words),
    Column("checked_at", Moment, nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Index(None, "checker_id", "meter_key", "checked_at"),
    Index(None, "provider", "checked_at"),
)
"""`kind` is balance or allowance. Amounts are what a provider says in its own unit, and no money of ours."""
