"""How long to wait before the next try at a database that is away. It does not wait itself."""

from collections.abc import Callable, Iterator

FIRST, MOST = 0.1, 4.0
"""Seconds. The most is short enough that a database that is back is noticed within five."""


def pauses(dice: Callable[[], float]) -> Iterator[float]:
    """Seconds to wait before each further try, for ever: doubling up to `MOST`, spread by `dice` (0 to 1) over the upper half.

    The spread keeps processes that lost the same database from coming back in step.
    """
    pause = FIRST
    while True:
        yield pause * (0.5 + 0.5 * dice())
        pause = min(pause * 2, MOST)
