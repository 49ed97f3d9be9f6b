"""How long rows are kept, and how many: now and then, behind the traffic, what is beyond the configured bounds is deleted."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

from plexus.core.clock import Clock
from plexus.core.logging import logger
from plexus.settings.bounds import Retention
from plexus.storage.engine import Database
from plexus.usage.purge import purge_audit, purge_usage

log = logger("plexus.retention")
EVERY = 600.0
"""Seconds between looks."""
_AWAY = 1.0
"""Seconds between two looks whether the database can be used yet."""


class Retaining:
    """The end of old rows of one database. Traces see to theirs themselves; sums of usage stay."""

    def __init__(
        self,
        database: Database,
        retention: Callable[[], Retention],
        clock: Clock,
        counters: Callable[[], Awaitable[int]],
    ) -> None:
        """`retention` gives the bounds of the configuration in force; `counters` deletes those of quotas that are over."""
        self._database, self._retention, self._clock, self._counters = database, retention, clock, counters

    async def run(self, waits_for: Callable[[], str]) -> NoReturn:
        """Delete until cancelled; nothing before `waits_for` is empty, because the database has no tables yet."""
        while waits_for():  # noqa: ASYNC110 - at start only
            await asyncio.sleep(_AWAY)
        while True:
            try:
                await self.trim()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                log.warning("old rows cannot be deleted", reason=type(error).__name__)
            await asyncio.sleep(EVERY)

    async def trim(self) -> dict[str, int]:
        """Delete what is too old or too much; how many rows of which kind went."""
        bounds, now = self._retention(), self._clock.wall()
        kinds = (
            ("usage", purge_usage, bounds.usage, bounds.usage_rows),
            ("audit", purge_audit, bounds.audit, bounds.audit_rows),
        )
        gone = {}
        for name, purge, seconds, rows in kinds:
            gone[name] = await purge(self._database, int((now - seconds) * 1000), self._clock, most=rows)
        gone["counters"] = await self._counters()
        if any(gone.values()):
            log.info("old rows were deleted", **gone)
        return gone
