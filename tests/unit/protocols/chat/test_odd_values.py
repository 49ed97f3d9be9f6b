"""Recorded bodies with values of the wrong type put in: nothing but the refusals that are meant ever comes out."""

import copy
import json
import random
from typing import Any

import pytest
from tests.corpus.recordings import not_a_request, not_an_answer, select
from tests.grammar import violations
from tests.unit.protocols.chat.wires import READING, encoded, rendered, target, told, values

from plexus.core.sse import Frame
from plexus.ir.errors import InvalidAnswer, InvalidRequest
from plexus.ir.events import ResponseEnd, StreamError
from plexus.ir.fold import fold
from plexus.protocols.chat import PROTOCOL

ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    3.5,
    1e308,
    "",
    "x",
    [],
    {},
    [None],
    [[]],
    {"a": 1},
    [{"type": "text"}],
    {"type": 5},
    10**30,
]
SEEDS = range(4)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += paths(inner, (*path, key))
    return found


def spoiled(value: Any, dice: random.Random) -> Any:
    """The value with one to three of its places taken away or filled with something odd."""
    value = copy.deepcopy(value)
    for _ in range(dice.choice([1, 1, 3])):
        *way, last = dice.choice(paths(value) or [(None,)])
        place = value
        try:
            for step in way:
                place = place[step]
            if dice.random() < 0.2:
                del place[last]
            else:
                place[last] = copy.deepcopy(dice.choice(ODD))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return value


@pytest.mark.parametrize("seed", SEEDS)
def test_a_request_is_read_or_refused_with_a_path(seed):
    dice, fields = random.Random(seed), []
    for recording in select("chat", part="open", keep=lambda one: not not_a_request(one)):
        body = spoiled(recording.request, dice)
        try:
            request = PROTOCOL.decode_request(body, "m", True)
        except InvalidRequest as refused:
            fields.append(refused.field)
        else:
            assert rendered(request, target(reasoning_field="reasoning")).body["messages"]
    assert all(fields)


@pytest.mark.parametrize("seed", SEEDS)
def test_043_a_whole_answer_is_read_or_refused(seed):
    dice = random.Random(seed)
    for recording in select("chat", part="open", streaming=False, keep=lambda one: not not_an_answer(one)):
        body = spoiled(json.loads(recording.response_body), dice)
        PROTOCOL.error_in(body)
        try:
            response = PROTOCOL.decode_response(body, READING)
        except InvalidAnswer:
            continue
        assert told(response)["choices"]


@pytest.mark.parametrize("seed", SEEDS)
def test_043_and_161_a_stream_ends_or_fails_and_what_is_written_of_it_is_valid(seed):
    dice = random.Random(seed)
    for recording in select("chat", part="open", streaming=True, keep=lambda one: not not_an_answer(one)):
        chunks = values(recording.response_body.encode())
        spot = dice.randrange(len(chunks))
        chunks[spot] = spoiled(chunks[spot], dice)
        decoder = PROTOCOL.stream_decoder(READING)
        found = [event for chunk in chunks for event in decoder.feed(Frame("", as_data(chunk)))] + decoder.end()
        assert [isinstance(event, ResponseEnd | StreamError) for event in found] == [False] * (len(found) - 1) + [True]
        assert violations("chat", encoded(found), usage=False) == []
        assert told(fold(found))["choices"]


def as_data(chunk: Any) -> bytes:
    return b"[DONE]" if chunk == "[DONE]" else json.dumps(chunk).encode()


@pytest.mark.parametrize("seed", SEEDS)
def test_135_an_error_body_becomes_an_error_object_whatever_it_holds(seed):
    dice = random.Random(seed)
    for recording in select(
        "chat", part="open", keep=lambda one: one.status >= 400 and one.response_body[:1] in {"{", "["}
    ):
        body = spoiled(json.loads(recording.response_body), dice)
        status, wire = PROTOCOL.encode_error(PROTOCOL.decode_error(recording.status, json.dumps(body).encode()))
        assert status == recording.status
        assert isinstance(wire["error"]["message"], str)
        assert wire["error"]["message"]
