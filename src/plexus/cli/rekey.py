"""`plexus rekey`: changes the key the secrets in the database are encrypted with."""

from plexus.cli.database import NotDone, opened
from plexus.settings.environment import Environment
from plexus.storage.encrypted import rekey as change
from plexus.storage.schema import migrate


async def rekey(environment: Environment) -> str:
    """Change the key, in one transaction; the sentence to print.

    Raises:
        NotDone: when there is no new key.
        WrongKey, Unreadable, DatabaseUnusable, DatabaseAway: when nothing was changed.
    """
    old, new = environment.encryption_key, environment.new_encryption_key
    if new is None:
        raise NotDone(
            "NEW_ENCRYPTION_KEY is not set; make one with "
            '`python -c "import secrets; print(secrets.token_hex(32))"` and keep it where ENCRYPTION_KEY is kept'
        )
    async with opened(environment) as database:
        await migrate(database)
        done = await change(database, old, new)
    if done.already:
        return "the secrets are encrypted with NEW_ENCRYPTION_KEY already; start the gateway with it as ENCRYPTION_KEY"
    return (
        f"{done.secrets} secrets encrypted with the new key and read back; start the gateway with it as ENCRYPTION_KEY. "
        "Backups made before open with the old key only"
    )
