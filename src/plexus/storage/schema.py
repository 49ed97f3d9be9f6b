"""The schema of an open database: brought up to date at start, in one transaction, by one process at a time.

Forwards only. What is older is raised, what is newer is refused, what belongs to somebody else is left alone.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from plexus.storage.engine import Database
from plexus.storage.failures import DatabaseAway, DatabaseUnusable, NewerSchema, is_corruption, is_passing
from plexus.storage.patience import pauses
from plexus.storage.sqlite_file import damaged
from plexus.storage.tables import METADATA, OURS, REVISIONS

ADVISORY = 0x504C5853
"""The number of the advisory lock under which PostgreSQL is migrated."""
_FOLDER = Path(__file__).parent / "migrations"


async def migrate(database: Database) -> None:
    """Make or raise the tables to what this version needs. A process that is killed meanwhile leaves nothing behind.

    Raises:
        NewerSchema: when a newer version has been here.
        DatabaseUnusable: when the tables are another program's.
        DatabaseAway: when the database does not answer now.
    """
    try:
        async with database.writing(within=None) as connection:
            if database.dialect == "postgresql":
                await connection.execute(text("SET LOCAL statement_timeout = 0"))
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY})"))
            await connection.run_sync(raise_to)
    except SQLAlchemyError as error:
        if database.path is not None and is_corruption(error):
            raise damaged(database.path, error) from None
        if is_passing(error):
            raise DatabaseAway(f"the tables cannot be made now: {type(error.__cause__ or error).__name__}") from error
        raise


async def migrate_when_there(
    database: Database,
    dice: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
    tell: Callable[[str], None],
) -> None:
    """`migrate`, tried again until the database answers; `tell` gets the reason of each failure, for `/health/ready`.

    Raises:
        NewerSchema, DatabaseUnusable: as `migrate` does; waiting would not help.
    """
    for pause in pauses(dice):
        try:
            await migrate(database)
        except DatabaseAway as away:
            tell(str(away))
            await sleep(pause)
        else:
            return


def raise_to(connection: Connection, revision: str = "head") -> None:
    """Run the steps up to `revision` on a connection whose transaction the caller ends.

    Raises:
        NewerSchema, DatabaseUnusable: as `migrate` does.
    """
    found = revision_of(connection)
    if found == (head() if revision == "head" else revision):
        return
    if found is None and revision == "head":
        _make(connection)
        return
    from alembic import command  # noqa: PLC0415 - ten megabytes that are needed when there is a step to take, and not before
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _make(connection: Connection) -> None:
    """All tables at once, as the steps would leave them."""
    METADATA.create_all(connection)
    noted = Table(REVISIONS, MetaData(), Column("version_num", String(32), nullable=False))
    noted.append_constraint(PrimaryKeyConstraint("version_num", name=f"{REVISIONS}_pkc"))
    noted.create(connection)
    connection.execute(noted.insert().values(version_num=head()))


def revision_of(connection: Connection) -> str | None:
    """How far the tables were brought; None when there are none.

    Raises:
        NewerSchema: when that is further than this version knows.
        DatabaseUnusable: when tables with our names were not made by us.
    """
    there = set(inspect(connection).get_table_names())
    if REVISIONS not in there:
        if foreign := sorted(there & OURS):
            raise DatabaseUnusable(
                f"the database holds tables of another program ({', '.join(foreign[:3])}); give Plexus a database of its own"
            )
        return None
    found = connection.execute(text(f"SELECT version_num FROM {REVISIONS}")).scalars().all()  # noqa: S608 - our constant
    for revision in found:
        if revision not in revisions():
            raise NewerSchema(
                f"the database was brought up by a newer version of Plexus (schema {revision}, this one knows {head()}); "
                "start that version, or restore a backup made before it into another database"
            )
    return found[0] if found else None


@cache
def revisions() -> tuple[str, ...]:
    """Every step this version knows, first to last: the numbers in the names of their files, which are their revisions."""
    return tuple(sorted(file.name[1:5] for file in (_FOLDER / "versions").glob("r[0-9][0-9][0-9][0-9]_*.py")))


def head() -> str:
    """The last of them."""
    return revisions()[-1]
