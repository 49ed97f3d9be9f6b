"""Answers onto the wire: status and headers, then a body or a stream."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, cast

from plexus.core.json import dumps
from plexus.ir.errors import Fault
from plexus.pipeline.call import Answer
from plexus.protocols import WireProtocol
from plexus.web.cycle import Cycle

Send = Callable[[Any], Awaitable[None]]

BODY_LEFT = frozenset({"request_too_large", "request_timeout"})
"""Codes of refusals that come while the client is still sending: there will be no next request on this connection."""
_PRIVATE = [(b"cache-control", b"no-store"), (b"vary", b"authorization, x-api-key, x-goog-api-key, api-key")]


def refusal(protocol: WireProtocol, fault: Fault, request_id: str) -> Answer:
    """A fault in the client's own protocol."""
    status, body = protocol.encode_error(fault)
    headers = [(b"content-type", b"application/json"), (b"x-plexus-request-id", request_id.encode())]
    if fault.code in BODY_LEFT:
        headers.append((b"connection", b"close"))
    if fault.retry_after is not None:
        headers.append((b"retry-after", b"%d" % max(1, round(fault.retry_after))))
    return Answer(status, headers, dumps(body))


async def send_answer(answer: Answer, send: Send) -> None:
    """Send it all. A stream is closed here whatever happens."""
    cycle = getattr(send, "__self__", None)
    if isinstance(answer.body, bytes):
        headers = [*answer.headers, *_PRIVATE, (b"content-length", b"%d" % len(answer.body))]
        if isinstance(cycle, Cycle):
            await cycle.whole(answer.status, headers, answer.body)
        else:
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": answer.body})
        return
    try:
        headers = [*answer.headers, *_PRIVATE, (b"x-accel-buffering", b"no")]
        if isinstance(cycle, Cycle):
            await cycle.begin(answer.status, headers)
            async for piece in answer.body:
                if cycle.piece(piece):
                    await cycle.writable()
            cycle.end()
        else:
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            async for piece in answer.body:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
    finally:
        await answer.body.aclose()


def wire(answer: Answer) -> bytes:
    """An answer whose body is there, as it goes over the connection."""
    body = cast("bytes", answer.body)
    line = b"HTTP/1.1 %d %b" % (answer.status, HTTPStatus(answer.status).phrase.encode())
    headers = [*answer.headers, *_PRIVATE, (b"content-length", b"%d" % len(body))]
    return b"\r\n".join([line, *[b"%b: %b" % entry for entry in headers], b"", body])


def plain(status: int, body: Any) -> Answer:
    """A JSON answer of the gateway itself."""
    return Answer(status, [(b"content-type", b"application/json")], dumps(body))
