"""Tables that were made and never written go.

The configuration is one text in `config_revisions`; cooldowns and measurements are in the state file of a process; what quotas
have counted is in `quota_counters`; failures are usage rows.
"""

from alembic import op

revision = "0010"
down_revision: str | None = "0009"

_GONE = (
    "provider_models",
    "providers",
    "aliases",
    "mcp_servers",
    "settings",
    "retired_key_hashes",
    "api_keys",
    "user_quotas",
    "quota_state",
    "quota_holds",
    "cooldowns",
    "measurements",
    "errors",
)


def upgrade() -> None:
    """Drop them, those that refer to others first."""
    for table in _GONE:
        op.drop_table(table)
