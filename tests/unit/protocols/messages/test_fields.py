"""The list of fields is complete and every sample is a request this protocol understands."""

import typing

import pytest
from anthropic.types.beta.message_create_params import MessageCreateParamsNonStreaming
from tests.unit.protocols.messages.kit import TARGET

from plexus.core import json
from plexus.protocols.messages import PROTOCOL

_NOT_IN_THE_BODY = {"betas"}


def merged(base, patch):
    both = {**base}
    for key, value in patch.items():
        both[key] = merged(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
    return both


@pytest.mark.parametrize("field", PROTOCOL.fields, ids=lambda field: field.path)
def test_each_field_goes_through_the_hub_and_back(field) -> None:
    body = merged(PROTOCOL.minimal, field.patch)
    rendered = PROTOCOL.encode_request(PROTOCOL.decode_request(body, "m", bool(body.get("stream"))), TARGET)
    sent = json.loads(json.dumps(rendered.body))
    if field.path == "output_format":
        body["output_config"] = {"format": body.pop("output_format")}
    if field.path == "tools[].type custom":
        del body["tools"][0]["type"]
    assert {**sent, "model": body["model"]} == body
    assert rendered.drops == []
    assert field.source.startswith("https://platform.claude.com/docs/")


def test_every_top_level_field_of_the_sdk_is_listed() -> None:
    known = typing.get_type_hints(MessageCreateParamsNonStreaming).keys() - _NOT_IN_THE_BODY
    listed = {field.path.replace("[", ".").replace(" ", ".").partition(".")[0] for field in PROTOCOL.fields}
    assert known <= listed


def test_paths_are_named_once() -> None:
    paths = [field.path for field in PROTOCOL.fields]
    assert len(paths) == len(set(paths))
