"""What a stream amounts to, and what keeping it takes."""

import tracemalloc

from plexus.ir.events import PartEnd, PartStart, ResponseEnd, TextDelta
from plexus.ir.fold import Fold
from plexus.ir.parts import Text


def test_u46_g10_a_text_in_very_many_pieces_takes_little_more_than_the_text() -> None:
    account = Fold()
    account.add(PartStart(0, Text(text="")))
    pieces = 200_000
    tracemalloc.start()
    for number in range(pieces):
        account.add(TextDelta(0, f"{number % 1000:03d}"))  # a string of its own each time
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    account.add(PartEnd(0))
    account.add(ResponseEnd(stop_reason="end"))
    (part,) = account.response.parts
    assert isinstance(part, Text)
    assert part.text == "".join(f"{number % 1000:03d}" for number in range(pieces))
    assert peak < 3 * 3 * pieces
