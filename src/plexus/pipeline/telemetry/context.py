"""The W3C trace context of a request: read from the client, and the ids of the gateway's own spans in it.

The ids come from the request's, so that a provider can be told of a span before there is one. https://www.w3.org/TR/trace-context/
"""

import hashlib
import re
from collections.abc import Sequence

from msgspec import Struct

_FORM = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 1
_STATE_LIMIT = 512
_STATE = re.compile(rb"[\x20-\x7e]*")


class Context(Struct, frozen=True):
    """The span of a client that a request belongs to."""

    trace_id: int
    span_id: int
    sampled: bool
    state: str
    """Its `tracestate`, empty when there is none."""


def context_in(headers: Sequence[tuple[bytes, bytes]]) -> Context | None:
    """What the client's `traceparent` says; None when there is none, or none that is valid."""
    found = [value for name, value in headers if name == b"traceparent"]
    match = _FORM.fullmatch(found[0].strip()) if len(found) == 1 else None
    if match is None or match[1] == b"ff" or (match[1] == b"00" and match[5]):
        return None
    trace_id, span_id = int(match[2], 16), int(match[3], 16)
    if not trace_id or not span_id:
        return None
    state = b",".join(value.strip() for name, value in headers if name == b"tracestate")
    usable = len(state) <= _STATE_LIMIT and _STATE.fullmatch(state) is not None
    return Context(trace_id, span_id, bool(int(match[4], 16) & _SAMPLED), state.decode() if usable else "")


def trace_of(request_id: str) -> int:
    """The trace a request begins when its client gave none."""
    return int.from_bytes(_digest(request_id, "trace", 16), "big") or 1


def span_of(request_id: str, attempt: int = 0) -> int:
    """The span of a request, or of one of its attempts, which count from 1."""
    return int.from_bytes(_digest(request_id, str(attempt), 8), "big") or 1


def passed_on(headers: Sequence[tuple[bytes, bytes]], request_id: str, attempt: int) -> dict[str, str]:
    """The headers that tell a provider which span calls it."""
    context = context_in(headers)
    trace = trace_of(request_id) if context is None else context.trace_id
    flags = 1 if context is None else int(context.sampled)
    told = {"traceparent": f"00-{trace:032x}-{span_of(request_id, attempt):016x}-{flags:02x}"}
    return told if context is None or not context.state else {**told, "tracestate": context.state}


def _digest(request_id: str, what: str, size: int) -> bytes:
    return hashlib.blake2b(request_id.encode(), digest_size=size, person=what.encode()).digest()
