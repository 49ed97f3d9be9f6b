"""Identifiers that no two requests share."""

import os
import time

_SIZE = 10
_MOMENT = 6


class RequestIds:
    """Fresh request ids, 32 hexadecimal digits: the millisecond, then 80 random bits. Randomness is fetched for many at once.

    Ids that grow with time lie side by side in the indexes of a database; random ones would touch a page of it each.
    """

    def __init__(self) -> None:
        """Start with none fetched."""
        self._fetched = b""
        self._used = 0

    def __call__(self) -> str:
        """The next id."""
        if self._used >= len(self._fetched):
            self._fetched, self._used = os.urandom(_SIZE * 256), 0
        self._used += _SIZE
        moment = (time.time_ns() // 1_000_000).to_bytes(_MOMENT, "big")
        return (moment + self._fetched[self._used - _SIZE : self._used]).hex()


request_id = RequestIds()
