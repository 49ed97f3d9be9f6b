"""An event loop in a thread of its own, for servers that synchronous clients talk to. It serves; it judges nothing."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

Value = TypeVar("Value")


class Background:
    """Runs coroutines for a test that does not wait in a loop itself. Works with `with`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def run(self, work: Coroutine[Any, Any, Value]) -> Value:
        """The result of this coroutine, run in the thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
