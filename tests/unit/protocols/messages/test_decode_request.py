"""What a client of the messages protocol says, in the canonical form."""

import pytest
from tests.unit.protocols.messages.kit import decode, elsewhere

from plexus.ir.errors import InvalidRequest
from plexus.ir.parts import CacheMark, Media, Opaque, Origin, Text, Thinking, ToolCall, ToolResult
from plexus.ir.signature import wrap
from plexus.protocols.messages import PROTOCOL


def parts_of(*content, role="user"):
    return decode(messages=[{"role": role, "content": list(content)}]).messages[0].parts


def test_a_string_of_system_text_is_one_system_message() -> None:
    request = decode(system="Be brief.")
    assert [m.role for m in request.messages] == ["system", "user"]
    assert request.messages[0].parts == [Text(text="Be brief.")]


def test_each_system_block_is_a_part_of_its_own_with_its_cache_mark() -> None:
    blocks = [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
    ]
    assert decode(system=blocks).messages[0].parts == [Text(text="a"), Text(text="b", cache=CacheMark("1h"))]


def test_a_system_message_between_turns_stays_there_with_its_own_fields() -> None:
    request = decode(
        messages=[
            {"role": "user", "content": "hi"},
            {"role": "system", "content": "Be kind.", "output_config": {"effort": "low"}},
        ]
    )
    assert request.messages[1].role == "system"
    assert request.messages[1].extras == {"output_config": {"effort": "low"}}


def test_079_a_null_cache_control_is_no_mark() -> None:
    (part,) = parts_of({"type": "text", "text": "hi", "cache_control": None})
    assert part == Text(text="hi")


def test_a_cache_mark_that_says_more_than_its_lifetime_is_kept_whole() -> None:
    control = {"type": "ephemeral", "scope": "global"}
    (part,) = parts_of({"type": "text", "text": "hi", "cache_control": control})
    assert isinstance(part, Text)
    assert (part.cache, part.extras) == (CacheMark(""), {"cache_control": control})


def test_images_keep_their_bytes_type_and_address() -> None:
    parts = parts_of(
        {"type": "image", "source": {"type": "base64", "media_type": "image/webp", "data": "UklGRg=="}},
        {"type": "image", "source": {"type": "url", "url": "https://example.test/a.png"}},
        {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
    )
    assert parts == [
        Media(kind="image", mime="image/webp", data="UklGRg=="),
        Media(kind="image", url="https://example.test/a.png"),
        Media(kind="image", file_id="file_1"),
    ]


def test_documents_keep_title_context_and_the_wish_for_citations() -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "facts"}
    (part,) = parts_of(
        {"type": "document", "source": source, "title": "T", "context": "C", "citations": {"enabled": True}}
    )
    assert part == Media(kind="document", mime="text/plain", text="facts", name="T", context="C", cite=True)


def test_a_document_of_blocks_is_a_text_to_others_and_keeps_its_source() -> None:
    source = {"type": "content", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}
    (part,) = parts_of({"type": "document", "source": source})
    assert isinstance(part, Media)
    assert (part.text, part.extras) == ("a\n\nb", {"source": source})


def test_a_search_result_is_a_document_to_others() -> None:
    block = {"type": "search_result", "source": "https://s", "title": "T", "content": [{"type": "text", "text": "a"}]}
    (part,) = parts_of(block)
    assert isinstance(part, Media)
    assert (part.kind, part.text, part.name, part.context) == ("document", "a", "T", "https://s")


def test_thinking_carries_its_signature_and_its_maker_when_it_was_wrapped_here() -> None:
    sig = elsewhere("value")
    parts = parts_of(
        {"type": "thinking", "thinking": "hm", "signature": "bare"},
        {"type": "thinking", "thinking": "hm", "signature": wrap(sig, "messages")},
        {"type": "thinking", "thinking": "hm", "signature": ""},
        {"type": "redacted_thinking", "data": "zzz"},
        role="assistant",
    )
    thoughts = [part for part in parts if isinstance(part, Thinking)]
    assert [t.signature and t.signature.origin for t in thoughts] == [
        Origin("messages"),
        sig.origin,
        None,
        Origin("messages"),
    ]
    assert thoughts[3].redacted


def test_a_call_keeps_its_arguments_as_json_text() -> None:
    (part,) = parts_of(
        {"type": "tool_use", "id": "t", "name": "n", "input": {"b": 1, "a": [1.5, None, "ü"]}}, role="assistant"
    )
    assert part == ToolCall(id="t", name="n", arguments='{"b":1,"a":[1.5,null,"ü"]}')


def test_a_result_is_text_or_blocks_and_may_be_an_error() -> None:
    parts = parts_of(
        {"type": "tool_result", "tool_use_id": "a", "content": "sunny", "is_error": True},
        {"type": "tool_result", "tool_use_id": "b", "content": [{"type": "tool_reference", "tool_name": "x"}]},
        {"type": "tool_result", "tool_use_id": "c"},
    )
    assert parts[0] == ToolResult(call_id="a", parts=[Text(text="sunny")], is_error=True)
    assert isinstance(parts[1], ToolResult)
    assert isinstance(parts[1].parts[0], Opaque)
    assert parts[2] == ToolResult(call_id="c", parts=[])


@pytest.mark.parametrize(
    "kind",
    ["server_tool_use", "web_search_tool_result", "mcp_tool_use", "container_upload", "compaction", "of_tomorrow"],
)
def test_blocks_that_are_not_modelled_are_kept_as_they_are(kind: str) -> None:
    raw = {"type": kind, "x": {"y": [1]}}
    (part,) = parts_of(raw, role="assistant")
    assert part == Opaque(kind=kind, raw=raw, origin=Origin("messages"))


@pytest.mark.parametrize(
    ("wire", "kind"),
    [
        ("web_search_20260209", "web_search"),
        ("web_fetch_20250910", "web_fetch"),
        ("code_execution_20260120", "code_execution"),
        ("computer_20251124", "computer"),
        ("bash_20250124", "bash"),
        ("text_editor_20250728", "text_editor"),
        ("memory_20250818", "memory"),
        ("tool_search_tool_bm25_20251119", "tool_search"),
        ("mcp_toolset", "mcp"),
        ("advisor_20260301", "server"),
    ],
)
def test_server_tools_have_a_canonical_kind_and_keep_their_object(wire: str, kind: str) -> None:
    raw = {"type": wire, "name": "t", "max_uses": 3}
    (tool,) = decode(tools=[raw]).tools
    assert (tool.kind, tool.raw) == (kind, raw)


def test_thinking_effort_and_display_are_one_setting() -> None:
    reasoning = decode(thinking={"type": "adaptive", "display": "omitted"}, output_config={"effort": "max"}).reasoning
    assert reasoning is not None
    assert (reasoning.mode, reasoning.effort, reasoning.show) == ("adaptive", "max", "omitted")


def test_both_spellings_of_the_output_format_are_read() -> None:
    schema = {"type": "object"}
    for body in (
        {"output_format": {"type": "json_schema", "schema": schema}},
        {"output_config": {"format": {"type": "json_schema", "schema": schema}}},
    ):
        output = decode(**body).output
        assert output is not None
        assert (output.kind, output.schema) == ("schema", schema)


def test_the_rest_of_output_config_and_unknown_fields_go_to_extras() -> None:
    request = decode(output_config={"effort": "low", "task_budget": {"total": 9}}, speed="fast", container=None)
    assert request.extras == {"output_config": {"task_budget": {"total": 9}}, "speed": "fast"}


def test_a_token_count_request_needs_no_max_tokens() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "tools": []}
    assert PROTOCOL.decode_request(body, "m", False).max_tokens is None


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"messages": 1}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        ({"messages": [{"role": "user", "content": [{"type": "image"}]}]}, "messages[0].content[0].source"),
        (
            {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]},
            "messages[0].content[0].tool_use_id",
        ),
        ({"system": 1}, "system"),
        ({"max_tokens": "5"}, "max_tokens"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"temperature": "hot"}, "temperature"),
        ({"stream": "yes"}, "stream"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"type": "custom"}]}, "tools[0].name"),
        ({"tool_choice": {"type": "some"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"thinking": {"type": 1}}, "thinking.type"),
        ({"thinking": {"type": "enabled", "budget_tokens": "many"}}, "thinking.budget_tokens"),
        ({"stop_sequences": "END"}, "stop_sequences"),
        ({"metadata": 3}, "metadata"),
        ({"output_config": {"format": {"type": "xml"}}}, "output_config.format.type"),
        ({"cache_control": 1}, "cache_control"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_path_of_the_field(patch: dict, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decode(**patch)
    assert refused.value.field == field
