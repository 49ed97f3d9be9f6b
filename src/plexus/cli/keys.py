"""`plexus keys …`: client keys made, listed and revoked, in a file or in the database. A secret is shown once and never kept."""

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from plexus.cli import keys_in_database, keys_in_file
from plexus.cli.config import file_in_use
from plexus.cli.database import NotDone, address, shared
from plexus.core.secret import Secret
from plexus.keys.lifecycle import created, new_secret
from plexus.settings.environment import Environment
from plexus.settings.export import foreign
from plexus.settings.key import KeySettings
from plexus.storage import vault
from plexus.storage.encrypted import open_sealer
from plexus.storage.failures import DatabaseAway, DatabaseUnusable
from plexus.storage.seal import Unreadable
from plexus.usage.last_use import last_used

_ABSENT = (NotDone, DatabaseUnusable, DatabaseAway, Unreadable, SQLAlchemyError, OSError)
"""Why what is beside a file cannot be looked at; the file's keys are managed all the same."""


async def create(environment: Environment, config: Path | None, name: str, fields: Mapping[str, Any]) -> str:
    """Add a key with a new secret, and return the secret: it stands nowhere else.

    Raises:
        NotDone, ConfigurationError: when it cannot be added; nothing was changed.
        DatabaseUnusable, DatabaseAway, Unreadable, KeyReplaced: when it goes into a database that cannot be used.
    """
    secret = new_secret()
    given = {field: value for field, value in fields.items() if value not in (None, [], ())}
    if (path := _file(environment, config)) is None:
        await keys_in_database.add(environment, name, lambda pepper: {**created(secret, pepper), **given})
    else:
        beside = await _look_beside(environment, [])
        keys_in_file.add(path, name, {**created(secret, beside.pepper), **given})
    print("This secret is shown once. Only a hash of it is kept.", file=sys.stderr)
    return secret.reveal()


async def revoke(environment: Environment, config: Path | None, name: str, *, remove: bool) -> str:
    """Disable a key, or take it out; the sentence to print.

    Raises:
        NotDone, ConfigurationError, DatabaseUnusable, DatabaseAway, Unreadable, KeyReplaced: as `create`.
    """
    if (path := _file(environment, config)) is None:
        await keys_in_database.end(environment, name, remove=remove)
    else:
        keys_in_file.end(path, name, remove=remove)
    return f"{name} is {'removed' if remove else 'disabled'}."


async def listed(environment: Environment, config: Path | None, now: datetime | None = None) -> str:
    """One line for each key: name, end of the secret, state, expiry, last use, comment. No secret is shown.

    Raises:
        NotDone, ConfigurationError, DatabaseUnusable, DatabaseAway, Unreadable: when the configuration cannot be read.
    """
    path = _file(environment, config)
    settings = await keys_in_database.settings(environment) if path is None else keys_in_file.settings(path, os.environ)
    beside = await _look_beside(environment, list(settings.keys))
    dead = foreign(settings, beside.pepper) if beside.pepper is not None else []
    rows = [("NAME", "SECRET", "STATE", "EXPIRES", "LAST USED", "COMMENT")]
    for name, key in settings.keys.items():
        state = _state(key, now or datetime.now(UTC), dead=name in dead)
        expires = _moment(key.expires_at) if key.expires_at else "never"
        secret = "configured" if key.secret is not None else f"...{key.last_four or '?'}"
        rows.append((name, secret, state, expires, beside.last_use(name), key.comment or ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines)


class _Beside(NamedTuple):
    """What the database tells of keys, wherever those are configured; nothing where there is none."""

    pepper: Secret | None = None
    used: Mapping[str, int] | None = None

    def last_use(self, name: str) -> str:
        """When a key was last used, in words."""
        if self.used is None:
            return "unknown"
        moment = self.used.get(name)
        return "never" if moment is None else _moment(datetime.fromtimestamp(moment / 1000, UTC))


async def _look_beside(environment: Environment, names: list[str]) -> _Beside:
    """The pepper, and when these keys were last used. What cannot be looked at is told, and done without."""
    if (path := address(environment).path) is not None and not path.exists():
        return _Beside()
    try:
        async with shared(environment) as database:
            sealer = await open_sealer(database, environment.encryption_key)
            pepper = await vault.found(database, sealer, vault.PEPPER)
            async with database.reading() as connection:
                return _Beside(pepper, await last_used(connection, names))
    except _ABSENT as reason:
        print(f"the database beside the file cannot be looked at: {reason}", file=sys.stderr)
        return _Beside()


def _file(environment: Environment, config: Path | None) -> Path | None:
    """The file the keys are in: the one given, else the one in use; None when they are in the database.

    Raises:
        NotDone: when there is neither.
    """
    path = config or file_in_use()
    if path is not None:
        if not path.exists():
            raise NotDone(f"{path} does not exist; give --config FILE")
        return path
    database = address(environment).path
    if database is not None and not database.exists():
        raise NotDone(f"no configuration file, and no database {database}; give --config FILE, or set DATABASE_URL")
    return None


def _state(key: KeySettings, now: datetime, *, dead: bool) -> str:
    if not key.enabled:
        return "disabled"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return "unusable" if dead else "enabled"


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
