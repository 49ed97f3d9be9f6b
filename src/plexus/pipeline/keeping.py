"""Keeping what was learnt of the targets across restarts: read at start, saved now and then and at the end.

Behind a port, so that it can lie in a file or in a database. Losing the last seconds of it harms nobody.
"""

import asyncio
from typing import Any, Protocol

from plexus.core.logging import logger
from plexus.pipeline.traffic import Traffic

log = logger("plexus.state")
_EVERY = 5.0
"""Seconds between two looks."""


class Home(Protocol):
    """Where the state is kept."""

    def load(self) -> Any:
        """What was saved last, None when there is nothing."""
        ...

    def save(self, state: Any) -> None:
        """Save it; may block and may raise OSError."""
        ...


class Keeping:
    """The state of one process being kept."""

    def __init__(self, traffic: Traffic, home: Home) -> None:
        """Take up what was kept."""
        self._traffic, self._home = traffic, home
        self._failing = False
        traffic.load(home.load())

    async def run(self) -> None:
        """Save every few seconds, until cancelled; and once more then."""
        try:
            while True:
                await asyncio.sleep(_EVERY)
                await asyncio.to_thread(self._save, self._traffic.export())
        finally:
            self._save(self._traffic.export())

    def _save(self, state: Any) -> None:
        try:
            self._home.save(state)
        except OSError as error:
            if not self._failing:
                log.warning("cooldowns and measurements cannot be saved", reason=error.strerror)
            self._failing = True
        else:
            self._failing = False
