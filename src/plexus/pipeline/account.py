"""What is known of one request by its end: attempts, losses, usage, times. Closed exactly once, whatever the ending."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from plexus.core.clock import Clock
from plexus.ir.chat import Usage
from plexus.ir.drops import Drop, tally
from plexus.ir.errors import Fault, InvalidRequest
from plexus.pipeline.attempt import Attempt, Tried
from plexus.pipeline.call import Call
from plexus.pipeline.failure import for_client
from plexus.pipeline.interruption import interruption
from plexus.pipeline.lease import Lease
from plexus.pipeline.refused import Refused
from plexus.pipeline.render import Rendering
from plexus.pipeline.snapshot import Door
from plexus.upstream.failures import UpstreamFailed

CLIENT_GONE = 499
"""The status booked when the client left before there was an answer."""


class Record(Struct, kw_only=True):
    """A finished request, as the log and later the ledger take it. Times in milliseconds."""

    request_id: str
    key: str
    attribution: str | None
    alias: str
    client_protocol: str
    provider: str = ""
    model: str = ""
    upstream_protocol: str = ""
    streaming: bool
    passthrough: bool = False
    status: str
    """ok, error, cancelled, timeout or stalled."""
    http_status: int
    stop_reason: str | None = None
    usage: Usage | None = None
    ttft_ms: float | None = None
    duration_ms: float
    attempts: list[Tried]
    fidelity: list[Drop]
    error: Fault | None = None
    error_class: str = ""
    """One word for what went wrong; empty when nothing did."""


Sink = Callable[[Record], None]


class Account:
    """The running account of one request."""

    def __init__(self, call: Call, clock: Clock, sink: Sink) -> None:
        """`sink` gets the record at the end; it must not block and must not raise."""
        self._call, self._clock, self._sink = call, clock, sink
        self.attempts: list[Attempt] = []
        self.serving: Attempt | None = None
        """The attempt whose answer the client gets."""
        self._closed = False

    def begin(self, door: Door, rendering: Rendering, lease: Lease) -> Attempt:
        """Note an attempt at a target."""
        attempt = Attempt(len(self.attempts) + 1, door, rendering, lease, self._clock, self._call.started)
        self.attempts.append(attempt)
        return attempt

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Close the account with the right status when what happens inside fails."""
        try:
            yield
        except (Refused, InvalidRequest) as error:
            self.close("error", error.fault.status, error.fault)
            raise
        except UpstreamFailed as error:
            self.close(ending_of(error.fault), for_client(error.fault).status, error.fault)
            raise
        except asyncio.CancelledError as gone:
            fault = interruption(gone)
            if fault is None:
                self.close("cancelled", CLIENT_GONE)
            else:
                self.close("error", fault.status, fault)
            raise
        except Exception:
            self.close("error", 500)
            raise

    def close(self, status: str, http_status: int, fault: Fault | None = None) -> None:
        """End the account with one of the row statuses; later calls do nothing."""
        if self._closed:
            return
        self._closed = True
        for attempt in self.attempts:
            attempt.close("cancelled")
        call = self._call
        last = self.serving or (self.attempts[-1] if self.attempts else None)
        tried = last.tried if last is not None else Tried()
        self._sink(
            Record(
                request_id=call.request_id,
                key=call.key.name,
                attribution=call.attribution,
                alias=call.model,
                client_protocol=call.protocol.name,
                provider=tried.provider,
                model=tried.model,
                upstream_protocol=tried.protocol,
                streaming=call.stream,
                passthrough=last.passthrough if last is not None else False,
                status=status,
                http_status=http_status,
                stop_reason=last.fold.response.stop_reason if last is not None else None,
                usage=tried.usage,
                ttft_ms=tried.started_ms + tried.ttft_ms if tried.ttft_ms is not None else None,
                duration_ms=(self._clock.monotonic() - call.started) * 1000,
                attempts=[attempt.tried for attempt in self.attempts],
                fidelity=last.drops if last is not None else [],
                error=fault,
                error_class=_class_of(status, fault, tried),
            )
        )

    @property
    def fidelity(self) -> str:
        """The tally of losses so far."""
        last = self.serving or (self.attempts[-1] if self.attempts else None)
        return tally(last.drops) if last is not None else ""


def ending_of(fault: Fault) -> str:
    """The row status of a request that ended in this fault."""
    if fault.code == "stall":
        return "stalled"
    return "timeout" if fault.kind == "timeout" else "error"


def _class_of(status: str, fault: Fault | None, tried: Tried) -> str:
    if status == "ok":
        return "empty" if tried.reason == "empty" else ""
    if fault is None:
        return "cancelled" if status == "cancelled" else "internal"
    return tried.reason or fault.code or fault.kind
