"""What is held of an answer never grows beyond its bound, and both its ends are right."""

from hypothesis import given
from hypothesis import strategies as st

from plexus.traces.held import Held

PIECES = st.lists(st.binary(max_size=40), max_size=30)


@given(PIECES, st.integers(min_value=2, max_value=100).map(lambda half: half * 2))
def test_it_is_all_there_is_or_the_beginning_and_the_end(pieces, bound):
    held = Held(bound)
    for piece in pieces:
        held.take(piece)
    whole = b"".join(pieces)
    first, last = held.ends()
    assert held.size == len(whole)
    if len(whole) <= bound:
        assert (first, last) == (whole, b"")
    else:
        assert (first, last) == (whole[: bound // 2], whole[-(bound // 2) :])


def test_a_bound_of_nothing_only_counts():
    held = Held(0)
    held.take(b"abc")
    assert (held.size, held.ends()) == (3, (b"", b""))


def test_pieces_are_kept_by_reference():
    piece, held = b"x" * 1000, Held(4000)
    held.take(piece)
    assert held._first[0] is piece
