"""Faults of the answer's kind: another content type, HTML, JSON for a stream, errors with status 200 (U19-U24)."""

from typing import Any

from tests.harness.faults import TEXT, Case, Fault, answered, stream, told
from tests.harness.wire import JSON_TYPE, Headers, Script, dumps

HTML = b"<!DOCTYPE html><html><head><title>Bad gateway</title></head><body><h1>502 Bad gateway</h1></body></html>"
HTML_TYPE = ("content-type", "text/html; charset=utf-8")
TEXT_TYPE = ("content-type", "text/plain")


def typed(headers: Headers) -> Fault:
    """The healthy answer under another content type."""
    return lambda case: stream(case.frames(), headers) if case.streaming else answered(case.unary(), 200, headers)


def fixed(body: Any, status: int = 200, headers: Headers = (JSON_TYPE,)) -> Fault:
    """Always this answer."""
    return lambda _: answered(body, status, headers)


def error_in_200(case: Case) -> Script:
    """Status 200 with an error in the body, the way OpenRouter does it: the real status is the inner `code`."""
    status = case.n or 502
    return answered({"error": {"message": "The provider failed.", "code": status, "metadata": {"raw": "x"}}})


def own_error_in_200(case: Case) -> Script:
    """Status 200 with an error body of the protocol."""
    return answered(case.bodies.error(case.n or 500, "The provider failed."))


def first_event_error(case: Case) -> Script:
    """The stream's first content is an error (for a unary request: the error as status 200)."""
    error = case.bodies.stream_error("Overloaded")
    if not case.streaming:
        return answered(error.data)
    return told(case, [*case.events()[: case.bodies.opening], error])


def error_after(case: Case) -> Script:
    """N pieces of content, then an error event; unary as above."""
    if not case.streaming:
        return first_event_error(case)
    shown = case.events(case.n + 2)[: case.bodies.opening + case.n]
    return told(case, [*shown, case.bodies.stream_error("Overloaded")])


def error_then_more(case: Case) -> Script:
    """An error event after two pieces, and then the stream goes on as if nothing had been."""
    events = case.events(6)
    at = case.bodies.opening + 2
    return told(case, [*events[:at], case.bodies.stream_error("Overloaded"), *events[at:]])


def finish_error(case: Case) -> Script:
    """The answer's own stop reason says that it failed, after nothing was said."""
    if not case.streaming:
        return answered(case.bodies.failed(case.model))
    if case.received.protocol == "responses":
        return first_event_error(case)
    events = case.events(0)
    for event in events:
        for holder in (event.data.get("choices") or event.data.get("candidates") or [])[:1]:
            holder.update({key: "error" for key in ("finish_reason",) if holder.get(key)})
            holder.update({key: "OTHER" for key in ("finishReason",) if holder.get(key)})
        if event.name == "message_delta":
            event.data["delta"]["stop_reason"] = "error"
    return told(case, events)


def empty_completion(case: Case) -> Script:
    """A whole answer that says nothing."""
    if not case.streaming:
        return answered(case.bodies.empty(case.model))
    return told(case, [event for event in case.events(0) if "content_block" not in event.name])


FAULTS: dict[str, Fault] = {
    "type-html": typed([HTML_TYPE]),
    "type-text": typed([TEXT_TYPE]),
    "type-octets": typed([("content-type", "application/octet-stream")]),
    "type-none": typed([]),
    "type-charset": typed([("content-type", "text/event-stream; charset=utf-8")]),
    "type-swapped": lambda case: typed([JSON_TYPE if case.streaming else ("content-type", "text/event-stream")])(case),
    "html-200": fixed(HTML, 200, [HTML_TYPE]),
    "html-200-as-json": fixed(HTML),
    "html-502": fixed(HTML, 502, [HTML_TYPE]),
    "html-secret": fixed(HTML.replace(b"502", b"sk-secret-0123456789abcdefghijklmnop"), 200, [HTML_TYPE]),
    "plain-500": fixed(b"upstream connect error or disconnect/reset before headers", 500, [TEXT_TYPE]),
    "plain-200": fixed(b"OK", 200, [TEXT_TYPE]),
    "empty-200": fixed(b""),
    "empty-500": fixed(b"", 500),
    "empty-204": fixed(b"", 204),
    "json-null": fixed(None),
    "json-array": fixed([]),
    "json-string": fixed("hello"),
    "json-object": fixed({}),
    "json-cut": lambda case: answered(dumps(case.unary())[:-20]),
    "json-invalid": fixed(b'{"choices": [NaN, ,]}'),
    "json-deep": fixed(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "json-concatenated": lambda case: answered(dumps(case.unary()) * 2),
    "json-bom": lambda case: answered(b"\xef\xbb\xbf" + dumps(case.unary())),
    "json-padded": lambda case: answered(b"\n\n   " + dumps(case.unary()) + b"\n\n"),
    "json-for-stream": lambda case: answered(case.unary()),
    "stream-for-json": lambda case: told(case, case.events()),
    "array-for-stream": lambda case: answered([event.data for event in case.events()]),
    "error-in-200": error_in_200,
    "error-in-200-N": error_in_200,
    "own-error-in-200": own_error_in_200,
    "own-error-in-200-N": own_error_in_200,
    "first-event-error": first_event_error,
    "error-after-N": error_after,
    "error-then-more": error_then_more,
    "finish-error": finish_error,
    "empty-completion": empty_completion,
    "only-done": lambda case: stream([case.bodies.ending]) if case.streaming else answered({}),
    "only-opening": lambda case: told(case, case.events()[: case.bodies.opening]),
    "models-huge": fixed({"object": "list", "data": [{"id": f"m{n}", "object": "model"} for n in range(100_000)]}),
    "models-wrong": fixed({"object": "list", "data": [1, None, {"id": 5}, {"id": "real"}, "x", {}]}),
    "long-text": lambda case: answered(case.bodies.unary(case.model, TEXT * max(case.n, 1000))),
}
