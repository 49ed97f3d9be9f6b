"""The configuration in the database: one versioned JSON document per thing, its secrets in columns of their own."""

from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, Table

from plexus.storage.tables.metadata import METADATA
from plexus.storage.tables.types import Count, Counter, Json, Moment, Sealed, Words


def _versioned() -> list[Column[Any]]:
    return [
        Column("document", Json, nullable=False),
        Column("position", Integer, nullable=False),
        Column("version", Count, nullable=False),
        Column("created_at", Moment, nullable=False),
        Column("updated_at", Moment, nullable=False),
    ]


providers = Table(
    "providers",
    METADATA,
    Column("name", Words, primary_key=True),
    *_versioned(),
    Column("api_key", Sealed),
    Column("headers", Sealed),
    Column("extra_body", Sealed),
    Column("checker_options", Sealed),
)
"""`headers`, `extra_body` and `checker_options` are JSON below their seal: operators put credentials into all three."""

provider_models = Table(
    "provider_models",
    METADATA,
    Column("provider", Words, ForeignKey("providers.name", ondelete="CASCADE", onupdate="CASCADE"), primary_key=True),
    Column("model", Words, primary_key=True),
    Column("document", Json, nullable=False),
    Column("position", Integer, nullable=False),
)

aliases = Table("aliases", METADATA, Column("name", Words, primary_key=True), *_versioned())

mcp_servers = Table(
    "mcp_servers",
    METADATA,
    Column("name", Words, primary_key=True),
    *_versioned(),
    Column("url", Sealed),
    Column("headers", Sealed),
    Column("env", Sealed),
    Column("args", Sealed),
)

settings = Table(
    "settings",
    METADATA,
    Column("name", Words, primary_key=True),
    *_versioned(),
    Column("secret", Sealed),
)
"""Everything else, by its top-level name (`cooldown`, `network` …); `secret` is JSON of its secret parts."""

config_revisions = Table(
    "config_revisions",
    METADATA,
    Column("revision", Counter, primary_key=True),
    Column("created_at", Moment, nullable=False, index=True),
    Column("home", Words, nullable=False, server_default="database"),
    Column("actor", Words, nullable=False),
    Column("comment", Words),
    Column("changes", Json),
    Column("configuration", Sealed, nullable=False),
)
"""The whole configuration after each change, as YAML below a seal. The last one whose `home` is `database` is the truth where no
file is; those of `file` were written into one, and are kept to look at and go back to."""

vault = Table(
    "vault",
    METADATA,
    Column("name", Words, primary_key=True),
    Column("value", Sealed, nullable=False),
    Column("created_at", Moment, nullable=False),
)
"""Secrets of the gateway itself, such as the pepper of the hashes of client keys."""

oauth_credentials = Table(
    "oauth_credentials",
    METADATA,
    Column("vendor", Words, primary_key=True),
    Column("account", Words, primary_key=True),
    Column("access_token", Sealed),
    Column("refresh_token", Sealed),
    Column("client_secret", Sealed),
    Column("expires_at", Moment),
    Column("document", Json),
    Column("version", Count, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

encryption = Table(
    "encryption",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("derivation", Json, nullable=False),
    Column("check_text", Words, nullable=False),
    Column("residue", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
)
"""One row once a key is in use: how the key is made from ENCRYPTION_KEY, a text sealed with it that tells a wrong key, and
whether freed pages may still hold plaintext (1) or were wiped (0)."""
