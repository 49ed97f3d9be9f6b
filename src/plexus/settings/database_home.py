"""The configuration's home in the database: the last revision is served, and what other processes write is followed."""

import asyncio
from collections.abc import Awaitable, Callable

from plexus.core.logging import logger
from plexus.settings.editing import Editing
from plexus.settings.problems import ConfigurationError
from plexus.storage.failures import is_passing
from plexus.storage.seal import Unreadable

log = logger("plexus.configuration")
EVERY = 1.0
"""Seconds between two looks for a new revision."""
WITHIN = 10.0
"""Seconds after which a look is given up: the connection it waits on may lead nowhere."""


async def follow(
    editing: Editing, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep, within: float = WITHIN
) -> None:
    """Serve each revision that another process writes; one that does not load here is told once, and the last good one stays."""
    away = False
    while True:
        await sleep(EVERY)
        try:
            async with asyncio.timeout(within):
                if await editing.catch_up():
                    log.info("configuration taken over from the database", revision=editing.number)
            away = False
        except (ConfigurationError, Unreadable) as reason:
            log.error(  # noqa: TRY400 - the reason says all
                "a new configuration is refused here; the last good one stays",
                revision=editing.number,
                reason=str(reason),
            )
        except Exception as error:
            if not is_passing(error):
                log.exception("the new configuration could not be applied; the last good one stays")
            elif not away:
                log.warning(
                    "new configurations are not seen: the database does not answer", reason=type(error).__name__
                )
            away = is_passing(error)
