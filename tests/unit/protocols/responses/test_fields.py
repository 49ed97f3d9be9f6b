"""The table of request fields: complete, and each sample has an effect that is kept."""

import copy
import re
from typing import Any, get_type_hints

import pytest
from openai.types.responses.response_create_params import ResponseCreateParamsBase
from tests.unit.protocols.responses.kit import target

from plexus.core import json
from plexus.protocols import Field
from plexus.protocols.responses import PROTOCOL


def merged(base: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    out = copy.deepcopy(base)
    for key, value in patch.items():
        out[key] = (
            merged(out[key], value)
            if isinstance(value, dict) and isinstance(out.get(key), dict)
            else copy.deepcopy(value)
        )
    return out


def rendered(body: dict[str, Any]) -> bytes:
    return json.dumps(PROTOCOL.encode_request(PROTOCOL.decode_request(body, "m", False), target()).body)


def test_every_field_of_the_sdk_is_in_the_table():
    known = {re.split(r"[.\[ ]", field.path)[0] for field in PROTOCOL.fields}
    assert set(get_type_hints(ResponseCreateParamsBase)) - known == {"model"}


@pytest.mark.parametrize("field", PROTOCOL.fields, ids=lambda field: field.path)
def test_a_field_is_kept_on_the_way_to_the_same_protocol(field: Field):
    with_it = merged(PROTOCOL.minimal, field.patch)
    assert rendered(with_it) != rendered(PROTOCOL.minimal) or field.same
    assert field.source.startswith("https://")


def test_paths_are_unique():
    paths = [field.path for field in PROTOCOL.fields]
    assert len(set(paths)) == len(paths)
