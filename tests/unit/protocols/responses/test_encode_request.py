"""Requests for a responses target: put back for its own clients, translated for others."""

import pytest
from tests.unit.protocols.responses.kit import (
    PIXEL,
    again,
    assistant,
    fields,
    foreign,
    lost,
    read,
    sealed,
    sent,
    target,
    user,
)

from plexus.ir.chat import Message, OutputFormat, Reasoning, Sampling, Tool
from plexus.ir.drops import Drop
from plexus.ir.ownership import own_state
from plexus.ir.parts import CacheMark, Citation, Media, Opaque, Origin, Signature, Text, Thinking, ToolCall, ToolResult
from plexus.ir.target import Dialect, ModelProfile, ReasoningProfile

ROUND = [
    {"type": "message", "role": "developer", "id": "msg_0", "content": [{"type": "input_text", "text": "Be brief."}]},
    {
        "type": "message",
        "role": "user",
        "id": "msg_1",
        "content": [
            {"type": "input_text", "text": "hi", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}},
            {"type": "input_image", "detail": "low", "image_url": f"data:image/png;base64,{PIXEL}"},
            {"type": "input_file", "filename": "a.txt", "file_data": "data:text/plain;base64,aGk="},
            {"type": "input_hologram", "x": 1},
        ],
    },
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
        "encrypted_content": "gAAAA",
    },
    {
        "type": "message",
        "role": "assistant",
        "id": "msg_2",
        "phase": "commentary",
        "content": [
            {"type": "output_text", "text": "x", "annotations": [{"type": "file_path", "file_id": "f", "index": 1}]},
            {"type": "refusal", "refusal": "no"},
        ],
    },
    {"type": "message", "role": "assistant", "id": "msg_3", "content": [{"type": "output_text", "text": "y"}]},
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
    {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": PIXEL, "output_format": "png"},
    {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": '{"a": 1}'},
    {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_2", "name": "c", "input": "raw"},
    {"type": "function_call_output", "id": "fco_1", "call_id": "call_1", "output": "one"},
    {"type": "custom_tool_call_output", "call_id": "call_2", "output": "two"},
    {"type": "item_reference", "id": "msg_9"},
    {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "open"}]},
]


def test_the_round_through_the_hub_is_the_identity():
    assert again(input=ROUND)["input"] == ROUND


def test_settings_go_there_and_back():
    body = {
        "instructions": "Be brief.",
        "reasoning": {"effort": "high", "summary": "auto", "context": "all_turns"},
        "text": {"verbosity": "low", "format": {"type": "json_schema", "name": "o", "schema": {"type": "object"}}},
        "include": ["web_search_call.results", "reasoning.encrypted_content", "message.output_text.logprobs"],
        "store": True,
        "truncation": "auto",
        "max_output_tokens": 5,
        "client_metadata": {"a": "b"},
    }
    back = again(**body)
    assert {name: back[name] for name in body} == body


def test_066_only_the_fields_a_target_refuses_are_left_out():
    request = read(truncation="auto", safety_identifier="s", store=False)
    refusing = target(dialect=Dialect(refused=frozenset({"truncation"})))
    body = sent(request, refusing)
    assert "truncation" not in body
    assert (body["safety_identifier"], body["store"]) == ("s", False)
    assert fields(lost(request, refusing)) == [("dropped", "truncation")]


def test_054_items_that_are_no_messages_have_no_role():
    request = foreign(assistant(ToolCall(id="c", name="f", arguments="{}")), user(ToolResult(call_id="c", parts=[])))
    assert all("role" not in item for item in sent(request)["input"])


def test_055_ids_of_calls_in_the_place_of_item_ids_are_removed():
    item = {"type": "function_call", "id": "call_1", "call_id": "call_1|fc_9", "name": "f", "arguments": "{}"}
    result = {"type": "function_call_output", "id": "call_1", "call_id": "call_1|fc_9", "output": "x"}
    called, answered = again(input=[item, result])["input"]
    assert "id" not in called
    assert "id" not in answered
    assert (called["call_id"], answered["call_id"]) == ("call_1", "call_1")


def test_056_long_call_ids_are_shortened_alike_on_call_and_result_and_stay_unique():
    one, two = "x" * 80 + "1", "x" * 80 + "2"
    request = foreign(
        assistant(ToolCall(id=one, name="f", arguments="{}"), ToolCall(id=two, name="f", arguments="{}")),
        user(ToolResult(call_id=two, parts=[Text(text="2")]), ToolResult(call_id=one, parts=[Text(text="1")])),
    )
    first, second, third, fourth = (item["call_id"] for item in sent(request)["input"])
    assert (first, second) == (fourth, third)
    assert first != second
    assert len(first) == 64


def test_059_a_sealed_reasoning_item_loses_its_plain_content_and_keeps_what_follows():
    items = [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [],
            "content": [{"type": "reasoning_text", "text": "open"}],
            "encrypted_content": "gAAAA",
        },
        {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"},
    ]
    request = read(input=items)
    assert sent(request)["input"] == [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"},
        items[1],
    ]
    assert fields(lost(request)) == [("dropped", "messages[0].parts[0].text")]


def test_053_results_are_strings_and_lists_only_when_they_hold_more_than_text():
    image = Media(kind="image", mime="image/png", data=PIXEL)
    request = foreign(
        user(
            ToolResult(call_id="a", parts=[Text(text="one"), Text(text="two")]),
            ToolResult(call_id="b", parts=[Text(text='{"a":1}')], structured=True),
            ToolResult(call_id="c", parts=[Text(text="see"), image]),
            ToolResult(call_id="d", parts=[]),
        )
    )
    assert [item["output"] for item in sent(request)["input"]] == [
        "one\ntwo",
        '{"a":1}',
        [
            {"type": "input_text", "text": "see"},
            {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PIXEL}"},
        ],
        "",
    ]


def test_091_an_image_of_a_result_is_never_text():
    image = Media(kind="image", mime="image/png", data=PIXEL)
    (item,) = sent(foreign(user(ToolResult(call_id="c", parts=[image]))))["input"]
    assert item["output"][0]["type"] == "input_image"


def test_095_thinking_never_becomes_visible_text():
    request = foreign(assistant(Thinking(text="secret"), "said"))
    body = sent(request)
    assert body["input"] == [
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "said"}]}
    ]
    assert fields(lost(request)) == [("dropped", "messages[0].parts[0]")]


def test_083_thinking_comes_back_to_its_maker_and_to_nobody_else():
    own, other = Signature("gAAAA", target().origin), Signature("sig", Origin("messages", "anthropic", "claude"))
    request = foreign(assistant(Thinking(text="a", summary=True, signature=own), Thinking(text="b", signature=other)))
    request, _ = own_state(request, target(), lambda _: None, alone=False)
    assert sent(request)["input"] == [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "a"}], "encrypted_content": "gAAAA"}
    ]


def test_202_system_text_reaches_the_target_as_text_at_its_place():
    request = foreign(
        Message(role="system", parts=[Text(text="a"), Text(text="b")]),
        user("hi"),
        Message(role="developer", parts=[Text(text="c")]),
    )
    assert [(item["role"], [part["text"] for part in item["content"]]) for item in sent(request)["input"]] == [
        ("system", ["a", "b"]),
        ("user", ["hi"]),
        ("developer", ["c"]),
    ]


def test_204_documents_and_images_arrive_with_their_bytes_and_an_empty_one_is_never_sent():
    request = foreign(
        user(
            Media(kind="image", mime="image/png", data=PIXEL),
            Media(kind="image", data="/9j/4AAQ"),
            Media(kind="document", mime="application/pdf", data="JVBERi0=", name="a.pdf"),
            Media(kind="document", url="https://a.test/a.pdf"),
            Media(kind="document", text="plain", name="n"),
            Media(kind="document", mime="text/csv", data="YSxi"),
            Media(kind="audio", mime="audio/mpeg", data="AAAA"),
            Media(kind="image"),
            Media(kind="image", url="gs://bucket/a.png"),
            Media(kind="video", mime="video/mp4", data="AAAA"),
        )
    )
    (item,) = sent(request)["input"]
    assert item["content"] == [
        {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PIXEL}"},
        {"type": "input_image", "detail": "auto", "image_url": "data:image/jpeg;base64,/9j/4AAQ"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
        {"type": "input_file", "file_url": "https://a.test/a.pdf"},
        {"type": "input_text", "text": "plain"},
        {"type": "input_text", "text": "a,b"},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
    ]
    assert [field for kind, field in fields(lost(request)) if kind == "dropped"] == [
        "messages[0].parts[7]",
        "messages[0].parts[8]",
        "messages[0].parts[9]",
    ]


def test_an_image_the_model_made_is_shown_to_it_as_input():
    request = foreign(assistant("here", Media(kind="image", mime="image/png", data=PIXEL), "done"))
    assert [item["role"] for item in sent(request)["input"]] == ["assistant", "user", "assistant"]
    assert fields(lost(request)) == [("approximated", "messages[0].parts[1]")]


def test_106_markers_of_other_protocols_are_left_out_and_reported():
    part = Text(text="hi", cache=CacheMark("1h"), extras={"cachePoint": {}})
    opaque = Opaque(kind="server_tool_use", raw={"type": "server_tool_use"}, origin=Origin("messages"))
    request = foreign(user(part), assistant(opaque), extras={"context_management": {}, "store": True})
    body = sent(request)
    assert body["input"] == [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}]
    assert body["store"] is True
    assert set(fields(lost(request))) == {
        ("dropped", "messages[0].parts[0].cachePoint"),
        ("dropped", "messages[0].parts[0].cache"),
        ("dropped", "messages[1].parts[0]"),
        ("dropped", "context_management"),
    }


def test_cache_marks_are_sent_where_they_are_understood():
    marked = target(dialect=Dialect(cache_marks=True))
    (item,) = sent(foreign(user(Text(text="hi", cache=CacheMark("1h")))), marked)["input"]
    assert item["content"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


def test_citations_of_the_history_are_annotations_where_they_can_be():
    cited = Text(
        text="a", citations=[Citation(url="https://a.test", title="A", start=0, end=1), Citation(kind="document")]
    )
    request = foreign(assistant(cited))
    assert sent(request)["input"][0]["content"][0]["annotations"] == [
        {"type": "url_citation", "url": "https://a.test", "title": "A", "start_index": 0, "end_index": 1}
    ]
    assert fields(lost(request)) == [("dropped", "messages[0].parts[0].citations")]


def test_a_translated_client_did_not_ask_for_storage():
    assert sent(foreign(user("hi")))["store"] is False


def test_the_state_of_the_reasoning_is_asked_for_when_the_target_reasons():
    thinks = target(ModelProfile(reasoning=ReasoningProfile(style="effort")))
    assert sent(foreign(user("hi")), thinks)["include"] == ["reasoning.encrypted_content"]
    assert "include" not in sent(foreign(user("hi")))
    assert "include" in sent(foreign(user("hi"), reasoning=Reasoning(effort="low")))
    assert "include" in sent(foreign(assistant(Thinking(signature=sealed())), user("hi")))
    assert "include" not in sent(foreign(user("hi"), extras={"store": True}), thinks)
    plain = target(ModelProfile(reasoning=ReasoningProfile(style="none")))
    assert "include" not in sent(foreign(user("hi"), reasoning=Reasoning(effort="low")), plain)


@pytest.mark.parametrize(
    ("said", "efforts", "wanted"),
    [
        (Reasoning(effort="max"), (), {"effort": "max"}),
        (Reasoning(effort="max"), ("low", "medium", "high", "xhigh", "max"), {"effort": "max"}),
        (Reasoning(effort="max"), ("low", "medium", "high"), {"effort": "high"}),
        (Reasoning(effort="minimal"), ("low", "medium", "high"), {"effort": "low"}),
        (Reasoning(mode="on", budget=1024), (), {"effort": "minimal", "summary": "auto"}),
        (Reasoning(mode="on", budget=4000), (), {"effort": "low", "summary": "auto"}),
        (Reasoning(mode="on", budget=10000), (), {"effort": "medium", "summary": "auto"}),
        (Reasoning(mode="on", budget=50000), (), {"effort": "high", "summary": "auto"}),
        (Reasoning(mode="on", budget=1024), ("low", "medium"), {"effort": "low", "summary": "auto"}),
        (Reasoning(mode="adaptive"), (), {"effort": "medium", "summary": "auto"}),
        (Reasoning(mode="on", effort="high", show="omitted"), (), {"effort": "high"}),
        (Reasoning(effort="high", show="detailed"), (), {"effort": "high", "summary": "detailed"}),
        (Reasoning(effort="high", show="summarized"), (), {"effort": "high", "summary": "auto"}),
        (Reasoning(mode="off"), ("none", "low"), {"effort": "none"}),
        (Reasoning(mode="off"), ("minimal", "low"), {"effort": "minimal"}),
        (Reasoning(mode="off", effort="none"), (), {"effort": "none"}),
    ],
)
def test_103_thinking_is_measured_in_efforts_and_not_downgraded_without_need(said, efforts, wanted):
    there = target(ModelProfile(reasoning=ReasoningProfile(efforts=efforts)))
    assert sent(foreign(user("hi"), reasoning=said), there)["reasoning"] == wanted


def test_thinking_that_is_off_is_not_said_to_a_model_nobody_knows_but_reported():
    request = foreign(user("hi"), reasoning=Reasoning(mode="off"))
    assert "reasoning" not in sent(request)
    assert fields(lost(request)) == [("approximated", "reasoning")]


def test_082_sampling_a_model_refuses_is_left_out_and_reported():
    request = foreign(user("hi"), sampling=Sampling(temperature=0.5, top_p=0.5))
    always = target(ModelProfile(refuses_sampling=True))
    assert "temperature" not in sent(request, always)
    assert fields(lost(request, always)) == [("dropped", "sampling.temperature"), ("dropped", "sampling.top_p")]
    thinking = target(
        ModelProfile(reasoning=ReasoningProfile(style="effort", efforts=("none", "low"), refuses_sampling=True))
    )
    assert "top_p" not in sent(request, thinking)
    request.reasoning = Reasoning(mode="off")
    assert sent(request, thinking)["top_p"] == 0.5


def test_206_settings_arrive_where_the_target_has_them():
    request = foreign(
        user("hi"),
        tools=[Tool(name="f")],
        max_tokens=100,
        sampling=Sampling(temperature=0, top_p=0.5, logprobs=True, top_logprobs=3),
        parallel_tool_calls=False,
        output=OutputFormat(kind="schema", name="my out", schema={"type": "OBJECT"}, strict=True),
        verbosity="low",
        service_tier="standard_only",
        user="u",
        metadata={"a": "b"},
        cache_key="k",
    )
    body = sent(request)
    assert (body["max_output_tokens"], body["temperature"], body["top_p"], body["top_logprobs"]) == (100, 0, 0.5, 3)
    assert body["include"] == ["message.output_text.logprobs"]
    assert body["parallel_tool_calls"] is False
    form = body["text"]["format"]
    assert (form["schema"], form["strict"], body["text"]["verbosity"]) == ({"type": "object"}, True, "low")
    assert form["name"].startswith("my_out_")
    assert (body["service_tier"], body["user"], body["metadata"], body["prompt_cache_key"]) == (
        "default",
        "u",
        {"a": "b"},
        "k",
    )
    assert lost(request) == []


def test_what_the_protocol_does_not_have_is_reported():
    request = foreign(
        user("hi"),
        stop=["x"],
        sampling=Sampling(top_k=3, seed=0, presence_penalty=0.1, n=2, logit_bias={"1": 1.0}),
        service_tier="batch",
        cache=CacheMark(),
        modalities=["text", "audio"],
        max_tokens=3,
        parallel_tool_calls=True,
    )
    assert set(fields(lost(request))) == {
        ("dropped", "stop"),
        ("dropped", "sampling.top_k"),
        ("dropped", "sampling.seed"),
        ("dropped", "sampling.presence_penalty"),
        ("dropped", "sampling.n"),
        ("dropped", "sampling.logit_bias"),
        ("dropped", "service_tier"),
        ("dropped", "cache"),
        ("dropped", "modalities"),
        ("clamped", "max_tokens"),
        ("dropped", "parallel_tool_calls"),
    }
    assert sent(request)["max_output_tokens"] == 16


def test_json_mode_stands_in_for_a_schema_where_there_is_none():
    request = foreign(user("hi"), output=OutputFormat(kind="schema", name="o", schema={}))
    there = target(dialect=Dialect(json_schema=False))
    assert sent(request, there)["text"] == {"format": {"type": "json_object"}}
    assert lost(request, there) == [Drop("approximated", "output.schema", "the target only has JSON mode")]


def test_100_a_long_user_id_is_hashed_the_same_way_every_time():
    request = foreign(user("hi"), user="x" * 100)
    assert len(sent(request)["user"]) == 64
    assert sent(request)["user"] == sent(request)["user"]
    assert fields(lost(request)) == [("repaired", "user")]


def test_070_a_call_without_arguments_gets_the_empty_object():
    (item,) = sent(foreign(assistant(ToolCall(id="c", name="f"))))["input"]
    assert item["arguments"] == "{}"


def test_results_of_free_form_calls_follow_their_call():
    request = foreign(
        assistant(ToolCall(id="c", name="x", arguments="raw", custom=True)), user(ToolResult(call_id="c", parts=[]))
    )
    assert [item["type"] for item in sent(request)["input"]] == ["custom_tool_call", "custom_tool_call_output"]


def test_099_the_billing_header_of_anthropic_clients_is_removed():
    header = Text(text="x-anthropic-billing-header: cc_version=2; cch=1;")
    request = foreign(Message(role="system", parts=[header, Text(text="s")]), user("hi"))
    assert sent(request)["input"][0]["content"] == [{"type": "input_text", "text": "s"}]
    assert ("dropped", "messages[0].parts[0]") in fields(lost(request))
    alone = foreign(Message(role="system", parts=[header]), user("hi"))
    assert [item["role"] for item in sent(alone)["input"]] == ["user"]
    said = foreign(user(header))
    assert sent(said)["input"][0]["content"][0]["text"] == header.text


@pytest.mark.parametrize("kind", ["image", "document", "audio", "video"])
def test_a_file_uploaded_elsewhere_is_not_sent(kind):
    request = foreign(user(Media(kind=kind, file_id="https://files.example/abc"), "look"))
    assert sent(request)["input"][0]["content"] == [{"type": "input_text", "text": "look"}]
    assert ("dropped", "messages[0].parts[0]") in fields(lost(request))


def test_a_file_at_openai_that_a_chat_client_names_is_the_same_here():
    request = foreign(user(Media(kind="document", file_id="file-1")))
    assert sent(request)["input"][0]["content"] == [{"type": "input_file", "file_id": "file-1"}]
