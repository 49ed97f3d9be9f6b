"""Google Gemini generateContent, as https://ai.google.dev/api/generate-content describes it."""

import json
from collections.abc import Sequence
from typing import Any

from tests.harness.bodies import USAGE, Bodies, Call, Event

_USAGE = {"promptTokenCount": USAGE[0], "candidatesTokenCount": USAGE[1], "totalTokenCount": sum(USAGE)}
_STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"} | {
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}


def _answer(model: str, parts: list[dict[str, Any]], finish: str | None = "STOP") -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "usageMetadata": _USAGE, "modelVersion": model, "responseId": "fu1"}


def _call(call: Call) -> dict[str, Any]:
    content: dict[str, Any] = {"name": call.name, "args": json.loads(call.arguments)}
    if call.id:
        content["id"] = call.id
    return {"functionCall": content}


def _events(model: str, pieces: Sequence[str]) -> list[Event]:
    told = [_answer(model, [{"text": piece}], None) for piece in pieces]
    return [Event("", data) for data in (*told, _answer(model, [{"text": ""}]))]


def _call_events(model: str, calls: Sequence[Call]) -> list[Event]:
    told = [_answer(model, [_call(call)], None) for call in calls]
    return [Event("", data) for data in (*told, _answer(model, [{"text": ""}]))]


def _error(status: int, message: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": message, "status": _STATUS.get(status, "INTERNAL")}}


BODIES = Bodies(
    unary=lambda model, text: _answer(model, [{"text": text}]),
    events=_events,
    unary_calls=lambda model, calls: _answer(model, [_call(call) for call in calls]),
    call_events=_call_events,
    error=_error,
    stream_error=lambda message: Event("", _error(503, message)),
    empty=lambda model: {"usageMetadata": _USAGE, "modelVersion": model, "responseId": "fu1"},
    failed=lambda model: _answer(model, [], "OTHER"),
    usage_names=("usageMetadata",),
    opening=0,
)
