"""A stream that was cut is an error, never a normal end (37-39); what follows an ending means nothing (U53)."""

import re

import pytest

from plexus.core.sse import Frame
from plexus.ir.events import Event, ResponseEnd, StreamError
from tests.corpus import replay
from tests.corpus.readers import READERS
from tests.corpus.recordings import Recording
from tests.laws.streams import cut, golden_streams, protocol_of, recorded_streams, wrong_events

FINISHED = {
    "chat": re.compile(rb'"finish_reason": ?"\w+"|\[DONE\]'),
    "messages": re.compile(rb'"message_delta"'),
    "responses": re.compile(rb'"type": ?"response\.(completed|incomplete|failed|done|cancelled)"'),
    "gemini": re.compile(rb'"finishReason"|"blockReason"'),
}
"""What tells that the answer is complete. Before it a cut is an error; after it, bookkeeping may be missing (39)."""


def events_of_prefix(recording: Recording, frames: list[Frame]) -> list[Event]:
    return replay.decode_stream(protocol_of(recording), replay.reading(recording), frames)


def wrong_prefixes(recording: Recording, step: int = 1) -> list[str]:
    frames = cut([recording.response_body.encode()])
    finished = False
    wrong = []
    for count in range(len(frames)):
        if count:
            finished = finished or bool(FINISHED[recording.protocol].search(frames[count - 1].data))
        if count % step:
            continue
        events = events_of_prefix(recording, frames[:count])
        wrong += [f"{recording.id} after {count}: {line}" for line in wrong_events(events)]
        if not finished and any(isinstance(event, ResponseEnd) for event in events):
            wrong.append(f"{recording.id} after {count} of {len(frames)}: a normal end")
    return wrong


def test_037_038_no_prefix_of_a_golden_stream_ends_normally() -> None:
    for recording in golden_streams():
        assert wrong_prefixes(recording) == []


def test_037_038_a_prefix_of_any_recorded_stream_does_not_end_normally() -> None:
    for recording in recorded_streams():
        frames = len(cut([recording.response_body.encode()]))
        assert wrong_prefixes(recording, max(1, frames // 6)) == []


@pytest.mark.deep
def test_037_038_no_prefix_of_any_recorded_stream_ends_normally() -> None:
    for recording in recorded_streams():
        assert wrong_prefixes(recording) == []


def ends_badly(recording: Recording) -> list[str]:
    """What is wrong with the events of a whole stream: they are well-formed and end normally where the answer does."""
    said = READERS[recording.protocol].answer(recording.response_body, streaming=True)
    events = events_of_prefix(recording, cut([recording.response_body.encode()]))
    wrong = wrong_events(events)
    broken = said.error or said.stop in {"", "error", "malformed", "other"}
    if not broken and not isinstance(events[-1], ResponseEnd):
        wrong.append(str(events[-1]))
    return wrong


def test_a_whole_recorded_stream_ends_normally() -> None:
    assert {r.id: wrong for r in recorded_streams() if (wrong := ends_badly(r))} == {}


def test_a_whole_stream_of_the_held_out_part_ends_normally() -> None:
    assert sum(bool(ends_badly(r)) for r in recorded_streams("held-out")) == 0


def test_037_038_a_prefix_of_the_held_out_streams_does_not_end_normally() -> None:
    assert sum(bool(wrong_prefixes(r, 9)) for r in recorded_streams("held-out")) == 0


@pytest.mark.parametrize("protocol", FINISHED)
def test_u53_what_follows_an_ending_means_nothing(protocol: str) -> None:
    for recording in golden_streams():
        if recording.protocol != protocol:
            continue
        body = recording.response_body.encode()
        frames = cut([body])
        decoder = protocol_of(recording).stream_decoder(replay.reading(recording))
        events = [event for frame in frames for event in decoder.feed(frame)] + decoder.end()
        if isinstance(events[-1], StreamError):
            continue
        assert decoder.done
        assert [event for frame in frames for event in decoder.feed(frame)] + decoder.end() == [], recording.id
