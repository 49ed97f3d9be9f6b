"""What is sent and what the simulated upstream answers: prebuilt bytes in the shape of chat and messages."""

import json
from typing import Any

CHUNKS = 64
_WORDS = "the gateway measures what it costs to carry a token from one protocol to another "
_SYSTEM = "You are a careful assistant that answers in short sentences. " * 8
_QUESTION = "Please explain, step by step, how a request travels through the gateway. " * 10


def dumps(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _schema(number: int) -> dict[str, Any]:
    properties = {
        "path": {"type": "string", "description": "The file to read, relative to the project."},
        "offset": {"type": "integer", "description": "The first line, counted from one."},
        f"option_{number}": {"type": "string", "enum": ["a", "b", "c"]},
    }
    return {"type": "object", "properties": properties, "required": ["path"], "additionalProperties": False}


def chat_request(model: str, *, stream: bool = False, usage: bool = True) -> bytes:
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _QUESTION}],
        "temperature": 0.2,
        "max_tokens": 512,
    }
    if stream:
        body["stream"] = True
        if usage:
            body["stream_options"] = {"include_usage": True}
    return dumps(body)


def messages_request(model: str, *, stream: bool = False) -> bytes:
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": 512,
        "system": _SYSTEM,
        "messages": [{"role": "user", "content": _QUESTION}],
        "temperature": 0.2,
    }
    return dumps(body | ({"stream": True} if stream else {}))


def large_chat_request(model: str) -> bytes:
    """1 MB: 400 messages, a quarter of them tool calls and a quarter their results, and twenty tools."""
    text = (_WORDS * 40)[:2_450]
    messages: list[dict[str, Any]] = []
    for turn in range(100):
        call = {
            "id": f"call_{turn:04}",
            "type": "function",
            "function": {
                "name": f"read_{turn % 20}",
                "arguments": json.dumps({"path": f"src/{turn}.py", "note": text}),
            },
        }
        messages += [
            {"role": "user", "content": f"{turn}: {text}"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": call["id"], "content": text},
            {"role": "assistant", "content": text},
        ]
    messages.append({"role": "user", "content": "Go on."})
    tools = [
        {"type": "function", "function": {"name": f"read_{n}", "description": text[:400], "parameters": _schema(n)}}
        for n in range(20)
    ]
    return dumps({"model": model, "messages": messages, "tools": tools, "max_tokens": 512})


def large_messages_request(model: str) -> bytes:
    """The same conversation as messages has it."""
    text = (_WORDS * 40)[:2_450]
    messages: list[dict[str, Any]] = []
    for turn in range(100):
        call = {
            "type": "tool_use",
            "id": f"call_{turn:04}",
            "name": f"read_{turn % 20}",
            "input": {"path": f"src/{turn}.py", "note": text},
        }
        result = {"type": "tool_result", "tool_use_id": call["id"], "content": [{"type": "text", "text": text}]}
        messages += [
            {"role": "user", "content": [{"type": "text", "text": f"{turn}: {text}"}]},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
            {"role": "assistant", "content": [{"type": "text", "text": text}]},
        ]
    messages.append({"role": "user", "content": "Go on."})
    tools = [{"name": f"read_{n}", "description": text[:400], "input_schema": _schema(n)} for n in range(20)]
    return dumps({"model": model, "max_tokens": 512, "messages": messages, "tools": tools})


def _pieces() -> list[str]:
    words = (_WORDS * 10).split(" ")
    return [f"{words[n]} {words[n + 1]} " for n in range(CHUNKS)]


def _http(content_type: str, body: bytes | None) -> bytes:
    head = [
        "HTTP/1.1 200 OK",
        f"content-type: {content_type}",
        "date: Sat, 21 Nov 2026 08:00:00 GMT",
        "server: upstream",
        "cache-control: no-cache",
        "x-request-id: req_0123456789abcdef",
        "openai-processing-ms: 12",
        "x-ratelimit-remaining-requests: 9999",
        "x-ratelimit-remaining-tokens: 1999999",
        "transfer-encoding: chunked" if body is None else f"content-length: {len(body)}",
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + (body or b"")


def _framed(events: list[bytes]) -> list[bytes]:
    """One HTTP chunk per event, the head before the first and the end after the last."""
    chunks = [b"%x\r\n%b\r\n" % (len(event), event) for event in events]
    return [_http("text/event-stream; charset=utf-8", None), *chunks, b"0\r\n\r\n"]


def _chat_chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return b"data: %b\n\n" % dumps(
        {
            "id": "chatcmpl-bench0123456789",
            "object": "chat.completion.chunk",
            "created": 1763712000,
            "model": "bench-chat",
            "service_tier": "default",
            "system_fingerprint": "fp_0123456789",
            "choices": [choice],
            "usage": None,
        }
    )


_CHAT_USAGE = {
    "prompt_tokens": 420,
    "completion_tokens": 128,
    "total_tokens": 548,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}


def chat_answer() -> bytes:
    message: dict[str, Any] = {"role": "assistant", "content": "".join(_pieces()), "refusal": None, "annotations": []}
    body = {
        "id": "chatcmpl-bench0123456789",
        "object": "chat.completion",
        "created": 1763712000,
        "model": "bench-chat",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": _CHAT_USAGE,
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
    }
    return _http("application/json", dumps(body))


def chat_stream() -> list[bytes]:
    usage = {
        "id": "chatcmpl-bench0123456789",
        "object": "chat.completion.chunk",
        "created": 1763712000,
        "model": "bench-chat",
        "choices": [],
        "usage": _CHAT_USAGE,
    }
    events = [_chat_chunk({"role": "assistant", "content": "", "refusal": None})]
    events += [_chat_chunk({"content": piece}) for piece in _pieces()]
    events += [_chat_chunk({}, "stop"), b"data: %b\n\n" % dumps(usage), b"data: [DONE]\n\n"]
    return _framed(events)


_MESSAGES_USAGE = {
    "input_tokens": 420,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "output_tokens": 128,
    "service_tier": "standard",
}
_MESSAGE = {
    "id": "msg_bench0123456789",
    "type": "message",
    "role": "assistant",
    "model": "bench-messages",
    "stop_sequence": None,
}


def messages_answer() -> bytes:
    content = [{"type": "text", "text": "".join(_pieces())}]
    return _http(
        "application/json",
        dumps({**_MESSAGE, "content": content, "stop_reason": "end_turn", "usage": _MESSAGES_USAGE}),
    )


def _event(name: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), dumps({"type": name, **fields}))


def messages_stream() -> list[bytes]:
    started: dict[str, Any] = {
        **_MESSAGE,
        "content": [],
        "stop_reason": None,
        "usage": {**_MESSAGES_USAGE, "output_tokens": 1},
    }
    deltas = [
        _event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece}) for piece in _pieces()
    ]
    return _framed(
        [
            _event("message_start", message=started),
            _event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
            _event("ping"),
            *deltas,
            _event("content_block_stop", index=0),
            _event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage=_MESSAGES_USAGE),
            _event("message_stop"),
        ]
    )
