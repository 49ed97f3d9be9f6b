"""What gets ready to be written, written a moment later, one right after the other.

Who reads it mostly sleeps on another core. Woken for each write by itself, it costs the writer more than the write does: a tenth
of the processor time of a request. What waits for two turns of the loop is more at once, and a loop that has nothing else to do
takes them in no time.
"""

import asyncio
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary


class Outbox:
    """The writes of one loop that wait. Their order is kept; one that fails does not keep the others from being made."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """None waits. As `outbox` makes them."""
        self._loop = loop
        self._waiting: list[tuple[Callable[..., object], tuple[Any, ...]]] = []

    def add(self, write: Callable[..., object], *what: Any) -> None:
        """Call this with that, in two turns of the loop."""
        if not self._waiting:
            self._loop.call_soon(self._soon)
        self._waiting.append((write, what))

    def _soon(self) -> None:
        self._loop.call_soon(self._write)

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        for write, what in waiting:
            try:
                write(*what)
            except Exception as error:  # noqa: BLE001 - it is told where the loop tells of its callbacks
                self._loop.call_exception_handler({"message": "a write failed", "exception": error})


_OF: WeakKeyDictionary[asyncio.AbstractEventLoop, Outbox] = WeakKeyDictionary()


def outbox(loop: asyncio.AbstractEventLoop) -> Outbox:
    """The outbox of a loop, for all who write in it."""
    found = _OF.get(loop)
    if found is None:
        found = _OF[loop] = Outbox(loop)
    return found
