"""One timer for all the waiting of one exchange: it is moved, not made anew, each time something is waited for.

A stream is a hundred short waits. `asyncio.timeout` would set and cancel a timer for each of them.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

Value = TypeVar("Value")


class Watch:
    """Bounds one wait after the other. To be stopped at the end."""

    __slots__ = ("_due", "_loop", "_rang", "_task", "_timer")

    def __init__(self) -> None:
        """Must be made inside a running event loop. No timer is set before something is waited for."""
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        self._due = 0.0
        self._rang = False

    def now(self) -> float:
        """The time of the loop's clock, in seconds."""
        return self._loop.time()

    async def until(self, due: float | None, awaited: Awaitable[Value]) -> Value:
        """What `awaited` gives, if it gives it before `due` (of the loop's clock; None for no bound).

        Raises:
            TimeoutError: when it does not.
        """
        task = asyncio.current_task()
        if due is None or task is None:
            return await awaited
        cancelling = task.cancelling()
        self._set(due)
        self._task = task
        try:
            return await awaited
        except asyncio.CancelledError:
            if self._rang and task.cancelling() - 1 <= cancelling:
                raise TimeoutError from None
            raise
        finally:
            self._task = None
            if self._rang:
                self._rang = False
                task.uncancel()

    def stop(self) -> None:
        """Nothing more will be waited for."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, due: float) -> None:
        self._due = due
        if self._timer is not None:
            if self._timer.when() <= due:
                return  # it looks at `_due` when it rings
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._task is None:
            return
        if self._loop.time() < self._due:
            self._timer = self._loop.call_at(self._due, self._ring)
            return
        self._rang = True
        self._task.cancel()
