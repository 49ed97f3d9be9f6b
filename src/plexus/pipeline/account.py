"""What is known of one request by its end: attempts, losses, usage, times. Closed exactly once, whatever the ending."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from plexus.core.clock import Clock
from plexus.ir.chat import Usage
from plexus.ir.drops import Drop, tally
from plexus.ir.errors import Fault, InvalidRequest
from plexus.ir.fold import Fold
from plexus.pipeline.call import Call
from plexus.pipeline.failure import for_client
from plexus.pipeline.refused import Refused
from plexus.pipeline.snapshot import Door
from plexus.upstream.failures import UpstreamFailed

CLIENT_GONE = 499
"""The status booked when the client left before there was an answer."""


class Attempt(Struct):
    """One attempt: where it went and how it failed, if it did."""

    provider: str
    model: str
    protocol: str
    fault: Fault | None = None


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
    http_status: int
    stop_reason: str | None = None
    usage: Usage | None = None
    ttft_ms: float | None = None
    duration_ms: float
    attempts: list[Attempt]
    fidelity: list[Drop]
    error: Fault | None = None


Sink = Callable[[Record], None]


class Account:
    """The running account of one request."""

    def __init__(self, call: Call, clock: Clock, sink: Sink) -> None:
        """`sink` gets the record at the end; it must not block and must not raise."""
        self._call, self._clock, self._sink = call, clock, sink
        self.fold = Fold()
        self.attempts: list[Attempt] = []
        self.drops: list[Drop] = []
        self.passthrough = False
        self.skimmed = 0
        """Bytes of events that were passed through without being decoded; `fold` does not hold their text."""
        self._first: float | None = None
        self._closed = False

    def tried(self, door: Door, fault: Fault | None = None) -> None:
        """Note an attempt at a target."""
        target = door.target
        self.attempts.append(Attempt(target.provider, target.model, target.protocol, fault))

    def began(self) -> None:
        """Note that the answer has begun."""
        self._first = self._clock.monotonic()

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Close the account with the right status when what happens inside fails."""
        try:
            yield
        except (Refused, InvalidRequest) as error:
            self.close("error", error.fault.status, error.fault)
            raise
        except UpstreamFailed as error:
            if self.attempts:
                self.attempts[-1].fault = error.fault
            shown = for_client(error.fault)
            self.close("timeout" if error.fault.kind == "timeout" else "error", shown.status, error.fault)
            raise
        except asyncio.CancelledError:
            self.close("cancelled", CLIENT_GONE)
            raise
        except Exception:
            self.close("error", 500)
            raise

    @property
    def fidelity(self) -> str:
        """The tally of losses so far."""
        return tally(self.drops)

    def close(self, status: str, http_status: int, fault: Fault | None = None) -> None:
        """End the account with one of the row statuses; later calls do nothing."""
        if self._closed:
            return
        self._closed = True
        call, now = self._call, self._clock.monotonic()
        last = self.attempts[-1] if self.attempts else Attempt("", "", "")
        response = self.fold.response
        self._sink(
            Record(
                request_id=call.request_id,
                key=call.key.name,
                attribution=call.attribution,
                alias=call.model,
                client_protocol=call.protocol.name,
                provider=last.provider,
                model=last.model,
                upstream_protocol=last.protocol,
                streaming=call.stream,
                passthrough=self.passthrough,
                status=status,
                http_status=http_status,
                stop_reason=response.stop_reason,
                usage=self.fold.usage,
                ttft_ms=(self._first - call.started) * 1000 if self._first is not None else None,
                duration_ms=(now - call.started) * 1000,
                attempts=self.attempts,
                fidelity=self.drops,
                error=fault,
            )
        )
