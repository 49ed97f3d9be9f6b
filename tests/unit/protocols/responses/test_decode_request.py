"""Reading requests of responses clients."""

import pytest
from tests.unit.protocols.responses.kit import PIXEL, read

from plexus.ir.errors import InvalidRequest
from plexus.ir.parts import CacheMark, Media, Opaque, Text, Thinking, ToolCall, ToolResult
from plexus.protocols.responses import stateful


def test_a_string_is_one_user_message():
    (message,) = read().messages
    assert (message.role, message.parts) == ("user", [Text(text="hi")])


def test_instructions_come_first_and_are_known_as_such():
    first, second = read(instructions="Be brief.").messages
    assert (first.role, first.hoisted, first.parts) == ("system", True, [Text(text="Be brief.")])
    assert not second.hoisted


def test_system_and_developer_messages_stay_where_they_were_said():
    request = read(
        input=[
            {"role": "developer", "content": "a"},
            {"role": "user", "content": "b"},
            {"role": "system", "content": [{"type": "input_text", "text": "c"}]},
        ]
    )
    assert [(m.role, m.parts) for m in request.messages] == [
        ("developer", [Text(text="a")]),
        ("user", [Text(text="b")]),
        ("system", [Text(text="c")]),
    ]


def test_057_assistant_history_without_type_or_id_is_accepted():
    request = read(
        input=[
            {"role": "assistant", "content": "one"},
            {"role": "assistant", "content": [{"type": "output_text", "text": "two"}]},
        ]
    )
    assert [(m.role, [p.text for p in m.parts if isinstance(p, Text)]) for m in request.messages] == [
        ("assistant", ["one"]),
        ("assistant", ["two"]),
    ]


def test_items_of_one_assistant_turn_are_parts_of_one_message_in_order():
    request = read(
        input=[
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"},
            {"type": "message", "role": "assistant", "id": "msg_1", "content": [{"type": "output_text", "text": "t"}]},
            {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"},
            {"type": "web_search_call", "id": "ws_1", "status": "completed"},
            {"type": "custom_tool_call", "call_id": "call_2", "name": "c", "input": "raw"},
            {"type": "function_call_output", "call_id": "call_1", "output": "one"},
            {"type": "custom_tool_call_output", "call_id": "call_2", "output": "two"},
            {"type": "message", "role": "user", "content": "go on"},
        ]
    )
    turn, results, more = request.messages
    assert [type(part) for part in turn.parts] == [Thinking, Text, ToolCall, Opaque, ToolCall]
    assert [part.call_id for part in results.parts if isinstance(part, ToolResult)] == ["call_1", "call_2"]
    assert (turn.role, results.role, more.role) == ("assistant", "user", "user")
    custom = turn.parts[4]
    assert isinstance(custom, ToolCall)
    assert custom.custom
    assert custom.arguments == "raw"


def test_item_ids_are_kept_beside_the_extras_because_leaving_them_out_is_no_loss():
    request = read(
        input=[
            {"type": "message", "id": "msg_1", "role": "user", "content": "a", "status": "completed"},
            {
                "type": "function_call",
                "id": "fc_1",
                "call_id": "c",
                "name": "f",
                "arguments": "{}",
                "status": "completed",
            },
        ]
    )
    said, called = request.messages
    assert (said.item_id, said.extras) == ("msg_1", None)
    assert isinstance(called.parts[0], ToolCall)
    assert (called.parts[0].item_id, called.parts[0].extras) == ("fc_1", None)


def test_059_reasoning_keeps_its_state_and_parts_of_a_summary_are_joined():
    request = read(
        input=[
            {
                "type": "reasoning",
                "id": "rs_1",
                "encrypted_content": "gAAAA",
                "summary": [{"type": "summary_text", "text": "one"}, {"type": "summary_text", "text": "two"}],
            }
        ]
    )
    (thought,) = request.messages[0].parts
    assert isinstance(thought, Thinking)
    assert (thought.text, thought.summary, thought.id) == ("one\n\ntwo", True, "rs_1")
    assert thought.signature is not None
    assert (thought.signature.value, thought.signature.origin.protocol) == ("gAAAA", "responses")


def test_058_items_nobody_models_stay_at_their_place_as_they_are():
    odd = {"type": "additional_tools", "role": "developer", "tools": []}
    found = {"type": "tool_search_output", "tools": [], "call_id": "x"}
    new = {"type": "hologram_call", "id": "h"}
    request = read(input=[{"role": "user", "content": "a"}, odd, found, new, {"role": "user", "content": "b"}])
    kinds = [(m.role, [p.raw for p in m.parts if isinstance(p, Opaque)]) for m in request.messages]
    assert kinds == [("user", []), ("user", [odd, found]), ("assistant", [new]), ("user", [])]


def test_063_tool_arguments_given_as_an_object_are_accepted():
    request = read(
        input=[
            {"type": "tool_search_call", "arguments": {"queries": ["a"]}, "call_id": "x"},
            {"type": "function_call", "call_id": "y", "name": "f", "arguments": {"a": 1}},
        ]
    )
    called = request.messages[0].parts[1]
    assert isinstance(called, ToolCall)
    assert called.arguments == '{"a":1}'


def test_065_files_and_images_are_media_with_their_bytes():
    request = read(
        input=[
            {
                "role": "user",
                "content": [
                    {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "low"},
                    {"type": "input_image", "image_url": "https://a.test/a.png"},
                    {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
                    {"type": "input_file", "file_id": "file_1"},
                    {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
                ],
            }
        ]
    )
    assert request.messages[0].parts == [
        Media(kind="image", mime="image/png", data=PIXEL, detail="low"),
        Media(kind="image", url="https://a.test/a.png"),
        Media(kind="document", mime="application/pdf", data="JVBERi0=", name="a.pdf"),
        Media(kind="document", file_id="file_1"),
        Media(kind="audio", mime="audio/wav", data="UklGRg=="),
    ]


def test_064_cache_control_on_an_item_reaches_its_last_part():
    request = read(
        input=[
            {
                "role": "user",
                "cache_control": {"type": "ephemeral", "ttl": "1h"},
                "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}],
            }
        ]
    )
    assert [part.cache for part in request.messages[0].parts if isinstance(part, Text)] == [None, CacheMark("1h")]


def test_a_prompt_cache_breakpoint_is_a_cache_mark_too():
    content = [{"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit"}}]
    (part,) = read(input=[{"role": "user", "content": content}]).messages[0].parts
    assert isinstance(part, Text)
    assert part.cache == CacheMark()


def test_203_a_structured_result_is_text_and_known_as_an_object():
    (result,) = read(input=[{"type": "function_call_output", "call_id": "c", "output": {"a": 1}}]).messages[0].parts
    assert isinstance(result, ToolResult)
    assert (result.parts, result.structured) == ([Text(text='{"a":1}')], True)


def test_results_may_hold_images():
    output = [{"type": "input_text", "text": "see"}, {"type": "input_image", "image_url": "https://a.test/a.png"}]
    (result,) = read(input=[{"type": "function_call_output", "call_id": "c", "output": output}]).messages[0].parts
    assert isinstance(result, ToolResult)
    assert result.parts == [Text(text="see"), Media(kind="image", url="https://a.test/a.png")]


def test_settings_have_their_canonical_places_and_the_rest_is_extras():
    request = read(
        max_output_tokens=100,
        temperature=0.5,
        top_p=0.9,
        top_logprobs=2,
        include=["message.output_text.logprobs", "reasoning.encrypted_content", "web_search_call.results"],
        reasoning={"effort": "high", "summary": "auto", "context": "all_turns"},
        text={"verbosity": "low", "format": {"type": "json_object"}},
        parallel_tool_calls=False,
        metadata={"a": "b"},
        user="u",
        prompt_cache_key="k",
        service_tier="flex",
        store=False,
        truncation=None,
    )
    sampling, said = request.sampling, request.reasoning
    assert (request.max_tokens, sampling.temperature, sampling.top_p, sampling.top_logprobs) == (100, 0.5, 0.9, 2)
    assert sampling.logprobs is True
    assert said is not None
    assert (said.mode, said.effort, said.show, said.state, said.extras) == (
        "on",
        "high",
        "auto",
        True,
        {"context": "all_turns"},
    )
    assert request.output is not None
    assert (request.output.kind, request.verbosity, request.parallel_tool_calls) == ("json", "low", False)
    assert (request.metadata, request.user, request.cache_key, request.service_tier) == ({"a": "b"}, "u", "k", "flex")
    assert request.extras == {"store": False, "include": ["web_search_call.results"]}


def test_state_fields_are_known_by_name():
    assert stateful(read(previous_response_id="resp_1", input=None).extras) == "previous_response_id"
    assert stateful(read(background=True).extras) == "background"
    assert stateful(read(background=False, store=True).extras) is None
    assert stateful(None) is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"input": None}, "input"),
        ({"input": 3}, "input"),
        ({"input": ["x"]}, "input[0]"),
        ({"input": [{"no": "type"}]}, "input[0].type"),
        ({"input": [{"role": "critic", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": 3}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": [3]}]}, "input[0].content[0]"),
        ({"input": [{"type": "function_call", "call_id": "c", "arguments": "{}"}]}, "input[0].name"),
        ({"input": [{"type": "function_call_output", "output": "x"}]}, "input[0].call_id"),
        ({"instructions": 3}, "instructions"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"name": "f"}]}, "tools[0]"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tool_choice": "maybe"}, "tool_choice"),
        ({"reasoning": "high"}, "reasoning"),
        ({"reasoning": {"effort": 3}}, "reasoning.effort"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
        ({"temperature": "warm"}, "temperature"),
        ({"max_output_tokens": 1.5}, "max_output_tokens"),
        ({"parallel_tool_calls": "no"}, "parallel_tool_calls"),
        ({"include": "all"}, "include"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_path(body, field):
    with pytest.raises(InvalidRequest) as caught:
        read(**body)
    assert caught.value.field == field
