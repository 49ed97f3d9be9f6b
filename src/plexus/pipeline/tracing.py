"""The requests that may be wanted as traces: followed by reference while under way, queued when over. It writes nothing.

What is held of a request is what the request holds anyway, and the bytes of its answers up to a bound.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from plexus.core.clock import Clock
from plexus.core.logging import logger
from plexus.pipeline.attempt import Attempt
from plexus.pipeline.call import Answer, Call
from plexus.pipeline.heard import Heard
from plexus.pipeline.record import Record
from plexus.routing.plan import Plan
from plexus.traces.capture import Captures
from plexus.traces.held import Held

log = logger("plexus.traces")
_QUEUED = 64_000_000
"""Bytes of traces that wait to be written, at most."""
_NUMBER = 1000


class Followed:
    """One request that may become a trace."""

    __slots__ = ("answer", "bound", "plan", "planned", "sampled", "sent")

    def __init__(self, bound: int, *, sampled: bool) -> None:
        """`bound`: bytes of each answer that are held."""
        self.bound, self.sampled = bound, sampled
        self.plan: Plan | None = None
        self.planned = 0.0
        """When the plan was made, by the clock's monotonic time."""
        self.answer: Answer | None = None
        self.sent: Held | None = None
        """What of a stream went to the client."""

    def heard(self) -> Heard:
        """What is to be heard of one more attempt."""
        return Heard(self.bound)

    def streams(self) -> Callable[[bytes], None]:
        """A stream begins to go to the client; its pieces are given to this."""
        self.sent = Held(self.bound)
        return self.sent.take

    def answered(self, answer: Answer) -> Answer:
        """The client's answer, complete or about to be streamed."""
        self.answer = answer
        return answer


class Finished(NamedTuple):
    """A request that is over and will be a trace."""

    followed: Followed
    call: Call
    attempts: list[Attempt]
    serving: Attempt | None
    record: Record
    captured_by: str

    @property
    def size(self) -> int:
        """About how many bytes it holds in memory."""
        answer, sent = self.followed.answer, self.followed.sent
        heard = sum(attempt.heard.body.kept for attempt in self.attempts if attempt.heard is not None)
        bodies = sum(len(attempt.rendering.body) for attempt in self.attempts)
        told = len(answer.body) if answer is not None and isinstance(answer.body, bytes) else 0
        return len(self.call.body.body) + bodies + heard + told + (sent.kept if sent is not None else 0)


class Tracer:
    """Decides which requests become traces, and keeps those that wait to be written."""

    def __init__(self, captures: Captures, clock: Clock, dice: Callable[[], float]) -> None:
        """`dice` gives numbers in [0, 1)."""
        self.captures, self._clock, self._dice = captures, clock, dice
        self._queue: deque[tuple[Finished, int]] = deque()
        self._size = 0
        self._filled = asyncio.Event()
        self.dropped = 0
        """Traces that found no room in the queue."""

    def begin(self, call: Call) -> Followed | None:
        """Follow a request, if it may be wanted."""
        found = self.captures.bound(call.key.name, call.model, self._clock.wall, self._dice)
        return None if found is None else Followed(found[0], sampled=found[1])

    def over(
        self, followed: Followed, call: Call, attempts: list[Attempt], serving: Attempt | None, record: Record
    ) -> None:
        """A followed request is over."""
        failed, sampled, reason = record.row.status not in {"ok", "cancelled"}, followed.sampled, ""
        if self.captures.may_want(failed=failed, sampled=sampled):
            aliases = (call.model,) if followed.plan is None else (call.model, followed.plan.alias)
            providers = frozenset([attempt.tried.provider for attempt in attempts])
            now = self._clock.wall()
            reason = self.captures.reason(call.key.name, aliases, providers, now, failed=failed, sampled=sampled)
        if reason:
            self._put(Finished(followed, call, attempts, serving, record, reason))
        else:
            # The answer of a stream holds the account and so this: with all bodies it would stay until the collector comes.
            followed.answer = None

    def _put(self, finished: Finished) -> None:
        size = finished.size
        if len(self._queue) >= _NUMBER or self._size + size > _QUEUED:
            if not self.dropped:
                log.warning("traces come faster than they can be written; some are left out")
            self.dropped += 1
            return
        self._queue.append((finished, size))
        self._size += size
        self._filled.set()

    async def filled(self) -> None:
        """Wait until there is one."""
        while not self._queue:
            self._filled.clear()
            await self._filled.wait()

    def take(self) -> Finished | None:
        """The next one; None when there is none."""
        if not self._queue:
            return None
        finished, size = self._queue.popleft()
        self._size -= size
        return finished
