"""What the commands about the database share: where it is, how it is opened and closed, how a failure is told."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy.exc import SQLAlchemyError

from plexus.core import logging
from plexus.settings.database_url import DatabaseAddress
from plexus.settings.environment import Environment, read_environment
from plexus.settings.problems import ConfigurationError
from plexus.storage.archive import NotRestorable
from plexus.storage.encrypted import KeyReplaced, check_key
from plexus.storage.engine import Database, open_database
from plexus.storage.failures import DatabaseAway, DatabaseUnusable
from plexus.storage.schema import head, migrate, revision_of
from plexus.storage.seal import Unreadable

FILE = "plexus.db"
FOLDER = Path("data")


class NotDone(Exception):  # noqa: N818 - why the command did nothing
    """The command cannot do what was asked; the message says why and what to do."""


def address(environment: Environment) -> DatabaseAddress:
    """Where the database is: DATABASE_URL, else a file in DATA_DIR, else one in `data`."""
    return environment.database or DatabaseAddress("sqlite", path=(environment.data_dir or FOLDER) / FILE)


@asynccontextmanager
async def opened(environment: Environment, *, exclusive: bool = True, make: bool = False) -> AsyncIterator[Database]:
    """The database of this environment, closed afterwards.

    Raises:
        DatabaseUnusable: when it cannot be used, or another process uses a SQLite file that has to be this one's.
    """
    database = await open_database(address(environment), exclusive=exclusive, make=make)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def shared(environment: Environment, *, make: bool = False) -> AsyncIterator[Database]:
    """The database, also while gateways use it, for one short transaction after another; closed afterwards.

    Raises:
        NotDone: when its tables, or what it is encrypted with, are not what this command would find after a gateway's start.
        DatabaseUnusable, DatabaseAway, OSError: when it cannot be used.
    """
    if make and (path := address(environment).path) is not None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with opened(environment, exclusive=False, make=make) as database:
        async with database.reading() as connection:
            revision = await connection.run_sync(revision_of)
            encrypted = revision is not None and await check_key(connection, environment.encryption_key)
        if revision is None:
            await migrate(database)
        elif revision != head():
            raise NotDone("the database is of an older version of Plexus; start the gateway of this version first")
        elif environment.encryption_key is not None and not encrypted:
            raise NotDone("the database is not encrypted yet; start the gateway with ENCRYPTION_KEY first, or unset it")
        yield database


def told(
    run: Callable[[Environment], Coroutine[Any, Any, str]],
    stop: Callable[[str], NoReturn],
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Run a command: print what it came to, or `stop` with one line for what was in its way."""
    try:
        environment = read_environment(environ, needs_admin_key=False)
        logging.configure(environment.log_level, environment.log_format)
        print(asyncio.run(run(environment)))
    except (
        ConfigurationError,
        NotDone,
        DatabaseUnusable,
        DatabaseAway,
        KeyReplaced,
        Unreadable,
        NotRestorable,
    ) as reason:
        stop(str(reason))
    except (SQLAlchemyError, OSError) as error:
        stop(f"the database did not take it, nothing was changed: {_kind(error)}")


def _kind(error: BaseException) -> str:
    """What went wrong, without the values a driver's text may hold."""
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else type(getattr(error, "orig", None) or error).__name__
