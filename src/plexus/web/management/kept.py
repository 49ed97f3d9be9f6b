"""The way from a route to what is kept in the database, or the refusal that says why there is none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError

from plexus.storage.asynchronous import AsyncConnection
from plexus.storage.engine import Database
from plexus.storage.failures import DatabaseAway, is_passing
from plexus.web.management.managed import Managed
from plexus.web.management.refusals import Refusal

_AGAIN = 5.0


@asynccontextmanager
async def reading(managed: Managed) -> AsyncIterator[AsyncConnection]:
    """A transaction that only reads.

    Raises:
        Refusal: 503 while there is no database, or none that answers.
    """
    async with answered(managed) as database, database.reading() as connection:
        yield connection


@asynccontextmanager
async def answered(managed: Managed) -> AsyncIterator[Database]:
    """The database; while it does not answer, what happens inside is a refusal.

    Raises:
        Refusal: 503 while there is no database, or none that answers.
    """
    database = managed.database()
    if database is None:
        raise Refusal(503, "this gateway keeps nothing in a database", "no_database")
    if reason := managed.gateway.waits_for():
        raise _away(reason)
    try:
        yield database
    except DatabaseAway as away:
        raise _away(str(away)) from away
    except SQLAlchemyError as error:
        if not is_passing(error):
            raise
        raise _away(f"the database does not answer: {type(error).__name__}") from error


def _away(reason: str) -> Refusal:
    return Refusal(503, reason, "database_away", retry_after=_AGAIN)
