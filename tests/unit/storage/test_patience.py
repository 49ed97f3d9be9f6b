"""How long is waited between tries."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from plexus.storage.patience import FIRST, MOST, pauses


@given(st.floats(0, 1))
def test_pauses_double_up_to_a_bound_and_are_spread_over_their_upper_half(roll):
    found = list(islice(pauses(lambda: roll), 12))
    assert all(FIRST / 2 <= pause <= MOST for pause in found)
    assert found == sorted(found)
    assert found[-1] >= MOST / 2
    assert found[1] == 2 * found[0]
