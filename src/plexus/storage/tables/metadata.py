"""The one collection of our tables, with names for constraints that both engines and every migration agree on."""

from sqlalchemy import MetaData

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
RETIRED = (
    "providers",
    "provider_models",
    "aliases",
    "mcp_servers",
    "settings",
    "api_keys",
    "retired_key_hashes",
    "user_quotas",
    "quota_state",
    "quota_holds",
    "cooldowns",
    "measurements",
    "errors",
)
"""Tables that earlier versions made, those others refer to first. Steps still make and drop them, and backups may hold them."""
REVISIONS = "schema_revision"
"""The table in which migrations note how far they came."""
