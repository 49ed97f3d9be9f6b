"""`plexus migrate-quota-snapshots`: copies what quota checkers of earlier versions read, once."""

from plexus.cli.database import NotDone, opened
from plexus.settings.environment import Environment
from plexus.storage.quota_snapshots import LEGACY, copy_quota_snapshots


async def migrate_quota_snapshots(environment: Environment) -> str:
    """Copy the rows; the sentence to print.

    Raises:
        NotDone: when DATABASE_URL is not set.
        DatabaseUnusable, DatabaseAway, SQLAlchemyError: when nothing was copied.
    """
    if environment.database is None:
        raise NotDone("DATABASE_URL is not set; name the database whose quota_snapshots are to be copied")
    path = environment.database.path
    if path is not None and (not path.exists() or not path.stat().st_size):
        return f"there is no database {path}, so there is nothing to copy"
    async with opened(environment) as database:
        done = await copy_quota_snapshots(database)
    if not done.found:
        return f"there are no rows in {LEGACY}, so there is nothing to copy"
    return f"{LEGACY}: {done.found} rows found, {done.copied} copied, {done.skipped} skipped because they are there already"
