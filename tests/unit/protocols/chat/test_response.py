"""Reading whole answers of every dialect."""

import pytest
from tests.unit.protocols.chat.wires import ORIGIN, READING, asked, plain, writing

from plexus.ir.chat import ChatResponse
from plexus.ir.errors import InvalidAnswer
from plexus.ir.parts import Citation, Media, Opaque, Text, Thinking, ToolCall
from plexus.protocols.chat import PROTOCOL


def body(message=None, finish="stop", **fields):
    choice = {"index": 0, "message": {"role": "assistant", **(message or {})}, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion", "created": 5, "model": "acme-1", "choices": [choice], **fields}


def read(message=None, finish="stop", **fields) -> ChatResponse:
    return PROTOCOL.decode_response(body(message, finish, **fields), READING)


def test_an_answer_is_read_with_its_id_model_and_time():
    response = read({"content": "hey"})
    assert (response.parts, response.stop_reason) == ([Text(text="hey")], "end")
    assert (response.id, response.model, response.created, response.protocol) == ("c1", "acme-1", 5, "chat")


@pytest.mark.parametrize(
    "odd", [{}, {"choices": []}, {"choices": None}, {"choices": [5]}, {"choices": [{"index": 0}]}, {"choices": "no"}]
)
def test_043_a_body_without_a_choice_or_message_is_refused_and_crashes_nothing(odd):
    with pytest.raises(InvalidAnswer):
        PROTOCOL.decode_response({"id": "c1", **odd}, READING)


def test_201_an_answer_without_usage_is_still_an_answer():
    assert read({"content": "hey"}).usage is None
    assert read({"content": "hey"}, usage=None).parts == [Text(text="hey")]


def test_201_an_answer_with_a_file_annotation_is_still_an_answer():
    file = {"type": "file", "file": {"hash": "h", "name": "a.pdf", "content": []}}
    (text,) = read({"content": "hey", "annotations": [file]}).parts
    assert isinstance(text, Text)
    assert text.citations == [Citation(kind="file", title="a.pdf", file_id="h", raw=file)]


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_029_reasoning_comes_before_the_text(name):
    assert read({"content": "hey", name: "hm"}).parts == [Thinking(text="hm"), Text(text="hey")]


def test_unsigned_details_that_leave_text_out_give_way_to_the_plain_string():
    details = [{"type": "reasoning.text", "text": "h", "index": 0}]
    assert read({"content": "a", "reasoning": "hm", "reasoning_details": details}).parts[0] == Thinking(text="hm")
    whole = [{"type": "reasoning.summary", "summary": "hm", "index": 0}]
    assert read({"content": "a", "reasoning": "hm", "reasoning_details": whole}).parts[0] == Thinking(
        text="hm", summary=True
    )


def test_thinking_blocks_are_read_with_signature_and_redaction():
    blocks = [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "redacted_thinking", "data": "blob"}]
    first, second, _ = read({"content": "hey", "reasoning_content": "hm", "thinking_blocks": blocks}).parts
    assert isinstance(first, Thinking)
    assert isinstance(second, Thinking)
    assert (first.text, first.signature.value if first.signature else "") == ("hm", "s")
    assert (second.redacted, second.signature.value if second.signature else "") == (True, "blob")


def test_mistral_and_databricks_content_arrays_are_read():
    mistral = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "hey"}]
    databricks = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm", "signature": "s"}]},
        {"type": "text", "text": "hey"},
    ]
    assert read({"content": mistral}).parts == [Thinking(text="hm"), Text(text="hey")]
    thought, text = read({"content": databricks}).parts
    assert isinstance(thought, Thinking)
    assert (thought.text, thought.signature.value if thought.signature else "") == ("hm", "s")
    assert text == Text(text="hey")


def test_content_that_is_an_object_becomes_its_json():
    assert read({"content": {"a": 1}}).parts == [Text(text='{"a":1}')]


def test_content_blocks_nobody_knows_are_kept():
    block = {"type": "hologram", "data": 1}
    assert read({"content": [block]}).parts == [Opaque(kind="hologram", raw=block, origin=ORIGIN)]


def test_051_tool_calls_are_read_and_the_answer_waits_for_them():
    calls = [{"id": "a", "type": "function", "function": {"name": "look", "arguments": '{"x": 1}'}}]
    response = read({"content": None, "tool_calls": calls})
    assert response.parts == [ToolCall(id="a", name="look", arguments='{"x": 1}')]
    assert response.stop_reason == "tool_use"


def test_calls_without_ids_get_some_that_differ():
    calls = [
        {"id": "", "function": {"name": "look", "arguments": "{}"}},
        {"function": {"name": "look", "arguments": {"x": 1}}},
    ]
    first, second = read({"tool_calls": calls}).parts
    assert isinstance(first, ToolCall)
    assert isinstance(second, ToolCall)
    assert first.id
    assert second.id
    assert first.id != second.id
    assert second.arguments == '{"x":1}'


def test_an_empty_legacy_function_call_is_none():
    assert read({"content": "4", "function_call": {"name": "", "arguments": ""}}, "").parts == [Text(text="4")]


def test_a_legacy_function_call_is_a_call():
    response = read({"content": None, "function_call": {"name": "look", "arguments": "{}"}}, "function_call")
    (found,) = response.parts
    assert isinstance(found, ToolCall)
    assert (found.name, response.stop_reason) == ("look", "tool_use")


@pytest.mark.parametrize(
    ("finish", "stop"),
    [
        ("stop", "end"),
        ("length", "max_tokens"),
        ("content_filter", "content_filter"),
        ("eos", "end"),
        ("model_length", "context_window"),
        ("", "end"),
        (None, "end"),
        ("MAX_TOKENS", "max_tokens"),
        ("insufficient_system_resource", "error"),
        ("never heard of", "end"),
    ],
)
def test_019_every_finish_reason_has_a_meaning(finish, stop):
    assert read({"content": "hey"}, finish).stop_reason == stop


def test_a_matched_stop_sequence_of_vllm_is_told():
    wire = body({"content": "hey"})
    wire["choices"][0]["stop_reason"] = "END"
    response = PROTOCOL.decode_response(wire, READING)
    assert (response.stop_reason, response.stop_sequence) == ("stop_sequence", "END")


def test_finish_details_of_early_vision_models_are_read():
    wire = body({"content": "hey"})
    del wire["choices"][0]["finish_reason"]
    wire["choices"][0]["finish_details"] = {"type": "max_tokens"}
    assert PROTOCOL.decode_response(wire, READING).stop_reason == "max_tokens"


def test_images_and_audio_are_read():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}
    audio = {"id": "audio_1", "data": "QUJD", "expires_at": 9, "transcript": "hey"}
    assert read({"content": None, "images": [image], "audio": audio}).parts == [
        Media(kind="image", mime="image/png", data="QUJD"),
        Media(kind="audio", data="QUJD", transcript="hey", extras={"id": "audio_1", "expires_at": 9}),
    ]
    assert read({"content": "4", "audio": {"id": "", "data": "", "expires_at": 0, "transcript": ""}}).parts == [
        Text(text="4")
    ]


def test_perplexity_sources_are_citations_of_the_text():
    (text,) = read(
        {"content": "hey [1]"}, search_results=[{"title": "A", "url": "https://a.test"}], citations=["https://a.test"]
    ).parts
    assert isinstance(text, Text)
    assert text.citations == [Citation(url="https://a.test", title="A")]


def test_unknown_fields_come_back_to_a_client_of_chat():
    wire = body({"content": "hey"}, system_fingerprint="fp", provider="P")
    wire["choices"][0]["native_finish_reason"] = "STOP"
    back = plain(PROTOCOL.encode_response(PROTOCOL.decode_response(wire, READING), writing(asked()))[0])
    assert (back["system_fingerprint"], back["provider"]) == ("fp", "P")
    assert back["choices"][0]["native_finish_reason"] == "STOP"


def test_107_google_signatures_are_read_from_call_and_message():
    signed = {"extra_content": {"google": {"thought_signature": "sig"}}}
    calls = [{"id": "", "function": {"name": "look", "arguments": "{}"}}]
    for message in (
        {"tool_calls": calls, **signed},
        {"tool_calls": [{**calls[0], **signed}]},
        {"content": "hey", **signed},
    ):
        part = read(message).parts[0]
        assert isinstance(part, ToolCall | Text)
        assert part.signature is not None
        assert (part.signature.value, part.signature.origin) == ("sig", ORIGIN)


@pytest.mark.parametrize("created", [10**400, -1, float("nan"), 10.0**30, "5", True])
def test_a_time_that_is_none_is_not_told(created):
    assert (
        PROTOCOL.decode_response({"created": created, "choices": [{"message": {"content": "a"}}]}, READING).created == 0
    )


@pytest.mark.parametrize("odd", [10**400, -(10**400), float("nan")])
def test_numbers_nobody_else_can_read_are_left_out(odd):
    choice = {"message": {"content": "a"}, "logprobs": {"content": [{"token": "a", "logprob": odd}]}}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "cost": odd}
    response = PROTOCOL.decode_response({"choices": [choice], "usage": usage}, READING)
    [part] = response.parts
    assert isinstance(part, Text)
    assert part.logprobs == []
    assert response.usage is not None
    assert response.usage.cost is None
