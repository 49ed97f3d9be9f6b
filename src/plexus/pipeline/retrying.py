"""Leave for one more attempt. When the budget is used up, a request waits for what becomes of the retries under way.

If one of those brings an answer its leave is free again; if they all fail there is no point in more. So a burst of requests
to a target that has just died is served by the next one, and when everything fails the budget still holds.
"""

import asyncio
from collections import deque

from plexus.core.clock import Clock
from plexus.routing.budget import Retry, RetryBudget


class Retrying:
    """The retries of one process."""

    def __init__(self, budget: RetryBudget, clock: Clock) -> None:
        """Must be used inside one event loop."""
        self.budget, self._clock = budget, clock
        self._open = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def asked(self) -> None:
        """A request begins."""
        self.budget.request(self._clock.monotonic())

    async def another(self, seconds: float) -> Retry | None:
        """Leave for one more attempt, to be settled; None when the budget is used up, or was for so many seconds."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        while (retry := self.budget.retry(self._clock.monotonic())) is None:
            if not self._open or loop.time() >= ends:
                return None
            turn = loop.create_future()
            self._waiting.append(turn)
            try:
                async with asyncio.timeout_at(ends):
                    await turn
            except TimeoutError:
                return None
            finally:
                if turn in self._waiting:
                    self._waiting.remove(turn)
        self._open += 1
        return retry

    def give_back(self, retries: list[Retry]) -> None:
        """The request was answered in the end: none of its retries counts."""
        for retry in retries:
            self.budget.give_back(retry, self._clock.monotonic())

    def settle(self, retry: Retry, *, worth: bool) -> None:
        """What came of it: an answer, or nothing. Once for each."""
        self._open -= 1
        if worth:
            self.give_back([retry])
        turns = len(self._waiting) if not self._open else int(worth)
        for _ in range(turns):
            if self._waiting:
                turn = self._waiting.popleft()
                if not turn.done():
                    turn.set_result(None)
