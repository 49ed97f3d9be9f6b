"""A stream means the same however its bytes are cut and whichever line ends it has (U40-U44, 34-36, 40)."""

import random

import pytest

from plexus.core.sse import Frame
from tests.corpus import replay
from tests.corpus.recordings import Recording
from tests.laws.streams import cut, golden_streams, protocol_of, recorded_streams

LINE_ENDS = {"lf": b"\n", "crlf": b"\r\n", "cr": b"\r"}
SMALL = 3_000
"""Streams up to this size are split at every byte in the normal run; longer ones at about this many bytes."""


def with_line_ends(body: bytes, line_end: bytes) -> bytes:
    plain = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return plain.replace(b"\n", line_end)


def split_results(body: bytes, step: int) -> set[int]:
    """Positions where a split changes the frames."""
    whole = cut([body])
    return {at for at in range(1, len(body), step) if cut([body[:at], body[at:]]) != whole}


@pytest.mark.parametrize("line_end", LINE_ENDS)
def test_u40_no_split_of_a_golden_stream_changes_its_frames(line_end: str) -> None:
    for recording in golden_streams():
        body = with_line_ends(recording.response_body.encode(), LINE_ENDS[line_end])
        step = max(1, len(body) ** 2 // SMALL**2)
        assert split_results(body, step) == set(), recording.id


def test_u42_line_ends_do_not_change_the_frames() -> None:
    for recording in golden_streams():
        body = recording.response_body.encode()
        frames = [cut([with_line_ends(body, end)]) for end in LINE_ENDS.values()]
        assert frames[0] == frames[1] == frames[2], recording.id
        assert cut([b"\xef\xbb\xbf" + body]) == frames[0], recording.id


def test_u40_a_stream_that_comes_byte_by_byte_gives_the_same_events() -> None:
    for recording in golden_streams():
        body = recording.response_body.encode()
        assert events_of(recording, cut([bytes([byte]) for byte in body])) == events_of(recording, cut([body]))


def test_u42_mixed_line_ends_and_random_chunks_give_the_same_events() -> None:
    source = random.Random(1)
    for recording in golden_streams():
        body = with_line_ends(recording.response_body.encode(), b"\n")
        chunks = random_chunks(mixed_line_ends(body, source), source)
        assert events_of(recording, cut(chunks)) == events_of(recording, cut([body])), recording.id


@pytest.mark.deep
@pytest.mark.parametrize("line_end", LINE_ENDS)
def test_u40_no_split_of_any_recorded_stream_changes_its_frames(line_end: str) -> None:
    for recording in recorded_streams():
        body = with_line_ends(recording.response_body.encode(), LINE_ENDS[line_end])
        assert split_results(body, max(1, len(body) // 8_000)) == set(), recording.id


def test_u40_chunks_of_any_recorded_stream_do_not_change_its_frames() -> None:
    source = random.Random(2)
    for recording in recorded_streams():
        body = recording.response_body.encode()
        assert cut(random_chunks(body, source)) == cut([body]), recording.id


def mixed_line_ends(body: bytes, source: random.Random) -> bytes:
    """Each line end another one; none starts with a line feed after a lone carriage return, which would make one of two."""
    pieces: list[bytes] = []
    for line in body.split(b"\n"):
        after_return = not line and pieces[-1:] == [b"\r"]
        pieces += [line] if line else []
        pieces.append(source.choice([b"\r\n", b"\r"] if after_return else [b"\n", b"\r\n", b"\r"]))
    return b"".join(pieces[:-1])


def random_chunks(body: bytes, source: random.Random) -> list[bytes]:
    chunks = []
    while body:
        size = source.choice([1, 2, 3, 7, 50, 900])
        chunks.append(body[:size])
        body = body[size:]
    return chunks


def events_of(recording: Recording, frames: list[Frame]) -> list[object]:
    return list(replay.decode_stream(protocol_of(recording), replay.reading(recording), frames))
