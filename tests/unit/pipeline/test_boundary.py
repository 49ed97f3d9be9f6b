"""A pass-through stream is cut only between events, and loses nothing."""

import itertools
import time

from hypothesis import given
from hypothesis import strategies as st

from plexus.pipeline.frames import Boundary

ENDS = st.sampled_from([b"\n\n", b"\r\n\r\n", b"\r\r"])


@given(st.lists(st.text(alphabet="ab :{}", min_size=1), min_size=1), ENDS, st.lists(st.integers(0, 200)))
def test_any_chunking_gives_the_same_bytes_and_only_whole_events(lines, end, cuts):
    stream = b"".join(b"data: " + line.encode() + end for line in lines)
    points = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    boundary, shown = Boundary(), []
    for start, stop in itertools.pairwise(points):
        ready = boundary.ready(stream[start:stop])
        assert not ready or ready.endswith((b"\n\n", b"\r\n\r\n", b"\r\r"))
        shown.append(ready)
    assert b"".join(shown) + boundary.rest() == stream


def test_half_an_event_is_held_back():
    boundary = Boundary()
    assert boundary.ready(b"data: 1\n\ndata: {") == b"data: 1\n\n"
    assert boundary.ready(b"}\n") == b""
    assert boundary.ready(b"\n") == b"data: {}\n\n"
    assert boundary.rest() == b""


def test_a_long_event_in_small_pieces_is_looked_through_once():
    boundary, started = Boundary(), time.process_time()
    for _ in range(16_000):
        assert boundary.ready(b"data: " + b"x" * 993 + b"\n") == b""
    assert len(boundary.ready(b"\n")) == 16_000_001
    assert time.process_time() - started < 1.0
