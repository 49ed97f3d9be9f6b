"""Time, as something passed in: durations by a clock that never jumps, moments by the wall clock."""

import time
from collections.abc import Callable

from msgspec import Struct


class Clock(Struct, frozen=True):
    """`monotonic` and `wall` in seconds; `wall` counts from the epoch."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
