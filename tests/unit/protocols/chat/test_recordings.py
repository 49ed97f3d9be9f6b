"""Recorded traffic of chat providers through the chat codecs alone; across protocols it is replayed in tests/corpus."""

import json

import msgspec
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from tests.corpus.recordings import Recording, not_a_request, not_an_answer, select
from tests.grammar import violations
from tests.unit.protocols.chat.wires import READING, asked, encoded, events, plain, rendered, target, told

from plexus.core import sse
from plexus.ir.chat import ChatResponse
from plexus.ir.events import StreamError
from plexus.ir.fold import fold
from plexus.ir.parts import Text, Thinking, ToolCall
from plexus.protocols.chat import PROTOCOL

ANSWERS = select("chat", part="open", keep=lambda recording: not not_an_answer(recording))
REQUESTS = select("chat", part="open", keep=lambda recording: not not_a_request(recording))
ERRORS = select("chat", part="open", keep=lambda recording: recording.status >= 400)
METERED = asked(stream=True, stream_options={"include_usage": True})


def answered(recording: Recording) -> ChatResponse:
    """The recorded answer, whole or streamed."""
    if not recording.streaming:
        return PROTOCOL.decode_response(json.loads(recording.response_body), READING)
    found = events(recording.response_body.encode())
    assert not isinstance(found[-1], StreamError), found[-1]
    return fold(found)


def essence(response: ChatResponse) -> tuple[object, ...]:
    """What an answer says, without what a client does not get to see or what is only spelled otherwise."""
    parts = msgspec.to_builtins([response.parts, [other.parts for other in response.alternatives]])
    usage = response.usage
    counts = (usage.input_total, usage.output or 0, usage.cache_read or 0, usage.reasoning or 0) if usage else None
    return json.loads(json.dumps(parts).replace('"arguments": ""', '"arguments": "{}"')), response.stop_reason, counts


def by_field(response: ChatResponse) -> object:
    """What an answer says, field by field of a message."""
    parts = response.parts
    said = ["".join(part.text for part in parts if isinstance(part, kind)) for kind in (Text, Thinking)]
    calls = [(part.id, part.name, part.arguments or "{}") for part in parts if isinstance(part, ToolCall)]
    return said, calls, essence(response)[1:]


def named(recordings: list[Recording]) -> list[object]:
    return [pytest.param(recording, id=recording.id) for recording in recordings]


@pytest.mark.parametrize("recording", named(ANSWERS))
def test_an_answer_written_whole_and_read_again_says_the_same(recording):
    response = answered(recording)
    body = told(response, METERED)
    in_order = by_field if recording.streaming else essence  # a message has no order among its fields
    assert in_order(PROTOCOL.decode_response(body, READING)) == in_order(response)
    for choice in body["choices"]:
        choice["message"].pop("annotations", None)  # OpenRouter's file annotations are not of OpenAI's type
    ChatCompletion.model_validate(body, strict=True)


@pytest.mark.parametrize("recording", named([recording for recording in ANSWERS if recording.streaming]))
def test_a_stream_written_and_read_again_says_the_same(recording):
    found = events(recording.response_body.encode())
    response = fold(found)
    data = encoded(events(recording.response_body.encode()), METERED)
    assert violations("chat", data, usage=response.usage is not None) == []
    for frame in sse.Decoder().feed(data)[:-1]:
        ChatCompletionChunk.model_validate_json(frame.data)
    assert essence(fold(events(data))) == essence(response)


@pytest.mark.parametrize("recording", named(REQUESTS))
def test_a_request_read_written_and_read_again_is_the_same(recording):
    body = recording.request
    request = PROTOCOL.decode_request(body, "m", bool(body.get("stream")))
    request.include_usage = request.stream
    found = rendered(request, target(reasoning_field="reasoning_content", cache_marks=True))
    assert found.drops == []
    again = PROTOCOL.decode_request(plain(found.body), "m", request.stream)
    assert msgspec.to_builtins(again) == msgspec.to_builtins(request)


@pytest.mark.parametrize("recording", named(ERRORS))
def test_a_recorded_error_becomes_an_error_object_with_its_status(recording):
    fault = PROTOCOL.decode_error(recording.status, recording.response_body.encode())
    status, body = PROTOCOL.encode_error(fault)
    assert status == recording.status
    assert body["error"].keys() == {"message", "type", "param", "code"}
    assert 0 < len(body["error"]["message"].encode()) <= 1024
    assert "<html" not in body["error"]["message"].lower()
