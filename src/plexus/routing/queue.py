"""Who waits for a slot, in what order, and until when. First come, first served among those that a freed slot can serve.

Pure: it wakes nobody. The pipeline keeps an event for each ticket and sets that of the ticket it is handed.
"""

from collections import OrderedDict
from collections.abc import Callable

from msgspec import Struct

Key = tuple[str, str]


class Ticket(Struct, frozen=True):
    """A place in the queue: any of `targets` will do, and after `deadline` (seconds, monotonic) none."""

    number: int
    targets: tuple[Key, ...]
    deadline: float


class Queue:
    """The waiters of one process. When it is full nobody more may wait: shedding early is better than failing late."""

    def __init__(self, size: int = 1000) -> None:
        """`size` in waiters."""
        self.size = size
        self._tickets: OrderedDict[int, Ticket] = OrderedDict()
        self._issued = 0

    def __len__(self) -> int:
        """How many wait."""
        return len(self._tickets)

    def join(self, targets: tuple[Key, ...], deadline: float) -> Ticket | None:
        """A ticket at the end of the queue; None when the queue is full."""
        if len(self._tickets) >= self.size:
            return None
        self._issued += 1
        ticket = self._tickets[self._issued] = Ticket(self._issued, targets, deadline)
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Wait no longer; a ticket that was served, or has left, may leave again."""
        self._tickets.pop(ticket.number, None)

    def next(self, now: float, free: Callable[[str, str], bool]) -> tuple[Ticket, Key] | None:
        """The first whose wait is not over and that a free slot can serve, with the target; it leaves the queue.

        Call it again after taking the slot, until it gives None: one freed slot of a provider may serve several models' waiters.
        """
        for ticket in list(self._tickets.values()):
            if ticket.deadline <= now:
                continue  # its owner notices by itself
            for target in ticket.targets:
                if free(*target):
                    del self._tickets[ticket.number]
                    return ticket, target
        return None

    def waiting(self) -> dict[Key, int]:
        """How many wait for each target; who waits for several is counted at each."""
        counts: dict[Key, int] = {}
        for ticket in self._tickets.values():
            for target in ticket.targets:
                counts[target] = counts.get(target, 0) + 1
        return counts

    def ahead(self, targets: tuple[Key, ...], now: float) -> bool:
        """Whether somebody waits for one of these already, so that a newcomer must queue behind."""
        wanted = set(targets)
        return any(ticket.deadline > now and not wanted.isdisjoint(ticket.targets) for ticket in self._tickets.values())
