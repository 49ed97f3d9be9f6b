"""The openai package's responses, helpers included, onto every upstream protocol."""

import json

import openai
import pytest

from tests.conformance.asked import LONG, ONE_CALL, SUNNY, TWO_CALLS, WEATHER, City
from tests.conformance.sdks import KEY

TOOLS = [{"type": "function", "name": "weather", "description": "The weather", "parameters": WEATHER, "strict": True}]


def ask(sdks, streaming, **options):
    """The answer, whole or gathered by the streaming helper."""
    if not streaming:
        return sdks.openai.responses.create(store=False, **options)
    with sdks.openai.responses.stream(store=False, **options) as stream:
        return stream.get_final_response()


@pytest.mark.parametrize("streaming", [False, True])
def test_a_plain_answer_has_text_a_status_and_the_usage(sdks, upstream, streaming):
    answer = ask(sdks, streaming, model=f"echo-on-{upstream}", instructions="Be brief.", input="one two three")
    assert answer.output_text == "one two three"
    assert answer.status == "completed"
    assert answer.usage.output_tokens == 3
    assert answer.usage.total_tokens == answer.usage.input_tokens + 3
    assert answer.usage.input_tokens_details.cached_tokens == 0


def test_the_events_of_a_stream_keep_their_ids_and_numbers(sdks, upstream):
    with sdks.openai.responses.stream(model=f"echo-on-{upstream}", input="one two three") as stream:
        events = list(stream)
    assert [event.sequence_number for event in events] == list(
        range(events[0].sequence_number, len(events) + events[0].sequence_number)
    )
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "one two three"
    assert len({event.response.id for event in events if hasattr(event, "response")}) == 1
    assert len({event.item_id for event in events if hasattr(event, "item_id")}) == 1
    assert events[-1].type == "response.completed"


async def test_the_asynchronous_client_streams_too(gateway, upstream):
    async with (
        openai.AsyncOpenAI(base_url=f"{gateway.base_url}/v1", api_key=KEY, max_retries=0) as client,
        client.responses.stream(model=f"echo-on-{upstream}", input="one two") as stream,
    ):
        final = await stream.get_final_response()
    assert final.output_text == "one two"


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(("question", "count"), [(ONE_CALL, 1), (TWO_CALLS, 2)])
def test_tools_are_called_and_their_results_answered(sdks, upstream, streaming, question, count):
    items = [{"role": "user", "content": question}]
    answer = ask(sdks, streaming, model=f"tools-on-{upstream}", input=items, tools=TOOLS)
    calls = [item for item in answer.output if item.type == "function_call"]
    assert [call.name for call in calls] == ["weather"] * count
    assert [json.loads(call.arguments)["city"] for call in calls] == ["Paris", "Tokyo"][:count]
    assert len({call.call_id for call in calls}) == count
    items += [item.to_dict() for item in answer.output]
    items += [{"type": "function_call_output", "call_id": call.call_id, "output": SUNNY} for call in calls]
    for item in items:
        item.pop("parsed_arguments", None)
    final = ask(sdks, streaming, model=f"tools-on-{upstream}", input=items, tools=TOOLS)
    assert final.status == "completed"
    assert final.output_text.count(SUNNY) == count


def test_a_parse_helper_returns_the_model_of_the_schema(sdks, upstream):
    answer = sdks.openai.responses.parse(model=f"chat-on-{upstream}", input="Tell me a city", text_format=City)
    assert answer.output_parsed == City(city="Paris", population=2)
    with sdks.openai.responses.stream(model=f"chat-on-{upstream}", input="Tell me", text_format=City) as stream:
        assert stream.get_final_response().output_parsed == City(city="Paris", population=2)


@pytest.mark.parametrize("streaming", [False, True])
def test_reasoning_comes_as_an_item_and_goes_back_intact_with_its_tools(sdks, upstream, streaming):
    items = [{"role": "user", "content": ONE_CALL}]
    options = {
        "model": f"thinking-on-{upstream}",
        "tools": TOOLS,
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
    }
    answer = ask(sdks, streaming, input=items, **options)
    thoughts = [item for item in answer.output if item.type == "reasoning"]
    assert len(thoughts) == 1
    told = "".join(part.text for part in [*thoughts[0].summary, *(thoughts[0].content or [])])
    assert told == f"The user said “{ONE_CALL}”. I am a simulation, so I shall say what I see."
    items += [item.to_dict() for item in answer.output]
    for item in items:
        item.pop("parsed_arguments", None)
    call = next(item for item in answer.output if item.type == "function_call")
    items.append({"type": "function_call_output", "call_id": call.call_id, "output": SUNNY})
    final = ask(sdks, streaming, input=items, **options)
    assert final.status == "completed"
    assert thoughts[0].encrypted_content
    assert "1 earlier thought of mine, intact" in final.output_text


@pytest.mark.parametrize("streaming", [False, True])
def test_the_length_limit_makes_it_incomplete(sdks, upstream, streaming):
    options = {"model": f"echo-on-{upstream}", "input": LONG, "max_output_tokens": 20}
    if streaming:
        events = list(sdks.openai.responses.create(stream=True, **options))
        assert events[-1].type == "response.incomplete"
        answer = events[-1].response
    else:
        answer = sdks.openai.responses.create(**options)
    assert answer.status == "incomplete"
    assert answer.incomplete_details.reason == "max_output_tokens"
    assert len(answer.output_text.split()) == 20


def test_state_kept_at_a_provider_works_in_pass_through(sdks):
    answer = sdks.openai.responses.create(
        model="ok-on-responses", input="hi", previous_response_id="resp_1", store=True
    )
    assert answer.status == "completed"


@pytest.mark.parametrize("upstream", ["chat", "messages", "gemini"])
def test_state_kept_at_a_provider_is_a_clear_400_elsewhere(sdks, upstream):
    with pytest.raises(openai.BadRequestError) as caught:
        sdks.openai.responses.create(model=f"echo-on-{upstream}", input="hi", previous_response_id="resp_1")
    assert caught.value.param == "previous_response_id"


@pytest.mark.parametrize("streaming", [False, True])
def test_a_free_form_tool_is_called_with_plain_text(sdks, upstream, streaming):
    tool = {"type": "custom", "name": "apply_patch", "description": "Applies a patch", "format": {"type": "text"}}
    items = [{"role": "user", "content": "Apply this patch, please"}]
    answer = ask(sdks, streaming, model=f"tools-on-{upstream}", input=items, tools=[tool])
    [call] = answer.output
    assert (call.type, call.name, call.input) == ("custom_tool_call", "apply_patch", "Apply this patch, please")
    items += [call.to_dict(), {"type": "custom_tool_call_output", "call_id": call.call_id, "output": "patched"}]
    final = ask(sdks, streaming, model=f"tools-on-{upstream}", input=items, tools=[tool])
    assert "patched" in final.output_text
