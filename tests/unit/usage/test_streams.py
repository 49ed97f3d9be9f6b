"""Streams report usage once, twice, late, in every chunk or never: it is the last word that counts, and it is counted once."""

import json
from typing import Any

import pytest

from plexus.core import sse
from plexus.ir.exchange import Reading
from plexus.ir.fold import Fold
from plexus.ir.parts import Origin
from plexus.protocols import WireProtocol
from plexus.protocols.chat import PROTOCOL as CHAT
from plexus.protocols.gemini import PROTOCOL as GEMINI
from plexus.protocols.messages import PROTOCOL as MESSAGES
from plexus.protocols.responses import PROTOCOL as RESPONSES
from plexus.usage.tokens import delivered_tokens, measured


def counted(protocol: WireProtocol, *chunks: Any) -> tuple[int, int, int, bool]:
    """Input, cache, output, and whether anything was estimated."""
    decoder, fold = protocol.stream_decoder(Reading(origin=Origin(protocol.name), seed="s")), Fold()
    for chunk in chunks:
        kind = chunk.get("type", "") if isinstance(chunk, dict) else ""
        data = chunk if isinstance(chunk, str) else json.dumps(chunk)
        for event in decoder.feed(sse.Frame(kind, data.encode())):
            fold.add(event)
    for event in decoder.end():
        fold.add(event)
    whole = fold.fault is None and fold.ended
    found = measured(fold.usage, sent=40, delivered=delivered_tokens(fold.response), whole=whole)
    return found.input_tokens, found.cache_read_tokens, found.output_tokens, found.tokens_estimated


def said(text: str, usage: Any = None, finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return {"object": "chat.completion.chunk", "choices": [choice], "usage": usage}


def use(given: int, written: int, cached: int = 0) -> dict[str, Any]:
    details = {"prompt_tokens_details": {"cached_tokens": cached}} if cached else {}
    return {"prompt_tokens": given, "completion_tokens": written, "total_tokens": given + written, **details}


LAST = {"object": "chat.completion.chunk", "choices": []}
END = said("", finish="stop")
CHATS: dict[str, tuple[list[Any], tuple[int, int, int, bool]]] = {
    "at the end": ([said("hello"), END, LAST | {"usage": use(25, 9, 5)}, "[DONE]"], (20, 5, 9, False)),
    "with the finish": ([said("hello"), said("", use(25, 9), "stop"), "[DONE]"], (25, 0, 9, False)),
    "in every chunk, cumulative": ([said("he", use(25, 1)), said("llo", use(25, 2)), said("", use(25, 3), "stop"), "[DONE]"], (25, 0, 3, False)),
    "twice": ([said("hello"), said("", use(25, 9), "stop"), LAST | {"usage": use(25, 9)}, "[DONE]"], (25, 0, 9, False)),
    "after the end": ([said("hello"), END, "[DONE]", LAST | {"usage": use(25, 9)}], (40, 0, 1, True)),
    "first zeros": ([said("hello", use(0, 0)), END, LAST | {"usage": use(25, 9)}, "[DONE]"], (25, 0, 9, False)),
    "null": ([said("hello"), END, LAST | {"usage": None}, "[DONE]"], (40, 0, 1, True)),
    "never": ([said("hello"), END, "[DONE]"], (40, 0, 1, True)),
    "strings": ([said("hello"), END, LAST | {"usage": {"prompt_tokens": "25", "completion_tokens": "9"}}, "[DONE]"], (40, 0, 1, True)),
    "negative": ([said("hello"), END, LAST | {"usage": use(-25, 9)}, "[DONE]"], (40, 0, 9, True)),
    "cut off": ([said("hello " * 40, use(25, 1))], (25, 0, 60, True)),
}  # fmt: skip


@pytest.mark.parametrize("case", CHATS, ids=str)
def test_u51_120_chat_streams(case: str):
    chunks, expected = CHATS[case]
    assert counted(CHAT, *chunks) == expected


def anthropic(*deltas: dict[str, Any] | None, stop: bool = True) -> list[dict[str, Any]]:
    opening = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "c",
        "content": [],
        "usage": {"input_tokens": 25, "output_tokens": 1, "cache_read_input_tokens": 5},
    }
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": opening},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hello " * 40}},
        {"type": "content_block_stop", "index": 0},
    ]  # fmt: skip
    ends = (
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, **({"usage": u} if u else {})} for u in deltas
    )
    events.extend(ends)
    return [*events, {"type": "message_stop"}] if stop else events


ANTHROPICS: dict[str, tuple[list[Any], tuple[int, int, int, bool]]] = {
    "final values win": (anthropic({"output_tokens": 61}), (25, 5, 61, False)),
    "cumulative is not summed": (anthropic({"output_tokens": 30}, {"output_tokens": 61}), (25, 5, 61, False)),
    "input again and larger": (anthropic({"input_tokens": 90, "output_tokens": 61}), (90, 5, 61, False)),
    "zeros take nothing back": (anthropic({"input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 61}), (25, 5, 61, False)),
    "null says nothing": (anthropic({"input_tokens": None, "output_tokens": 61}), (25, 5, 61, False)),
    "cut off before the last word": (anthropic(stop=False), (25, 5, 60, True)),
}  # fmt: skip


@pytest.mark.parametrize("case", ANTHROPICS, ids=str)
def test_u51_120_121_messages_streams(case: str):
    chunks, expected = ANTHROPICS[case]
    assert counted(MESSAGES, *chunks) == expected


def google(text: str, usage: dict[str, Any] | None, finish: str | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], **({"usageMetadata": usage} if usage else {})}


def metadata(given: int, written: int, cached: int = 0) -> dict[str, int]:
    found = {"promptTokenCount": given, "candidatesTokenCount": written, "totalTokenCount": given + written}
    return found | ({"cachedContentTokenCount": cached} if cached else {})


GOOGLES: dict[str, tuple[list[Any], tuple[int, int, int, bool]]] = {
    "in every chunk, cumulative": ([google("he", metadata(25, 1)), google("llo", metadata(25, 4), "STOP")], (25, 0, 4, False)),
    "cached": ([google("hello", metadata(25, 4, 5), "STOP")], (20, 5, 4, False)),
    "first chunk only": ([google("he", metadata(25, 1)), google("llo", None, "STOP")], (25, 0, 1, False)),
    "never": ([google("hello", None, "STOP")], (40, 0, 1, True)),
}  # fmt: skip


@pytest.mark.parametrize("case", GOOGLES, ids=str)
def test_u51_120_gemini_streams(case: str):
    chunks, expected = GOOGLES[case]
    assert counted(GEMINI, *chunks) == expected


def response(status: str, usage: Any) -> list[dict[str, Any]]:
    item = {
        "id": "i",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": "hello", "annotations": []}],
    }
    whole = {"id": "r", "object": "response", "model": "m", "status": status, "output": [item], "usage": usage}
    return [
        {"type": "response.created", "response": whole | {"status": "in_progress", "output": [], "usage": None}},
        {"type": "response.output_item.added", "output_index": 0, "item": item | {"content": [], "status": "in_progress"}},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": f"response.{status}", "response": whole},
    ]  # fmt: skip


USED = {"input_tokens": 25, "input_tokens_details": {"cached_tokens": 5}, "output_tokens": 9, "total_tokens": 34}


@pytest.mark.parametrize(
    ("status", "usage", "expected"),
    [
        ("completed", USED, (20, 5, 9, False)),
        ("incomplete", USED, (20, 5, 9, False)),
        ("completed", None, (40, 0, 1, True)),
    ],
)
def test_u51_responses_streams(status: str, usage: Any, expected: tuple[int, int, int, bool]):
    assert counted(RESPONSES, *response(status, usage)) == expected
