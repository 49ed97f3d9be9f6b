"""Writing conversations for chat targets."""

import json
import re

import pytest
from tests.unit.protocols.chat.wires import HI, asked, rendered, target

from plexus.ir.chat import ChatRequest, Message, Tool
from plexus.ir.parts import CacheMark, Citation, Media, Opaque, Origin, Signature, Text, Thinking, ToolCall, ToolResult
from plexus.ir.target import ModelProfile, Target
from plexus.providers.catalogue import known

IMAGE = Media(kind="image", mime="image/png", data="QUJD")
SHOWN = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}
CALL = ToolCall(id="a", name="look", arguments='{"x": 1}')
OURS = Origin("chat", "acme", "acme-1")


def sent(*messages, there=None, protocol="messages", tools=None):
    request = ChatRequest(protocol=protocol, model="m", messages=list(messages), tools=tools or [])
    return rendered(request, there)


def wires(*messages, **fields):
    return sent(*messages, **fields).body["messages"]


def user(*parts):
    return Message(role="user", parts=list(parts))


def assistant(*parts):
    return Message(role="assistant", parts=list(parts))


def losses(found):
    return [(drop.kind, drop.field) for drop in found.drops]


def test_093_a_system_message_of_several_blocks_is_valid_text_content():
    system = Message(role="system", parts=[Text(text="one"), Text(text="two")])
    assert wires(system, user(Text(text="hi")))[0]["content"] == [
        {"type": "text", "text": "one"},
        {"type": "text", "text": "two"},
    ]
    assert wires(system, there=target(text_arrays=False))[0]["content"] == "one\n\ntwo"


def test_all_text_of_a_user_is_one_string_where_arrays_are_refused():
    there = target(text_arrays=False)
    assert wires(user(Text(text="a"), Text(text="b")), there=there) == [{"role": "user", "content": "a\n\nb"}]
    assert wires(user(Text(text="a"), IMAGE), there=there)[0]["content"] == [{"type": "text", "text": "a"}, SHOWN]


def test_202_developer_messages_become_system_where_the_role_is_unknown():
    message = Message(role="developer", parts=[Text(text="d")])
    assert wires(message)[0]["role"] == "developer"
    assert wires(message, there=target(developer_role=False))[0]["role"] == "system"


def test_202_system_messages_stay_in_place():
    found = wires(user(Text(text="a")), Message(role="system", parts=[Text(text="s")]), user(Text(text="b")))
    assert [message["role"] for message in found] == ["user", "system", "user"]


def test_099_the_billing_header_of_anthropic_clients_is_removed():
    system = Message(role="system", parts=[Text(text="x-anthropic-billing-header: cc_version=1"), Text(text="s")])
    found = sent(system, user(Text(text="hi")))
    assert found.body["messages"][0] == {"role": "system", "content": "s"}
    assert losses(found) == [("dropped", "messages[0].parts[0]")]
    alone = Message(role="system", parts=[Text(text="x-anthropic-billing-header: cc_version=1")])
    assert wires(alone, user(Text(text="hi"))) == [HI]


def test_091_a_result_image_follows_as_a_user_image_after_all_results_and_never_as_text():
    found = sent(
        assistant(CALL, ToolCall(id="b", name="look")),
        user(
            ToolResult(call_id="a", parts=[Text(text="see"), IMAGE]), ToolResult(call_id="b", parts=[Text(text="two")])
        ),
    )
    assert found.body["messages"][1:] == [
        {"role": "tool", "tool_call_id": "a", "content": "see"},
        {"role": "tool", "tool_call_id": "b", "content": "two"},
        {"role": "user", "content": [SHOWN]},
    ]
    assert ("approximated", "messages[1].parts[0].parts[1]") in losses(found)
    assert all("QUJD" not in json.dumps(message["content"]) for message in found.body["messages"][1:3])


def test_091_a_target_that_takes_images_in_results_gets_them_there():
    found = sent(
        assistant(CALL), user(ToolResult(call_id="a", parts=[Text(text="see"), IMAGE])), there=target(tool_media=True)
    )
    assert found.body["messages"][1:] == [
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "see"}, SHOWN]}
    ]


def test_092_and_207_results_are_written_before_the_user_text_of_the_same_turn():
    found = wires(
        assistant(CALL),
        user(Text(text="and?"), ToolResult(call_id="a", parts=[Text(text="x"), IMAGE]), Text(text="ok")),
    )
    assert [message["role"] for message in found] == ["assistant", "tool", "user"]
    assert found[2]["content"] == [SHOWN, {"type": "text", "text": "and?"}, {"type": "text", "text": "ok"}]


def test_203_a_structured_result_is_sent_once_as_it_was():
    found = wires(assistant(CALL), user(ToolResult(call_id="a", parts=[Text(text='{"a":1}')], structured=True)))
    assert found[1]["content"] == '{"a":1}'


def test_an_error_of_a_tool_is_told_by_its_text_and_reported():
    found = sent(assistant(CALL), user(ToolResult(call_id="a", parts=[Text(text="boom")], is_error=True)))
    assert found.body["messages"][1] == {"role": "tool", "tool_call_id": "a", "content": "boom"}
    assert losses(found) == [("approximated", "messages[1].parts[0].is_error")]


def test_094_null_content_is_sent_only_with_tool_calls():
    with_call, without, empty = wires(assistant(CALL), assistant(Text(text="a")), assistant())
    assert (with_call["content"], without["content"], empty["content"]) == (None, "a", "")


def test_095_thinking_never_becomes_text_and_is_reported_where_nobody_wants_it():
    found = sent(assistant(Thinking(text="secret"), Text(text="a")))
    assert found.body["messages"] == [{"role": "assistant", "content": "a"}]
    assert losses(found) == [("dropped", "messages[0].parts[0]")]


def test_a_turn_of_nothing_but_unwanted_thinking_is_left_out():
    assert wires(user(Text(text="hi")), assistant(Thinking(text="secret"))) == [HI]


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_096_earlier_reasoning_goes_back_to_targets_that_want_it(field):
    found = sent(assistant(Thinking(text="h"), Thinking(text="m"), CALL), there=target(reasoning_field=field))
    assert found.body["messages"][0][field] == "hm"
    assert found.drops == []


def test_083_signed_reasoning_goes_back_to_its_maker_unmodified():
    thought = Thinking(text="hm", signature=Signature("sig", OURS))
    there = target(reasoning_field="reasoning", model="anthropic/claude-x")
    message = wires(assistant(thought, Text(text="a")), there=there)[0]
    assert message["reasoning"] == "hm"
    assert message["reasoning_details"] == [
        {"type": "reasoning.text", "text": "hm", "signature": "sig", "index": 0, "format": "anthropic-claude-v1"}
    ]


def test_107_signatures_of_calls_and_text_go_back_the_way_google_wrote_them():
    signature = Signature("sig", OURS)
    call = ToolCall(id="a", name="look", arguments="{}", signature=signature)
    first, second = wires(assistant(call), assistant(Text(text="a", signature=signature)))
    assert first["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "sig"}}
    assert second["extra_content"] == {"google": {"thought_signature": "sig"}}


def test_arguments_are_sent_as_the_model_wrote_them():
    assert wires(assistant(CALL))[0]["tool_calls"] == [
        {"id": "a", "type": "function", "function": {"name": "look", "arguments": '{"x": 1}'}}
    ]


def test_070_empty_arguments_become_an_empty_object_and_are_reported():
    found = sent(assistant(ToolCall(id="a", name="look")))
    assert found.body["messages"][0]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert losses(found) == [("repaired", "messages[0].parts[0].arguments")]


def test_056_and_208_long_call_ids_are_shortened_alike_on_call_and_result_and_stay_unique():
    ids = ["x" * 60 + "1", "x" * 60 + "2"]
    calls = [ToolCall(id=identity, name="look", arguments="{}") for identity in ids]
    found = wires(assistant(*calls), user(*[ToolResult(call_id=identity, parts=[Text(text="r")]) for identity in ids]))
    sent_ids = [call["id"] for call in found[0]["tool_calls"]]
    assert sent_ids == [message["tool_call_id"] for message in found[1:]]
    assert len(set(sent_ids)) == 2
    assert all(len(identity) <= 40 for identity in sent_ids)


def test_067_and_208_call_ids_take_the_form_the_target_asks_for():
    there = target(tool_id_pattern="[a-zA-Z0-9]{9}", tool_id_length=9)
    found = wires(
        assistant(ToolCall(id="call_1", name="look", arguments="{}")),
        user(ToolResult(call_id="call_1", parts=[])),
        there=there,
    )
    identity = found[0]["tool_calls"][0]["id"]
    assert len(identity) == 9
    assert identity.isalnum()
    assert found[1]["tool_call_id"] == identity
    assert wires(assistant(ToolCall(id="abcDEF123", name="look")), there=there)[0]["tool_calls"][0]["id"] == "abcDEF123"


def test_208_tool_names_the_target_refuses_change_everywhere_and_are_listed():
    found = sent(
        user(Text(text="hi")),
        assistant(ToolCall(id="a", name="fs.read", arguments="{}")),
        tools=[Tool(name="fs.read", schema={})],
    )
    defined = found.body["tools"][0]["function"]["name"]
    assert found.body["messages"][1]["tool_calls"][0]["function"]["name"] == defined
    assert found.tool_names == {defined: "fs.read"}
    assert losses(found) == [("repaired", "tools[0].name")]


def test_custom_calls_of_the_history_follow_what_the_target_takes():
    call = ToolCall(id="a", name="run", arguments='say "hi"', custom=True)
    assert wires(assistant(call))[0]["tool_calls"][0] == {
        "id": "a",
        "type": "custom",
        "custom": {"name": "run", "input": 'say "hi"'},
    }
    function = wires(assistant(call), there=target(custom_tools=False))[0]["tool_calls"][0]["function"]
    assert json.loads(function["arguments"]) == {"input": 'say "hi"'}


def test_text_after_a_call_is_moved_before_it_and_reported():
    found = sent(assistant(Text(text="a"), CALL, Text(text="b")))
    assert found.body["messages"][0]["content"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert losses(found) == [("approximated", "messages[0].parts[2]")]


def test_065_and_204_media_arrive_with_their_bytes_in_the_part_made_for_them():
    found = sent(
        user(
            Media(kind="image", url="https://a.test/a.png", detail="high"),
            Media(kind="document", mime="application/pdf", data="QUJD", name="a.pdf"),
            Media(kind="document", mime="application/pdf", data="QUJD"),
            Media(kind="audio", mime="audio/mpeg", data="QUJD"),
            Media(kind="audio", mime="audio/x-wav", data="QUJD"),
            Media(kind="document", text="plain"),
            Media(kind="document", mime="text/csv", data="YSxi"),
        )
    )
    assert found.body["messages"][0]["content"] == [
        {"type": "image_url", "image_url": {"url": "https://a.test/a.png", "detail": "high"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,QUJD", "filename": "a.pdf"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,QUJD", "filename": "document.pdf"}},
        {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "mp3"}},
        {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "wav"}},
        {"type": "text", "text": "plain"},
        {"type": "text", "text": "a,b"},
    ]
    assert found.drops == []


def test_the_title_of_a_document_told_as_text_is_reported():
    found = sent(user(Media(kind="document", text="facts", name="Notes")))
    assert found.body["messages"] == [{"role": "user", "content": "facts"}]
    assert losses(found) == [("approximated", "messages[0].parts[0].name")]


def test_media_chat_has_no_place_for_is_reported():
    found = sent(
        user(
            Media(kind="image", file_id="file-1"),
            Media(kind="document", file_id="file-1"),
            Media(kind="audio", url="https://a.test/a.wav"),
            Media(kind="video", url="https://a.test/a.mp4"),
            Text(text="hi"),
        )
    )
    assert found.body["messages"] == [HI]
    assert [kind for kind, _ in losses(found)] == ["dropped"] * 4


def test_video_goes_to_models_known_to_take_it():
    there = target(ModelProfile(inputs=("image", "video")))
    part = wires(user(Media(kind="video", mime="video/mp4", data="QUJD")), there=there)[0]["content"][0]
    assert part == {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,QUJD"}}


def test_the_name_of_an_image_and_the_detail_of_a_document_are_reported():
    image = Media(kind="image", mime="image/png", data="QUJD", name="a.png")
    document = Media(kind="document", mime="application/pdf", data="QUJD", name="a.pdf", detail="low")
    assert losses(sent(user(image, document))) == [
        ("dropped", "messages[0].parts[0].name"),
        ("dropped", "messages[0].parts[1].detail"),
    ]


def test_what_is_said_about_a_document_is_reported():
    media = Media(kind="document", mime="application/pdf", data="QUJD", name="a.pdf", context="c", cite=True)
    assert losses(sent(user(media))) == [
        ("dropped", "messages[0].parts[0].context"),
        ("dropped", "messages[0].parts[0].cite"),
    ]


def test_077_cache_marks_go_to_targets_that_understand_them_else_they_are_reported():
    parts = user(Text(text="a", cache=CacheMark("1h")))
    assert wires(parts, there=target(cache_marks=True))[0]["content"] == [
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    ]
    found = sent(parts)
    assert found.body["messages"] == [{"role": "user", "content": "a"}]
    assert losses(found) == [("dropped", "messages[0].parts[0].cache")]


def test_101_and_199_server_side_blocks_of_other_protocols_are_reported_and_not_sent():
    block = Opaque(kind="server_tool_use", raw={"id": "x"}, origin=Origin("messages"))
    found = sent(assistant(block, Text(text="a")))
    assert found.body["messages"] == [{"role": "assistant", "content": "a"}]
    assert losses(found) == [("dropped", "messages[0].parts[0]")]


def test_citations_of_earlier_answers_are_reported():
    found = sent(assistant(Text(text="a", citations=[Citation(url="https://a.test")])))
    assert losses(found) == [("dropped", "messages[0].parts[0].citations")]


def test_blocks_of_chat_go_back_where_they_were():
    messages = [
        {"role": "user", "content": [{"type": "hologram", "data": 1}, {"type": "text", "text": "a", "mood": 1}]},
        {"role": "assistant", "content": "", "audio": {"id": "audio_1"}},
        {"role": "user", "content": "hi", "weight": 2},
    ]
    assert rendered(asked(messages=messages)).body["messages"] == messages


def test_refusals_stay_refusals():
    assert wires(assistant(Text(text="no", refusal=True)))[0]["content"] == [{"type": "refusal", "refusal": "no"}]


def test_067_mistral_gets_ids_of_nine_letters_and_digits_the_same_for_call_and_result():
    mistral = known()["mistral"].protocols["chat"].dialect
    there = Target(provider="mistral", model="mistral-large", protocol="chat", dialect=mistral)
    ids = ["call_Zm9vYmFy", "toolu_01A", "gcall_3_1", "aB3dE6gH9"]
    calls = [ToolCall(id=name, name="look", arguments="{}") for name in ids]
    results = [ToolResult(call_id=name, parts=[Text(text="x")]) for name in ids]
    found = wires(user(Text(text="hi")), assistant(*calls), user(*results), there=there)
    called = [call["id"] for call in found[1]["tool_calls"]]
    assert all(re.fullmatch("[a-zA-Z0-9]{9}", name) for name in called)
    assert len(set(called)) == 4
    assert called[3] == "aB3dE6gH9"
    assert [message["tool_call_id"] for message in found[2:]] == called
