"""OpenAI chat completions, as https://platform.openai.com/docs/api-reference/chat describes them."""

from collections.abc import Sequence
from typing import Any

from tests.harness.bodies import USAGE, Bodies, Call, Event

_HEAD = {"id": "chatcmpl-fu1", "created": 1_750_000_000}
_USAGE = {"prompt_tokens": USAGE[0], "completion_tokens": USAGE[1], "total_tokens": sum(USAGE)}


def _answer(model: str, message: dict[str, Any], finish: str) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "logprobs": None, "finish_reason": finish}
    return {**_HEAD, "object": "chat.completion", "model": model, "choices": [choice], "usage": _USAGE}


def _chunk(model: str, delta: dict[str, Any], finish: str | None = None) -> Event:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return Event("", {**_HEAD, "object": "chat.completion.chunk", "model": model, "choices": [choice]})


def _end(model: str, finish: str) -> list[Event]:
    usage = {**_HEAD, "object": "chat.completion.chunk", "model": model, "choices": [], "usage": _USAGE}
    return [_chunk(model, {}, finish), Event("", usage)]


def _events(model: str, pieces: Sequence[str]) -> list[Event]:
    opening = _chunk(model, {"role": "assistant", "content": ""})
    return [opening, *(_chunk(model, {"content": piece}) for piece in pieces), *_end(model, "stop")]


def _call(call: Call) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _call_events(model: str, calls: Sequence[Call]) -> list[Event]:
    events = [_chunk(model, {"role": "assistant", "content": None})]
    for index, call in enumerate(calls):
        start = {"index": index, **_call(call._replace(arguments=""))}
        events.append(_chunk(model, {"tool_calls": [start]}))
        half = len(call.arguments) // 2
        pieces = (call.arguments[:half], call.arguments[half:])
        deltas = [{"index": index, "function": {"arguments": piece}} for piece in pieces]
        events += [_chunk(model, {"tool_calls": [delta]}) for delta in deltas]
    return [*events, *_end(model, "tool_calls")]


BODIES = Bodies(
    unary=lambda model, text: _answer(model, {"content": text, "refusal": None}, "stop"),
    events=_events,
    unary_calls=lambda model, calls: _answer(
        model, {"content": None, "tool_calls": [_call(call) for call in calls]}, "tool_calls"
    ),
    call_events=_call_events,
    error=lambda status, message: {
        "error": {
            "message": message,
            "type": "server_error" if status >= 500 else "invalid_request_error",
            "param": None,
            "code": None,
        }
    },
    stream_error=lambda message: Event(
        "", {"error": {"message": message, "type": "server_error", "param": None, "code": None}}
    ),
    empty=lambda model: _answer(model, {"content": None}, "stop"),
    failed=lambda model: _answer(model, {"content": ""}, "error"),
    usage_names=("usage",),
    opening=1,
    ending=b"data: [DONE]\n\n",
)
