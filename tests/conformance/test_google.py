"""The google-genai package onto every upstream protocol: answers, streams, chats, function calls, schemas, thoughts."""

from typing import Any

import pytest
from google import genai
from google.genai import types

from tests.conformance.asked import LONG, ONE_CALL, SUNNY, TWO_CALLS, WEATHER, City
from tests.conformance.sdks import KEY

DECLARED = types.FunctionDeclaration(name="weather", description="The weather", parameters_json_schema=WEATHER)
TOOLS: list[Any] = [types.Tool(function_declarations=[DECLARED])]


def content(role, *parts):
    return types.Content(role=role, parts=list(parts))


def ask(sdks, streaming, **options):
    """The answer's parts, its end and its usage, whole or gathered from a stream."""
    if not streaming:
        answer = sdks.google.models.generate_content(**options)
        return answer.candidates[0].content.parts, answer.candidates[0].finish_reason, answer.usage_metadata
    parts: list[Any] = []
    last: Any = None
    for chunk in sdks.google.models.generate_content_stream(**options):
        parts += (chunk.candidates[0].content.parts if chunk.candidates[0].content else None) or []
        last = chunk
    return parts, last.candidates[0].finish_reason, last.usage_metadata


def text_of(parts, *, thought=False):
    return "".join(part.text or "" for part in parts if bool(part.thought) is thought)


@pytest.mark.parametrize("streaming", [False, True])
def test_a_plain_answer_has_text_a_finish_reason_and_the_usage(sdks, upstream, streaming):
    config = types.GenerateContentConfig(system_instruction="Be brief.")
    parts, finish, usage = ask(sdks, streaming, model=f"echo-on-{upstream}", contents="one two three", config=config)
    assert text_of(parts) == "one two three"
    assert finish == types.FinishReason.STOP
    assert usage.candidates_token_count == 3
    assert usage.total_token_count == usage.prompt_token_count + 3


# the package's own: it subclasses aiohttp's session
@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
async def test_the_asynchronous_client_streams_too(gateway, upstream):
    client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=gateway.base_url))
    chunks = await client.aio.models.generate_content_stream(model=f"echo-on-{upstream}", contents="one two")
    assert "".join([chunk.text or "" async for chunk in chunks]) == "one two"
    await client.aio.aclose()
    client.close()


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_the_path_versions_of_the_package_all_work(sdks, version):
    config = types.GenerateContentConfig(http_options=types.HttpOptions(api_version=version))
    assert sdks.google.models.generate_content(model="echo-on-chat", contents="hi", config=config).text == "hi"


def test_a_chat_keeps_its_history(sdks, upstream):
    chat = sdks.google.chats.create(model=f"chat-on-{upstream}")
    chat.send_message("first")
    assert "I got 3 messages" in chat.send_message("second").text


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(("question", "count"), [(ONE_CALL, 1), (TWO_CALLS, 2)])
def test_functions_are_called_and_their_results_answered(sdks, upstream, streaming, question, count):
    contents = [content("user", types.Part(text=question))]
    config = types.GenerateContentConfig(
        tools=TOOLS, automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True)
    )
    options = {"model": f"tools-on-{upstream}", "config": config}
    parts, finish, _ = ask(sdks, streaming, contents=contents, **options)
    calls = [part.function_call for part in parts if part.function_call]
    assert finish == types.FinishReason.STOP
    assert [call.name for call in calls] == ["weather"] * count
    assert [call.args["city"] for call in calls] == ["Paris", "Tokyo"][:count]
    results = [
        types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response={"result": SUNNY}))
        for call in calls
    ]
    contents += [content("model", *parts), content("user", *results)]
    parts, finish, _ = ask(sdks, streaming, contents=contents, **options)
    assert text_of(parts).count(SUNNY) == count


def test_automatic_function_calling_runs_a_python_function(sdks, upstream):
    asked = []

    def weather(city: str) -> str:
        """The weather of a city."""
        asked.append(city)
        return SUNNY

    config = types.GenerateContentConfig(tools=[weather])
    chat = sdks.google.chats.create(model=f"tools-on-{upstream}", config=config)
    assert SUNNY in chat.send_message(ONE_CALL).text
    assert asked == ["Paris"]


def test_a_response_schema_is_parsed(sdks, upstream):
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=City)
    answer = sdks.google.models.generate_content(model=f"chat-on-{upstream}", contents="Tell me a city", config=config)
    assert answer.parsed == City(city="Paris", population=2)


@pytest.mark.parametrize("streaming", [False, True])
def test_thoughts_are_shown_and_go_back_intact_with_their_functions(sdks, upstream, streaming):
    contents = [content("user", types.Part(text=ONE_CALL))]
    config = types.GenerateContentConfig(
        tools=TOOLS,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_budget=1024),
    )
    options = {"model": f"thinking-on-{upstream}", "config": config}
    parts, _, _ = ask(sdks, streaming, contents=contents, **options)
    assert text_of(parts, thought=True) == f"The user said “{ONE_CALL}”. I am a simulation, so I shall say what I see."
    call = next(part.function_call for part in parts if part.function_call)
    response = types.FunctionResponse(id=call.id, name=call.name, response={"result": SUNNY})
    contents += [content("model", *parts), content("user", types.Part(function_response=response))]
    parts, finish, _ = ask(sdks, streaming, contents=contents, **options)
    assert finish == types.FinishReason.STOP
    assert "of mine, intact" in text_of(parts)


# to an upstream of gemini the client's own bytes go
@pytest.mark.parametrize("upstream", ["chat", "messages", "responses"])
@pytest.mark.parametrize("streaming", [False, True])
def test_thinking_returns_to_its_maker_although_gemini_cli_drops_it_and_signs_its_calls_with_a_stand_in(
    sdks, upstream, streaming
):
    contents = [content("user", types.Part(text=ONE_CALL))]
    config = types.GenerateContentConfig(
        tools=TOOLS, automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True)
    )
    options = {"model": f"thinking-on-{upstream}", "config": config}
    parts, _, _ = ask(sdks, streaming, contents=contents, **options)
    call = next(part.function_call for part in parts if part.function_call)
    signed = types.Part(function_call=call, thought_signature=b"skip_thought_signature_validator")
    response = types.FunctionResponse(id=call.id, name=call.name, response={"result": SUNNY})
    contents += [content("model", signed), content("user", types.Part(function_response=response))]
    parts, _, _ = ask(sdks, streaming, contents=contents, **options)
    assert "1 earlier thought of mine, intact" in text_of(parts)


@pytest.mark.parametrize("streaming", [False, True])
def test_the_length_limit_ends_with_max_tokens(sdks, upstream, streaming):
    config = types.GenerateContentConfig(max_output_tokens=20)
    parts, finish, _ = ask(sdks, streaming, model=f"echo-on-{upstream}", contents=LONG, config=config)
    assert finish == types.FinishReason.MAX_TOKENS
    assert len(text_of(parts).split()) == 20


def test_a_stop_sequence_cuts_the_answer_or_its_loss_is_reported(sdks, upstream):
    config = types.GenerateContentConfig(stop_sequences=["HALT"])
    answer = sdks.google.models.generate_content(
        model=f"echo-on-{upstream}", contents="one two HALT three", config=config
    )
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    if upstream == "responses":  # has no stop sequences
        assert "dropped=1" in answer.sdk_http_response.headers["x-plexus-fidelity"]
    else:
        assert answer.text == "one two "
