"""Limits, sampling, structured output and the other settings of a request."""

import pytest
from tests.unit.protocols.messages.kit import ADAPTIVE, BUDGET, ask, drops, render, target, through

from plexus.ir.chat import OutputFormat, Reasoning, Sampling
from plexus.ir.target import Dialect

CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


def test_073_max_tokens_has_the_models_own_default() -> None:
    assert render(ask()).body["max_tokens"] == 8192
    assert render(ask(), target(max_output=64_000)).body["max_tokens"] == 64_000


def test_073_max_tokens_beyond_the_model_is_clamped_and_reported() -> None:
    rendered = render(ask(max_tokens=100_000), target(max_output=64_000))
    assert rendered.body["max_tokens"] == 64_000
    assert drops(rendered) == [("clamped", "max_tokens")]


def test_090_top_k_stop_and_a_temperature_of_zero_land_in_their_fields() -> None:
    body = render(ask(sampling=Sampling(temperature=0, top_p=0.5, top_k=7), stop=["END"])).body
    assert (body["temperature"], body["top_p"], body["top_k"], body["stop_sequences"]) == (0, 0.5, 7, ["END"])


def test_a_temperature_above_one_is_clamped() -> None:
    rendered = render(ask(sampling=Sampling(temperature=1.7)))
    assert rendered.body["temperature"] == 1
    assert drops(rendered) == [("clamped", "sampling.temperature")]


def test_stop_sequences_of_white_space_are_reported() -> None:
    rendered = render(ask(stop=["\n\n", "END"]))
    assert rendered.body["stop_sequences"] == ["END"]
    assert drops(rendered) == [("dropped", "stop")]


def test_what_has_no_place_is_reported_unless_it_says_the_default() -> None:
    placeless = Sampling(presence_penalty=0.5, frequency_penalty=0, seed=3, n=1, logprobs=False, logit_bias={"1": 2})
    rendered = render(
        ask(sampling=placeless, verbosity="low", cache_key="k", modalities=["text", "audio"], metadata={"a": "b"})
    )
    assert {field for _, field in drops(rendered)} == {
        "sampling.presence_penalty",
        "sampling.seed",
        "sampling.logit_bias",
        "verbosity",
        "cache_key",
        "modalities",
        "metadata.a",
    }


@pytest.mark.parametrize("style", [BUDGET, ADAPTIVE])
def test_082_sampling_that_is_refused_with_thinking_is_dropped_and_reported(style) -> None:
    request = ask(sampling=Sampling(temperature=0.2, top_p=0.5, top_k=5), reasoning=Reasoning(effort="low"))
    rendered = render(request, target(style))
    assert not {"temperature", "top_p", "top_k"} & rendered.body.keys()
    assert {"sampling.temperature", "sampling.top_p", "sampling.top_k"} <= {f for _, f in drops(rendered)}


def test_082_what_thinking_allows_stays() -> None:
    request = ask(sampling=Sampling(temperature=1, top_p=0.95), reasoning=Reasoning(effort="low"))
    body = render(request, target(BUDGET)).body
    assert (body["temperature"], body["top_p"]) == (1, 0.95)


def test_082_a_model_that_never_takes_sampling_gets_none() -> None:
    rendered = render(ask(sampling=Sampling(temperature=1, top_k=3)), target(refuses_sampling=True))
    assert not {"temperature", "top_k"} & rendered.body.keys()
    assert len(rendered.drops) == 2


def test_temperature_wins_where_the_model_takes_one_of_two() -> None:
    rendered = render(ask(sampling=Sampling(temperature=0.5, top_p=0.9)), target(exclusive_sampling=True))
    assert rendered.body["temperature"] == 0.5
    assert drops(rendered) == [("dropped", "sampling.top_p")]


def test_206_a_schema_goes_to_output_config() -> None:
    rendered = render(ask(output=OutputFormat(kind="schema", schema=CLOSED, name="out")))
    assert rendered.body["output_config"] == {"format": {"type": "json_schema", "schema": CLOSED}}
    assert drops(rendered) == [("dropped", "output.name")]


def test_206_a_schema_outside_anthropics_part_is_closed_and_its_bounds_are_told() -> None:
    schema = {
        "type": "object",
        "$defs": {"N": {"type": "integer", "minimum": 1, "description": "a number"}},
        "properties": {
            "minimum": {"$ref": "#/$defs/N"},
            "list": {"type": "array", "items": {"type": "object", "properties": {}}, "minItems": 2},
            "one": {"oneOf": [{"type": "string", "format": "color"}, {"type": "null"}]},
        },
    }
    rendered = render(ask(output=OutputFormat(kind="schema", schema=schema)))
    sent = rendered.body["output_config"]["format"]["schema"]
    assert sent["additionalProperties"] is False
    assert sent["$defs"]["N"] == {"type": "integer", "description": "a number (minimum: 1)"}
    assert sent["properties"]["minimum"] == {"$ref": "#/$defs/N"}
    assert sent["properties"]["list"]["items"]["additionalProperties"] is False
    assert sent["properties"]["list"]["description"] == "(minItems: 2)"
    assert sent["properties"]["one"]["anyOf"][0] == {"type": "string", "description": "(format: color)"}
    assert drops(rendered) == [("approximated", "output.schema")]


def test_206_json_mode_and_targets_without_schemas_get_an_instruction() -> None:
    for output, to in (
        (OutputFormat(kind="json"), target()),
        (OutputFormat(kind="schema", schema=CLOSED), target(dialect=Dialect(json_schema=False))),
    ):
        rendered = render(ask(output=output), to)
        assert "JSON" in rendered.body["system"][-1]["text"]
        assert "output_config" not in rendered.body
        assert drops(rendered) == [("approximated", "output")]


def test_an_instruction_follows_the_clients_own_system_text() -> None:
    from plexus.ir.chat import Message
    from plexus.ir.parts import Text

    request = ask(Message(role="system", parts=[Text(text="Be brief.")]), output=OutputFormat(kind="json"))
    request.messages.append(ask().messages[0])
    assert render(request).body["system"][0] == {"type": "text", "text": "Be brief."}


@pytest.mark.parametrize(
    ("tier", "sent", "kinds"),
    [
        ("auto", "auto", []),
        ("default", "standard_only", []),
        ("priority", "auto", ["approximated"]),
        ("flex", None, ["dropped"]),
    ],
)
def test_service_tiers_of_other_protocols_have_their_nearest(tier: str, sent: str | None, kinds: list[str]) -> None:
    rendered = render(ask(service_tier=tier))
    assert rendered.body.get("service_tier") == sent
    assert [kind for kind, _ in drops(rendered)] == kinds


def test_the_users_id_is_metadata() -> None:
    assert render(ask(user="u-1")).body["metadata"] == {"user_id": "u-1"}
    assert through(metadata={"user_id": "u", "further": 1})["metadata"] == {"user_id": "u", "further": 1}


def test_fields_the_target_refuses_are_left_out_and_reported() -> None:
    to = target(dialect=Dialect(refused=frozenset({"service_tier", "metadata"})))
    rendered = render(ask(service_tier="auto", user="u"), to)
    assert not {"service_tier", "metadata"} & rendered.body.keys()
    assert drops(rendered) == [("dropped", "metadata"), ("dropped", "service_tier")]


def test_top_level_fields_of_another_protocol_are_reported_and_ours_go_back() -> None:
    assert drops(render(ask(extras={"store": True}))) == [("dropped", "store")]
    body = through(speed="fast", output_config={"effort": "low", "task_budget": {"total": 5}})
    assert body["speed"] == "fast"
    assert body["output_config"] == {"effort": "low", "task_budget": {"total": 5}}
