"""OpenAI responses, as https://platform.openai.com/docs/api-reference/responses-streaming describes them."""

from collections.abc import Sequence
from typing import Any

from tests.harness.bodies import USAGE, Bodies, Call, Event

_USAGE = {
    "input_tokens": USAGE[0],
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": USAGE[1],
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": sum(USAGE),
}
Item = dict[str, Any]


def _answer(model: str, output: list[Item], status: str = "completed", error: Item | None = None) -> Item:
    return {
        "id": "resp_fu1",
        "object": "response",
        "created_at": 1_750_000_000,
        "status": status,
        "error": error,
        "incomplete_details": None,
        "instructions": None,
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "metadata": {},
        "usage": _USAGE if status == "completed" else None,
    }


def _part(text: str) -> Item:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _message(text: str) -> Item:
    return {"id": "msg_fu1", "type": "message", "status": "completed", "role": "assistant", "content": [_part(text)]}


def _call(number: int, call: Call) -> Item:
    return {
        "id": f"fc_fu{number}",
        "type": "function_call",
        "status": "completed",
        "call_id": call.id,
        "name": call.name,
        "arguments": call.arguments,
    }


def _numbered(model: str, told: list[tuple[str, Item]], output: list[Item]) -> list[Event]:
    running = _answer(model, [], "in_progress")
    all_events = [
        ("response.created", {"response": running}),
        ("response.in_progress", {"response": running}),
        *told,
        ("response.completed", {"response": _answer(model, output)}),
    ]
    return [Event(name, {"type": name, **data, "sequence_number": n}) for n, (name, data) in enumerate(all_events)]


def _events(model: str, pieces: Sequence[str]) -> list[Event]:
    text = "".join(pieces)
    item = _message(text)
    place = {"item_id": "msg_fu1", "output_index": 0, "content_index": 0}
    opened = {**item, "status": "in_progress", "content": []}
    told: list[tuple[str, Item]] = [
        ("response.output_item.added", {"output_index": 0, "item": opened}),
        ("response.content_part.added", {**place, "part": _part("")}),
        *(("response.output_text.delta", {**place, "delta": piece, "logprobs": []}) for piece in pieces),
        ("response.output_text.done", {**place, "text": text, "logprobs": []}),
        ("response.content_part.done", {**place, "part": _part(text)}),
        ("response.output_item.done", {"output_index": 0, "item": item}),
    ]
    return _numbered(model, told, [item])


def _call_events(model: str, calls: Sequence[Call]) -> list[Event]:
    told: list[tuple[str, Item]] = []
    for index, call in enumerate(calls):
        item = _call(index, call)
        place = {"item_id": item["id"], "output_index": index}
        half = len(call.arguments) // 2
        opened = {**item, "status": "in_progress", "arguments": ""}
        name = "response.function_call_arguments"
        told += [
            ("response.output_item.added", {"output_index": index, "item": opened}),
            (f"{name}.delta", {**place, "delta": call.arguments[:half]}),
            (f"{name}.delta", {**place, "delta": call.arguments[half:]}),
            (f"{name}.done", {**place, "name": call.name, "arguments": call.arguments}),
            ("response.output_item.done", {"output_index": index, "item": item}),
        ]
    return _numbered(model, told, [_call(n, call) for n, call in enumerate(calls)])


def _stream_error(message: str) -> Event:
    failed = _answer("fault", [], "failed", {"code": "server_error", "message": message})
    return Event("response.failed", {"type": "response.failed", "response": failed, "sequence_number": 99})


BODIES = Bodies(
    unary=lambda model, text: _answer(model, [_message(text)]),
    events=_events,
    unary_calls=lambda model, calls: _answer(model, [_call(n, call) for n, call in enumerate(calls)]),
    call_events=_call_events,
    error=lambda status, message: {
        "error": {
            "message": message,
            "type": "server_error" if status >= 500 else "invalid_request_error",
            "param": None,
            "code": None,
        }
    },
    stream_error=_stream_error,
    empty=lambda model: _answer(model, []),
    failed=lambda model: _answer(model, [], "failed", {"code": "server_error", "message": "The model failed."}),
    usage_names=("usage",),
    opening=4,
)
