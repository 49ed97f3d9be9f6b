"""The openai package's chat completions, helpers included, onto every upstream protocol."""

import json

import openai
import pytest

from tests.conformance.asked import LONG, ONE_CALL, SUNNY, TWO_CALLS, WEATHER, City
from tests.conformance.sdks import KEY

TOOLS = [{"type": "function", "function": {"name": "weather", "description": "The weather", "parameters": WEATHER}}]


def said(text):
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


def test_a_plain_answer_has_text_an_ending_and_the_usage(sdks, upstream):
    answer = sdks.openai.chat.completions.create(model=f"echo-on-{upstream}", messages=said("one two three"))
    assert answer.choices[0].message.content == "one two three"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.completion_tokens == 3
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + 3
    assert answer.id.startswith("chatcmpl-")


def test_the_streaming_helper_gathers_the_same_answer(sdks, upstream):
    with sdks.openai.chat.completions.stream(
        model=f"echo-on-{upstream}", messages=said("one two three"), stream_options={"include_usage": True}
    ) as stream:
        deltas = "".join(event.delta for event in stream if event.type == "content.delta")
        final = stream.get_final_completion()
    assert deltas == final.choices[0].message.content == "one two three"
    assert final.choices[0].finish_reason == "stop"
    assert final.usage.completion_tokens == 3


def test_a_stream_shows_no_usage_to_a_client_who_did_not_ask(sdks, upstream):
    chunks = list(sdks.openai.chat.completions.create(model=f"echo-on-{upstream}", messages=said("one"), stream=True))
    assert all(chunk.usage is None for chunk in chunks)
    assert all(chunk.choices for chunk in chunks)
    assert len({chunk.id for chunk in chunks}) == 1


async def test_the_asynchronous_client_streams_too(gateway, upstream):
    async with openai.AsyncOpenAI(base_url=f"{gateway.base_url}/v1", api_key=KEY, max_retries=0) as client:
        stream = await client.chat.completions.create(
            model=f"echo-on-{upstream}", messages=said("one two"), stream=True
        )
        deltas = [chunk.choices[0].delta.content or "" async for chunk in stream]
        whole = await client.chat.completions.create(model=f"echo-on-{upstream}", messages=said("one two"))
    assert "".join(deltas) == whole.choices[0].message.content == "one two"


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(("question", "count"), [(ONE_CALL, 1), (TWO_CALLS, 2)])
def test_tools_are_called_and_their_results_answered(sdks, upstream, streaming, question, count):
    model, messages = f"tools-on-{upstream}", said(question)

    def ask():
        if not streaming:
            return sdks.openai.chat.completions.create(model=model, messages=messages, tools=TOOLS).choices[0]
        with sdks.openai.chat.completions.stream(model=model, messages=messages, tools=TOOLS) as stream:
            return stream.get_final_completion().choices[0]

    choice = ask()
    calls = choice.message.tool_calls
    assert choice.finish_reason == "tool_calls"
    assert [call.function.name for call in calls] == ["weather"] * count
    assert [json.loads(call.function.arguments)["city"] for call in calls] == ["Paris", "Tokyo"][:count]
    assert len({call.id for call in calls}) == count
    turn = {
        "role": "assistant",
        "content": choice.message.content,
        "tool_calls": [call.model_dump(include={"id", "type", "function"}) for call in calls],
    }
    messages += [turn, *({"role": "tool", "tool_call_id": call.id, "content": SUNNY} for call in calls)]
    final = ask()
    assert final.finish_reason == "stop"
    assert final.message.content.count(SUNNY) == count


def test_a_parse_helper_returns_the_model_of_the_schema(sdks, upstream):
    answer = sdks.openai.chat.completions.parse(
        model=f"chat-on-{upstream}", messages=said("Tell me a city"), response_format=City
    )
    assert answer.choices[0].message.parsed == City(city="Paris", population=2)
    with sdks.openai.chat.completions.stream(
        model=f"chat-on-{upstream}", messages=said("Tell me a city"), response_format=City
    ) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == City(city="Paris", population=2)


@pytest.mark.parametrize("streaming", [False, True])
def test_reasoning_is_shown_as_reasoning_content(sdks, upstream, streaming):
    model, messages = f"thinking-on-{upstream}", said("why")
    if streaming:
        thought = ""
        for chunk in sdks.openai.chat.completions.create(model=model, messages=messages, stream=True):
            thought += getattr(chunk.choices[0].delta, "reasoning_content", None) or ""
    else:
        thought = (
            sdks.openai.chat.completions.create(model=model, messages=messages).choices[0].message.reasoning_content
        )
    assert thought == "The user said “why”. I am a simulation, so I shall say what I see."


# to an upstream of chat the client's own bytes go
@pytest.mark.parametrize("upstream", ["messages", "responses", "gemini"])
@pytest.mark.parametrize("streaming", [False, True])
def test_signed_thinking_reaches_its_maker_again_although_chat_clients_drop_it(sdks, upstream, streaming):
    model, messages = f"thinking-on-{upstream}", said(ONE_CALL)
    if streaming:
        with sdks.openai.chat.completions.stream(model=model, messages=messages, tools=TOOLS) as stream:
            message = stream.get_final_completion().choices[0].message
    else:
        message = sdks.openai.chat.completions.create(model=model, messages=messages, tools=TOOLS).choices[0].message
    call = message.tool_calls[0]
    turn = {"role": "assistant", "tool_calls": [call.model_dump(include={"id", "type", "function"})]}
    messages += [turn, {"role": "tool", "tool_call_id": call.id, "content": SUNNY}]
    final = sdks.openai.chat.completions.create(model=model, messages=messages, tools=TOOLS)
    assert "1 earlier thought of mine, intact" in final.choices[0].message.content


def test_the_length_limit_ends_with_length(sdks, upstream):
    choice = sdks.openai.chat.completions.create(
        model=f"echo-on-{upstream}", messages=said(LONG), max_completion_tokens=20
    ).choices[0]
    assert choice.finish_reason == "length"
    assert len(choice.message.content.split()) == 20


def test_a_stop_sequence_cuts_the_answer_or_its_loss_is_reported(sdks, upstream):
    answer = sdks.openai.chat.completions.with_raw_response.create(
        model=f"echo-on-{upstream}", messages=said("one two HALT three"), stop=["HALT"]
    )
    choice = answer.parse().choices[0]
    assert choice.finish_reason == "stop"
    if upstream == "responses":  # has no stop sequences
        assert "dropped=1" in answer.headers["x-plexus-fidelity"]
    else:
        assert choice.message.content == "one two "
