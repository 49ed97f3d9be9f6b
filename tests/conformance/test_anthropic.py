"""The anthropic package's messages, with its accumulating stream, onto every upstream protocol."""

import anthropic
import pytest

from tests.conformance.asked import LONG, ONE_CALL, SUNNY, TWO_CALLS, WEATHER, City
from tests.conformance.sdks import KEY

TOOLS = [{"name": "weather", "description": "The weather", "input_schema": WEATHER}]


def user(text):
    return [{"role": "user", "content": text}]


def ask(sdks, streaming, **options):
    """The answer, whole or gathered by the streaming helper."""
    if not streaming:
        return sdks.anthropic.messages.create(max_tokens=1000, **options)
    with sdks.anthropic.messages.stream(max_tokens=1000, **options) as stream:
        return stream.get_final_message()


def back(answer):
    """The turn as it is sent back."""
    blocks = [block.to_dict() for block in answer.content]
    return {
        "role": "assistant",
        "content": [{k: v for k, v in block.items() if k != "parsed_output"} for block in blocks],
    }


@pytest.mark.parametrize("streaming", [False, True])
def test_a_plain_answer_has_text_a_stop_reason_and_the_usage(sdks, upstream, streaming):
    answer = ask(sdks, streaming, model=f"echo-on-{upstream}", system="Be brief.", messages=user("one two three"))
    assert [block.text for block in answer.content] == ["one two three"]
    assert answer.stop_reason == "end_turn"
    assert answer.usage.output_tokens == 3
    assert answer.usage.input_tokens > 3
    assert answer.id.startswith("msg_")


def test_the_streaming_helper_tells_text_and_snapshots(sdks, upstream):
    with sdks.anthropic.messages.stream(
        max_tokens=100, model=f"echo-on-{upstream}", messages=user("one two three")
    ) as stream:
        assert "".join(stream.text_stream) == "one two three"
        assert stream.get_final_text() == "one two three"


async def test_the_asynchronous_client_streams_too(gateway, upstream):
    options = {"max_tokens": 100, "model": f"echo-on-{upstream}", "messages": user("one two")}
    async with (
        anthropic.AsyncAnthropic(base_url=gateway.base_url, api_key=KEY, max_retries=0) as client,
        client.messages.stream(**options) as stream,
    ):
        assert await stream.get_final_text() == "one two"


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(("question", "count"), [(ONE_CALL, 1), (TWO_CALLS, 2)])
def test_tools_are_called_and_their_results_answered(sdks, upstream, streaming, question, count):
    model, messages = f"tools-on-{upstream}", user(question)
    answer = ask(sdks, streaming, model=model, messages=messages, tools=TOOLS)
    calls = [block for block in answer.content if block.type == "tool_use"]
    assert answer.stop_reason == "tool_use"
    assert [call.name for call in calls] == ["weather"] * count
    assert [call.input["city"] for call in calls] == ["Paris", "Tokyo"][:count]
    assert len({call.id for call in calls}) == count
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": SUNNY} for call in calls]
    messages += [back(answer), {"role": "user", "content": results}]
    final = ask(sdks, streaming, model=model, messages=messages, tools=TOOLS)
    assert final.stop_reason == "end_turn"
    assert final.content[0].text.count(SUNNY) == count


def test_a_failed_tool_says_so_upstream(sdks, upstream):
    model, messages = f"tools-on-{upstream}", user(ONE_CALL)
    answer = ask(sdks, False, model=model, messages=messages, tools=TOOLS)
    call = answer.content[-1]
    failed = {"type": "tool_result", "tool_use_id": call.id, "content": "no such city", "is_error": True}
    final = ask(
        sdks, False, model=model, messages=[*messages, back(answer), {"role": "user", "content": [failed]}], tools=TOOLS
    )
    assert "no such city" in final.content[0].text


def test_a_parse_helper_returns_the_model_of_the_schema(sdks, upstream):
    answer = sdks.anthropic.messages.parse(
        max_tokens=100, model=f"chat-on-{upstream}", messages=user("Tell me a city"), output_format=City
    )
    assert answer.parsed_output == City(city="Paris", population=2)


@pytest.mark.parametrize("streaming", [False, True])
def test_thinking_is_a_signed_block_and_goes_back_intact_with_its_tools(sdks, upstream, streaming):
    messages = user(ONE_CALL)
    options = {
        "model": f"thinking-on-{upstream}",
        "tools": TOOLS,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
    }
    if streaming:
        with sdks.anthropic.messages.stream(max_tokens=2000, messages=messages, **options) as stream:
            answer = stream.get_final_message()
    else:
        answer = sdks.anthropic.messages.create(max_tokens=2000, messages=messages, **options)
    thoughts = [block for block in answer.content if block.type == "thinking"]
    assert [block.thinking for block in thoughts] == [
        f"The user said “{ONE_CALL}”. I am a simulation, so I shall say what I see."
    ]
    assert [block.type for block in answer.content] == ["thinking", "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": answer.content[-1].id, "content": SUNNY}]
    messages += [back(answer), {"role": "user", "content": results}]
    final = sdks.anthropic.messages.create(max_tokens=2000, messages=messages, **options)
    assert final.stop_reason == "end_turn"
    assert thoughts[0].signature
    assert "1 earlier thought of mine, intact" in final.content[-1].text


def test_an_altered_signature_is_refused_by_its_maker_or_was_never_sent(sdks):
    messages = user(ONE_CALL)
    options = {"max_tokens": 2000, "model": "thinking-on-messages", "tools": TOOLS}
    answer = sdks.anthropic.messages.create(messages=messages, **options)
    turn = back(answer)
    turn["content"][0]["signature"] = "AAAA" + turn["content"][0]["signature"][4:]
    results = [{"type": "tool_result", "tool_use_id": answer.content[-1].id, "content": SUNNY}]
    with pytest.raises(anthropic.BadRequestError, match="signature"):
        sdks.anthropic.messages.create(messages=[*messages, turn, {"role": "user", "content": results}], **options)


@pytest.mark.parametrize("streaming", [False, True])
def test_the_length_limit_ends_with_max_tokens(sdks, upstream, streaming):
    options = {"model": f"echo-on-{upstream}", "messages": user(LONG), "max_tokens": 20}
    if streaming:
        with sdks.anthropic.messages.stream(**options) as stream:
            answer = stream.get_final_message()
    else:
        answer = sdks.anthropic.messages.create(**options)
    assert answer.stop_reason == "max_tokens"
    assert len(answer.content[0].text.split()) == 20


def test_a_stop_sequence_cuts_the_answer_or_its_loss_is_reported(sdks, upstream):
    raw = sdks.anthropic.messages.with_raw_response.create(
        max_tokens=100, model=f"echo-on-{upstream}", messages=user("one two HALT three"), stop_sequences=["HALT"]
    )
    answer = raw.parse()
    if upstream == "responses":  # has no stop sequences
        assert "dropped=1" in raw.headers["x-plexus-fidelity"]
        return
    assert answer.content[0].text == "one two "
    if upstream == "messages":  # the others do not say which sequence it was, or that it was one
        assert (answer.stop_reason, answer.stop_sequence) == ("stop_sequence", "HALT")
    else:
        assert answer.stop_reason in {"end_turn", "stop_sequence"}


def test_the_tool_runner_of_the_beta_runs_a_python_function(sdks, upstream):
    asked = []

    @anthropic.beta_tool
    def weather(city: str) -> str:
        """The weather of a city.

        Args:
            city: Where.
        """
        asked.append(city)
        return SUNNY

    runner = sdks.anthropic.beta.messages.tool_runner(
        max_tokens=1000, model=f"tools-on-{upstream}", tools=[weather], messages=user(ONE_CALL)
    )
    assert SUNNY in runner.until_done().content[0].text
    assert asked == ["Paris"]
