"""Whole answers, both ways."""

import pytest
from openai.types.responses import Response
from tests.unit.protocols.responses.kit import MAKER, PIXEL, READING, call, completed, fields, message, writing

from plexus.core import json
from plexus.ir.chat import ChatResponse, Usage
from plexus.ir.errors import InvalidAnswer
from plexus.ir.parts import Citation, Media, Opaque, Origin, Signature, Text, Thinking, TokenLogprob, ToolCall
from plexus.protocols.responses import PROTOCOL

GEMINI = Origin("gemini", "google", "gemini-x")


def answer(*output, **extra):
    return PROTOCOL.decode_response(completed(*output, **extra)["response"], READING)


def written(*parts, stop="end", asked=None, **extra):
    response = ChatResponse(parts=list(parts), stop_reason=stop, **extra)
    body, drops = PROTOCOL.encode_response(response, writing(**(asked or {})))
    return json.loads(json.dumps(body)), drops


def signed(part):
    return type(part), part.signature


def test_items_become_parts_in_order():
    reasoning = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
        "encrypted_content": "gAAAA",
    }
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    response = answer(reasoning, search, message("hi", phase="final_answer"), call("f", '{"a": 1}'))
    assert response.parts == [
        Thinking(text="a\n\nb", summary=True, id="rs_1", signature=Signature("gAAAA", MAKER)),
        Opaque(kind="web_search_call", raw=search, origin=MAKER),
        Text(text="hi", extras={"phase": "final_answer"}),
        ToolCall(id="call_1", name="f", arguments='{"a": 1}'),
    ]
    assert (response.id, response.model, response.created, response.protocol) == ("resp_1", "gpt-x", 5, "responses")


def test_051_the_answer_waits_for_tools_when_a_call_is_in_it():
    assert answer(call("f", "{}"), call("f", "{}", "call_2")).stop_reason == "tool_use"


@pytest.mark.parametrize(
    ("extra", "stop"),
    [
        ({}, "end"),
        ({"status": "complete"}, "end"),
        ({"status": None}, "end"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "max_tokens"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        ({"status": "incomplete"}, "max_tokens"),
        ({"status": "cancelled"}, "error"),
        ({"status": "queued"}, None),
    ],
)
def test_198_the_status_tells_why_it_ended(extra, stop):
    assert answer(message("hi"), **extra).stop_reason == stop


def test_052_usage_is_read_whatever_the_status():
    response = answer(status="incomplete", usage={"input_tokens": 3, "output_tokens": 2})
    assert response.usage is not None
    assert (response.usage.input, response.usage.output) == (3, 2)


def test_199_hosted_tools_are_no_calls_of_the_client():
    response = answer({"type": "mcp_call", "id": "m", "name": "f", "arguments": "{}", "server_label": "s"})
    assert [type(part) for part in response.parts] == [Opaque]
    assert response.stop_reason == "end"


def test_annotations_and_log_probabilities_are_kept():
    note = {"type": "url_citation", "url": "https://a.test", "title": "A", "start_index": 0, "end_index": 2}
    logprob = {"token": "hi", "logprob": -0.5, "bytes": [104], "top_logprobs": [{"token": "ho", "logprob": -1.0}]}
    content = [{"type": "output_text", "text": "hi", "annotations": [note], "logprobs": [logprob]}]
    (text,) = answer({**message(""), "content": content}).parts
    assert isinstance(text, Text)
    assert text.citations == [Citation(url="https://a.test", title="A", start=0, end=2, raw=note)]
    assert text.logprobs == [
        TokenLogprob(token="hi", logprob=-0.5, bytes=[104], top=[TokenLogprob(token="ho", logprob=-1.0)])
    ]


def test_a_generated_image_is_media():
    item = {
        "type": "image_generation_call",
        "id": "ig_1",
        "status": "completed",
        "result": PIXEL,
        "output_format": "webp",
    }
    (media,) = answer(item).parts
    assert isinstance(media, Media)
    assert (media.kind, media.mime, media.data) == ("image", "image/webp", PIXEL)
    assert written(media)[0]["output"] == [item]


def test_043_bodies_that_are_no_answers_are_refused_and_odd_ones_read():
    with pytest.raises(InvalidAnswer):
        PROTOCOL.decode_response({"object": "response"}, READING)
    odd = {"output": [None, {"type": "message", "content": None}, {"type": "message", "content": "plain"}, {}]}
    texts = [part.text for part in PROTOCOL.decode_response(odd, READING).parts if isinstance(part, Text)]
    assert texts == ["plain"]


def test_060_a_written_answer_has_all_fields_the_sdk_demands():
    body, drops = written(
        Thinking(text="hm", signature=Signature("sig", GEMINI)),
        Text(text="hi"),
        ToolCall(id="c", name="f", arguments="{}"),
        usage=Usage(input=3, output=2),
        asked={
            "tools": [{"type": "function", "name": "f", "parameters": {}}, {"type": "web_search"}],
            "reasoning": {"effort": "low"},
            "instructions": "Be brief.",
            "metadata": {"a": "b"},
        },
    )
    assert not drops
    typed = Response.model_validate(body)
    assert (typed.object, typed.status, typed.error, typed.incomplete_details) == ("response", "completed", None, None)
    assert typed.usage is not None
    assert typed.usage.total_tokens == 5
    assert (typed.output_text, typed.instructions, typed.metadata) == ("hi", "Be brief.", {"a": "b"})
    assert (body["created_at"], body["tools"][0]["strict"], body["store"]) == (1_700_000_000, None, False)


def test_048_the_output_holds_everything_and_ids_are_made_from_the_seed():
    parts = [Text(text="a"), ToolCall(id="c1", name="f"), Text(text="b"), ToolCall(id="c2", name="g", arguments="{}")]
    body, _ = written(*parts)
    assert [item["type"] for item in body["output"]] == ["message", "function_call", "message", "function_call"]
    ids = [item["id"] for item in body["output"]]
    assert len(set(ids)) == 4
    assert written(*parts)[0] == body
    assert body["id"].startswith("resp_")


def test_texts_in_a_row_share_a_message_and_a_phase_begins_one():
    body, _ = written(Text(text="a"), Text(text="b", refusal=True), Text(text="c", extras={"phase": "final_answer"}))
    first, second = body["output"]
    assert [part["type"] for part in first["content"]] == ["output_text", "refusal"]
    assert second["phase"] == "final_answer"


def test_an_answer_of_the_same_protocol_keeps_its_ids():
    body, _ = written(Thinking(text="x", summary=True, id="rs_9"), id="resp_9", model="gpt-y", created=9)
    assert (body["id"], body["model"], body["created_at"], body["output"][0]["id"]) == ("resp_9", "gpt-y", 9, "rs_9")


def test_the_same_reasoning_id_is_not_given_twice():
    thought = Thinking(text="x", summary=True, id="rs_9")
    first, second = written(thought, thought)[0]["output"]
    assert first["id"] != second["id"]


@pytest.mark.parametrize(
    ("stop", "status", "reason"),
    [
        ("end", "completed", None),
        ("stop_sequence", "completed", None),
        ("tool_use", "completed", None),
        ("refusal", "incomplete", {"reason": "content_filter"}),
        ("max_tokens", "incomplete", {"reason": "max_output_tokens"}),
        ("context_window", "incomplete", {"reason": "max_output_tokens"}),
        ("content_filter", "incomplete", {"reason": "content_filter"}),
        ("malformed_tool_call", "failed", None),
    ],
)
def test_017_each_stop_reason_has_its_status(stop, status, reason):
    body, _ = written(Text(text="a"), stop=stop)
    assert (body["status"], body["incomplete_details"]) == (status, reason)
    Response.model_validate(body)


def test_019_a_refusal_that_a_part_tells_is_a_completed_answer():
    body, drops = written(Text(text="No.", refusal=True), stop="refusal")
    assert (body["status"], body["incomplete_details"]) == ("completed", None)
    assert drops == []


def test_a_foreign_signature_crosses_wrapped_and_comes_back():
    body, _ = written(Thinking(text="hm", signature=Signature("sig", GEMINI)))
    item = body["output"][0]
    assert item["encrypted_content"].startswith("plexusv1")
    (thought,) = PROTOCOL.decode_request({"input": [item]}, "m", False).messages[0].parts
    assert isinstance(thought, Thinking)
    assert (thought.text, thought.signature) == ("hm", Signature("sig", GEMINI))


def test_107_108_signatures_of_calls_and_texts_are_carried_and_come_back_to_their_parts():
    parts = [
        Text(text="a", signature=Signature("s1", GEMINI)),
        ToolCall(id="c1", name="f", arguments="{}", signature=Signature("s2", GEMINI)),
        ToolCall(id="c2", name="f", arguments="{}"),
        Text(text="", signature=Signature("s3", GEMINI)),
    ]
    body, _ = written(*parts)
    kinds = [item["type"] for item in body["output"]]
    assert kinds == ["message", "reasoning", "function_call", "reasoning", "function_call", "reasoning"]
    Response.model_validate(body)
    back = PROTOCOL.decode_request({"input": body["output"]}, "m", False).messages[0].parts
    assert [signed(part) for part in back] == [signed(part) for part in parts]


def test_redacted_thinking_of_another_maker_stays_thinking():
    redacted = Thinking(redacted=True, signature=Signature("data", Origin("messages", "anthropic", "claude")))
    body, _ = written(redacted, ToolCall(id="c", name="f", arguments="{}"))
    back = PROTOCOL.decode_request({"input": body["output"]}, "m", False).messages[0].parts
    assert [type(part) for part in back] == [Thinking, ToolCall]
    assert signed(back[1]) == (ToolCall, None)


def test_a_free_form_tool_called_as_a_function_gets_its_text():
    asked = {"tools": [{"type": "custom", "name": "apply_patch"}]}
    for arguments, text in (
        ('{"input": "*** Begin"}', "*** Begin"),
        ("not json", "not json"),
        ('{"a": 1}', '{"a": 1}'),
    ):
        (item,) = written(ToolCall(id="c", name="apply_patch", arguments=arguments), asked=asked)[0]["output"]
        assert (item["type"], item["input"]) == ("custom_tool_call", text)


def test_a_call_of_a_namespaced_function_is_told_as_the_client_defined_it():
    group = {"type": "namespace", "name": "crm", "description": "", "tools": [{"type": "function", "name": "find"}]}
    (item,) = written(ToolCall(id="c", name="crm__find", arguments="{}"), asked={"tools": [group]})[0]["output"]
    assert (item["name"], item["namespace"]) == ("find", "crm")


def test_what_has_no_place_is_reported():
    body, drops = written(
        Opaque(kind="server_tool_use", raw={}, origin=Origin("messages")),
        Media(kind="audio", mime="audio/wav", data="AAAA"),
        Text(text="a", citations=[Citation(kind="document", title="d")]),
        extras={"system_fingerprint": "x"},
    )
    assert [item["type"] for item in body["output"]] == ["message"]
    assert set(fields(drops)) == {
        ("dropped", "parts[0]"),
        ("dropped", "parts[1]"),
        ("dropped", "parts[2].citations"),
        ("dropped", "system_fingerprint"),
    }


def test_fields_of_the_upstreams_answer_that_say_something_go_back():
    response = answer(message("hi"), conversation={"id": "conv_1"}, billing={"payer": "x"}, tool_usage={"n": {"m": 0}})
    assert response.extras == {"conversation": {"id": "conv_1"}}
    body, drops = PROTOCOL.encode_response(response, writing())
    assert body["conversation"] == {"id": "conv_1"}
    assert drops == []


def test_reading_what_was_written_is_the_identity():
    parts = [
        Thinking(text="a", summary=True, id="rs_1", signature=Signature("gAAAA", MAKER)),
        Text(text="b", extras={"phase": "commentary"}),
        Text(text="no", refusal=True),
        ToolCall(id="c", name="f", arguments='{"a": 1}'),
    ]
    usage = Usage(input=3, output=2, cache_read=1, cache_write=0, reasoning=1)
    body, _ = written(*parts, stop="tool_use", usage=usage, id="resp_1")
    back = PROTOCOL.decode_response(body, READING)
    assert back.parts == parts
    assert back.stop_reason == "tool_use"
    assert back.usage is not None
    assert (back.usage.input, back.usage.output, back.usage.cache_read, back.usage.reasoning) == (3, 2, 1, 1)


@pytest.mark.parametrize("created", [10**400, -1, float("nan"), 10.0**30, "5", True])
def test_a_time_that_is_none_is_not_told(created):
    assert answer(created_at=created).created == 0


def test_a_source_of_an_unheard_kind_is_told_by_its_address():
    body, _ = written(Text(text="a", citations=[Citation(url="https://e.com", raw={"type": ["x"]})]))
    assert body["output"][0]["content"][0]["annotations"][0]["url"] == "https://e.com"
