from copy import deepcopy

import pytest
from tests.unit.protocols.gemini.wire import ORIGIN, asked, model, rendered, target, through, user

from plexus.ir.chat import Message, OutputFormat, Sampling, Tool, ToolChoice
from plexus.ir.parts import CacheMark, Citation, Media, Opaque, Origin, Signature, Text, Thinking, ToolCall, ToolResult
from plexus.ir.target import Dialect, ModelProfile, Target
from plexus.protocols.gemini import PROTOCOL

GO = Text(text="go")


def contents(*messages, to=None, **fields):
    return rendered(asked(*messages, **fields), to)[0]["contents"]


def result(call_id, *parts, **fields):
    return ToolResult(call_id=call_id, parts=list(parts), **fields)


def test_every_field_of_the_request_comes_back_through_the_hub():
    def merged(one, two):
        both = dict(one)
        for key, value in two.items():
            both[key] = (
                merged(both[key], value) if isinstance(value, dict) and isinstance(both.get(key), dict) else value
            )
        return both

    for field in PROTOCOL.fields:
        body = merged(PROTOCOL.minimal, field.patch)
        assert through(body) == body, field.path


def test_202_system_and_developer_messages_share_the_system_slot_in_order_as_text():
    request = asked(
        Message(role="system", parts=[Text(text="a"), Text(text="b")]),
        user(Text(text="hi")),
        Message(role="developer", parts=[Text(text='{"c": 1}')]),
    )
    body, drops = rendered(request)
    assert body["systemInstruction"] == {"parts": [{"text": "a"}, {"text": "b"}, {"text": '{"c": 1}'}]}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "hi"}]}]
    assert [(drop.kind, drop.field) for drop in drops] == [("approximated", "messages[2]")]


def test_adjacent_turns_of_one_role_become_one():
    said = contents(user(Text(text="a")), user(Text(text="b")), model(Text(text="c")), model(Text(text="d")))
    assert said == [
        {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]},
        {"role": "model", "parts": [{"text": "c"}, {"text": "d"}]},
    ]


def test_gemini_clients_keep_their_turns_apart():
    body = {"contents": [{"role": "user", "parts": [{"text": "a"}]}, {"role": "user", "parts": [{"text": "b"}]}]}
    assert through(body) == body


def test_empty_texts_are_left_out_and_the_turns_around_an_empty_one_join():
    said = contents(user(Text(text=""), Text(text="a")), model(Text(text="")), user(Text(text="b")))
    assert said == [{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}]


def test_110_a_result_out_of_order_names_its_own_call():
    said = contents(
        user(GO),
        model(ToolCall(id="1", name="f"), ToolCall(id="2", name="g")),
        user(result("2", Text(text="two"))),
        user(result("1", Text(text="one"))),
    )
    names = [part["functionResponse"]["name"] for part in said[2]["parts"]]
    assert names == ["f", "g"]
    assert [part["functionResponse"]["response"] for part in said[2]["parts"]] == [{"output": "one"}, {"output": "two"}]


def test_207_parallel_results_stand_together_right_after_their_calls_and_before_text():
    said = contents(
        user(GO),
        model(ToolCall(id="1", name="f"), ToolCall(id="2", name="f")),
        user(result("1", Text(text="a")), Text(text="and now?")),
        user(result("2", Text(text="b"))),
    )
    assert [list(part) for part in said[2]["parts"]] == [["functionResponse"], ["functionResponse"], ["text"]]
    assert [part["functionResponse"]["id"] for part in said[2]["parts"][:2]] == ["1", "2"]


def test_117_no_text_is_invented_on_a_turn_of_calls():
    said = contents(user(GO), model(ToolCall(id="1", name="f", arguments="{}")), user(result("1", Text(text="a"))))
    assert said[1]["parts"] == [{"functionCall": {"name": "f", "args": {}, "id": "1"}}]


def test_ids_made_up_here_are_not_told_and_a_dialect_can_refuse_all_ids():
    body = {
        "contents": [
            {"role": "user", "parts": [{"text": "go"}]},
            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": "a"}}}]},
        ]
    }
    assert through(body) == body
    refusing = target(dialect=Dialect(refused=frozenset({"functionCall.id"})))
    said = contents(user(GO), model(ToolCall(id="1", name="f")), user(result("1", Text(text="a"))), to=refusing)
    assert "id" not in said[1]["parts"][0]["functionCall"]
    assert "id" not in said[2]["parts"][0]["functionResponse"]


@pytest.mark.parametrize(
    ("part", "response"),
    [
        (result("1", Text(text="plain")), {"output": "plain"}),
        (result("1", Text(text='{"t": 20}')), {"t": 20}),
        (result("1", Text(text='{"t": 20}'), structured=True), {"t": 20}),
        (result("1", Text(text="[1]")), {"output": "[1]"}),
        (result("1", Text(text="{broken")), {"output": "{broken"}),
        (result("1", Text(text="boom"), is_error=True), {"error": "boom"}),
        (result("1", Text(text='{"c": 1}'), is_error=True), {"error": {"c": 1}}),
        (result("1", Text(text="a"), Text(text="b")), {"output": "a\nb"}),
        (result("1"), {"output": ""}),
    ],
)
def test_203_a_result_is_an_object_once_and_never_json_in_a_string(part, response):
    said = contents(user(GO), model(ToolCall(id="1", name="f")), user(part))
    assert said[2]["parts"][0]["functionResponse"]["response"] == response


def test_a_gemini_clients_output_that_is_json_text_stays_text():
    body = {
        "contents": [
            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}, "id": "1"}}]},
            {
                "role": "user",
                "parts": [{"functionResponse": {"name": "f", "id": "1", "response": {"output": '{"a":1}'}}}],
            },
        ]
    }
    assert through(body) == body


IMAGE = Media(kind="image", mime="image/png", data="iVBOR")


def test_116_an_image_in_a_result_stands_inside_it_for_gemini_3_and_behind_it_before():
    said = asked(
        user(GO), model(ToolCall(id="1", name="f")), user(result("1", Text(text="see"), IMAGE), Text(text="so?"))
    )
    inline = {"inlineData": {"mimeType": "image/png", "data": "iVBOR"}}
    body, drops = rendered(said, target("level"))
    assert body["contents"][2]["parts"][0]["functionResponse"]["parts"] == [inline]
    assert not drops
    body, drops = rendered(said, target("budget"))
    assert "parts" not in body["contents"][2]["parts"][0]["functionResponse"]
    assert body["contents"][2]["parts"][1:] == [inline, {"text": "so?"}]
    assert [drop.kind for drop in drops] == ["approximated"]


def test_109_the_validators_word_is_used_only_without_a_real_signature_and_only_for_gemini_3():
    real = Signature("c2ln", ORIGIN)
    turns = (user(GO), model(ToolCall(id="1", name="f"), ToolCall(id="2", name="f")), user(result("1"), result("2")))
    [first, second] = contents(*turns, to=target("level"))[1]["parts"]
    assert first["thoughtSignature"] == "skip_thought_signature_validator"
    assert "thoughtSignature" not in second
    assert "thoughtSignature" not in contents(*turns, to=target("budget"))[1]["parts"][0]
    signed = (
        user(GO),
        model(ToolCall(id="1", name="f", signature=real), ToolCall(id="2", name="f")),
        user(result("1")),
    )
    [first, second] = contents(*signed, to=target("level"))[1]["parts"]
    assert first["thoughtSignature"] == "c2ln"
    assert "thoughtSignature" not in second


def test_107_signatures_come_back_at_the_same_part():
    body = {
        "contents": [
            {"role": "user", "parts": [{"text": "hi"}]},
            {
                "role": "model",
                "parts": [
                    {"text": "hm", "thought": True, "thoughtSignature": "c2lnMQ=="},
                    {"text": "so", "thoughtSignature": "c2lnMg=="},
                    {"text": "", "thoughtSignature": "c2lnMw=="},
                    {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "c2lnNA=="},
                ],
            },
        ]
    }
    assert through(body) == body
    assert through(body, target("level")) == body


def test_a_signature_another_protocols_model_made_never_reaches_gemini():
    foreign = Signature("x", Origin("messages", "anthropic", "claude"))
    said = contents(
        user(GO), model(Thinking(text="hm", signature=foreign), Thinking(signature=foreign), Text(text="a"))
    )
    assert said[1]["parts"] == [{"text": "hm", "thought": True}, {"text": "a"}]


def test_arguments_are_the_models_own_text():
    exact = '{"b": 1.50, "a": [ ], "b": 2}'
    request = asked(user(GO), model(ToolCall(id="1", name="f", arguments=exact)))
    args = PROTOCOL.encode_request(request, target()).body["contents"][1]["parts"][0]["functionCall"]["args"]
    assert bytes(args) == exact.encode()


@pytest.mark.parametrize(
    ("arguments", "args", "kinds"),
    [
        ("", {}, []),
        ("null", {}, ["repaired"]),
        ("[1]", {"input": [1]}, ["repaired"]),
        ("{cut", {"input": "{cut"}, ["repaired"]),
    ],
)
def test_arguments_that_are_no_object_are_put_right_and_reported(arguments, args, kinds):
    body, drops = rendered(asked(user(GO), model(ToolCall(id="1", name="f", arguments=arguments))))
    assert body["contents"][1]["parts"][0]["functionCall"]["args"] == args
    assert [drop.kind for drop in drops] == kinds


def test_a_free_form_tool_becomes_a_function_with_one_string():
    body, drops = rendered(
        asked(
            user(GO),
            model(ToolCall(id="1", name="patch", arguments="*** Begin", custom=True)),
            user(result("1", Text(text="ok"), custom=True)),
            tools=[Tool(name="patch", kind="custom", description="d")],
        )
    )
    declared = body["tools"][0]["functionDeclarations"][0]
    assert declared["parametersJsonSchema"]["required"] == ["input"]
    assert body["contents"][1]["parts"][0]["functionCall"]["args"] == {"input": "*** Begin"}
    assert [drop.kind for drop in drops] == ["approximated"]


def test_208_a_name_gemini_refuses_is_changed_everywhere_and_mapped_back():
    names = ("mcp server/do it", "9lives", "x" * 200)
    for name in names:
        rendering = PROTOCOL.encode_request(
            asked(
                user(GO),
                model(ToolCall(id="1", name=name)),
                user(result("1", Text(text="a"))),
                tools=[Tool(name=name)],
                tool_choice=ToolChoice(mode="tool", names=[name]),
            ),
            target(),
        )
        body = rendering.body
        [changed] = rendering.tool_names
        assert rendering.tool_names == {changed: name}
        assert body["tools"][0]["functionDeclarations"][0]["name"] == changed
        assert body["contents"][1]["parts"][0]["functionCall"]["name"] == changed
        assert body["contents"][2]["parts"][0]["functionResponse"]["name"] == changed
        assert body["toolConfig"]["functionCallingConfig"]["allowedFunctionNames"] == [changed]
        assert len(changed) <= 128
        assert changed[0].isalpha() or changed[0] == "_"


@pytest.mark.parametrize(
    ("choice", "config"),
    [
        (ToolChoice(mode="auto"), {"mode": "AUTO"}),
        (ToolChoice(mode="none"), {"mode": "NONE"}),
        (ToolChoice(mode="required"), {"mode": "ANY"}),
        (ToolChoice(mode="required", names=["f", "g"]), {"mode": "ANY", "allowedFunctionNames": ["f", "g"]}),
        (ToolChoice(mode="tool", names=["f"]), {"mode": "ANY", "allowedFunctionNames": ["f"]}),
        (ToolChoice(mode="auto", names=["f"]), {"mode": "VALIDATED", "allowedFunctionNames": ["f"]}),
    ],
)
def test_206_every_tool_choice_has_its_mode(choice, config):
    body, _ = rendered(asked(tools=[Tool(name="f"), Tool(name="g")], tool_choice=choice))
    assert body["toolConfig"] == {"functionCallingConfig": config}


def test_a_tool_choice_without_functions_goes():
    body, drops = rendered(asked(tool_choice=ToolChoice(mode="required")))
    assert "toolConfig" not in body
    assert [drop.field for drop in drops] == ["tool_choice"]
    assert rendered(asked(tool_choice=ToolChoice(mode="auto")))[1] == []


def test_server_side_tools_go_where_the_target_offers_them_else_they_are_reported():
    search = Tool(
        name="web_search", kind="web_search", raw={"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
    )
    body, drops = rendered(asked(tools=[search]))
    assert "tools" not in body
    assert [drop.field for drop in drops] == ["tools[0]"]
    offering = target("level", dialect=Dialect(server_tools=frozenset({"web_search"})))
    body, drops = rendered(asked(tools=[search, Tool(name="f")]), offering)
    assert body["tools"] == [{"functionDeclarations": [{"name": "f"}]}, {"googleSearch": {}}]
    assert body["toolConfig"] == {"includeServerSideToolInvocations": True}
    assert [drop.field for drop in drops] == ["tools[0].max_uses"]


def test_206_limits_sampling_stop_and_output_arrive():
    body, drops = rendered(
        asked(
            max_tokens=50,
            stop=["a", "b"],
            sampling=Sampling(
                temperature=0,
                top_p=0.5,
                top_k=3.0,
                seed=1,
                n=2,
                presence_penalty=1,
                frequency_penalty=1,
                logprobs=True,
                top_logprobs=4,
            ),
            output=OutputFormat(
                kind="schema", schema={"type": "object", "$schema": "s", "properties": {"$schema": {"type": "string"}}}
            ),
        )
    )
    assert body["generationConfig"] == {
        "temperature": 0,
        "topP": 0.5,
        "topK": 3,
        "candidateCount": 2,
        "presencePenalty": 1,
        "frequencyPenalty": 1,
        "responseLogprobs": True,
        "logprobs": 4,
        "seed": 1,
        "maxOutputTokens": 50,
        "stopSequences": ["a", "b"],
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object", "properties": {"$schema": {"type": "string"}}},
    }
    assert not drops


def test_112_a_json_schema_goes_to_the_json_schema_field_and_json_mode_has_none():
    schema = {
        "type": "object",
        "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        "additionalProperties": False,
    }
    config = rendered(asked(output=OutputFormat(kind="schema", schema=schema)))[0]["generationConfig"]
    assert config == {"responseMimeType": "application/json", "responseJsonSchema": schema}
    assert rendered(asked(output=OutputFormat(kind="json")))[0]["generationConfig"] == {
        "responseMimeType": "application/json"
    }


def test_numbers_beyond_geminis_limits_are_clamped_and_reported():
    request = asked(max_tokens=10**6, stop=list("abcdef"), sampling=Sampling(seed=2**40))
    body, drops = rendered(request, target(max_output=1000))
    config = body["generationConfig"]
    assert (config["maxOutputTokens"], len(config["stopSequences"])) == (1000, 5)
    assert 0 <= config["seed"] < 2**31
    assert [drop.kind for drop in drops] == ["clamped"] * 3


def test_204_images_arrive_with_their_bytes_and_mime_and_an_empty_one_is_never_sent():
    said, drops = rendered(
        asked(
            user(
                IMAGE,
                Media(kind="image", data="/9j/4AAQ"),
                Media(kind="image", url="data:image/gif;base64,R0lGOD"),
                Media(kind="document", url="data:text/plain,a%20b"),
                Media(kind="image", url="https://example.com/x.webp?size=1"),
                Media(kind="document", mime="application/pdf", data="JVBERi0"),
                Media(kind="image"),
                Media(kind="image", url="data:image/png;base64,"),
            )
        )
    )
    assert said["contents"][0]["parts"] == [
        {"inlineData": {"mimeType": "image/png", "data": "iVBOR"}},
        {"inlineData": {"mimeType": "image/jpeg", "data": "/9j/4AAQ"}},
        {"inlineData": {"mimeType": "image/gif", "data": "R0lGOD"}},
        {"inlineData": {"mimeType": "text/plain", "data": "YSBi"}},
        {"fileData": {"mimeType": "image/webp", "fileUri": "https://example.com/x.webp?size=1"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0"}},
    ]
    assert [(drop.kind, drop.field) for drop in drops] == [
        ("dropped", "messages[0].parts[6]"),
        ("dropped", "messages[0].parts[7]"),
    ]


def test_a_file_id_of_another_provider_and_a_guessed_mime_are_reported():
    request = asked(
        user(Text(text="a"), Media(kind="document", file_id="file-1"), Media(kind="image", url="https://e.com/x"))
    )
    body, drops = rendered(request)
    assert body["contents"][0]["parts"][1] == {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://e.com/x"}}
    assert [(drop.kind, drop.field) for drop in drops] == [
        ("dropped", "messages[0].parts[1]"),
        ("approximated", "messages[0].parts[2].mime"),
    ]


def test_no_field_without_a_place_is_lost_in_silence():
    request = asked(
        Message(
            role="user",
            name="bob",
            parts=[Text(text="a", cache=CacheMark(), citations=[Citation(url="u")], extras={"x": 1})],
            extras={"y": 2},
        ),
        model(Opaque(kind="server_tool_use", raw={}, origin=Origin("messages"))),
        tools=[Tool(name="f", strict=True, cache=CacheMark(), extras={"defer": True})],
        parallel_tool_calls=False,
        sampling=Sampling(logit_bias={"1": 1.0}),
        verbosity="low",
        user="u",
        metadata={"a": "b"},
        cache_key="k",
        cache=CacheMark(),
        service_tier="scale",
        extras={"store": False},
        output=OutputFormat(kind="json", name="n"),
    )
    _, drops = rendered(request)
    assert {drop.field for drop in drops} == {
        "messages[0].name",
        "messages[0].y",
        "messages[0].parts[0].x",
        "messages[0].parts[0].cache",
        "messages[0].parts[0].citations",
        "messages[1].parts[0]",
        "tools[0].defer",
        "tools[0].strict",
        "tools[0].cache",
        "parallel_tool_calls",
        "sampling.logit_bias",
        "verbosity",
        "user",
        "metadata",
        "cache_key",
        "cache",
        "service_tier",
        "store",
        "output.name",
    }


def test_fields_the_target_refuses_are_left_out_and_reported():
    refusing = target(dialect=Dialect(refused=frozenset({"toolConfig"})))
    body, drops = rendered(asked(tools=[Tool(name="f")], tool_choice=ToolChoice(mode="auto")), refusing)
    assert "toolConfig" not in body
    assert [drop.field for drop in drops] == ["toolConfig"]


def test_there_is_always_a_users_turn_before_the_models_first_call():
    body, drops = rendered(asked(Message(role="system", parts=[Text(text="s")])))
    assert body["systemInstruction"] == {"parts": [{"text": "s"}]}
    assert [content["role"] for content in body["contents"]] == ["user"]
    assert [drop.kind for drop in drops] == ["repaired"]
    body, drops = rendered(asked(model(ToolCall(id="1", name="f")), user(result("1", Text(text="a")))))
    assert [content["role"] for content in body["contents"]] == ["user", "model", "user"]
    assert [drop.kind for drop in drops] == ["repaired"]


def test_service_tiers_have_googles_names():
    assert rendered(asked(service_tier="default"))[0]["serviceTier"] == "standard"
    assert rendered(asked(service_tier="flex"))[0]["serviceTier"] == "flex"


def test_paths_name_the_model_and_the_form_of_the_answer():
    assert PROTOCOL.path("gemini-2.5-pro", False) == "/models/gemini-2.5-pro:generateContent"
    assert PROTOCOL.path("gemini-2.5-pro", True) == "/models/gemini-2.5-pro:streamGenerateContent?alt=sse"
    assert PROTOCOL.path("tunedModels/a b", False) == "/tunedModels/a%20b:generateContent"


def test_the_request_given_is_not_changed():
    request = asked(
        user(GO, IMAGE),
        model(ToolCall(id="1", name="a b", arguments="{}")),
        user(result("1", Text(text="{}"), IMAGE)),
        tools=[Tool(name="a b", schema={"type": "object", "definitions": {"x": {}}})],
    )
    before = deepcopy(request)
    rendered(request, target("level"))
    assert request == before


@pytest.mark.parametrize("choice", [ToolChoice(mode="required"), ToolChoice(mode="tool", names=["f"])])
def test_a_forced_choice_is_left_to_the_model_that_refuses_to_be_forced(choice):
    there = Target(provider="x", model="m", protocol="gemini", profile=ModelProfile(forced_tools=False))
    body, drops = rendered(asked(tools=[Tool(name="f", schema={"type": "object"})], tool_choice=choice), there)
    assert body["toolConfig"] == {"functionCallingConfig": {"mode": "AUTO"}}
    assert [(drop.kind, drop.field) for drop in drops] == [("approximated", "tool_choice")]


BILLING = Message(role="system", parts=[Text(text="x-anthropic-billing-header: cc_version=2; cch=1;"), Text(text="s")])


def test_099_the_billing_header_of_anthropic_clients_is_removed():
    body, drops = rendered(asked(BILLING, user(GO)))
    assert body["systemInstruction"] == {"parts": [{"text": "s"}]}
    assert [(drop.kind, drop.field) for drop in drops] == [("dropped", "messages[0].parts[0]")]


def test_what_is_said_about_a_document_in_a_result_is_reported():
    paper = Media(kind="document", text="words", name="T", context="C", cite=True, extras={"type": "search_result"})
    body, drops = rendered(asked(user(GO), model(ToolCall(id="1", name="f")), user(result("1", paper))))
    assert body["contents"][2]["parts"][0]["functionResponse"]["response"] == {"output": "words"}
    at = "messages[2].parts[0].parts[0]"
    assert [drop.field for drop in drops] == [f"{at}.name", f"{at}.context", f"{at}.cite", f"{at}.type"]
