"""Whole answers, both ways, against the SDK's own types."""

import pytest
from anthropic.types import Message
from tests.unit.protocols.messages.kit import HERE, READING, elsewhere, signed, write, writing

from plexus.core import json
from plexus.ir.chat import Alternative, ChatResponse, Usage
from plexus.ir.errors import InvalidAnswer
from plexus.ir.events import PartEnd, PartStart, ResponseEnd, ResponseStart
from plexus.ir.parts import Citation, Media, Opaque, Origin, Text, Thinking, ToolCall
from plexus.ir.signature import wrap
from plexus.protocols.messages import PROTOCOL

BODY = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [{"type": "text", "text": "hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 2},
}


def read(**fields):
    return PROTOCOL.decode_response({**BODY, **fields}, READING)


def shown(*parts, protocol="chat", **fields):
    """The body for a client, checked by the SDK, and the losses."""
    response = ChatResponse(parts=list(parts), protocol=protocol, **fields)
    body, lost = PROTOCOL.encode_response(response, writing())
    plain = json.loads(json.dumps(body))
    Message.model_validate(plain)
    return plain, [(drop.kind, drop.field) for drop in lost]


def test_every_kind_of_block_becomes_its_part() -> None:
    response = read(
        content=[
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "redacted_thinking", "data": "d"},
            {"type": "text", "text": "a", "citations": None},
            {"type": "tool_use", "id": "t", "name": "n", "input": {"x": 1}, "caller": {"type": "direct"}},
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
        ],
        stop_reason="tool_use",
    )
    assert response.parts == [
        Thinking(text="hm", signature=signed("s")),
        Thinking(redacted=True, signature=signed("d")),
        Text(text="a"),
        ToolCall(id="t", name="n", arguments='{"x":1}', extras={"caller": {"type": "direct"}}),
        Opaque(
            kind="server_tool_use",
            raw={"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
            origin=HERE,
        ),
    ]
    assert response.protocol == "messages"


@pytest.mark.parametrize("body", [{}, {"content": "hi"}, {"error": {}}, {"type": "error"}, {"choices": []}])
def test_043_a_body_that_is_no_message_is_an_invalid_answer(body: dict) -> None:
    with pytest.raises(InvalidAnswer):
        PROTOCOL.decode_response(body, READING)


def test_043_201_an_answer_without_content_or_usage_is_still_an_answer() -> None:
    response = PROTOCOL.decode_response({"type": "message", "content": None}, READING)
    assert (response.parts, response.usage, response.stop_reason) == ([], None, None)


def test_an_answer_of_this_protocol_goes_back_as_it_came() -> None:
    body = {
        **BODY,
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "text", "text": "", "citations": [{"type": "char_location", "cited_text": "x"}]},
            {"type": "tool_use", "id": "t", "name": "n", "input": {"x": 1}, "caller": {"type": "direct"}},
            {"type": "compaction", "content": "so far"},
        ],
        "stop_reason": "compaction",
        "container": {"id": "c"},
        "usage": {"input_tokens": 3, "output_tokens": 2, "server_tool_use": {"web_search_requests": 1}},
    }
    written, lost = PROTOCOL.encode_response(PROTOCOL.decode_response(body, READING), writing())
    assert json.loads(json.dumps(written)) == body
    assert lost == []


def test_an_answer_made_elsewhere_has_every_field_the_sdk_requires() -> None:
    body, lost = shown(Text(text="hi"), stop_reason="end", usage=Usage(input=1, output=2), id="chatcmpl-1")
    assert body == {
        "id": body["id"],
        "type": "message",
        "role": "assistant",
        "model": "alias",
        "content": [{"type": "text", "text": "hi"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 2},
    }
    assert body["id"].startswith("msg_")
    assert lost == []


def test_016_tool_use_is_the_stop_reason_whenever_a_tool_block_is_there() -> None:
    call = ToolCall(id="t", name="n", arguments='{"a":1.50}')
    body, _ = shown(Text(text=""), call, stop_reason="end")
    assert body["stop_reason"] == "tool_use"
    assert [block["type"] for block in body["content"]] == ["tool_use"]
    assert body["content"][0]["input"] == {"a": 1.5}


def test_032_all_text_parts_are_told_in_order() -> None:
    body, _ = shown(Text(text="a"), ToolCall(id="t", name="n"), Text(text="b"))
    assert [block.get("text") for block in body["content"]] == ["a", None, "b"]


def test_the_maker_of_a_foreign_signature_is_wrapped_in() -> None:
    body, _ = shown(
        Thinking(text="hm", signature=elsewhere("v")),
        Thinking(redacted=True, signature=elsewhere("w")),
        Thinking(text="unsigned"),
        Thinking(),
        Thinking(redacted=True),
    )
    assert body["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": wrap(elsewhere("v"), "messages")},
        {"type": "redacted_thinking", "data": wrap(elsewhere("w"), "messages")},
        {"type": "thinking", "thinking": "unsigned", "signature": ""},
    ]


def test_arguments_that_are_no_object_are_wrapped() -> None:
    given = ["", "null", "[1]", "{broken"]
    body, lost = shown(*(ToolCall(id="t", name="n", arguments=text) for text in given))
    assert [block["input"] for block in body["content"]] == [{}, {}, {"input": [1]}, {"input": "{broken"}]
    assert [kind for kind, _ in lost] == ["repaired"] * 3


def test_what_has_no_place_is_reported() -> None:
    body, lost = shown(
        Media(kind="image", data="x"),
        Opaque(kind="web_search_call", raw={}, origin=Origin("responses")),
        Text(text="a", refusal=True, citations=[Citation(kind="file", file_id="f")]),
        ToolCall(id="t", name="n", signature=elsewhere()),
        alternatives=[Alternative(parts=[])],
        extras={"system_fingerprint": "x"},
        stop_reason="malformed_tool_call",
    )
    assert len(body["content"]) == 2
    assert lost == [
        ("dropped", "parts[0]"),
        ("dropped", "parts[1]"),
        ("approximated", "parts[2].refusal"),
        ("dropped", "parts[2].citations[0]"),
        ("dropped", "parts[3].signature"),
        ("dropped", "alternatives[0]"),
        ("approximated", "stop_reason"),
        ("dropped", "system_fingerprint"),
    ]


def test_201_web_sources_of_other_protocols_are_shown_as_search_results() -> None:
    body, lost = shown(Text(text="a", citations=[Citation(url="https://a.test", title="A")]))
    assert body["content"][0]["citations"][0]["url"] == "https://a.test"
    assert lost == [("approximated", "parts[0].citations[0]")]


def test_119_123_counts_are_read_as_they_mean() -> None:
    usage = read(
        usage={
            "input_tokens": 10,
            "output_tokens": 20,
            "cache_read_input_tokens": 5,
            "cache_creation_input_tokens": 7,
            "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 3},
            "output_tokens_details": {"thinking_tokens": 8},
            "service_tier": "priority",
        }
    ).usage
    assert usage is not None
    assert (usage.input, usage.output, usage.cache_read, usage.cache_write) == (10, 20, 5, 7)
    assert (usage.cache_write_1h, usage.reasoning, usage.service_tier, usage.flags) == (3, 8, "priority", [])
    assert usage.input_total == 22


def test_123_writes_told_only_by_lifetime_add_up() -> None:
    usage = read(usage={"cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 3}}).usage
    assert usage is not None
    assert (usage.cache_write, usage.cache_write_1h) == (7, 3)


def test_124_119_details_above_their_total_and_negative_counts_are_put_right_and_flagged() -> None:
    usage = read(usage={"input_tokens": -5, "output_tokens": 3, "output_tokens_details": {"thinking_tokens": 9}}).usage
    assert usage is not None
    assert (usage.input, usage.reasoning) == (0, 3)
    assert usage.flags == ["clamped_reasoning", "negative_input_tokens"]


def test_sources_without_a_text_of_their_own_are_told_whole_and_streamed() -> None:
    sources = Text(text="", citations=[Citation(url="https://e.com", title="E")])
    body, _ = shown(sources)
    assert body["content"][0]["citations"][0]["url"] == "https://e.com"
    stream, _ = write([ResponseStart(), PartStart(0, Text(text="")), PartEnd(0, sources.citations), ResponseEnd()])
    assert b'"citations_delta"' in stream
