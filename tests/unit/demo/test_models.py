"""Every demo model in every protocol, unary and streamed, seen through the official SDKs."""

import json
import re
from typing import Any

import pytest
from tests.harness.raw_client import ask
from tests.unit.demo.sdk import Tool

# google-genai subclasses aiohttp's session, which aiohttp discourages; not ours to change.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

WEATHER = Tool(
    "get_weather",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            "days": {"type": "integer", "minimum": 3},
            "note": {"type": "string"},
        },
        "required": ["city", "unit", "days"],
    },
)
TIME = Tool("get_time", {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]})


async def test_echo_repeats_the_last_user_text(sdk, stream):
    items = [*sdk.user("first"), *sdk.user("Zweite Zeile\n  with 汉字 🙂")]
    said = await sdk.ask("echo", items, stream=stream)
    assert said.text == "Zweite Zeile\n  with 汉字 🙂"
    assert said.stop == sdk.END
    assert said.usage[0] > 0
    assert said.usage[1] == 5


async def test_chat_says_who_it_is_and_what_it_got(sdk, stream):
    said = await sdk.ask("demo/chat", sdk.user("Hello there"), stream=stream, tools=[WEATHER])
    assert "Plexus" in said.text
    assert "1 message" in said.text
    assert "“Hello there”" in said.text
    assert "get_weather" in said.text


async def test_tools_calls_the_tool_the_text_names_with_arguments_that_fit(sdk, stream):
    said = await sdk.ask("tools", sdk.user("What is the weather?"), stream=stream, tools=[TIME, WEATHER])
    assert [(name, arguments) for _, name, arguments in said.calls] == [
        ("get_weather", {"city": "Paris", "unit": "celsius", "days": 3})
    ]
    assert said.stop == sdk.CALLS


async def test_tools_calls_in_parallel_when_two_are_asked_for_and_quotes_their_results(sdk, stream):
    items = sdk.user("Do both: weather and time.")
    said = await sdk.ask("tools", items, stream=stream, tools=[WEATHER, TIME])
    assert [name for _, name, _ in said.calls] == ["get_weather", "get_time"]
    items = [*items, *said.turn, *sdk.results(said, ["It rains.", "Noon."])]
    after = await sdk.ask("tools", items, stream=stream, tools=[WEATHER, TIME])
    assert "It rains." in after.text
    assert "Noon." in after.text
    assert not after.calls


async def test_thinking_comes_with_a_signature_that_is_recognised_on_the_next_turn(sdk, stream):
    items = sdk.user("Why?")
    said = await sdk.ask("thinking", items, stream=stream)
    assert "“Why?”" in said.thinking
    assert "“Why?”" in said.text
    after = await sdk.ask("thinking", [*items, *said.turn, *sdk.user("And now?")], stream=stream)
    assert "And now?" in after.text
    if type(sdk).__name__ != "Chat":  # a chat wire has no slot for it
        assert "1 earlier thought of mine, intact" in after.text


async def test_slow_waits_before_the_first_word_and_between_words(sdk, stream, waits):
    said = await sdk.ask("slow", sdk.user("Hello"), stream=stream)
    words = len(said.text.split())
    if stream:
        assert waits == [2.0] + [0.1] * (words - 1)
    else:
        assert waits == [pytest.approx(2.0 + 0.1 * (words - 1))]


async def test_length_cuts_the_answer_and_says_so(sdk, stream):
    said = await sdk.ask("echo", sdk.user("one two three four five"), stream=stream, length=3)
    assert said.text == "one two three"
    assert said.stop == sdk.LENGTH
    assert said.usage[1] == 3


async def test_a_stop_sequence_ends_the_answer_before_it(sdk, stream):
    if type(sdk).__name__ == "Responses":  # that protocol has none
        return
    said = await sdk.ask("echo", sdk.user("one two STOP three"), stream=stream, stop=["STOP", "never"])
    assert said.text == "one two "
    assert said.stop in {sdk.END, "stop_sequence"}


async def test_structured_output_is_json_that_fits_the_schema(sdk, stream):
    schema = {
        "type": "object",
        "properties": {
            "answer": {"type": "string"},
            "score": {"type": "number", "minimum": 0, "maximum": 1},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["answer", "score", "tags"],
        "additionalProperties": False,
    }
    said = await sdk.ask("echo", sdk.user("Say it"), stream=stream, schema=schema)
    assert json.loads(said.text) == {"answer": "Say it", "score": 1, "tags": ["tags"]}


async def test_the_same_request_gets_the_same_answer(sdk, stream):
    first = await sdk.ask("tools", sdk.user("weather"), stream=stream, tools=[WEATHER])
    second = await sdk.ask("tools", sdk.user("weather"), stream=stream, tools=[WEATHER])
    assert first == second


@pytest.mark.parametrize(
    ("protocol", "path", "body"),
    [
        ("chat", "/chat/completions", {"model": "limits", "messages": [{"role": "user", "content": "hi"}]}),
        (
            "messages",
            "/messages",
            {"model": "limits", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]},
        ),
        ("responses", "/responses", {"model": "limits", "input": "hi"}),
        ("gemini", "/models/limits:generateContent", {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
    ],
)
async def test_limits_refuses_with_when_to_come_back_and_is_marked_as_simulated(bases, protocol, path, body):
    answer = await ask(bases[protocol] + path, body)
    assert answer.status == 429
    assert answer.header("retry-after") == "30"
    assert answer.header("x-ratelimit-remaining-requests") == "0"
    assert answer.header("x-plexus-simulated") == "true"
    assert "simulated rate limit" in answer.json["error"]["message"]


async def test_flaky_fails_every_third_request_in_three_ways(bases):
    outcomes = []
    body = {"model": "flaky", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    for _ in range(9):
        answer = await ask(bases["chat"] + "/chat/completions", body)
        outcomes.append(answer.status if answer.complete else "broken")
    assert outcomes == [200, 200, 429, 200, 200, 500, 200, 200, "broken"]


async def test_flaky_breaks_unary_answers_too(bases):
    body = {"model": "flaky", "messages": [{"role": "user", "content": "hi"}]}
    answers = [await ask(bases["chat"] + "/chat/completions", body) for _ in range(9)]
    assert [answer.complete for answer in answers] == [True] * 8 + [False]
    assert 0 < len(answers[-1].body) < int(answers[-1].header("content-length"))


async def test_altered_signatures_are_refused_as_providers_do(bases):
    import anthropic

    async with anthropic.AsyncAnthropic(
        base_url=bases["messages"].removesuffix("/v1"), api_key="k", max_retries=0
    ) as client:
        user: Any = {"role": "user", "content": "Why?"}
        first = await client.messages.create(model="thinking", max_tokens=500, messages=[user])
        content = [block.model_dump(exclude_none=True) for block in first.content]
        for field, value in (("signature", "bm90IG1pbmU="), ("thinking", "I thought something else.")):
            altered: Any = [{**content[0], field: value}, *content[1:]]
            with pytest.raises(anthropic.BadRequestError, match=r"Invalid `signature` in `thinking` block"):
                turns: Any = [user, {"role": "assistant", "content": altered}, user]
                await client.messages.create(model="thinking", max_tokens=500, messages=turns)


async def test_errors_are_the_sdks_typed_exceptions(bases):
    import anthropic
    import openai
    from google import genai

    async with openai.AsyncOpenAI(base_url=bases["chat"], api_key="k", max_retries=0) as client:
        with pytest.raises(openai.NotFoundError, match="no model demo/nobody"):
            await client.chat.completions.create(model="nobody", messages=[{"role": "user", "content": "hi"}])
        with pytest.raises(openai.RateLimitError):
            await client.chat.completions.create(model="limits", messages=[{"role": "user", "content": "hi"}])
    base = bases["messages"].removesuffix("/v1")
    async with anthropic.AsyncAnthropic(base_url=base, api_key="k", max_retries=0) as other:
        with pytest.raises(anthropic.RateLimitError):
            await other.messages.create(model="limits", max_tokens=5, messages=[{"role": "user", "content": "hi"}])
    google = genai.Client(
        api_key="k",
        http_options=genai.types.HttpOptions(base_url=bases["gemini"].removesuffix("/v1beta"), api_version="v1beta"),
    )
    with pytest.raises(genai.errors.ClientError) as caught:
        await google.aio.models.generate_content(model="limits", contents="hi")
    assert caught.value.code == 429
    await google.aio.aclose()
    google.close()


async def test_tokens_are_counted_and_models_listed(bases):
    body = {"model": "chat", "messages": [{"role": "user", "content": "one two three"}]}
    counted = [
        await ask(bases["messages"] + "/messages/count_tokens", body),
        await ask(bases["gemini"] + "/models/chat:countTokens", {"contents": [{"parts": [{"text": "one two three"}]}]}),
        await ask(bases["responses"] + "/responses/input_tokens", {"model": "chat", "input": "one two three"}),
    ]
    assert [answer.json.get("input_tokens", answer.json.get("totalTokens")) for answer in counted] == [4, 4, 4]
    for protocol, base in bases.items():
        listed = await ask(base + "/models", method="GET")
        assert re.search(r'"(models/)?thinking"', listed.body.decode()), protocol


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/chat/v1/nothing", {}, 404),
        ("/elsewhere", {}, 404),
        ("/chat/v1/chat/completions", b"{not json", 400),
        ("/chat/v1/chat/completions", [], 400),
        ("/chat/v1/chat/completions", {"messages": []}, 400),
        ("/messages/v1/messages", {"model": "chat", "messages": 5, "max_tokens": 5}, 400),
    ],
)
async def test_requests_that_make_no_sense_are_refused(bases, path, body, status):
    root = bases["chat"].removesuffix("/chat/v1")
    answer = await ask(root + path, body)
    assert answer.status == status
    assert answer.json["error"]["message"]
