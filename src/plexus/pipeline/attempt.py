"""One attempt at one target: where it went, what was said so far, how it ended. It sends nothing itself."""

from typing import Literal

from msgspec import Struct

from plexus.core.clock import Clock
from plexus.ir.chat import Usage
from plexus.ir.errors import Fault
from plexus.ir.fold import Fold
from plexus.pipeline.heard import Heard
from plexus.pipeline.lease import Lease
from plexus.pipeline.render import Rendering
from plexus.pipeline.snapshot import Door
from plexus.routing.measurements import Sample
from plexus.routing.verdict import Verdict, judge
from plexus.upstream.reply import Reply
from plexus.usage.row import RowStatus


class Tried(Struct, kw_only=True):
    """An attempt as rows and logs tell it. Times in milliseconds; `started_ms` after the request, the others after the start."""

    number: int = 0
    provider: str = ""
    model: str = ""
    protocol: str = ""
    status: RowStatus | Literal[""] = ""
    """ok, error, timeout, stalled or cancelled; empty while it is under way."""
    reason: str = ""
    """One word for why it failed, as `routing/verdict.py` has it."""
    http_status: int | None = None
    """What the provider answered; None when it did not."""
    fault: Fault | None = None
    usage: Usage | None = None
    started_ms: float = 0.0
    ttft_ms: float | None = None
    duration_ms: float = 0.0


class Attempt:
    """An attempt under way, with its hold on the target. Closed once; what comes later does not count."""

    def __init__(self, number: int, door: Door, rendering: Rendering, lease: Lease, clock: Clock, asked: float) -> None:
        """`asked`: when the request came, by the clock's monotonic time."""
        self.door, self.rendering, self.lease = door, rendering, lease
        self.fold = Fold()
        self.drops = list(rendering.drops)
        self.passthrough = rendering.passthrough
        self.skimmed = 0
        """Bytes of events that were passed through without being decoded; `fold` does not hold their text."""
        self.comments: list[bytes] = []
        """The last comments of the target's stream."""
        self.heard: Heard | None = None
        """What the target answered, where that may be wanted."""
        self._clock, self._started = clock, clock.monotonic()
        self._first: float | None = None
        target = door.target
        self.tried = Tried(
            number=number,
            provider=target.provider,
            model=target.model,
            protocol=target.protocol,
            started_ms=(self._started - asked) * 1000,
        )

    def answers(self, reply: Reply) -> None:
        """The head of an answer has come."""
        self.tried.http_status = reply.status
        if self.heard is not None:
            self.heard.head(reply.status, reply.headers, (self._clock.monotonic() - self._started) * 1000)
            reply.hears = self.heard.body.take

    def began(self) -> float:
        """The answer has begun: the target is well. Returns the seconds that took."""
        self._first = self._clock.monotonic()
        self.lease.answered()
        return self._first - self._started

    def failed(self, fault: Fault, status: RowStatus) -> Verdict:
        """The attempt failed, before the answer began or after it. Returns what follows from that."""
        verdict = judge(fault, self.door.options)
        if not self.tried.status:
            self.tried.fault, self.tried.reason = fault, verdict.reason
            self.lease.failed(verdict)
            self.close(status)
        return verdict

    def close(self, status: RowStatus) -> None:
        """End it and give the target back; later calls do nothing."""
        if self.tried.status:
            return
        now, tried = self._clock.monotonic(), self.tried
        tried.status, tried.usage = status, self.fold.usage
        tried.duration_ms = (now - self._started) * 1000
        if self._first is not None:
            tried.ttft_ms = (self._first - self._started) * 1000
        if status == "ok":
            tried.http_status = tried.http_status or 200
            self.lease.measured(self._sample(now))
        self.lease.end()

    def _sample(self, now: float) -> Sample:
        usage, first, whole = self.fold.usage, self._first, now - self._started
        ttft = first - self._started if first is not None else None
        if usage is None or not usage.output or whole <= 0:
            return Sample(ttft=ttft)
        writing = now - first if first is not None else 0.0
        # An answer that came whole, or in one piece, was not written at the speed at which it was read.
        throughput = usage.output / writing if writing > _READ else None
        return Sample(ttft=ttft, throughput=throughput, end_to_end=usage.output / whole)


_READ = 0.05
"""Seconds below which the time from the first event to the last says nothing of how fast the model writes."""
