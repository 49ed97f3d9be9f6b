"""What quotas have counted."""

from sqlalchemy import Column, Table

from plexus.storage.tables.metadata import METADATA
from plexus.storage.tables.types import Count, Moment, Words

quota_counters = Table(
    "quota_counters",
    METADATA,
    *(Column(name, Words, primary_key=True) for name in ("quota", "owner", "kind", "measure")),
    Column("slot", Moment, primary_key=True, autoincrement=False),
    Column("used", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("limit", Count, nullable=False),
    Column("duration", Moment, nullable=False),
    Column("through", Count, nullable=False),
)
"""Counters of a ledger. `used` is a whole number of any size, as text; `through` the number of the last booking in it."""
