"""Keeping sums of usage behind the traffic: days, weeks and months that are over, in the time zones somebody looks at."""

import asyncio
from collections.abc import Callable
from typing import NoReturn

from plexus.core.clock import Clock
from plexus.core.logging import logger
from plexus.storage.engine import Database
from plexus.usage.keeping_sums import keep_sums
from plexus.usage.kept_zones import KeptZones

log = logger("plexus.summing")
EVERY = 600.0
"""Seconds between looks, unless a new time zone is asked for."""
_AWAY = 1.0
"""Seconds between two looks whether the database can be used yet."""


class Summing:
    """The sums of one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Nothing is added up before `run`."""
        self._database, self._clock = database, clock
        self._zones, self._asked = KeptZones(), asyncio.Event()

    def ask(self, zone: str) -> None:
        """A summary is asked for in a time zone that exists: its sums are kept from now on."""
        if zone not in self._zones.names():
            self._asked.set()
        self._zones.ask(zone)

    async def run(self, waits_for: Callable[[], str]) -> NoReturn:
        """Add up until cancelled; nothing before `waits_for` is empty, because the database has no tables yet."""
        while waits_for():  # noqa: ASYNC110 - at start only
            await asyncio.sleep(_AWAY)
        while True:
            self._asked.clear()
            try:
                if made := await keep_sums(self._database, self._zones, self._clock):
                    log.info("sums of usage were kept", spans=made)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                log.warning("sums of usage cannot be kept", reason=type(error).__name__)
            try:
                async with asyncio.timeout(EVERY):
                    await self._asked.wait()
            except TimeoutError:
                continue
