"""Client keys and what they may use: keys, user quotas, their counters and holds."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table

from plexus.storage.tables.metadata import METADATA
from plexus.storage.tables.types import Count, Json, Moment, Words

api_keys = Table(
    "api_keys",
    METADATA,
    Column("name", Words, primary_key=True),
    Column("secret_hash", Words, nullable=False, unique=True),
    Column("last4", Words, nullable=False),
    Column("comment", Words),
    Column("allowed_models", Json),
    Column("excluded_models", Json),
    Column("allowed_providers", Json),
    Column("excluded_providers", Json),
    Column("allowed_ips", Json),
    Column("quotas", Json),
    Column("raw_passthrough", Boolean, nullable=False),
    Column("document", Json, nullable=False),
    Column("expires_at", Moment),
    Column("disabled_at", Moment),
    Column("last_used_at", Moment),
    Column("position", Integer, nullable=False),
    Column("version", Count, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)
"""`secret_hash` is keyed with the pepper in `vault`; the secret itself is nowhere. `document` is what else is set on a key."""

retired_key_hashes = Table(
    "retired_key_hashes",
    METADATA,
    Column("secret_hash", Words, primary_key=True),
    Column(
        "name", Words, ForeignKey("api_keys.name", ondelete="CASCADE", onupdate="CASCADE"), nullable=False, index=True
    ),
    Column("last4", Words, nullable=False),
    Column("valid_until", Moment, nullable=False, index=True),
)
"""Secrets that were rotated away and still work for a while."""

user_quotas = Table(
    "user_quotas",
    METADATA,
    Column("name", Words, primary_key=True),
    Column("document", Json, nullable=False),
    Column("position", Integer, nullable=False),
    Column("version", Count, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

quota_state = Table(
    "quota_state",
    METADATA,
    Column("quota", Words, primary_key=True),
    Column("owner", Words, primary_key=True),
    Column("window_start", Moment, primary_key=True),
    Column("window_end", Moment),
    Column("used", Count, nullable=False),
    Column("held", Count, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index(None, "window_end"),
)
"""Counters in whole units: requests, tokens, or 1e-8 USD. `owner` is a key's name, or `*` for a shared quota; `window_start`
is 0 for a leaking one."""

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

quota_holds = Table(
    "quota_holds",
    METADATA,
    Column("request_id", Words, primary_key=True),
    Column("quota", Words, primary_key=True),
    Column("owner", Words, primary_key=True),
    Column("window_start", Moment, nullable=False),
    Column("amount", Count, nullable=False),
    Column("process", Words, nullable=False),
    Column("lease_until", Moment, nullable=False, index=True),
)
"""Amounts reserved for requests under way; a lease that ran out belongs to a process that died."""
