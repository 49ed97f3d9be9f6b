"""Writing requests for chat targets: top-level fields."""

import pytest
from tests.unit.protocols.chat.wires import HI, TOOL, asked, rendered, target

from plexus.ir.chat import ChatRequest, Message, OutputFormat, Sampling
from plexus.ir.parts import CacheMark, Text
from plexus.ir.target import ModelProfile, ReasoningProfile, Target
from plexus.providers.catalogue import known


def foreign(protocol="messages", **fields):
    """A request of a client that speaks another protocol."""
    return ChatRequest(protocol=protocol, model="m", messages=[Message(role="user", parts=[Text(text="hi")])], **fields)


def losses(found):
    return [(drop.kind, drop.field) for drop in found.drops]


def test_the_model_is_the_targets():
    assert rendered(asked(model="alias")).body == {"model": "acme-1", "messages": [HI]}


def test_a_request_read_and_written_is_the_same():
    body = {
        "messages": [{"role": "developer", "content": "d", "name": "n"}, HI],
        "tools": [TOOL],
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "max_completion_tokens": 5,
        "stop": ["END"],
        "temperature": 0,
        "top_p": 0.5,
        "top_k": 3,
        "seed": 1,
        "n": 2,
        "logprobs": True,
        "top_logprobs": 2,
        "logit_bias": {"1": 2},
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "reasoning_effort": "low",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "o", "schema": {"type": "object"}, "strict": True},
        },
        "modalities": ["text"],
        "verbosity": "low",
        "service_tier": "flex",
        "user": "u",
        "metadata": {"a": "b"},
        "prompt_cache_key": "k",
        "safety_identifier": "s",
        "prediction": {"type": "content", "content": "x"},
        "web_search_options": {"search_context_size": "low"},
    }
    found = rendered(asked(**body))
    assert found.body == {"model": "acme-1", **body}
    assert found.drops == []


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_097_the_name_of_the_output_limit_is_the_targets(name):
    body = rendered(asked(max_tokens=7), target(max_tokens_field=name)).body
    assert body[name] == 7
    assert len({"max_tokens", "max_completion_tokens"} & body.keys()) == 1


def test_an_output_limit_above_the_models_is_cut_and_reported():
    found = rendered(asked(max_tokens=900), target(ModelProfile(max_output=100)))
    assert found.body["max_completion_tokens"] == 100
    assert losses(found) == [("clamped", "max_tokens")]


def test_an_output_limit_of_nothing_is_the_least_chat_takes():
    found = rendered(foreign(max_tokens=0))
    assert (found.body["max_completion_tokens"], losses(found)) == (1, [("clamped", "max_tokens")])


def test_098_usage_is_asked_for_in_streams_where_the_target_takes_it():
    assert rendered(asked(stream=True)).body["stream_options"] == {"include_usage": True}
    assert "stream_options" not in rendered(asked(stream=True), target(stream_usage=False)).body
    assert "stream_options" not in rendered(asked()).body


def test_other_stream_options_go_along():
    request = asked(stream=True, stream_options={"include_obfuscation": False})
    assert rendered(request).body["stream_options"] == {"include_obfuscation": False, "include_usage": True}


def test_066_fields_are_left_out_only_for_targets_that_refuse_them():
    request = asked(store=True, safety_identifier="s", user="u")
    assert rendered(request).body.keys() >= {"store", "safety_identifier", "user"}
    found = rendered(request, target(refused=frozenset({"store", "user", "seed"})))
    assert found.body.keys() & {"store", "safety_identifier", "user"} == {"safety_identifier"}
    assert losses(found) == [("dropped", "store"), ("dropped", "user")]


def test_066_fields_that_responses_shares_go_along():
    found = rendered(foreign("responses", extras={"safety_identifier": "s", "store": True, "truncation": "auto"}))
    assert (found.body["safety_identifier"], found.body["store"]) == ("s", True)
    assert losses(found) == [("dropped", "truncation")]


def test_storing_switched_off_is_chats_default():
    found = rendered(foreign("responses", extras={"store": False}))
    assert "store" not in found.body
    assert found.drops == []


def test_100_the_cache_key_passes_unchanged_and_none_is_invented():
    assert rendered(foreign(cache_key="k")).body["prompt_cache_key"] == "k"
    assert "prompt_cache_key" not in rendered(foreign()).body


def test_105_and_106_fields_of_another_protocol_are_reported_and_never_sent():
    request = foreign(extras={"context_management": {}, "fallbacks": []}, cache=CacheMark())
    request.messages[0].extras = {"status": "completed"}
    part = request.messages[0].parts[0]
    assert isinstance(part, Text)
    part.extras = {"cachePoint": {}}
    found = rendered(request)
    assert found.body == {"model": "acme-1", "messages": [HI]}
    assert sorted(losses(found)) == [
        ("dropped", "cache"),
        ("dropped", "context_management"),
        ("dropped", "fallbacks"),
        ("dropped", "messages[0].parts[0].cachePoint"),
        ("dropped", "messages[0].status"),
    ]


def test_090_sampling_lands_in_the_right_fields():
    found = rendered(foreign(sampling=Sampling(temperature=0, top_p=0.5, top_k=3), stop=["END"]))
    assert (found.body["temperature"], found.body["top_p"], found.body["stop"]) == (0, 0.5, ["END"])
    assert losses(found) == [("dropped", "sampling.top_k")]


@pytest.mark.parametrize(
    "profile",
    [
        ModelProfile(refuses_sampling=True),
        ModelProfile(reasoning=ReasoningProfile(style="effort", refuses_sampling=True)),
    ],
)
def test_082_sampling_that_the_model_refuses_is_left_out_and_reported(profile):
    found = rendered(asked(temperature=0.5, top_p=0.5, seed=1, reasoning_effort="low"), target(profile))
    assert "temperature" not in found.body
    assert "top_p" not in found.body
    assert found.body["seed"] == 1
    assert losses(found) == [("dropped", "sampling.temperature"), ("dropped", "sampling.top_p")]


def test_of_two_settings_that_exclude_each_other_temperature_stays():
    found = rendered(asked(temperature=0.5, top_p=0.5), target(ModelProfile(exclusive_sampling=True)))
    assert (found.body["temperature"], losses(found)) == (0.5, [("dropped", "sampling.top_p")])


def test_206_a_schema_is_sent_with_a_name_the_target_takes():
    found = rendered(
        foreign(output=OutputFormat(kind="schema", name="my out!", schema={"type": "object"}, strict=True))
    )
    assert found.body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "my_out_", "schema": {"type": "object"}, "strict": True},
    }
    assert (
        rendered(foreign(output=OutputFormat(kind="schema", schema={}))).body["response_format"]["json_schema"]["name"]
        == "response"
    )


def test_206_a_schema_becomes_json_mode_where_there_is_nothing_better_and_is_reported():
    found = rendered(foreign(output=OutputFormat(kind="schema", schema={"type": "object"})), target(json_schema=False))
    assert found.body["response_format"] == {"type": "json_object"}
    assert losses(found) == [("approximated", "output.schema")]


def test_service_tiers_of_other_vendors_are_translated_or_reported():
    assert rendered(foreign(service_tier="standard_only")).body["service_tier"] == "default"
    found = rendered(foreign(service_tier="turbo"))
    assert "service_tier" not in found.body
    assert losses(found) == [("dropped", "service_tier")]


def test_a_user_id_longer_than_openai_takes_is_sent_as_its_hash():
    found = rendered(foreign(user="u" * 100))
    assert len(found.body["user"]) == 64
    assert found.body["user"] == rendered(foreign(user="u" * 100)).body["user"]
    assert losses(found) == [("approximated", "user")]
    assert rendered(asked(user="u" * 100)).body["user"] == "u" * 100


def test_156_encoding_changes_nothing_of_the_request():
    body = {
        "messages": [HI],
        "tools": [TOOL],
        "temperature": 0.5,
        "safety_identifier": "s",
        "stream_options": {"a": 1},
        "stream": True,
    }
    request, again = asked(**body), asked(**body)
    rendered(request, target(refused=frozenset({"temperature"}), developer_role=False))
    assert request == again


def test_mistral_gets_the_seed_by_its_own_name():
    mistral = known()["mistral"].protocols["chat"].dialect
    there = Target(provider="mistral", model="mistral-large", protocol="chat", dialect=mistral)
    found = rendered(asked(seed=7), there)
    assert found.body["random_seed"] == 7
    assert "seed" not in found.body
    assert found.drops == []
