"""Slots at targets and those who wait for one: who is woken when a slot comes back. Order and counts are routing's business."""

import asyncio

from plexus.routing.queue import Queue
from plexus.routing.slots import Key, Slot, Slots


class WaitingLine:
    """The slots of one process with their queue. A slot that comes back goes to the first waiter it can serve."""

    def __init__(self, slots: Slots, queue: Queue) -> None:
        """Must be used inside one event loop."""
        self.slots, self.queue = slots, queue
        self._handed: dict[int, asyncio.Future[Slot]] = {}

    def try_acquire(self, provider: str, model: str) -> Slot | None:
        """A slot now; None when there is none, or others have waited for it before."""
        if len(self.queue) and self.queue.ahead(((provider, model),), asyncio.get_running_loop().time()):
            return None
        return self.slots.try_acquire(provider, model)

    async def wait(self, targets: tuple[Key, ...], seconds: float) -> Slot | None:
        """A slot at any of these targets as soon as one is free; None when the queue is full or the time is over."""
        loop = asyncio.get_running_loop()
        ticket = self.queue.join(targets, loop.time() + seconds)
        if ticket is None:
            return None
        handed = self._handed[ticket.number] = loop.create_future()
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(handed)
        except TimeoutError:
            # The slot may have been handed over in the very turn in which the time ran out.
            return handed.result() if handed.done() and not handed.cancelled() else None
        except asyncio.CancelledError:
            if handed.done() and not handed.cancelled():
                self.release(handed.result())
            raise
        finally:
            del self._handed[ticket.number]
            self.queue.leave(ticket)
            handed.cancel()

    def release(self, slot: Slot) -> None:
        """Give a slot back; once is enough, further times do nothing."""
        if self.slots.release(slot) and len(self.queue):
            self.serve()

    def serve(self) -> None:
        """Hand free slots to those who wait: after a release, and when limits were raised."""
        now = asyncio.get_running_loop().time()
        while (found := self.queue.next(now, self.slots.free)) is not None:
            ticket, target = found
            slot = self.slots.try_acquire(*target)
            if slot is None:
                return
            self._handed[ticket.number].set_result(slot)  # who waits is in both, or in neither
