"""Events come out of bytes the same way however the bytes are cut, and a long line costs no more than its length."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexus.core.sse import Decoder, Frame, OversizeEvent

STREAM = (
    b"\xef\xbb\xbf: a comment\r\n\r\nevent: one\ndata: 1\n\ndata:two\rdata: lines\r\rid: 7\nretry: 1\nnocolon\n\n"
    b"event: empty\n\ndata: \xe6\xb1\x89 \xe2\x80\xa8\x0b\r\n\r\n" + b"data: " + b"x" * 300 + b"\n\ndata: last"
)
FRAMES = [
    Frame("one", b"1"),
    Frame("", b"two\nlines"),
    Frame("", b"\xe6\xb1\x89 \xe2\x80\xa8\x0b"),
    Frame("", b"x" * 300),
    Frame("", b"last"),
]


def decoded(pieces: list[bytes], limit: int = 1000) -> list[Frame]:
    decoder = Decoder(limit)
    return [frame for piece in pieces for frame in decoder.feed(piece)] + decoder.end()


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_u40_u42_u43_however_it_is_cut_the_frames_are_the_same(cuts):
    points = [0, *sorted(cuts), len(STREAM)]
    assert decoded([STREAM[start:stop] for start, stop in itertools.pairwise(points)]) == FRAMES


def test_u40_byte_by_byte_too():
    assert decoded([STREAM[at : at + 1] for at in range(len(STREAM))]) == FRAMES


@pytest.mark.parametrize("size", [1, 7, 100, 4096])
def test_u45_an_event_beyond_the_limit_is_refused_in_whatever_pieces_it_comes(size):
    line = b"data: " + b"x" * 2000
    with pytest.raises(OversizeEvent):
        decoded([line[at : at + size] for at in range(0, len(line), size)])
    many = b"data: x\n" * 1001
    with pytest.raises(OversizeEvent):
        decoded([many[at : at + size] for at in range(0, len(many), size)])


def test_u45_a_long_line_in_small_pieces_is_put_together_once():
    decoder, started = Decoder(32 * 1024 * 1024), time.process_time()
    decoder.feed(b"data: ")
    for _ in range(16_000):
        decoder.feed(b"x" * 1000)
    (frame,) = decoder.feed(b"\n\n")
    assert len(frame.data) == 16_000_000
    assert time.process_time() - started < 1.0
