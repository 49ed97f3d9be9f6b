import pytest
from tests.unit.protocols.gemini.wire import read, through, writing

from plexus.ir.chat import ChatResponse, Message, OutputFormat, Reasoning, Tool, ToolChoice
from plexus.ir.errors import InvalidRequest
from plexus.ir.parts import Media, Opaque, Origin, Signature, Text, Thinking, ToolCall, ToolResult
from plexus.protocols.gemini import PROTOCOL


def parts(*wire):
    return read(*wire).messages[0].parts


def test_contents_may_be_a_string_a_content_or_a_list():
    hello = [Message(role="user", parts=[Text(text="hi")])]
    for contents in (
        "hi",
        {"parts": [{"text": "hi"}]},
        {"role": "user", "parts": {"text": "hi"}},
        ["hi"],
        [{"text": "hi"}],
    ):
        assert PROTOCOL.decode_request({"contents": contents}, "m", False).messages == hello


def test_roles_model_function_and_none_are_understood():
    body = {"contents": [{"parts": ["a"]}, {"role": "model", "parts": ["b"]}, {"role": "function", "parts": ["c"]}]}
    assert [m.role for m in PROTOCOL.decode_request(body, "m", False).messages] == ["user", "assistant", "user"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "contents"),
        ({"contents": [{"role": "robot", "parts": []}]}, "contents[0].role"),
        ({"contents": [{"parts": [{"text": 1}]}]}, "contents[0].parts[0].text"),
        ({"contents": [{"parts": [{"functionCall": "x"}]}]}, "contents[0].parts[0].functionCall"),
        ({"contents": [7]}, "contents[0]"),
        ({"contents": "hi", "tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name"),
        ({"contents": "hi", "generationConfig": {"temperature": "warm"}}, "generationConfig.temperature"),
        ({"contents": "hi", "generationConfig": {"maxOutputTokens": 1.5}}, "generationConfig.maxOutputTokens"),
        ({"contents": "hi", "generationConfig": {"stopSequences": [1]}}, "generationConfig.stopSequences"),
        (
            {"contents": "hi", "toolConfig": {"functionCallingConfig": {"mode": "MAYBE"}}},
            "toolConfig.functionCallingConfig.mode",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_path(body, field):
    with pytest.raises(InvalidRequest) as refusal:
        PROTOCOL.decode_request(body, "m", False)
    assert refusal.value.field == field


def test_113_snake_case_of_the_python_sdk_says_the_same_as_camel_case():
    snake = {
        "contents": [
            {"role": "user", "parts": [{"inline_data": {"mime_type": "image/png", "data": "iVBOR"}}]},
            {
                "role": "model",
                "parts": [{"function_call": {"name": "f", "args": {"a_b": 1}}, "thought_signature": "c2ln"}],
            },
            {"role": "user", "parts": [{"function_response": {"name": "f", "response": {"output": "x"}}}]},
        ],
        "system_instruction": {"parts": [{"text": "s"}]},
        "tools": [{"function_declarations": [{"name": "f", "parameters_json_schema": {"type": "object"}}]}],
        "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["f"]}},
        "generation_config": {
            "max_output_tokens": 5,
            "thinking_config": {"thinking_budget": 9, "include_thoughts": True},
            "response_mime_type": "application/json",
        },
        "safety_settings": [],
    }
    camel = {
        "contents": [
            {"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "iVBOR"}}]},
            {
                "role": "model",
                "parts": [{"functionCall": {"name": "f", "args": {"a_b": 1}}, "thoughtSignature": "c2ln"}],
            },
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": "x"}}}]},
        ],
        "systemInstruction": {"parts": [{"text": "s"}]},
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {
            "maxOutputTokens": 5,
            "thinkingConfig": {"thinkingBudget": 9, "includeThoughts": True},
            "responseMimeType": "application/json",
        },
        "safetySettings": [],
    }
    assert PROTOCOL.decode_request(snake, "m", False) == PROTOCOL.decode_request(camel, "m", False)
    assert through(snake) == through(camel) == camel


def test_null_means_not_said():
    plain = read("hi")
    assert read({"text": "hi", "thought": None}, tools=None, generationConfig=None, safetySettings=None) == plain


def test_a_thought_is_thinking_and_its_signature_stays_with_it():
    [thinking] = parts({"text": "hm", "thought": True, "thoughtSignature": "c2ln"})
    assert thinking == Thinking(text="hm", summary=True, signature=Signature("c2ln", Origin("gemini")))


def test_107_signatures_on_calls_texts_and_empty_texts_are_read():
    signature = Signature("c2ln", Origin("gemini"))
    call, text, bare = parts(
        {"functionCall": {"name": "f"}, "thoughtSignature": "c2ln"},
        {"text": "", "thoughtSignature": "c2ln"},
        {"thoughtSignature": "c2ln"},
    )
    assert call.signature == text.signature == bare.signature == signature
    assert text == bare == Text(text="", signature=signature)


def test_a_signature_in_the_url_safe_alphabet_is_the_same_signature():
    [text] = parts({"text": "a", "thoughtSignature": "a-_b"})
    assert text.signature == Signature("a+/b", Origin("gemini"))
    [dummy] = parts({"text": "a", "thoughtSignature": "skip_thought_signature_validator"})
    assert dummy.signature is not None
    assert dummy.signature.value == "skip_thought_signature_validator"


def test_arguments_become_json_text_and_missing_ones_an_empty_object():
    call, bare = parts(
        {"functionCall": {"id": "i", "name": "f", "args": {"é": [1.0]}}}, {"functionCall": {"name": "g"}}
    )
    assert call == ToolCall(id="i", name="f", arguments='{"é":[1.0]}')
    assert bare.arguments == "{}"


def history(*turns):
    contents = [{"role": role, "parts": list(wire)} for role, *wire in turns]
    return PROTOCOL.decode_request({"contents": contents}, "m", False).messages


def test_calls_without_ids_get_the_same_ids_every_time_and_results_find_them_by_name_in_order():
    turns = (
        ("model", {"functionCall": {"name": "f"}}, {"functionCall": {"name": "g"}}, {"functionCall": {"name": "f"}}),
        (
            "user",
            {"functionResponse": {"name": "g", "response": {"output": "2"}}},
            {"functionResponse": {"name": "f", "response": {"output": "1"}}},
            {"functionResponse": {"name": "f", "response": {"output": "3"}}},
        ),
    )
    calls, results = history(*turns)
    ids = [call.id for call in calls.parts]
    assert len(set(ids)) == 3
    assert [result.call_id for result in results.parts] == [ids[1], ids[0], ids[2]]
    assert history(*turns) == [calls, results]


def test_a_result_is_matched_by_its_id_first():
    calls, results = history(
        ("model", {"functionCall": {"name": "f", "id": "a"}}, {"functionCall": {"name": "f", "id": "b"}}),
        ("user", {"functionResponse": {"name": "f", "id": "b"}}, {"functionResponse": {"name": "f", "id": "a"}}),
    )
    assert [result.call_id for result in results.parts] == ["b", "a"]
    assert [call.id for call in calls.parts] == ["a", "b"]


def test_a_result_no_call_belongs_to_still_has_an_id():
    [message] = history(("user", {"functionResponse": {"name": "f", "response": {"output": "x"}}}))
    assert message.parts[0].call_id


@pytest.mark.parametrize(
    ("response", "result"),
    [
        ({"output": "ok"}, ToolResult(call_id="a", name="f", parts=[Text(text="ok")])),
        ({"error": "no"}, ToolResult(call_id="a", name="f", parts=[Text(text="no")], is_error=True)),
        ({"t": 20}, ToolResult(call_id="a", name="f", parts=[Text(text='{"t":20}')], structured=True)),
        (
            {"output": {"t": 1}},
            ToolResult(call_id="a", name="f", parts=[Text(text='{"output":{"t":1}}')], structured=True),
        ),
        (
            {"error": {"c": 1}},
            ToolResult(call_id="a", name="f", parts=[Text(text='{"error":{"c":1}}')], structured=True, is_error=True),
        ),
        (None, ToolResult(call_id="a", name="f", parts=[])),
    ],
)
def test_203_a_response_object_is_the_text_it_wraps_or_json_once(response, result):
    [message] = history(("user", {"functionResponse": {"name": "f", "id": "a", "response": response}}))
    assert message.parts == [result]


def test_116_images_and_documents_inside_a_function_response_are_kept():
    wire = {
        "name": "f",
        "id": "a",
        "response": {"output": "see"},
        "parts": [
            {"inlineData": {"mimeType": "image/png", "data": "iVBOR"}},
            {"inlineData": {"mimeType": "application/pdf", "data": "JVBER", "displayName": "a.pdf"}},
        ],
    }
    [message] = history(("user", {"functionResponse": wire}))
    assert message.parts[0].parts == [
        Text(text="see"),
        Media(kind="image", mime="image/png", data="iVBOR"),
        Media(kind="document", mime="application/pdf", data="JVBER", name="a.pdf"),
    ]
    body = {"contents": [{"role": "user", "parts": [{"functionResponse": wire}]}]}
    assert through(body) == body


def test_204_media_keeps_bytes_mime_and_kind():
    image, sound, pdf, url, gs, files, tube = parts(
        {"inlineData": {"mimeType": "image/webp", "data": "UklG"}},
        {"inlineData": {"mimeType": "audio/wav", "data": "AA-_"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "JVBER"}},
        {"fileData": {"mimeType": "image/png", "fileUri": "https://example.com/a"}},
        {"fileData": {"mimeType": "video/mp4", "fileUri": "gs://b/c"}},
        {"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/x"}},
        {"fileData": {"fileUri": "https://www.youtube.com/watch?v=1"}},
    )
    assert image == Media(kind="image", mime="image/webp", data="UklG")
    assert sound == Media(kind="audio", mime="audio/wav", data="AA+/")
    assert pdf.kind == "document"
    assert url == Media(kind="image", mime="image/png", url="https://example.com/a")
    assert gs == Media(kind="video", mime="video/mp4", file_id="gs://b/c")
    assert files.file_id.endswith("/files/x")
    assert (tube.kind, tube.url) == ("video", "https://www.youtube.com/watch?v=1")


def test_a_resolution_is_the_details_word_where_there_is_one():
    low, ultra = parts(
        {"inlineData": {"mimeType": "image/png", "data": "i"}, "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"}},
        {
            "inlineData": {"mimeType": "image/png", "data": "i"},
            "mediaResolution": {"level": "MEDIA_RESOLUTION_ULTRA_HIGH"},
        },
    )
    assert (low.detail, low.extras) == ("low", None)
    assert (ultra.detail, ultra.extras) == ("", {"mediaResolution": {"level": "MEDIA_RESOLUTION_ULTRA_HIGH"}})


@pytest.mark.parametrize("kind", ["executableCode", "codeExecutionResult", "toolCall", "toolResponse", "somethingNew"])
def test_parts_not_modelled_stay_whole(kind):
    wire = {kind: {"x": 1}, "thoughtSignature": "c2ln"}
    assert parts(wire) == [Opaque(kind=kind, raw=wire, origin=Origin("gemini"))]


@pytest.mark.parametrize(
    "said",
    [
        "Be brief.",
        {"parts": [{"text": "Be brief."}]},
        {"role": "user", "parts": {"text": "Be brief."}},
        ["Be brief."],
        {"text": "Be brief."},
    ],
)
def test_202_every_form_of_system_instruction_is_a_system_message_of_text(said):
    assert read("hi", systemInstruction=said).messages[0] == Message(role="system", parts=[Text(text="Be brief.")])


def test_205_a_schema_in_capitals_is_read_as_json_schema_and_a_json_schema_stays_as_written():
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}},
        "$defs": {"A": {"type": "string"}},
        "$schema": "s",
    }
    request = read(
        "hi",
        tools=[
            {
                "functionDeclarations": [
                    {
                        "name": "f",
                        "description": "d",
                        "parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}},
                    },
                    {"name": "g", "parametersJsonSchema": schema},
                    {"name": "h"},
                ]
            }
        ],
    )
    assert request.tools == [
        Tool(name="f", description="d", schema={"type": "object", "properties": {"a": {"type": "string"}}}),
        Tool(name="g", schema=schema),
        Tool(name="h"),
    ]


def test_server_side_tools_have_their_canonical_kinds_and_keep_their_object():
    names = ["googleSearch", "urlContext", "codeExecution", "computerUse", "fileSearch", "mcpServers", "googleMaps"]
    request = read("hi", tools=[{name: {"x": 1}} for name in names[:6]] + [{names[6]: {}}])
    kinds = [tool.kind for tool in request.tools]
    assert kinds == ["web_search", "web_fetch", "code_execution", "computer", "file_search", "mcp", "server"]
    assert request.tools[0].raw == {"googleSearch": {"x": 1}}


@pytest.mark.parametrize(
    ("config", "choice"),
    [
        ({"mode": "AUTO"}, ToolChoice(mode="auto")),
        ({"mode": "NONE"}, ToolChoice(mode="none")),
        ({"mode": "ANY"}, ToolChoice(mode="required")),
        ({"mode": "any", "allowedFunctionNames": ["f"]}, ToolChoice(mode="tool", names=["f"])),
        ({"mode": "ANY", "allowedFunctionNames": ["f", "g"]}, ToolChoice(mode="required", names=["f", "g"])),
        ({"mode": "VALIDATED"}, ToolChoice(mode="auto", extras={"mode": "VALIDATED"})),
        ({"mode": "VALIDATED", "allowedFunctionNames": ["f"]}, ToolChoice(mode="auto", names=["f"])),
    ],
)
def test_the_calling_mode_is_the_tool_choice(config, choice):
    assert read("hi", toolConfig={"functionCallingConfig": config}).tool_choice == choice


def test_sampling_and_limits_have_their_places_and_the_rest_is_kept():
    request = read(
        "hi",
        generationConfig={
            "temperature": 0,
            "topP": 0.9,
            "topK": 4,
            "candidateCount": 2,
            "maxOutputTokens": "7",
            "stopSequences": ["x"],
            "seed": 3,
            "presencePenalty": 1,
            "frequencyPenalty": -1,
            "responseLogprobs": True,
            "logprobs": 2,
            "responseModalities": ["TEXT", "IMAGE"],
            "speechConfig": {"a": 1},
        },
        cachedContent="c",
    )
    said = request.sampling
    assert (said.temperature, said.top_p, said.top_k, said.n, said.seed) == (0, 0.9, 4, 2, 3)
    assert (said.presence_penalty, said.frequency_penalty, said.logprobs, said.top_logprobs) == (1, -1, True, 2)
    assert (request.max_tokens, request.stop, request.modalities) == (7, ["x"], ["text", "image"])
    assert request.extras == {"cachedContent": "c", "generationConfig.speechConfig": {"a": 1}}
    assert request.include_usage


@pytest.mark.parametrize(
    ("config", "output"),
    [
        ({"responseMimeType": "application/json"}, OutputFormat(kind="json")),
        (
            {"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT"}},
            OutputFormat(kind="schema", schema={"type": "object"}),
        ),
        (
            {"responseJsonSchema": {"type": "object", "$schema": "s"}},
            OutputFormat(kind="schema", schema={"type": "object", "$schema": "s"}),
        ),
        ({"responseMimeType": "text/plain"}, None),
        ({}, None),
    ],
)
def test_structured_output_is_read(config, output):
    assert read("hi", generationConfig=config).output == output


@pytest.mark.parametrize(
    ("config", "reasoning"),
    [
        ({"thinkingBudget": 0}, Reasoning(mode="off", budget=0)),
        ({"thinkingBudget": -1}, Reasoning(mode="adaptive", budget=-1)),
        ({"thinkingBudget": 99, "includeThoughts": True}, Reasoning(mode="on", budget=99, show="summarized")),
        ({"thinkingLevel": "HIGH", "includeThoughts": False}, Reasoning(mode="on", effort="high", show="omitted")),
        ({"thinkingLevel": "THINKING_LEVEL_UNSPECIFIED"}, Reasoning()),
    ],
)
def test_thinking_is_read(config, reasoning):
    assert read("hi", generationConfig={"thinkingConfig": config}).reasoning == reasoning


def test_a_wrapped_value_of_another_maker_is_unwrapped_and_redacted_thinking_stays_redacted():
    thinking = Thinking(redacted=True, signature=Signature("blob", Origin("messages", "anthropic", "claude")))
    body, drops = PROTOCOL.encode_response(ChatResponse(parts=[thinking], stop_reason="end"), writing())
    [back] = read(*body["candidates"][0]["content"]["parts"]).messages[0].parts
    assert not drops
    assert (back.redacted, back.signature) == (True, thinking.signature)
