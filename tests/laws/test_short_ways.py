"""What is read in a short way is what the long way reads, on every recorded answer and request."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plexus.app import protocols
from plexus.core import raw_object
from plexus.core.raw_object import RawObject
from plexus.core.sse import Decoder
from plexus.ir.errors import InvalidAnswer
from plexus.ir.exchange import Reading
from plexus.ir.parts import Origin
from plexus.protocols.chat import response
from plexus.protocols.chat.usage import _plain, decode_usage
from tests.corpus.recordings import MANY, not_an_answer, select

CHAT = protocols()["chat"]


def read(body, *, tags):
    try:
        return CHAT.decode_response(body, Reading(origin=Origin("a", "b", "chat"), seed="s", think_tags=tags))
    except InvalidAnswer as invalid:
        return str(invalid)


@pytest.mark.parametrize("tags", [False, True])
def test_a_message_of_nothing_but_text_is_read_as_every_other(tags, monkeypatch):
    bodies = [
        json.loads(recording.response_body)
        for recording in select("chat", streaming=False)
        if not not_an_answer(recording)
    ]
    assert bodies
    short = [read(body, tags=tags) for body in bodies]
    monkeypatch.setattr(response, "_PLAIN", frozenset())
    assert [read(body, tags=tags) for body in bodies] == short


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_the_fields_of_a_body_lie_where_they_are_found(separators, monkeypatch):
    bodies = [
        json.dumps(recording.request, separators=separators, ensure_ascii=False).encode()
        for recording in select()
        if isinstance(recording.request, dict)
    ]
    assert bodies
    short = [RawObject(body).spans for body in bodies]
    monkeypatch.setattr(raw_object, "_side_by_side", lambda *_: None)
    assert [RawObject(body).spans for body in bodies] == short


def usages():
    """Counters of a few tokens, so that they often fit each other and often do not; what is not named is not there."""
    counter = st.one_of(st.none(), st.integers(-1, 6), st.sampled_from([True, 2.0, "3", 10**15]))
    read = st.fixed_dictionaries({}, optional={"cached_tokens": counter, "audio_tokens": counter})
    names = ("reasoning_tokens", "audio_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens")
    written = st.fixed_dictionaries({}, optional=dict.fromkeys(names, counter))
    return st.fixed_dictionaries(
        {"prompt_tokens": st.integers(0, 6), "completion_tokens": st.integers(0, 6)},
        optional={
            "total_tokens": st.one_of(st.integers(0, 12), counter),
            "prompt_tokens_details": st.one_of(st.none(), read),
            "completion_tokens_details": st.one_of(st.none(), written),
        },
    )


@given(usages())
def test_usage_in_openais_own_counters_is_read_as_every_other(wire):
    short, long = decode_usage(wire, "flex"), decode_usage({**wire, "unknown": None}, "flex")
    assert short is not None
    assert long is not None
    assert replace(short, raw=None) == replace(long, raw=None)


def test_usage_that_fits_is_read_in_the_short_way():
    told = {
        "prompt_tokens": 4,
        "completion_tokens": 3,
        "total_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 1},
    }
    assert _plain(told, "") is not None
    assert _plain({**told, "total_tokens": 8}, "") is None


def test_a_chunk_that_is_passed_over_holds_nothing_but_text():
    passed = 0
    for recording in select("chat", streaming=True):
        for frame in Decoder().feed(recording.response_body.encode()):
            if CHAT.mere_content(frame):
                passed += 1
                chunk = json.loads(frame.data)
                assert not chunk.get("usage")
                assert "error" not in chunk
                for choice in chunk["choices"]:
                    assert choice["finish_reason"] is None
                    assert isinstance(choice["delta"]["content"], str)
                    assert "ignature" not in json.dumps({**choice["delta"], "content": ""})
    assert passed > (100 if MANY else 20)


def test_an_answer_that_is_skimmed_says_what_the_whole_one_says():
    skimmed = 0
    for recording in select("chat", streaming=False):
        if not_an_answer(recording):
            continue
        body = recording.response_body.encode("utf-8", "surrogatepass")
        short = CHAT.skim(body)
        if short is not None:
            skimmed += 1
            assert CHAT.error_in(json.loads(body)) is None
            whole = read(json.loads(body), tags=False)
            whole.extras = None
            assert short == whole
    assert skimmed


@pytest.mark.parametrize(
    "change",
    [
        {"error": {"message": "no"}},
        {"usage": None},
        {"usage": {}},
        {"choices": []},
        {"citations": ["https://example.test"]},
        {"message": {"content": ""}},
        {"message": {"content": None}},
        {"message": {"tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}]}},
        {"message": {"reasoning_content": "because"}},
        {"message": {"refusal": "no"}},
        {"message": {"anything": "new"}},
        {"choice": {"logprobs": {"content": []}}},
        {"choice": {"finish_reason": None}},
    ],
)
def test_an_answer_that_says_more_than_text_is_not_skimmed(change):
    message: dict[str, Any] = {"role": "assistant", "content": "hello", "refusal": None, "annotations": []}
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": "stop"}
    body: dict[str, Any] = {
        "id": "a",
        "model": "m",
        "choices": [choice],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    }
    assert CHAT.skim(json.dumps(body).encode()) is not None
    message.update(change.get("message", {}))
    choice.update(change.get("choice", {}))
    body.update({name: value for name, value in change.items() if name in {"error", "usage", "choices", "citations"}})
    assert CHAT.skim(json.dumps(body).encode()) is None
