"""The table of request fields."""

import json
from typing import Any, get_args

import pytest
from openai.types.chat import CompletionCreateParams
from tests.unit.protocols.chat.wires import rendered, target

from plexus.protocols import Field
from plexus.protocols.chat import PROTOCOL
from plexus.protocols.chat.fields import FIELDS, MINIMAL


def patched(base: Any, patch: Any) -> Any:
    if isinstance(base, dict) and isinstance(patch, dict):
        return {**base, **{key: patched(base.get(key), value) for key, value in patch.items()}}
    return patch


def decoded(body: Any) -> Any:
    return PROTOCOL.decode_request(body, body["model"], bool(body.get("stream")))


@pytest.mark.parametrize("field", FIELDS, ids=[field.path for field in FIELDS])
def test_every_sample_is_a_request_that_says_something_or_why_not(field: Field):
    body = patched(MINIMAL, field.patch)
    there = target(reasoning_field="reasoning_content", cache_marks=True)
    with_it, without = rendered(decoded(body), there), rendered(decoded(MINIMAL), there)
    assert field.source.startswith("https://")
    if not field.same:
        assert (with_it.body, with_it.drops) != (without.body, without.drops)


def test_every_field_of_the_official_request_is_in_the_table():
    official = {name for kind in get_args(CompletionCreateParams) for name in kind.__annotations__}
    told = {field.path.split("[")[0].split(".")[0].split("=")[0].split(" ")[0] for field in FIELDS}
    assert official - told == {"messages"} - told


def test_the_minimal_body_is_the_smallest_request():
    assert json.loads(json.dumps(MINIMAL)) == {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    assert decoded(MINIMAL).messages[0].role == "user"
