"""Every table, as SQLAlchemy Core metadata that means the same on SQLite and PostgreSQL."""

from plexus.storage.tables.configuration import (
    aliases,
    config_revisions,
    encryption,
    mcp_servers,
    oauth_credentials,
    provider_models,
    providers,
    settings,
    vault,
)
from plexus.storage.tables.governance import (
    api_keys,
    quota_counters,
    quota_holds,
    quota_state,
    retired_key_hashes,
    user_quotas,
)
from plexus.storage.tables.health import cooldowns, measurements, meter_snapshots
from plexus.storage.tables.metadata import METADATA, REVISIONS
from plexus.storage.tables.records import audit_log, errors, trace_bodies, traces
from plexus.storage.tables.usage import open_requests, usage_attempts, usage_hours, usage_requests

__all__ = [
    "METADATA",
    "REVISIONS",
    "aliases",
    "api_keys",
    "audit_log",
    "config_revisions",
    "cooldowns",
    "encryption",
    "errors",
    "mcp_servers",
    "measurements",
    "meter_snapshots",
    "oauth_credentials",
    "open_requests",
    "provider_models",
    "providers",
    "quota_counters",
    "quota_holds",
    "quota_state",
    "retired_key_hashes",
    "settings",
    "trace_bodies",
    "traces",
    "usage_attempts",
    "usage_hours",
    "usage_requests",
    "user_quotas",
    "vault",
]
