"""Recorded answers and requests of responses upstreams, through the hub and back."""

import copy
from typing import Any

import pytest
from tests.corpus.recordings import golden_recordings
from tests.grammar.responses import violations
from tests.unit.protocols.responses.kit import READING, again, encode, writing

from plexus.core import json
from plexus.core.sse import Decoder
from plexus.ir.events import Event, ResponseEnd
from plexus.ir.fold import fold
from plexus.ir.parts import Media, Opaque, Part, Text, Thinking, ToolCall
from plexus.ir.unfold import unfold
from plexus.protocols.responses import PROTOCOL

ALL = [recording for recording in golden_recordings() if recording.protocol == "responses" and recording.status == 200]
ANSWERS = [recording for recording in ALL if recording.path.endswith("/responses")]
STREAMS = [recording for recording in ANSWERS if recording.streaming]
WHOLE = [recording for recording in ANSWERS if not recording.streaming]


def told(part: Part) -> tuple[Any, ...]:
    """What a part says; sealed state is made anew for the final object, so only its presence counts."""
    match part:
        case Text():
            return "text", part.text, part.refusal, [(c.kind, c.url, c.file_id) for c in part.citations], part.extras
        case Thinking():
            return "thinking", part.text, part.summary, part.signature is not None
        case ToolCall():
            return "call", part.id, part.name, part.arguments, part.custom
        case Media():
            return "media", part.kind, part.data
        case Opaque():
            return "opaque", part.kind
    return (type(part),)


def events_of(stream: bytes, cuts: int = 0) -> list[Event]:
    decoder, framing = PROTOCOL.stream_decoder(READING), Decoder()
    chunks = [stream[at : at + cuts] for at in range(0, len(stream), cuts)] if cuts else [stream]
    found = [frame for chunk in chunks for frame in framing.feed(chunk)] + framing.end()
    return [event for frame in found for event in decoder.feed(frame)] + decoder.end()


def name(recording: Any) -> str:
    return str(recording.id)


@pytest.mark.parametrize("recording", STREAMS, ids=name)
def test_a_folded_stream_is_its_final_object(recording):
    response = fold(events_of(recording.response_body.encode()))
    final = [
        line
        for line in recording.response_body.splitlines()
        if '"response.completed"' in line or '"response.incomplete"' in line
    ]
    whole = PROTOCOL.decode_response(
        json.loads(next(line[6:] for line in final if line.startswith("data: ")))["response"], READING
    )
    assert [told(part) for part in response.parts] == [told(part) for part in whole.parts]
    assert (response.stop_reason, response.usage, response.id) == (whole.stop_reason, whole.usage, whole.id)
    assert response.extras == whole.extras


@pytest.mark.parametrize("recording", STREAMS, ids=name)
def test_any_cut_gives_the_same_events(recording):
    stream = recording.response_body.encode()
    assert events_of(stream, 7) == events_of(stream)


@pytest.mark.parametrize("recording", STREAMS, ids=name)
def test_a_cut_stream_has_no_ending(recording):
    stream = recording.response_body.encode()
    assert not any(isinstance(event, ResponseEnd) for event in events_of(stream[: len(stream) // 2]))


@pytest.mark.parametrize("recording", WHOLE, ids=name)
def test_an_answer_through_the_hub_says_the_same(recording):
    response = PROTOCOL.decode_response(json.loads(recording.response_body), READING)
    body, _ = PROTOCOL.encode_response(copy.deepcopy(response), writing())
    back = PROTOCOL.decode_response(json.loads(json.dumps(body)), READING)
    assert [told(part) for part in back.parts] == [told(part) for part in response.parts]
    if response.stop_reason is not None:  # a queued answer is written as a finished one
        assert back.stop_reason == response.stop_reason


@pytest.mark.parametrize("recording", ANSWERS, ids=name)
def test_what_is_streamed_to_the_client_is_valid_and_says_the_same(recording):
    if recording.streaming:
        events = events_of(recording.response_body.encode())
    else:
        events = unfold(PROTOCOL.decode_response(json.loads(recording.response_body), READING))
    stream = encode(copy.deepcopy(events))
    assert violations(stream) == []
    assert [told(part) for part in fold(events_of(stream)).parts] == [told(part) for part in fold(events).parts]


@pytest.mark.parametrize(
    "recording", [r for r in ALL if isinstance(r.request, dict) and "input" in r.request], ids=name
)
def test_a_request_through_the_hub_says_the_same(recording):
    body = {key: value for key, value in recording.request.items() if key not in {"model", "stream"}}
    assert plain(again(**body)) == plain(body)


def plain(body: dict[str, Any]) -> dict[str, Any]:
    """A request without what says nothing: nulls, empty lists, defaults said aloud, ids and short forms of messages."""
    out = {key: value for key, value in body.items() if value not in (None, [], {}) and key not in {"model", "stream"}}
    items = out.get("input")
    items = [{"role": "user", "content": items}] if isinstance(items, str) else items or []
    out["input"] = [_item(item) for item in items]
    if out.get("text", {}).get("format") == {"type": "text"}:
        out["text"] = {key: value for key, value in out["text"].items() if key != "format"}
    return json.loads(json.dumps(_bare({key: value for key, value in out.items() if value != {}})))


def _item(item: dict[str, Any]) -> dict[str, Any]:
    item = {"type": "message", **item}
    if item["type"] == "message" and isinstance(item["content"], str):
        kind = "output_text" if item["role"] == "assistant" else "input_text"
        item["content"] = [{"type": kind, "text": item["content"]}]
    return item


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _bare(inner)
            for key, inner in value.items()
            if inner not in (None, [], "") and (key, inner) not in (("detail", "auto"), ("status", "completed"))
        }
    return [_bare(inner) for inner in value] if isinstance(value, list) else value
