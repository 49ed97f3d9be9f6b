"""Bounds of input: never below what a vendor can count, and None where nothing bounds."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.corpus.recordings import not_a_request, not_an_answer, select
from tests.corpus.replay import protocols, upstream_answer

from plexus.ir.chat import ChatRequest, Message, OutputFormat, Tool
from plexus.ir.estimate import estimate
from plexus.ir.parts import Media, Opaque, Origin, Part, Signature, Text, Thinking, ToolCall, ToolResult
from plexus.usage.input_bound import input_bound

PROTOCOLS = ["chat", "responses", "messages", "gemini"]


def request(*parts: Part, **more: Any) -> ChatRequest:
    return ChatRequest(protocol="chat", model="m", messages=[Message(role="user", parts=list(parts))], **more)


def png(width: int, height: int) -> str:
    head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + width.to_bytes(4) + height.to_bytes(4)
    return base64.b64encode(head).decode()


@given(st.text(st.characters(codec="utf-8")))
def test_a_text_has_no_more_tokens_than_bytes(text: str):
    bound = input_bound(request(Text(text=text)), "chat")
    assert bound is not None
    assert bound >= len(text.encode())


def test_everything_a_request_says_is_in_it():
    parts: list[Part] = [
        Text(text="a" * 1000),
        Thinking(text="b" * 1000, signature=Signature("s" * 1000, Origin("messages"))),
        ToolCall(id="c", name="n" * 500, arguments="d" * 500),
        ToolResult(call_id="c", parts=[Text(text="e" * 1000)]),
        Opaque(kind="x", raw={"f": "f" * 1000}, origin=Origin("chat")),
        Media(kind="document", text="g" * 1000, name="h" * 500, context="i" * 500),
    ]
    tools = [
        Tool(name="t", description="j" * 1000, schema={"k": "k" * 1000}),
        Tool(name="", kind="bash", raw={"l": "l" * 1000}),
    ]
    bound = input_bound(
        request(*parts, tools=tools, output=OutputFormat(kind="schema", schema={"m": "m" * 1000})), "chat"
    )
    assert bound is not None
    assert 12_000 <= bound <= 17_000


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("size", [(1, 1), (512, 512), (1568, 1568), (8000, 8000), (65_535, 10)])
def test_an_image_is_bounded_by_its_size_and_not_by_its_bytes(protocol: str, size: tuple[int, int]):
    data = png(*size)
    bound = input_bound(request(Media(kind="image", mime="image/png", data=data + "A" * 4_000_000)), protocol)
    told = estimate(request(Media(kind="image", mime="image/png", data=data)), protocol)
    assert bound is not None
    assert told <= bound <= max(30_000, 40 * told)


def test_an_image_elsewhere_is_bounded_by_the_largest():
    assert (
        input_bound(request(Media(kind="image", url="https://example.test/x.png")), "messages") == 700 + 16 + 16 + 4800
    )


@pytest.mark.parametrize(
    "part",
    [
        Media(kind="document", url="https://example.test/x.pdf"),
        Media(kind="document", file_id="file-1"),
        Media(kind="video", file_id="file-1"),
        ToolResult(call_id="c", parts=[Media(kind="document", file_id="file-1")]),
    ],
)
def test_what_lies_elsewhere_has_no_bound_but_the_context_window(part: Part):
    assert input_bound(request(part), "messages") is None
    assert input_bound(request(part), "messages", "m", 200_000) == 200_000


@pytest.mark.parametrize("name", ["previous_response_id", "conversation", "cachedContent", "prompt", "mcp_servers"])
def test_turns_the_provider_keeps_have_no_bound(name: str):
    assert input_bound(request(Text(text="hi"), extras={name: "x"}), "responses") is None


def test_what_the_providers_own_tools_find_has_no_bound():
    assert input_bound(request(tools=[Tool(name="w", kind="web_search", raw={})]), "messages") is None
    assert input_bound(request(tools=[Tool(name="w", kind="bash", raw={})]), "messages") is not None


def test_a_model_that_counts_images_many_times_over_is_known():
    image = Media(kind="image", mime="image/png", data=png(512, 512))
    dear, usual = (input_bound(request(image), "chat", model) for model in ("gpt-4o-mini-2024-07-18", "gpt-4o"))
    assert dear is not None
    assert usual is not None
    assert dear > 8_500 > usual


def test_the_context_window_bounds_everything():
    assert input_bound(request(Text(text="a" * 10_000)), "chat", "m", 1000) == 1000


def test_sound_and_film_are_bounded_by_their_bytes():
    data = base64.b64encode(b"\0" * 320_000).decode()  # ten seconds of PCM
    bound = input_bound(request(Media(kind="audio", mime="audio/wav", data=data)), "gemini")
    assert bound is not None
    assert bound >= 320


def test_no_recorded_request_had_more_input_than_its_bound():
    seen, over = 0, {}
    for recording in select():
        if not_an_answer(recording) or not_a_request(recording):
            continue
        protocol = protocols()[recording.protocol]
        body = recording.request
        asked = protocol.decode_request(body, recording.model or "m", recording.streaming)
        _, response, _ = upstream_answer(recording)
        bound = input_bound(asked, recording.protocol, recording.model or "")
        if bound is None or response is None or response.usage is None:
            continue
        seen += 1
        if response.usage.input_total > bound:
            over[recording.id] = (response.usage.input_total, bound, recording.features)
    assert seen > 20
    assert over == {}
