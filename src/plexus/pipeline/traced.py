"""From a finished request to the trace that is kept of it: plain data and bodies, every credential taken out."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import msgspec

from plexus.core.json import dumps
from plexus.core.sse import OversizeEvent
from plexus.ir.errors import Fault, InvalidRequest
from plexus.ir.exchange import Reading, Writing
from plexus.ir.fold import Fold
from plexus.pipeline.attempt import Attempt
from plexus.pipeline.call import Call
from plexus.pipeline.explain import excluded_of, ranked_of, request_shown
from plexus.pipeline.failure import for_client
from plexus.pipeline.frames import Framer, PlainAnswer
from plexus.pipeline.tracing import Finished
from plexus.protocols import WireProtocol
from plexus.traces.capture import BODY, TRACE
from plexus.traces.held import Held
from plexus.traces.redaction import Redactor, is_secret
from plexus.traces.trace import Body, Trace
from plexus.usage.row import to_wire


def trace_of(finished: Finished, redactor: Redactor) -> Trace:
    """The trace. `redactor` knows the secrets of the configuration; the client's own are added here."""
    call, record = finished.call, finished.record
    known = redactor.with_also(_presented(call))
    answer, answer_body = _answer(finished)
    document = {
        "protocol": call.protocol.name,
        "stream": call.stream,
        "array": call.array,
        "attribution": call.attribution,
        "request": {
            "method": "POST",
            "path": known.text(_address(call)),
            "headers": known.headers(_decoded(call.headers)),
        },
        "plan": known.plain(_plan(finished)),
        "attempts": [_attempt(call, attempt, known) for attempt in finished.attempts],
        "answer": {"status": answer.status, "headers": known.headers(_decoded(answer.headers))},
        "timeline": _timeline(finished),
        "fidelity": known.plain([msgspec.to_builtins(drop) for drop in record.row.fidelity]),
        "error": known.plain(_fault(record.error)),
        "usage": known.plain({k: v for k, v in to_wire(record.row).items() if k not in {"attempts", "fidelity"}}),
    }
    return Trace(
        request_id=call.request_id,
        started_at=record.row.started_at,
        key=call.key.name,
        alias=call.model,
        provider=record.row.provider,
        model=record.row.model,
        status=record.row.status,
        captured_by=finished.captured_by,
        document=document,
        bodies={} if finished.captured_by == "headers" else _bodies(finished, answer_body, known),
    )


class _Shown(msgspec.Struct):
    status: int
    headers: list[tuple[bytes, bytes]]


def _answer(finished: Finished) -> tuple[_Shown, tuple[bytes, bytes, int]]:
    """The client's answer. A refusal is written by the door after the request is over; it is written here the same way."""
    call, followed, fault = finished.call, finished.followed, finished.record.error
    if followed.answer is None:
        told = [(b"content-type", b"application/json"), (b"x-plexus-request-id", call.request_id.encode())]
        if fault is None:
            return _Shown(finished.record.row.http_status, []), (b"", b"", 0)
        status, content = call.protocol.encode_error(for_client(fault))
        body = dumps(content)
        return _Shown(status, told), (body, b"", len(body))
    shown = _Shown(followed.answer.status, followed.answer.headers)
    if isinstance(followed.answer.body, bytes):
        return shown, _ends(followed.answer.body)
    held = followed.sent or Held(0)
    return shown, (*held.ends(), held.size)


def _bodies(finished: Finished, answer: tuple[bytes, bytes, int], known: Redactor) -> dict[str, Body]:
    """The bodies in the order of the exchange, until the trace is full."""
    raw = {"request": _ends(finished.call.body.body)}
    for attempt in finished.attempts:
        name = f"attempt.{attempt.tried.number}"
        raw[f"{name}.request"] = _ends(attempt.rendering.body)
        if attempt.heard is not None and attempt.heard.status is not None:
            raw[f"{name}.answer"] = (*attempt.heard.body.ends(), attempt.heard.body.size)
    raw["answer"] = answer
    folded = _reassembled(finished)
    if folded is not None:
        raw["reassembled"] = _ends(folded)
    bodies: dict[str, Body] = {}
    room = TRACE
    for name, (first, last, size) in raw.items():
        bodies[name] = body = _body(first, last, size, known) if len(first) + len(last) <= room else _left_out(size)
        room -= len(body.kept)
    return bodies


def _ends(body: bytes) -> tuple[bytes, bytes, int]:
    held = Held(BODY)
    held.take(body)
    return (*held.ends(), held.size)


def _body(first: bytes, last: bytes, size: int, known: Redactor) -> Body:
    whole = len(first) + len(last) == size and not last
    first = known.body(first, cut=not whole)
    last = known.body(last, torn=True) if last else b""
    return Body(size=size, kept=first + last, gap_at=None if whole else len(first))


def _left_out(size: int) -> Body:
    return Body(size=size, kept=b"", gap_at=0)


def _attempt(call: Call, attempt: Attempt, known: Redactor) -> dict[str, Any]:
    tried, heard = attempt.tried, attempt.heard
    sent = request_shown(call, attempt.door, attempt.rendering)
    answer = None
    if heard is not None and heard.status is not None:
        answer = {"status": heard.status, "headers": known.headers(heard.headers.items())}
    return {
        "number": tried.number,
        "provider": tried.provider,
        "model": tried.model,
        "protocol": tried.protocol,
        "passthrough": attempt.passthrough,
        "request": {
            "method": sent["method"],
            "url": known.text(sent["url"]),
            "headers": known.headers(sent["headers"].items()),
        },
        "answer": answer,
        "status": tried.status,
        "reason": tried.reason or None,
        "error": known.plain(_fault(tried.fault)),
        "usage": msgspec.to_builtins(tried.usage) if tried.usage is not None else None,
    }


def _plan(finished: Finished) -> dict[str, Any] | None:
    plan, now = finished.followed.plan, finished.record.row.started_at / 1000
    if plan is None:
        return None
    return {
        "route": plan.alias,
        "candidates": [{"place": place, **ranked_of(row, None, now)} for place, row in enumerate(plan.ranked(), 1)],
        "excluded": [excluded_of(entry, now) for entry in plan.excluded],
    }


def _timeline(finished: Finished) -> list[dict[str, Any]]:
    """What happened when, in milliseconds after the request came."""
    events: list[tuple[float, str, int | None]] = [(0.0, "arrived", None)]
    if finished.followed.plan is not None:
        events.append(((finished.followed.planned - finished.call.started) * 1000, "planned", None))
    for attempt in finished.attempts:
        tried = attempt.tried
        events.append((tried.started_ms, "sent", tried.number))
        if attempt.heard is not None and attempt.heard.status is not None:
            events.append((tried.started_ms + attempt.heard.head_ms, "head", tried.number))
        if tried.ttft_ms is not None:
            events.append((tried.started_ms + tried.ttft_ms, "committed", tried.number))
        events.append((tried.started_ms + tried.duration_ms, "ended", tried.number))
    events.append((finished.record.row.duration_ms, "over", None))
    return [{"ms": round(ms, 3), "event": event, "attempt": number} for ms, event, number in sorted(events, key=_at)]


def _at(event: tuple[float, str, int | None]) -> float:
    return event[0]


def _reassembled(finished: Finished) -> bytes | None:
    """The stream the client was served, as one answer in its protocol; None when there was none, or not all was held."""
    attempt = finished.serving or (finished.attempts[-1] if finished.attempts else None)
    if attempt is None or attempt.heard is None or not attempt.rendering.stream or attempt.heard.status is None:
        return None
    raw, end = attempt.heard.body.ends()
    if end or len(raw) != attempt.heard.body.size:
        return None
    folded = folded_stream(attempt.door.protocol, attempt.rendering.reading, raw)
    if folded is None:
        return None
    call, started = finished.call, finished.record.row.started_at
    try:
        facts = Writing(
            request=call.request, model=attempt.door.target.model, seed=call.request_id, now=started // 1000
        )
        return dumps(call.protocol.encode_response(folded.response, facts)[0])
    except InvalidRequest:  # what cannot be read was passed through
        return None


def folded_stream(protocol: WireProtocol, reading: Reading, raw: bytes) -> Fold | None:
    """A recorded stream read again; None when it is no stream."""
    framer, decoder, fold = Framer(max(len(raw), 1)), protocol.stream_decoder(reading), Fold()
    try:
        frames = [*framer.feed(raw), *framer.end()]
    except (PlainAnswer, OversizeEvent):
        return None
    for frame in frames:
        for event in decoder.feed(frame):
            fold.add(event)
    for event in decoder.end():
        fold.add(event)
    return fold


def _presented(call: Call) -> Iterable[str]:
    """The credentials the client sent, each also without its scheme and its label."""
    values = [value for name, value in _decoded(call.headers) if is_secret(name)]
    values += [unquote(field.partition("=")[2]) for field in call.query.decode("latin-1").split("&") if "key=" in field]
    for value in values:
        bare = value.strip().rpartition(" ")[2]
        yield from {value.strip(), bare, bare.partition(":")[0]}


def _address(call: Call) -> str:
    query = f"?{call.query.decode('latin-1')}" if call.query else ""
    return call.path.decode("latin-1") + query


def _decoded(headers: list[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def _fault(fault: Fault | None) -> dict[str, Any] | None:
    if fault is None:
        return None
    return {"kind": fault.kind, "status": fault.status, "message": fault.message, "code": fault.code or None}
