"""What Google really sent and was sent, through the codecs and back. The recordings are the corpus or the golden selection."""

import copy
from typing import Any

from tests.corpus.recordings import not_a_request, not_an_answer, select
from tests.unit.protocols.gemini.wire import events_of, reading, target, writing

from plexus.core.json import dumps, loads
from plexus.core.sse import Decoder
from plexus.ir.chat import ChatResponse
from plexus.ir.events import StreamError
from plexus.ir.fold import fold
from plexus.protocols.gemini import PROTOCOL


def test_every_recorded_request_means_the_same_after_the_hub():
    recordings = [r for r in select("gemini", part="open") if not not_a_request(r)]
    assert recordings
    for recording in recordings:
        request = PROTOCOL.decode_request(recording.request, "m", recording.streaming)
        done = PROTOCOL.encode_request(request, target())
        assert done.drops == [], recording.id
        again = PROTOCOL.decode_request(loads(dumps(done.body)), "m", recording.streaming)
        assert again == request, recording.id


def test_every_recorded_answer_means_the_same_after_the_hub():
    recordings = [r for r in select("gemini", part="open", streaming=False) if not not_an_answer(r)]
    assert recordings
    for recording in recordings:
        response = PROTOCOL.decode_response(loads(recording.response_body), reading())
        body, drops = PROTOCOL.encode_response(response, writing())
        assert drops == [], recording.id
        again = PROTOCOL.decode_response(loads(dumps(body)), reading())
        assert meaning(again) == meaning(response), recording.id


def test_every_recorded_stream_means_the_same_after_the_hub_and_ends_unless_it_was_cut():
    recordings = [r for r in select("gemini", part="open", streaming=True) if not not_an_answer(r)]
    assert recordings
    cut = 0
    for recording in recordings:
        events = events_of(recording.response_body.encode())
        if isinstance(events[-1], StreamError):
            cut += 1
            assert events[-1].fault.code == "truncated", recording.id
            continue
        response = fold(copy.deepcopy(events))
        encoder = PROTOCOL.stream_encoder(writing())
        again = fold(events_of(b"".join(encoder.encode(event) for event in events)))
        assert meaning(again) == meaning(response), recording.id
    assert cut < len(recordings) / 20


def test_bytes_cut_anywhere_give_the_same_events():
    [recording, *_] = sorted(
        (r for r in select("gemini", part="open", streaming=True) if not not_an_answer(r)),
        key=lambda r: len(r.response_body),
    )
    body = recording.response_body.encode()
    expected = events_of(body)
    for cut in range(1, len(body)):
        frames, decoder = Decoder(), PROTOCOL.stream_decoder(reading())
        found = [*frames.feed(body[:cut]), *frames.feed(body[cut:]), *frames.end()]
        events = [event for frame in found for event in decoder.feed(frame)]
        assert events + decoder.end() == expected


def meaning(response: ChatResponse) -> tuple[Any, ...]:
    """The answer without what is made up where the upstream left it out."""
    usage = response.usage and (response.usage.input or 0, response.usage.output, response.usage.reasoning)
    return (response.parts, response.alternatives, response.stop_reason, usage, response.extras)
