"""What pass-through between a chat client and a chat target asks of this protocol."""

import json

import pytest
from tests.unit.protocols.chat.wires import HI, asked, chunk, rendered, target, usage_chunk

from plexus.core.raw_object import RawObject
from plexus.ir.target import ModelProfile, ReasoningProfile
from plexus.protocols.chat import PROTOCOL
from plexus.protocols.chat.passing import ask_usage, fits, only_usage


def raw(**fields):
    return RawObject(json.dumps({"model": "m", "messages": [HI], **fields}).encode())


def test_a_body_fits_unless_something_in_it_is_known_to_be_refused():
    developer = [{"role": "developer", "content": "d"}, HI]
    result = [{"role": "tool", "tool_call_id": "call_1", "content": "x"}]
    schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}
    assert fits(raw(store=True, messages=developer, response_format=schema), target())
    assert not fits(raw(store=True), target(refused=frozenset({"store"})))
    assert not fits(raw(messages=developer), target(developer_role=False))
    assert not fits(
        raw(messages=[{"role": "user", "content": [{"type": "text", "text": "a"}]}]), target(text_arrays=False)
    )
    assert fits(raw(), target(text_arrays=False))
    assert not fits(raw(response_format=schema), target(json_schema=False))
    assert not fits(raw(messages=result), target(tool_id_pattern="[a-zA-Z0-9]{9}"))
    assert fits(raw(messages=[{**result[0], "tool_call_id": "abcDEF123"}]), target(tool_id_pattern="[a-zA-Z0-9]{9}"))


def test_098_usage_is_asked_for_in_streams_that_do_not_and_other_options_stay():
    assert ask_usage(raw(stream=True), target()) == {"stream_options": b'{"include_usage":true}'}
    assert json.loads(ask_usage(raw(stream=True, stream_options={"x": 1}), target())["stream_options"]) == {
        "x": 1,
        "include_usage": True,
    }
    assert ask_usage(raw(stream=True, stream_options=None), target()) == {"stream_options": b'{"include_usage":true}'}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"stream": False},
        {"stream": True, "stream_options": {"include_usage": True}},
        {"stream": True, "stream_options": 5},
    ],
)
def test_098_nothing_is_added_where_it_is_not_needed(fields):
    assert ask_usage(raw(**fields), target()) == {}


def test_098_nothing_is_added_for_targets_that_refuse_it():
    assert ask_usage(raw(stream=True), target(stream_usage=False)) == {}


def test_only_the_frame_with_usage_and_no_choices_is_taken_out_again():
    assert only_usage(json.dumps(usage_chunk()).encode())
    assert not only_usage(json.dumps(chunk({"content": '"usage" "choices"'})).encode())
    assert not only_usage(json.dumps(chunk(finish="stop", usage={"prompt_tokens": 1})).encode())
    assert not only_usage(json.dumps({"choices": [], "usage": None, "prompt_filter_results": []}).encode())
    assert not only_usage(b"[DONE]")
    assert not only_usage(b'{"choices":[],"usage":{')


def test_the_path_below_the_base_url():
    assert PROTOCOL.path("m", True) == "/chat/completions"


@pytest.mark.parametrize(
    ("there", "fields", "taken"),
    [
        (target(max_tokens_field="max_tokens"), {"max_completion_tokens": 5}, False),
        (target(max_tokens_field="max_tokens"), {"max_tokens": 5}, True),
        (target(), {"max_completion_tokens": 5}, True),
        (target(), {"max_tokens": 5}, True),
        (target(ModelProfile(refuses_sampling=True)), {"max_tokens": 5}, False),
        (target(ModelProfile(reasoning=ReasoningProfile(refuses_sampling=True))), {"max_tokens": 5}, False),
        (target(ModelProfile(refuses_sampling=True)), {"max_completion_tokens": 5}, True),
        (target(ModelProfile(refuses_sampling=True), max_tokens_field="max_tokens"), {"max_tokens": 5}, True),
        (target(seed_field="random_seed"), {"seed": 5}, False),
        (target(seed_field="random_seed"), {"random_seed": 5}, True),
        (target(), {"seed": 5}, True),
        (target(custom_tools=False), {"tools": [{"type": "custom", "custom": {"name": "a"}}]}, False),
        (target(), {"tools": [{"type": "custom", "custom": {"name": "a"}}]}, True),
        (target(ModelProfile(forced_tools=False)), {"tool_choice": "required"}, False),
        (target(ModelProfile(forced_tools=False)), {"tool_choice": "auto"}, True),
    ],
)
def test_a_body_fits_only_where_its_names_and_choices_are_known(there, fields, taken):
    assert fits(raw(**fields), there) is taken


def test_a_limit_by_another_name_reaches_the_target_by_its_own():
    request = asked(max_completion_tokens=5)
    assert rendered(request, target(max_tokens_field="max_tokens")).body["max_tokens"] == 5
    found = rendered(asked(max_tokens=5), target(ModelProfile(refuses_sampling=True)))
    assert found.body["max_completion_tokens"] == 5
    assert "max_tokens" not in found.body
