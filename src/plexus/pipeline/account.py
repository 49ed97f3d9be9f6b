"""What is known of one request by its end: attempts, losses, usage, times. Closed exactly once, whatever the ending."""

import asyncio
from typing import Any, Self

from plexus.ir.drops import tally
from plexus.ir.errors import Fault, InvalidRequest
from plexus.pipeline.admission import Admitted, QuotaExceeded
from plexus.pipeline.attempt import Attempt, Tried
from plexus.pipeline.booking import Ending, charges_of, row_of
from plexus.pipeline.call import Answer, Call
from plexus.pipeline.events import Kind
from plexus.pipeline.failure import for_client
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.interruption import interruption
from plexus.pipeline.lease import Lease
from plexus.pipeline.record import Record
from plexus.pipeline.refused import Refused
from plexus.pipeline.render import Rendering
from plexus.pipeline.snapshot import Door
from plexus.quota.told import headers
from plexus.routing.plan import Plan
from plexus.upstream.failures import UpstreamFailed
from plexus.usage.row import RowStatus, amount_text

CLIENT_GONE = 499
"""The status booked when the client left before there was an answer."""


class Account:
    """The running account of one request."""

    def __init__(self, call: Call, gateway: Gateway) -> None:
        """The gateway's sink gets the record at the end; it must not block and must not raise."""
        self._call, self._gateway, self._clock = call, gateway, gateway.clock
        self._started_at = int((gateway.clock.wall() - (gateway.clock.monotonic() - call.started)) * 1000)
        self.admitted: Admitted | None = None
        """What its key's quotas allowed, with what is held in them."""
        self.attempts: list[Attempt] = []
        self.serving: Attempt | None = None
        """The attempt whose answer the client gets."""
        self.followed = gateway.tracer.begin(call) if gateway.tracer is not None else None
        """What is held of it for a trace; None when it will not be one."""
        self._closed = False
        if gateway.traffic.events.heard:
            self._tell("request.started", alias=call.model, client_protocol=call.protocol.name, streaming=call.stream)

    def begin(self, door: Door, rendering: Rendering, lease: Lease) -> Attempt:
        """Note an attempt at a target."""
        attempt = Attempt(len(self.attempts) + 1, door, rendering, lease, self._clock, self._call.started)
        if self.followed is not None:
            attempt.heard = self.followed.heard()
        self.attempts.append(attempt)
        return attempt

    def admit(self, admitted: Admitted) -> Plan:
        """Note what its key's quotas allowed; the plan that is left."""
        self.admitted = admitted
        if self.followed is not None:
            self.followed.plan, self.followed.planned = admitted.plan, self._clock.monotonic()
        return admitted.plan

    def answered(self, answer: Answer) -> Answer:
        """Note what the client gets."""
        return answer if self.followed is None else self.followed.answered(answer)

    def __enter__(self) -> Self:
        """Close the account with the right status when what happens inside fails."""
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """The failure goes on to whoever answers it."""
        match error:
            case None:
                return
            case Refused() | InvalidRequest():
                if isinstance(error, QuotaExceeded):
                    self._tell("quota.exceeded", message=error.fault.message, retry_after=error.fault.retry_after)
                self.close("error", error.fault.status, error.fault)
            case UpstreamFailed():
                self.close(ending_of(error.fault), for_client(error.fault).status, error.fault)
            case asyncio.CancelledError():
                fault = interruption(error)
                if fault is None:
                    self.close("cancelled", CLIENT_GONE)
                else:
                    self.close("error", fault.status, fault)
            case Exception():
                self.close("error", 500)
            case _:  # the process ends, or a generator is closed
                return

    def close(self, status: RowStatus, http_status: int, fault: Fault | None = None) -> None:
        """End the account with one of the row statuses; later calls do nothing."""
        if self._closed:
            return
        self._closed = True
        for attempt in self.attempts:
            attempt.close("cancelled")
        record = self._record(status, http_status, fault)
        self._gateway.sink(record)
        self._completed(record)
        if self.followed is not None and self._gateway.tracer is not None:
            self._gateway.tracer.over(self.followed, self._call, self.attempts, self.serving, record)
        if self._gateway.telemetry is not None:
            self._gateway.telemetry.over(self._call, self.attempts, record)

    def _record(self, status: RowStatus, http_status: int, fault: Fault | None) -> Record:
        call = self._call
        last = self.serving or (self.attempts[-1] if self.attempts else None)
        tried = last.tried if last is not None else Tried()
        ending = Ending(
            status=status,
            http_status=http_status,
            started_at=self._started_at,
            duration_ms=(self._clock.monotonic() - call.started) * 1000,
            fault=fault,
            error_class=_class_of(status, fault, tried),
        )
        row = row_of(call, self.attempts, last, ending)
        bookings = []
        if self.admitted is not None and self.admitted.admission is not None:
            bookings = self._gateway.quotas.settle(self.admitted.admission, charges_of(row))
        return Record(
            row=row,
            attempts=[attempt.tried for attempt in self.attempts],
            usage=tried.usage,
            error=fault,
            bookings=bookings,
        )

    def updated(self) -> None:
        """The answer has begun."""
        attempt = self.serving
        if attempt is not None and self._gateway.traffic.events.heard:
            tried = attempt.tried
            self._tell("request.updated", provider=tried.provider, model=tried.model, attempt=tried.number)

    def failed(self, attempt: Attempt) -> None:
        """An attempt has failed; the request may go on."""
        tried = attempt.tried
        told = {"provider": tried.provider, "model": tried.model, "attempt": tried.number, "reason": tried.reason}
        self._tell("attempt.failed", **told, http_status=tried.http_status)

    def _completed(self, record: Record) -> None:
        if not self._gateway.traffic.events.heard:
            return
        row = record.row
        self._tell(
            "request.completed",
            alias=row.alias,
            provider=row.provider,
            model=row.model,
            status=row.status,
            http_status=row.http_status,
            error_class=row.error_class,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            cost=None if row.cost is None else amount_text(row.cost),
            duration_ms=round(row.duration_ms, 3),
        )

    def _tell(self, kind: Kind, **facts: Any) -> None:
        events = self._gateway.traffic.events
        if events.heard:
            events.tell(kind, self._call.key.name, request_id=self._call.request_id, **facts)

    @property
    def standing(self) -> list[tuple[bytes, bytes]]:
        """How the quotas of its key stand now, as headers."""
        if self.admitted is None or not self.admitted.quotas:
            return []
        return headers(self._gateway.quotas.readings(self.admitted.quotas, self._call.key.name))

    @property
    def fidelity(self) -> str:
        """The tally of losses so far."""
        last = self.serving or (self.attempts[-1] if self.attempts else None)
        return tally(last.drops) if last is not None else ""


def ending_of(fault: Fault) -> RowStatus:
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
