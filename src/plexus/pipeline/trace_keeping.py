"""Traces on their way from the queue into the database, behind the traffic, and the old ones out of it. No request waits."""

import asyncio
from collections.abc import Callable

from plexus.core.clock import Clock
from plexus.core.logging import logger
from plexus.pipeline.traced import trace_of
from plexus.pipeline.tracing import Finished, Tracer
from plexus.settings.bounds import Retention
from plexus.storage.engine import Database
from plexus.traces import store
from plexus.traces.redaction import Redactor

log = logger("plexus.traces")
_TRIM_EVERY = 300.0
_LAST = 5.0
"""Seconds the last traces are given at the end; they are no books, what is not written by then is gone."""
_AWAY = 1.0
"""Seconds between two looks whether the database can be used yet."""


class TraceKeeping:
    """The traces of one process, on their way into the database."""

    def __init__(self, tracer: Tracer, database: Database, retention: Callable[[], Retention], clock: Clock) -> None:
        """`retention` gives the bounds of the configuration in force."""
        self._tracer, self.database, self._retention, self._clock = tracer, database, retention, clock
        self.redactor = Redactor(())
        """Knows the secrets of the configuration in force; replaced with it."""
        self._turn = asyncio.Lock()
        self.failed = 0
        """Traces that could not be written."""

    async def run(self, waits_for: Callable[[], str]) -> None:
        """Write and trim until cancelled; nothing before `waits_for` is empty, because the database has no tables yet."""
        while waits_for():  # noqa: ASYNC110 - at start only
            await asyncio.sleep(_AWAY)
        trimming = asyncio.create_task(self._trim_now_and_then())
        try:
            while True:
                await self._tracer.filled()
                async with self._turn:
                    await self._keep_next()
        finally:
            trimming.cancel()

    async def finish(self) -> None:
        """Write what waits, as far as that goes; what is being written is waited for."""
        try:
            async with asyncio.timeout(_LAST), self._turn:
                while await self._keep_next():
                    pass
        except TimeoutError:
            log.warning("the last traces were not written")

    async def _keep_next(self) -> bool:
        """Write one trace, if there is one. Whatever goes wrong, the next one is tried."""
        finished = self._tracer.take()
        if finished is None:
            return False
        try:
            row, bodies = await asyncio.to_thread(_made, finished, self.redactor)
            # In one go: whoever is cancelled meanwhile waits for it, and leaves no transaction half done behind.
            await self.database.write(lambda connection: store.write(connection, row, bodies))
        except Exception as error:  # noqa: BLE001 - a trace is worth less than what failed, and less than the loop
            if not self.failed:
                log.warning("a trace cannot be written", reason=type(error).__name__)
            self.failed += 1
        return True

    async def trim(self) -> int:
        """Delete what is too old or too much; how many traces went."""
        bounds, gone = self._retention(), 0
        before = int((self._clock.wall() - bounds.traces) * 1000)
        while True:
            deleted = await self.database.write(lambda connection: store.trim(connection, before, bounds.traces_bytes))
            if not deleted:
                return gone
            gone += deleted
            await asyncio.sleep(0.05)  # the time between transactions is the other writers'

    async def _trim_now_and_then(self) -> None:
        while True:
            try:
                await self.trim()
            except Exception as error:  # noqa: BLE001 - it is tried again
                log.warning("old traces cannot be deleted", reason=type(error).__name__)
            await asyncio.sleep(_TRIM_EVERY)


def _made(finished: Finished, redactor: Redactor) -> tuple[store.Row, list[store.Row]]:
    return store.packed(trace_of(finished, redactor))
