"""One correct stream of each protocol, as a list of (event name, value), to be broken rule by rule."""

import copy
import json
from typing import Any

Stream = list[tuple[str, Any]]


def render(stream: Stream) -> bytes:
    """The stream as bytes."""
    lines = []
    for event, value in stream:
        name = f"event: {event}\n" if event else ""
        lines.append(f"{name}data: {value if isinstance(value, str) else json.dumps(value)}\n\n")
    return "".join(lines).encode()


def sample(protocol: str) -> Stream:
    """A fresh copy of the protocol's correct stream."""
    return copy.deepcopy(SAMPLES[protocol])


def _chunk(delta: dict[str, Any], finish: str | None = None) -> tuple[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return ("", {**_CHUNK_HEAD, "choices": [choice]})


def _fragment(index: int, arguments: str, **opening: Any) -> dict[str, Any]:
    name = {"name": opening.pop("name")} if "name" in opening else {}
    return {"tool_calls": [{"index": index, **opening, "function": {**name, "arguments": arguments}}]}


_CHUNK_HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
_CHAT: Stream = [
    _chunk({"role": "assistant", "content": ""}),
    _chunk({"content": "Look"}),
    _chunk(_fragment(0, "", id="call_1", type="function", name="f")),
    _chunk(_fragment(0, "{}")),
    _chunk(_fragment(1, "{}", id="call_2", type="function", name="g")),
    _chunk({}, "tool_calls"),
    (
        "",
        {**_CHUNK_HEAD, "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}},
    ),
    ("", "[DONE]"),
]


def _named(value: dict[str, Any]) -> tuple[str, Any]:
    return (value["type"], value)


_MESSAGES: Stream = [
    _named(
        {
            "type": "message_start",
            "message": {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": "m",
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {"input_tokens": 5, "output_tokens": 1},
            },
        }
    ),
    _named(
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "thinking", "thinking": "", "signature": ""},
        }
    ),
    _named({"type": "ping"}),
    _named({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Hm"}}),
    _named({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}}),
    _named({"type": "content_block_stop", "index": 0}),
    _named({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
    _named({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Look"}}),
    _named({"type": "content_block_stop", "index": 1}),
    _named(
        {
            "type": "content_block_start",
            "index": 2,
            "content_block": {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}},
        }
    ),
    _named({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"a"'}}),
    _named({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": ":1}"}}),
    _named({"type": "content_block_stop", "index": 2}),
    _named(
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {"output_tokens": 9},
        }
    ),
    _named({"type": "message_stop"}),
]


def _response(status: str, output: list[Any], usage: Any = None) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": "m",
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage,
    }


def _event(kind: str, **rest: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", **rest}


_REASONED = {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}]}
_TOLD = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Look", "annotations": []}],
}
_CALLED = {
    "id": "fc_1",
    "type": "function_call",
    "call_id": "call_1",
    "name": "f",
    "arguments": '{"a":1}',
    "status": "completed",
}
_USAGE = {
    "input_tokens": 5,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": 9,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 14,
}
_AT_0: dict[str, Any] = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
_AT_1: dict[str, Any] = {"item_id": "msg_1", "output_index": 1, "content_index": 0}
_AT_2: dict[str, Any] = {"item_id": "fc_1", "output_index": 2}
_RESPONSES: Stream = [
    _named({**event, "sequence_number": number})
    for number, event in enumerate(
        [
            _event("created", response=_response("in_progress", [])),
            _event("in_progress", response=_response("in_progress", [])),
            _event("output_item.added", output_index=0, item={**_REASONED, "summary": []}),
            _event("reasoning_summary_part.added", **_AT_0, part={"type": "summary_text", "text": ""}),
            _event("reasoning_summary_text.delta", **_AT_0, delta="Hm"),
            _event("reasoning_summary_text.done", **_AT_0, text="Hm"),
            _event("reasoning_summary_part.done", **_AT_0, part={"type": "summary_text", "text": "Hm"}),
            _event("output_item.done", output_index=0, item=_REASONED),
            _event("output_item.added", output_index=1, item={**_TOLD, "status": "in_progress", "content": []}),
            _event("content_part.added", **_AT_1, part={"type": "output_text", "text": "", "annotations": []}),
            _event("output_text.delta", **_AT_1, delta="Look", logprobs=[]),
            _event("output_text.done", **_AT_1, text="Look", logprobs=[]),
            _event("content_part.done", **_AT_1, part={"type": "output_text", "text": "Look", "annotations": []}),
            _event("output_item.done", output_index=1, item=_TOLD),
            _event("output_item.added", output_index=2, item={**_CALLED, "status": "in_progress", "arguments": ""}),
            _event("function_call_arguments.delta", **_AT_2, delta='{"a":1}'),
            _event("function_call_arguments.done", **_AT_2, arguments='{"a":1}', name="f"),
            _event("output_item.done", output_index=2, item=_CALLED),
            _event("completed", response=_response("completed", [_REASONED, _TOLD, _CALLED], _USAGE)),
        ]
    )
]

_GEMINI_HEAD = {"responseId": "r1", "modelVersion": "m"}


def _said(parts: list[Any], **rest: Any) -> tuple[str, Any]:
    return ("", {"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0, **rest}], **_GEMINI_HEAD})


_GEMINI: Stream = [
    _said([{"text": "Hm", "thought": True}]),
    _said([{"text": "Look"}]),
    (
        "",
        {
            "candidates": [
                {
                    "content": {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"a": 1}}}]},
                    "finishReason": "STOP",
                    "index": 0,
                }
            ],
            "usageMetadata": {
                "promptTokenCount": 5,
                "candidatesTokenCount": 7,
                "thoughtsTokenCount": 2,
                "totalTokenCount": 14,
            },
            **_GEMINI_HEAD,
        },
    ),
]

SAMPLES: dict[str, Stream] = {"chat": _CHAT, "messages": _MESSAGES, "responses": _RESPONSES, "gemini": _GEMINI}
