"""Every table, as SQLAlchemy Core metadata that means the same on SQLite and PostgreSQL."""

from plexus.storage.tables.configuration import config_revisions, encryption, oauth_credentials, vault
from plexus.storage.tables.governance import quota_counters
from plexus.storage.tables.health import meter_snapshots
from plexus.storage.tables.metadata import METADATA, RETIRED, REVISIONS
from plexus.storage.tables.records import audit_log, trace_bodies, traces
from plexus.storage.tables.usage import (
    former_costs,
    open_requests,
    usage_attempts,
    usage_hours,
    usage_requests,
    usage_spans,
    usage_sums,
)

OURS = frozenset(METADATA.tables) | frozenset(RETIRED)
"""The names that no other program may use in the same database."""

__all__ = [
    "METADATA",
    "OURS",
    "RETIRED",
    "REVISIONS",
    "audit_log",
    "config_revisions",
    "encryption",
    "former_costs",
    "meter_snapshots",
    "oauth_credentials",
    "open_requests",
    "quota_counters",
    "trace_bodies",
    "traces",
    "usage_attempts",
    "usage_hours",
    "usage_requests",
    "usage_spans",
    "usage_sums",
    "vault",
]
