"""Reading a client's request: top-level fields."""

from typing import Any

import pytest
from tests.unit.protocols.chat.wires import HI, asked

from plexus.ir.chat import OutputFormat, Sampling
from plexus.ir.errors import InvalidRequest
from plexus.protocols.chat import PROTOCOL


def test_model_and_stream_are_what_the_caller_says():
    request = PROTOCOL.decode_request({"model": "x", "messages": [HI], "stream": True}, "alias", False)
    assert (request.model, request.stream, request.protocol) == ("alias", False, "chat")


def test_206_sampling_parameters_each_have_their_place():
    fields: dict[str, Any] = {
        "temperature": 0,
        "top_p": 0.5,
        "top_k": 20,
        "presence_penalty": 0.1,
        "frequency_penalty": -0.2,
        "seed": 7,
        "n": 2,
        "logprobs": True,
        "top_logprobs": 3,
        "logit_bias": {"50256": -100},
    }
    request = asked(**fields)
    assert request.sampling == Sampling(**fields)
    assert request.extras is None


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": 6}, 6),
        ({"max_tokens": 5, "max_completion_tokens": 6}, 6),
        ({"max_tokens": 5.0}, 5),
        ({"max_tokens": None}, None),
    ],
)
def test_206_the_output_limit_has_two_names(fields, limit):
    assert asked(**fields).max_tokens == limit


@pytest.mark.parametrize(("said", "stop"), [("END", ["END"]), (["a", "b"], ["a", "b"]), (None, [])])
def test_206_stop_is_a_string_or_a_list(said, stop):
    assert asked(stop=said).stop == stop


def test_206_structured_output_keeps_its_schema_as_written():
    schema = {"$schema": "x", "type": "object", "properties": {"title": {"type": "string"}}, "$defs": {}}
    wire = {"type": "json_schema", "json_schema": {"name": "out", "description": "d", "schema": schema, "strict": True}}
    assert asked(response_format=wire).output == OutputFormat(
        kind="schema", name="out", description="d", schema=schema, strict=True
    )
    assert asked(response_format={"type": "json_object"}).output == OutputFormat(kind="json")
    assert asked(response_format={"type": "text"}).output is None


def test_an_output_format_nobody_knows_is_kept_as_it_is():
    request = asked(response_format={"type": "grammar", "grammar": "x"})
    assert request.output is None
    assert request.extras == {"response_format": {"type": "grammar", "grammar": "x"}}


def test_stream_options_ask_for_usage_and_keep_the_rest():
    request = asked(stream=True, stream_options={"include_usage": True, "include_obfuscation": False})
    assert request.include_usage
    assert request.extras == {"stream_options": {"include_obfuscation": False}}
    assert not asked(stream=True).include_usage


def test_labels_of_the_request_have_their_places():
    request = asked(
        user="u",
        metadata={"a": "b"},
        service_tier="flex",
        prompt_cache_key="k",
        verbosity="low",
        modalities=["text", "audio"],
    )
    assert (request.user, request.metadata, request.service_tier, request.cache_key) == ("u", {"a": "b"}, "flex", "k")
    assert (request.verbosity, request.modalities) == ("low", ["text", "audio"])


def test_unknown_fields_are_extras_and_null_is_nothing_said():
    request = asked(safety_identifier="s", min_p=0.1, store=None, temperature=None, tools=None, tool_choice=None)
    assert request.extras == {"safety_identifier": "s", "min_p": 0.1}
    assert request.sampling.temperature is None


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": {}}, "messages"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"content": "hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "robot", "content": "hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"messages": [HI, {"role": "user", "content": [{"type": "text"}]}]}, "messages[1].content[0].text"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": 5}}]}]},
            "messages[0].content[0].image_url.url",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages[0].content[0].image_url"),
        (
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]},
            "messages[0].content[0].file.file_data",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"format": "wav"}}]}]},
            "messages[0].content[0].input_audio.data",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a", "cache_control": 1}]}]},
            "messages[0].content[0].cache_control",
        ),
        ({"messages": [HI, {"role": "assistant", "tool_calls": {}}]}, "messages[1].tool_calls"),
        ({"messages": [HI, {"role": "assistant", "tool_calls": [{"id": "a"}]}]}, "messages[1].tool_calls[0].function"),
        (
            {"messages": [HI, {"role": "assistant", "tool_calls": [{"id": 5, "function": {"name": "f"}}]}]},
            "messages[1].tool_calls[0].id",
        ),
        (
            {
                "messages": [
                    HI,
                    {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": 5}}]},
                ]
            },
            "messages[1].tool_calls[0].function.arguments",
        ),
        ({"messages": [HI, {"role": "tool", "content": "x"}]}, "messages[1].tool_call_id"),
        ({"messages": [HI, {"role": "function", "name": "f", "content": "x"}]}, "messages[1].name"),
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"max_tokens": 5.5}, "max_tokens"),
        ({"stop": [1]}, "stop[0]"),
        ({"stop": 1}, "stop"),
        ({"logit_bias": {"1": "x"}}, "logit_bias.1"),
        ({"user": 5}, "user"),
        ({"metadata": []}, "metadata"),
        ({"stream_options": []}, "stream_options"),
        ({"response_format": "json"}, "response_format"),
        ({"response_format": {}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": []}}},
            "response_format.json_schema.schema",
        ),
        ({"tools": {}}, "tools"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": []}}]},
            "tools[0].function.parameters",
        ),
        ({"tools": [{"type": "custom", "custom": {}}]}, "tools[0].custom.name"),
        ({"tool_choice": "maybe"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.function"),
        ({"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "x"}}}, "tool_choice.allowed_tools.mode"),
        ({"tool_choice": {"type": "what"}}, "tool_choice.type"),
        ({"functions": [{}]}, "functions[0].name"),
        ({"reasoning_effort": 5}, "reasoning_effort"),
        ({"reasoning": {"max_tokens": "x"}}, "reasoning.max_tokens"),
    ],
)
def test_a_field_of_the_wrong_type_is_named_with_its_path(fields, path):
    with pytest.raises(InvalidRequest) as refused:
        asked(**fields)
    assert refused.value.field == path
