"""Reading a client's conversation."""

import pytest
from tests.unit.protocols.chat.wires import HI, asked

from plexus.ir.chat import Message
from plexus.ir.parts import CacheMark, Media, Opaque, Origin, Signature, Text, Thinking, ToolCall, ToolResult
from plexus.ir.signature import wrap

CALL = {"id": "a", "type": "function", "function": {"name": "look", "arguments": '{"x": 1}'}}
CHAT = Origin("chat")


def turns(*messages):
    return asked(messages=list(messages)).messages


def user(*parts):
    return turns({"role": "user", "content": list(parts)})[0].parts


def assistant(**fields):
    return turns(HI, {"role": "assistant", **fields})[1].parts


def test_202_system_and_developer_messages_stay_where_they_were_said():
    found = turns(
        {"role": "system", "content": "s"}, HI, {"role": "developer", "content": [{"type": "text", "text": "d"}]}, HI
    )
    assert [message.role for message in found] == ["system", "user", "developer", "user"]
    assert found[2].parts == [Text(text="d")]


def test_names_and_unknown_fields_of_a_message_are_kept():
    (message,) = turns({"role": "user", "content": "hi", "name": "ann", "mood": "good"})
    assert (message.name, message.extras) == ("ann", {"mood": "good"})


def test_204_images_keep_their_bytes_type_and_detail():
    data = {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,QUJD", "detail": "low"}}
    web = {"type": "image_url", "image_url": {"url": "https://a.test/a.png"}}
    bare = {"type": "image_url", "image_url": "https://a.test/a.png"}
    assert user(data, web, bare) == [
        Media(kind="image", mime="image/jpeg", data="QUJD", detail="low"),
        Media(kind="image", url="https://a.test/a.png"),
        Media(kind="image", url="https://a.test/a.png"),
    ]


def test_204_files_are_documents_by_bytes_url_or_id():
    pdf = {"type": "file", "file": {"file_data": "data:application/pdf;base64,QUJD", "filename": "a.pdf"}}
    bare = {"type": "file", "file": {"file_data": "QUJD", "filename": "a.txt"}}
    web = {"type": "file", "file": {"file_data": "https://a.test/a.pdf", "filename": "a.pdf"}}
    known = {"type": "file", "file": {"file_id": "file-1"}}
    assert user(pdf, bare, web, known) == [
        Media(kind="document", mime="application/pdf", data="QUJD", name="a.pdf"),
        Media(kind="document", mime="text/plain", data="QUJD", name="a.txt"),
        Media(kind="document", url="https://a.test/a.pdf", name="a.pdf"),
        Media(kind="document", file_id="file-1"),
    ]


@pytest.mark.parametrize(("form", "mime"), [("wav", "audio/wav"), ("mp3", "audio/mpeg"), ("flac", "audio/flac")])
def test_audio_input_has_a_type(form, mime):
    part = {"type": "input_audio", "input_audio": {"data": "QUJD", "format": form}}
    assert user(part) == [Media(kind="audio", mime=mime, data="QUJD")]


def test_parts_nobody_knows_are_opaque():
    part = {"type": "hologram", "data": 1}
    assert user(part) == [Opaque(kind="hologram", raw=part, origin=CHAT)]


def test_unknown_fields_of_parts_are_kept_inside_and_outside():
    part = {"type": "image_url", "image_url": {"url": "https://a.test", "depth": 3}, "mood": 1}
    (media,) = user(part)
    assert isinstance(media, Media)
    assert media.extras == {"image_url": {"depth": 3}, "mood": 1}


def test_077_cache_marks_survive_on_parts_messages_and_tool_results():
    mark = {"type": "ephemeral", "ttl": "1h"}
    (text,) = user({"type": "text", "text": "a", "cache_control": mark})
    (message,) = turns({"role": "user", "content": "a", "cache_control": {"type": "ephemeral"}})
    result = turns(
        HI,
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "a", "content": "x", "cache_control": mark},
    )[2].parts[0]
    assert isinstance(text, Text)
    assert isinstance(message.parts[0], Text)
    assert isinstance(result, ToolResult)
    assert (text.cache, message.parts[0].cache, result.cache) == (CacheMark("1h"), CacheMark(), CacheMark("1h"))


def test_079_a_cache_mark_that_is_null_is_none():
    (text,) = user({"type": "text", "text": "a", "cache_control": None})
    assert text == Text(text="a")


def test_thinking_comes_before_text_before_calls():
    found = assistant(content="hey", reasoning_content="hm", tool_calls=[CALL])
    assert found == [Thinking(text="hm"), Text(text="hey"), ToolCall(id="a", name="look", arguments='{"x": 1}')]


@pytest.mark.parametrize("content", [None, ""])
def test_no_content_is_no_part(content):
    assert assistant(content=content, tool_calls=[CALL]) == [ToolCall(id="a", name="look", arguments='{"x": 1}')]


def test_reasoning_details_come_back_with_their_signatures():
    claude = Signature("sig", Origin("messages", "anthropic", "claude"))
    entries = [
        {"type": "reasoning.text", "text": "hm", "signature": wrap(claude, "chat"), "index": 0},
        {"type": "reasoning.encrypted", "data": "raw", "format": "anthropic-claude-v1", "index": 1},
    ]
    assert assistant(content=None, reasoning="hm", reasoning_details=entries) == [
        Thinking(text="hm", signature=claude),
        Thinking(redacted=True, signature=Signature("raw", CHAT), extras={"format": "anthropic-claude-v1"}),
    ]


def test_thinking_blocks_of_litellm_are_read():
    blocks = [{"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "redacted_thinking", "data": "blob"}]
    assert assistant(content="a", thinking_blocks=blocks)[:2] == [
        Thinking(text="hm", signature=Signature("s", CHAT)),
        Thinking(redacted=True, signature=Signature("blob", CHAT)),
    ]


def test_thinking_inside_the_content_of_mistral_is_read():
    content = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}]
    assert assistant(content=content) == [Thinking(text="hm"), Text(text="a")]


def test_107_call_signatures_are_unwrapped():
    gemini = Signature("sig", Origin("gemini", "google", "gemini"))
    signed = {**CALL, "extra_content": {"google": {"thought_signature": wrap(gemini, "chat")}}}
    (call,) = assistant(tool_calls=[signed])
    assert isinstance(call, ToolCall)
    assert (call.signature, call.extras) == (gemini, None)


def test_refusals_are_text_that_says_so():
    assert assistant(refusal="no") == [Text(text="no", refusal=True)]
    assert assistant(content=[{"type": "refusal", "refusal": "no"}]) == [Text(text="no", refusal=True)]


def test_a_reference_to_audio_said_before_goes_back_only_to_its_maker():
    assert assistant(content=None, audio={"id": "audio_1"}) == [
        Opaque(kind="audio", raw={"id": "audio_1"}, origin=CHAT)
    ]


def test_068_adjacent_tool_messages_are_one_user_turn_and_the_next_user_message_stays_its_own():
    found = turns(
        HI,
        {"role": "assistant", "tool_calls": [CALL, {**CALL, "id": "b"}]},
        {"role": "tool", "tool_call_id": "b", "content": "two"},
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "one"}]},
        HI,
    )
    assert found[2:] == [
        Message(
            role="user",
            parts=[
                ToolResult(call_id="b", parts=[Text(text="two")]),
                ToolResult(call_id="a", parts=[Text(text="one")]),
            ],
        ),
        Message(role="user", parts=[Text(text="hi")]),
    ]


def test_results_of_different_turns_are_not_joined():
    answer = {"role": "tool", "tool_call_id": "a", "content": "x"}
    found = turns(
        HI, {"role": "assistant", "tool_calls": [CALL]}, answer, {"role": "assistant", "tool_calls": [CALL]}, answer
    )
    assert [message.role for message in found] == ["user", "assistant", "user", "assistant", "user"]


def test_087_and_203_images_in_tool_results_stay_images():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}
    found = turns(
        HI,
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "see"}, image]},
    )
    (result,) = found[2].parts
    assert isinstance(result, ToolResult)
    assert result.parts == [Text(text="see"), Media(kind="image", mime="image/png", data="QUJD")]


def test_custom_calls_and_their_results_say_so():
    call = {"id": "a", "type": "custom", "custom": {"name": "run", "input": "ls"}}
    found = turns(
        HI, {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "a", "content": "x"}
    )
    assert found[1].parts == [ToolCall(id="a", name="run", arguments="ls", custom=True)]
    assert found[2].parts == [ToolResult(call_id="a", parts=[Text(text="x")], custom=True)]


def test_legacy_calls_and_results_belong_together_by_their_order():
    legacy = {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}}
    found = turns(
        HI,
        legacy,
        {"role": "function", "name": "look", "content": "x"},
        legacy,
        {"role": "function", "name": "look", "content": "y"},
    )
    ids = [
        part.id if isinstance(part, ToolCall) else part.call_id
        for message in found
        for part in message.parts
        if isinstance(part, ToolCall | ToolResult)
    ]
    assert ids[0] == ids[1]
    assert ids[2] == ids[3]
    assert ids[0] != ids[2]


def test_empty_ids_of_googles_endpoint_are_matched_by_their_order():
    calls = [{**CALL, "id": ""}, {**CALL, "id": ""}]
    found = turns(
        HI,
        {"role": "assistant", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "", "content": "1"},
        {"role": "tool", "tool_call_id": "", "content": "2"},
    )
    made = [part.id for part in found[1].parts if isinstance(part, ToolCall)]
    assert len(set(made)) == 2
    assert [part.call_id for part in found[2].parts if isinstance(part, ToolResult)] == made


def test_arguments_given_as_an_object_become_text():
    (call,) = assistant(tool_calls=[{"id": "a", "function": {"name": "look", "arguments": {"x": 1}}}])
    assert isinstance(call, ToolCall)
    assert call.arguments == '{"x":1}'
