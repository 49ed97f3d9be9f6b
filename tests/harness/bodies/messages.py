"""Anthropic messages, as https://docs.anthropic.com/en/api/messages and …/messages-streaming describe them."""

import json
from collections.abc import Sequence
from typing import Any

from tests.harness.bodies import USAGE, Bodies, Call, Event

_USAGE = {
    "input_tokens": USAGE[0],
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "output_tokens": USAGE[1],
}
_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
} | {
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def _answer(model: str, content: list[dict[str, Any]], stop: str | None) -> dict[str, Any]:
    return {
        "id": "msg_fu1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": _USAGE,
    }


def _start(model: str) -> Event:
    message = {**_answer(model, [], None), "usage": {**_USAGE, "output_tokens": 1}}
    return Event("message_start", {"type": "message_start", "message": message})


def _delta(index: int, delta: dict[str, Any]) -> Event:
    return Event("content_block_delta", {"type": "content_block_delta", "index": index, "delta": delta})


def _block(index: int, block: dict[str, Any], deltas: list[dict[str, Any]]) -> list[Event]:
    start = {"type": "content_block_start", "index": index, "content_block": block}
    stop = {"type": "content_block_stop", "index": index}
    return [
        Event("content_block_start", start),
        *(_delta(index, delta) for delta in deltas),
        Event("content_block_stop", stop),
    ]


def _end(stop: str) -> list[Event]:
    delta = {"stop_reason": stop, "stop_sequence": None}
    return [
        Event("message_delta", {"type": "message_delta", "delta": delta, "usage": {"output_tokens": USAGE[1]}}),
        Event("message_stop", {"type": "message_stop"}),
    ]


def _events(model: str, pieces: Sequence[str]) -> list[Event]:
    deltas = [{"type": "text_delta", "text": piece} for piece in pieces]
    return [_start(model), *_block(0, {"type": "text", "text": ""}, deltas), *_end("end_turn")]


def _call_events(model: str, calls: Sequence[Call]) -> list[Event]:
    events = [_start(model)]
    for index, call in enumerate(calls):
        half = len(call.arguments) // 2
        pieces = ("", call.arguments[:half], call.arguments[half:])
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        events += _block(index, {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}, deltas)
    return [*events, *_end("tool_use")]


def _use(call: Call) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.arguments)}


def _error(status: int, message: str) -> dict[str, Any]:
    kind = _KINDS.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_fu1"}


BODIES = Bodies(
    unary=lambda model, text: _answer(model, [{"type": "text", "text": text}], "end_turn"),
    events=_events,
    unary_calls=lambda model, calls: _answer(model, [_use(call) for call in calls], "tool_use"),
    call_events=_call_events,
    error=_error,
    stream_error=lambda message: Event(
        "error", {"type": "error", "error": {"type": "overloaded_error", "message": message}}
    ),
    empty=lambda model: _answer(model, [], "end_turn"),
    failed=lambda model: _answer(model, [], "error"),
    usage_names=("usage",),
    opening=1,
)
