"""What happens in the gateway, told to whoever listens. It keeps nothing beyond a short memory, and waits for nobody.

A listener that is too slow loses the oldest of what waits for it, and is told how much that was. While nobody listens, and nobody
has for a while, nothing is made or kept.
"""

import asyncio
from collections import deque
from typing import Any, Literal

from msgspec import Struct

from plexus.core.clock import Clock

Kind = Literal[
    "request.started",
    "request.updated",
    "request.completed",
    "attempt.failed",
    "cooldown.set",
    "cooldown.cleared",
    "config.reloaded",
    "quota.exceeded",
]
REMEMBERED = 1000
"""Events that can be asked for again."""
WAITING = 500
"""Events that wait for one listener."""
LINGER = 300.0
"""Seconds after the last listener left in which events are still remembered, for its return."""


class Event(Struct, frozen=True):
    """One fact. `at` in milliseconds since the epoch; `key` is whose it is, None for what is the operator's alone."""

    number: int
    kind: Kind
    at: int
    key: str | None
    facts: dict[str, Any]


class Listener:
    """What waits for one listener. `owner` hears its own key's events alone; None hears all."""

    def __init__(self, owner: str | None) -> None:
        """Nothing waits yet."""
        self.owner = owner
        self.missed = 0
        """Events this listener lost since it was last told; -1 when nobody knows how many."""
        self.ended = False
        self._waiting: deque[Event] = deque()
        self._wake = asyncio.Event()

    def tell(self, event: Event) -> None:
        """Let it wait for the listener, if it is for this one."""
        if self.owner is not None and event.key != self.owner:
            return
        if len(self._waiting) == WAITING:
            self._waiting.popleft()
            self.missed += 1
        self._waiting.append(event)
        self._wake.set()

    def miss(self) -> None:
        """It has lost events, and nobody knows how many."""
        self.missed = -1
        self._wake.set()

    def end(self) -> None:
        """There will be no more."""
        self.ended = True
        self._wake.set()

    async def heard(self, within: float) -> list[Event]:
        """What waits, as soon as something does; nothing when that takes longer than `within` seconds, or at the end."""
        try:
            async with asyncio.timeout(within):
                await self._wake.wait()
        except TimeoutError:
            return []
        self._wake.clear()
        found = list(self._waiting)
        self._waiting.clear()
        return found


class Events:
    """Where facts are told, and where one listens."""

    def __init__(self, clock: Clock) -> None:
        """Nobody listens yet."""
        self._clock = clock
        self._life = f"{int(clock.wall() * 1000):x}"
        self._number = 0
        self._listeners: set[Listener] = set()
        self._memory: deque[Event] = deque(maxlen=REMEMBERED)
        self._until = float("-inf")

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    @property
    def heard(self) -> bool:
        """Whether anybody would hear of something that happens now."""
        return bool(self._listeners) or self._clock.monotonic() < self._until

    def tell(self, kind: Kind, key: str | None, **facts: Any) -> None:
        """Something happened, to a request of this key or to the gateway."""
        if not self.heard:
            return
        self._number += 1
        event = Event(self._number, kind, int(self._clock.wall() * 1000), key, facts)
        self._memory.append(event)
        for listener in self._listeners:
            listener.tell(event)
        if kind == "config.reloaded":
            self._end_keys()

    def listen(self, owner: str | None, last: str | None = None) -> Listener:
        """Begin to listen; `last` is the id of the last event heard before, and what came after it comes first."""
        listener = Listener(owner)
        if last is not None:
            self._resume(listener, last)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """The listener is gone."""
        self._listeners.discard(listener)
        self._until = self._clock.monotonic() + LINGER

    def id_of(self, event: Event) -> str:
        """The id by which a listener says what it heard last; of this process alone."""
        return f"{self._life}-{event.number}"

    def close(self) -> None:
        """The server is about to stop."""
        for listener in self._listeners:
            listener.end()

    def _resume(self, listener: Listener, last: str) -> None:
        life, _, number = last.partition("-")
        known = life == self._life and number.isascii() and number.isdigit() and len(number) < 16  # noqa: PLR2004 - digits
        after = int(number) if known else self._number
        oldest = self._memory[0].number if self._memory else self._number + 1
        for event in self._memory:
            if event.number > after:
                listener.tell(event)
        if not known or after + 1 < oldest or after > self._number:
            listener.miss()

    def _end_keys(self) -> None:
        """A key may be gone with the new configuration: its holders come again, and are looked at again."""
        for listener in self._listeners:
            if listener.owner is not None:
                listener.end()
