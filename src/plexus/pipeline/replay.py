"""A kept request sent again through the line of every request, to the same or another target, and what became of it.

It costs what a request costs, and is booked under a key of its own. The trace is only read.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from plexus.core import ids
from plexus.core.json import JSONError, loads
from plexus.core.raw_object import RawObject
from plexus.core.secret import REDACTED
from plexus.ir.chat import ChatResponse
from plexus.ir.errors import InvalidAnswer, InvalidRequest
from plexus.ir.exchange import Reading
from plexus.ir.parts import Origin
from plexus.keys.key import Key
from plexus.pipeline import chat
from plexus.pipeline.call import Answer, Call
from plexus.pipeline.failure import for_client
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.record import Record
from plexus.pipeline.refused import Refused
from plexus.pipeline.traced import folded_stream
from plexus.protocols import WireProtocol
from plexus.traces.difference import Outcome, difference
from plexus.traces.redaction import Redactor
from plexus.traces.trace import Trace
from plexus.upstream.failures import UpstreamFailed

REPLAYER = Key(name="plexus:replay")
"""Under whose name replayed requests are booked: nobody's key, without quotas, which nobody can present."""


class NotReplayable(Exception):  # noqa: N818 - what the trace lacks, as its reader is told
    """The trace does not hold what is needed to send its request again; the message says what."""


async def replay(
    trace: Trace, target: str | None, gateway: Gateway, protocols: Mapping[str, WireProtocol], redactor: Redactor
) -> dict[str, Any]:
    """Send the request again, to `target` (`provider/model`) or wherever its model leads now; both answers and the difference.

    The new answer is shown as one in a trace would be, without what `redactor` knows.

    Raises:
        NotReplayable: when the trace does not hold the whole request.
    """
    call = _call(trace, target, gateway, protocols)
    records: list[Record] = []

    def sink(record: Record) -> None:
        records.append(record)
        gateway.sink(record)

    status, body = await _served(call, replace(gateway, sink=sink))
    first, first_body = _before(trace, call.protocol)
    second = _now(records[0], call, status, body)
    return {
        "request_id": call.request_id,
        "redacted": REDACTED.encode() in call.body.body,
        "first": _told(first, first_body),
        "second": _told(second, redactor.body(body)),
        "difference": difference(first, second),
    }


def _call(trace: Trace, target: str | None, gateway: Gateway, protocols: Mapping[str, WireProtocol]) -> Call:
    body, told = trace.bodies.get("request"), trace.document
    if body is None:
        raise NotReplayable("the trace holds headers alone, not the request's body")
    if body.gap_at is not None:
        raise NotReplayable(f"the request has {body.size} bytes, of which the trace holds only a part")
    try:
        sent = RawObject(body.kept)
    except JSONError:
        raise NotReplayable("the request's body is not readable") from None
    return Call(
        protocol=protocols[told["protocol"]],
        body=sent,
        model=f"direct/{target}" if target is not None else trace.alias,
        stream=told["stream"],
        headers=_headers(told["request"]["headers"]),
        request_id=ids.request_id(),
        key=REPLAYER,
        attribution=trace.request_id,
        snapshot=gateway.snapshot,
        started=gateway.clock.monotonic(),
        array=told["array"],
    )


def _headers(kept: list[list[str]]) -> list[tuple[bytes, bytes]]:
    """The client's own headers, but for those of which a part is gone."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept if REDACTED not in value]


async def _served(call: Call, gateway: Gateway) -> tuple[int, bytes]:
    """Status and body, as a client would get them."""
    try:
        answer = await chat.answer(call, gateway)
    except (Refused, InvalidRequest) as refused:
        fault = refused.fault
    except UpstreamFailed as failed:
        fault = for_client(failed.fault)
    else:
        return answer.status, await _whole(answer)
    return fault.status, b""


async def _whole(answer: Answer) -> bytes:
    if isinstance(answer.body, bytes):
        return answer.body
    try:
        return b"".join([piece async for piece in answer.body])
    finally:
        await answer.body.aclose()


def _before(trace: Trace, protocol: WireProtocol) -> tuple[Outcome, bytes]:
    body, usage = trace.bodies.get("answer"), trace.document["usage"]
    whole = body is not None and body.gap_at is None
    kept = body.kept if body is not None else b""
    streamed, status = trace.document["stream"], trace.document["answer"]["status"]
    cost = usage.get("cost")
    outcome = Outcome(
        status=trace.status,
        http_status=status,
        provider=trace.provider,
        model=trace.model,
        response=_read(protocol, kept, streamed=streamed) if whole else None,
        input_tokens=usage.get("input_tokens"),
        output_tokens=usage.get("output_tokens"),
        cost=Decimal(cost) if cost is not None else None,
        ttft_ms=usage.get("ttft_ms"),
        duration_ms=usage.get("duration_ms"),
        error=usage.get("error"),
    )
    return outcome, kept


def _now(record: Record, call: Call, status: int, body: bytes) -> Outcome:
    row = record.row
    return Outcome(
        status=record.row.status,
        http_status=status,
        provider=record.row.provider,
        model=record.row.model,
        response=_read(call.protocol, body, streamed=call.stream),
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cost=row.cost,
        ttft_ms=row.ttft_ms,
        duration_ms=row.duration_ms,
        error=row.error,
    )


def _read(protocol: WireProtocol, body: bytes, *, streamed: bool) -> ChatResponse | None:
    """What an answer in the client's protocol says; None when it is none."""
    reading = Reading(origin=Origin(protocol=protocol.name), seed="replay")
    if streamed:
        folded = folded_stream(protocol, reading, body)
        return folded.response if folded is not None else None
    try:
        content = loads(body)
        if not isinstance(content, dict) or protocol.error_in(content) is not None:
            return None
        return protocol.decode_response(content, reading)
    except (JSONError, InvalidAnswer):
        return None


def _told(outcome: Outcome, body: bytes) -> dict[str, Any]:
    return {
        "status": outcome.status,
        "http_status": outcome.http_status,
        "provider": outcome.provider or None,
        "model": outcome.model or None,
        "error": outcome.error,
        "body": body.decode("utf-8", "replace"),
    }
