"""Hands finished requests to a thread that tells OpenTelemetry of them, and drops what it cannot keep up with."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from plexus.core.logging import logger
from plexus.pipeline.attempt import Attempt
from plexus.pipeline.call import Call
from plexus.pipeline.record import Record
from plexus.pipeline.telemetry.facts import Finished, finished

if TYPE_CHECKING:
    from plexus.pipeline.telemetry.export import Export

log = logger("plexus.telemetry")
_QUEUED = 2048
"""Requests that wait to be told of, at most."""
_PATIENCE = 5.0
"""Seconds; a collector that does not answer holds up nobody longer."""


class Reporter:
    """Tells of requests from the moment it is made until it is closed."""

    def __init__(self, kind_of: Callable[[str], str], clean: Callable[[], Callable[[str], str] | None]) -> None:
        """`kind_of`: which known provider a configured one is. `clean`: what takes secrets out of content, None for no content.

        Raises:
            ImportError: when the extra `otel` is not installed.
        """
        from plexus.pipeline.telemetry.export import Export  # noqa: PLC0415 - what does not tell of anything does not load it

        self._clean, self.dropped = clean, 0
        self._waiting: queue.Queue[Finished | None] = queue.Queue(_QUEUED)
        self._thread = threading.Thread(target=self._work, args=(Export(kind_of),), name="plexus-otel", daemon=True)
        self._thread.start()

    def over(self, call: Call, attempts: list[Attempt], record: Record) -> None:
        """A request is over and in the books."""
        try:
            self._waiting.put_nowait(finished(call, attempts, record, self._clean()))
        except queue.Full:
            if not self.dropped:
                log.warning("requests come faster than OpenTelemetry can be told of them; some are left out")
            self.dropped += 1
        except Exception:
            log.exception("OpenTelemetry was not told of a request", request_id=record.row.request_id)

    async def close(self) -> None:
        """Tell of what is left, and end."""
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=_PATIENCE)
            self._thread.join(_PATIENCE)

    def _work(self, export: "Export") -> None:
        while (over := self._waiting.get()) is not None:
            try:
                export.took(over)
            except Exception:
                log.exception("OpenTelemetry was not told of a request", request_id=over.record.row.request_id)
        export.close()
