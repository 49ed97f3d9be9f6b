"""The configuration's home in the database: the last revision is served, and what other processes write is followed."""

import asyncio
from collections.abc import Awaitable, Callable

from plexus.core.logging import logger
from plexus.settings.editing import Editing
from plexus.settings.problems import ConfigurationError
from plexus.settings.schema import Settings
from plexus.storage.failures import DatabaseAway
from plexus.storage.seal import Unreadable

log = logger("plexus.configuration")
EVERY = 1.0
"""Seconds between two looks for a new revision."""


async def load(editing: Editing) -> Settings:
    """The settings of the last revision.

    Raises:
        ConfigurationError: when it does not load here.
        Unreadable: when its seal does not open.
    """
    editing.number = (await editing.home.read()).number
    return (await editing.now()).settings


async def follow(
    editing: Editing,
    apply: Callable[[Settings], Awaitable[None]],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Serve each revision that another process writes; one that does not load here is told once, and the last good one stays."""
    seen = editing.number
    while True:
        await sleep(EVERY)
        seen = max(seen, editing.number)
        try:
            newest = await editing.revisions.newest(editing.home.name)
            if newest <= seen:
                continue
            seen = newest
            await apply(await load(editing))
            log.info("configuration taken over from the database", revision=newest)
        except DatabaseAway as away:
            log.warning("the database is not there to look for a new configuration", reason=str(away))
        except (ConfigurationError, Unreadable) as reason:
            log.error("a new configuration is refused here; the last good one stays", revision=seen, reason=str(reason))  # noqa: TRY400 - the reason says all
        except Exception:
            log.exception("the new configuration could not be applied; the last good one stays")
