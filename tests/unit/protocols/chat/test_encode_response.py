"""Writing whole answers for clients."""

import pytest
from openai.types.chat import ChatCompletion
from tests.unit.protocols.chat.wires import READING, asked, plain, told, writing

from plexus.ir.chat import Alternative, ChatResponse, Usage
from plexus.ir.parts import Citation, Media, Opaque, Origin, Part, Signature, Text, Thinking, TokenLogprob, ToolCall
from plexus.protocols.chat import PROTOCOL

CLAUDE = Origin("messages", "anthropic", "claude")


def message(*parts, request=None, **fields):
    return told(ChatResponse(parts=list(parts), stop_reason="end", **fields), request)["choices"][0]["message"]


def test_033_required_nullable_fields_are_there_as_null_and_counters_are_numbers():
    body = told(
        ChatResponse(parts=[ToolCall(id="a", name="look", arguments="{}")], stop_reason="end", usage=Usage(output=5))
    )
    choice = body["choices"][0]
    assert choice["message"]["content"] is None
    assert choice["message"]["refusal"] is None
    assert choice["logprobs"] is None
    assert body["usage"] == {
        "prompt_tokens": 0,
        "completion_tokens": 5,
        "total_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def test_032_all_text_parts_are_joined():
    assert message(Text(text="one "), Text(text="two"))["content"] == "one two"


def test_194_reasoning_tokens_sit_in_the_details_and_nowhere_else():
    usage = told(ChatResponse(parts=[Text(text="a")], usage=Usage(input=1, output=9, reasoning=4)))["usage"]
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 4
    assert "reasoning_tokens" not in usage


def test_029_reasoning_content_is_a_string_and_a_signature_goes_into_the_details():
    found = message(Thinking(text="hm", signature=Signature("sig", CLAUDE)), Text(text="a"))
    assert found["reasoning_content"] == "hm"
    assert found["reasoning_details"][0]["type"] == "reasoning.text"
    assert "reasoning_details" not in message(Thinking(text="hm"), Text(text="a"))


def test_a_reasoning_item_of_responses_is_a_summary_and_an_encrypted_entry():
    thought = Thinking(
        text="short", summary=True, id="rs_1", signature=Signature("blob", Origin("responses", "openai", "o3"))
    )
    entries = message(thought)["reasoning_details"]
    assert [(entry["type"], entry["id"], entry["format"]) for entry in entries] == [
        ("reasoning.summary", "rs_1", "openai-responses-v1"),
        ("reasoning.encrypted", "rs_1", "openai-responses-v1"),
    ]


def test_what_clients_get_of_thinking_they_can_send_back_whole():
    thoughts = [
        Thinking(text="hm", signature=Signature("sig", CLAUDE)),
        Thinking(redacted=True, signature=Signature("blob", CLAUDE)),
        Thinking(text="", signature=Signature("hidden", CLAUDE)),
        Thinking(
            text="short", summary=True, id="rs_1", signature=Signature("enc", Origin("responses", "openai", "o3"))
        ),
    ]
    for thought in thoughts:
        sent = {
            "role": "assistant",
            "content": "a",
            **{k: v for k, v in message(thought).items() if k.startswith("reasoning")},
        }
        (back, *_) = asked(messages=[{"role": "user", "content": "hi"}, sent]).messages[1].parts
        assert isinstance(back, Thinking)
        assert (back.text, back.redacted, back.summary, back.id, back.signature) == (
            thought.text,
            thought.redacted,
            thought.summary,
            thought.id,
            thought.signature,
        )


def test_custom_calls_are_free_text_and_functions_are_json():
    request = asked(tools=[{"type": "custom", "custom": {"name": "run"}}])
    found = message(
        ToolCall(id="a", name="run", arguments='{"input":"ls"}'), ToolCall(id="b", name="look"), request=request
    )
    assert found["tool_calls"] == [
        {"id": "a", "type": "custom", "custom": {"name": "run", "input": "ls"}},
        {"id": "b", "type": "function", "function": {"name": "look", "arguments": "{}"}},
    ]


def test_input_of_a_custom_tool_that_is_not_wrapped_is_given_as_it_is():
    request = asked(tools=[{"type": "custom", "custom": {"name": "run"}}])
    for arguments in ("ls -l", '{"input": 5}', '{"input":"a","more":1}'):
        found = message(ToolCall(id="a", name="run", arguments=arguments), request=request)
        assert found["tool_calls"][0]["custom"]["input"] == arguments


def test_a_client_of_functions_gets_one_function_call_and_a_report_of_the_others():
    request = asked(functions=[{"name": "look"}])
    response = ChatResponse(
        parts=[ToolCall(id="a", name="look"), ToolCall(id="b", name="look")], stop_reason="tool_use"
    )
    body, drops = PROTOCOL.encode_response(response, writing(request))
    assert body["choices"][0]["message"]["function_call"] == {"name": "look", "arguments": "{}"}
    assert body["choices"][0]["finish_reason"] == "function_call"
    assert [drop.kind for drop in drops] == ["dropped"]


def test_citations_cover_their_part_when_they_name_no_place():
    notes = message(Text(text="one "), Text(text="two", citations=[Citation(url="https://a.test", title="A")]))[
        "annotations"
    ]
    assert notes == [
        {
            "type": "url_citation",
            "url_citation": {"url": "https://a.test", "title": "A", "start_index": 4, "end_index": 7},
        }
    ]


def test_log_probabilities_of_all_parts_are_joined():
    parts: list[Part] = [Text(text=t, logprobs=[TokenLogprob(token=t, logprob=-1.0, bytes=[97])]) for t in "ab"]
    choice = told(ChatResponse(parts=parts, stop_reason="end"))["choices"][0]
    assert [entry["token"] for entry in choice["logprobs"]["content"]] == ["a", "b"]


def test_further_answers_are_choices():
    body = told(
        ChatResponse(
            parts=[Text(text="a")],
            stop_reason="end",
            alternatives=[Alternative(parts=[Text(text="b")], stop_reason="max_tokens")],
        )
    )
    assert [(one["index"], one["message"]["content"], one["finish_reason"]) for one in body["choices"]] == [
        (0, "a", "stop"),
        (1, "b", "length"),
    ]


def test_what_chat_cannot_show_is_reported_with_its_place():
    parts: list[Part] = [
        Opaque(kind="server_tool_use", raw={}, origin=CLAUDE),
        Media(kind="video", url="https://a.test/v"),
        Text(text="a"),
    ]
    _, drops = PROTOCOL.encode_response(ChatResponse(parts=parts, stop_reason="end", extras={"odd": 1}), writing())
    assert [(drop.kind, drop.field) for drop in drops] == [
        ("dropped", "choices[0].message.content"),
        ("dropped", "choices[0].message.content"),
        ("dropped", "odd"),
    ]


@pytest.mark.parametrize("stop", ["pause", "malformed_tool_call", "error"])
def test_a_stop_reason_without_a_word_is_reported(stop):
    _, drops = PROTOCOL.encode_response(ChatResponse(parts=[Text(text="a")], stop_reason=stop), writing())
    assert [(drop.kind, drop.field) for drop in drops] == [("approximated", "stop_reason")]


def test_every_answer_is_one_the_sdk_accepts_strictly():
    response = ChatResponse(
        parts=[
            Thinking(text="hm", signature=Signature("sig", CLAUDE)),
            Text(
                text="hey",
                citations=[Citation(url="https://a.test", title="A")],
                logprobs=[TokenLogprob(token="hey", logprob=-1.0)],
            ),
            Text(text="no", refusal=True),
            Media(kind="audio", data="QUJD", transcript="hey"),
            ToolCall(id="a", name="look", arguments="{}"),
        ],
        stop_reason="tool_use",
        usage=Usage(
            input=1, output=2, cache_read=3, cache_write=4, reasoning=1, audio_output=1, service_tier="default"
        ),
    )
    found = ChatCompletion.model_validate(told(response), strict=True)
    assert found.choices[0].message.audio is not None
    assert found.service_tier == "default"


def test_an_answer_read_and_written_says_the_same():
    response = ChatResponse(
        parts=[Thinking(text="hm"), Text(text="hey"), ToolCall(id="a", name="look", arguments='{"x": 1}')],
        stop_reason="tool_use",
        usage=Usage(input=6, output=5, cache_read=4, reasoning=0),
        id="c1",
        model="acme-1",
        created=5,
        protocol="chat",
    )
    body, drops = PROTOCOL.encode_response(response, writing())
    back = PROTOCOL.decode_response(plain(body), READING)
    assert drops == []
    assert (back.parts, back.stop_reason, back.id, back.model, back.created) == (
        response.parts,
        "tool_use",
        "c1",
        "acme-1",
        5,
    )
    assert back.usage is not None
    assert (back.usage.input, back.usage.output, back.usage.cache_read) == (6, 5, 4)
