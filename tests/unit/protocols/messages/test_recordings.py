"""Recorded exchanges of this protocol through its own codecs: nothing is lost on the way there and back."""

from typing import Any

import pytest
from tests.corpus.recordings import Recording, not_an_answer, not_an_exchange, select
from tests.grammar.messages import violations
from tests.unit.protocols.messages.kit import READING, TARGET, frames, heard, read, write, writing

from plexus.core import json
from plexus.ir.chat import ChatResponse
from plexus.ir.events import ResponseEnd
from plexus.ir.fold import fold
from plexus.ir.parts import ToolCall
from plexus.ir.unfold import unfold
from plexus.protocols.messages import PROTOCOL

OPEN = select("messages", part="open")
ANSWERS = [r for r in OPEN if not not_an_answer(r)]
UNFIT = {"dd-trace-py-938002aaf54c": "its result answers another call than the one made"}
REQUESTS = [r for r in OPEN if not not_an_exchange(r) and isinstance(r.request, dict) and r.id not in UNFIT]
BETA = ("compaction", "mcp_tool", "advisor", '"fallback"', '"web_search_requests"')
"""Words the grammar of the released types does not know, or does not know without a newer sibling."""


def by_id(recordings: list[Recording]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("recording", recordings, ids=lambda recording: recording.id)


def content(value):
    blocks = [{"type": "text", "text": value}] if isinstance(value, str) else value or []
    return [said(block) for block in blocks if block != {"type": "text", "text": ""}]


def said(value):
    """A block or tool without what says nothing: null, false errors, citations switched off."""
    empty: tuple[Any, ...] = (None, [], {"enabled": False})
    kept = {k: v for k, v in value.items() if v is not None and not (k == "citations" and v in empty)}
    if value.get("type") == "tool_result":
        kept = {k: v for k, v in kept.items() if not (k == "is_error" and v is False)}
        kept["content"] = content(value.get("content"))
    if value.get("type") == "custom":
        del kept["type"]
    return kept


def plain(body):
    """A request body in one of its several spellings."""
    body = {k: v for k, v in body.items() if v not in (None, False, []) and k != "model"}
    body["messages"] = [{**turn, "content": content(turn.get("content"))} for turn in body["messages"]]
    body["system"] = content(body.get("system"))
    body["tools"] = [
        {k: v for k, v in said(tool).items() if (k, v) != ("description", "")} for tool in body.get("tools", [])
    ]
    if "output_format" in body:
        body["output_config"] = {**body.get("output_config", {}), "format": body.pop("output_format")}
    return body


def comparable(response: ChatResponse) -> ChatResponse:
    """Without the provider's usage object as it was, of which a stream tells two."""
    if response.usage is not None:
        response.usage.raw = None
    return response


@by_id(REQUESTS)
def test_a_request_through_the_hub_says_the_same(recording: Recording) -> None:
    body = recording.request
    request = PROTOCOL.decode_request(body, "m", body.get("stream") is True)
    rendered = PROTOCOL.encode_request(request, TARGET)
    sent = json.loads(json.dumps(rendered.body))
    assert plain(sent) == plain({"max_tokens": 8192, **recording.request})
    assert rendered.drops == []


@by_id([r for r in ANSWERS if not r.streaming])
def test_020_a_whole_answer_goes_back_as_it_came(recording: Recording) -> None:
    body = json.loads(recording.response_body)
    written, lost = PROTOCOL.encode_response(PROTOCOL.decode_response(body, READING), writing())
    assert lost == []
    written = json.loads(json.dumps(written))
    assert {**written, "content": content(written["content"])} == {
        **{key: value for key, value in body.items() if value is not None or key in written},
        "stop_sequence": body.get("stop_sequence"),
        "content": content(body["content"]),
        "usage": {key: value for key, value in body["usage"].items() if value is not None or key in written["usage"]},
    }


@by_id([r for r in ANSWERS if r.streaming])
def test_a_stream_encoded_again_is_valid_and_says_the_same(recording: Recording) -> None:
    events = read(recording.response_body)
    assert isinstance(events[-1], ResponseEnd)
    stream, lost = write(events)
    assert lost == []
    if not any(word in recording.response_body for word in BETA):
        assert violations(stream) == []
    wanted = comparable(fold(events))
    assert comparable(heard(stream)) == wanted
    assert comparable(heard(write(unfold(wanted))[0])) == wanted


@by_id([r for r in ANSWERS if r.streaming])
def test_a_stream_folded_is_the_whole_answer(recording: Recording) -> None:
    folded = comparable(fold(read(recording.response_body)))
    body, _ = PROTOCOL.encode_response(folded, writing())
    again = comparable(PROTOCOL.decode_response(json.loads(json.dumps(body)), READING))
    for part in (*folded.parts, *again.parts):
        if isinstance(part, ToolCall):
            part.arguments = str(json.loads(part.arguments))  # its white space is not kept by an object
    assert again == folded


@by_id([r for r in ANSWERS if r.streaming])
def test_037_every_truncated_stream_is_noticed(recording: Recording) -> None:
    every = frames(recording.response_body)
    last = min(n for n, frame in enumerate(every) if b"message_stop" in frame.data)
    for count in range(last):
        decoder = PROTOCOL.stream_decoder(READING)
        told = [event for frame in every[:count] for event in decoder.feed(frame)] + decoder.end()
        assert type(told[-1]).__name__ == "StreamError"


def test_there_are_recordings_to_test_with() -> None:
    assert len(ANSWERS) >= 5
    assert len(REQUESTS) >= 5
