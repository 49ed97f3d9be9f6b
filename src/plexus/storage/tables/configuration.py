"""The configuration in the database, a text for each revision; secrets of the gateway and of logins; the key of their seals."""

from sqlalchemy import Column, Integer, Table

from plexus.storage.tables.metadata import METADATA
from plexus.storage.tables.types import Count, Counter, Json, Moment, Sealed, Words

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
