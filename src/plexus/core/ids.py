"""Identifiers that no two requests share."""

import os

_SIZE = 16


class RequestIds:
    """Fresh request ids: 128 random bits in hexadecimal each. Randomness is fetched for many at once."""

    def __init__(self) -> None:
        """Start with none fetched."""
        self._fetched = b""
        self._used = 0

    def __call__(self) -> str:
        """The next id."""
        if self._used >= len(self._fetched):
            self._fetched, self._used = os.urandom(_SIZE * 256), 0
        self._used += _SIZE
        return self._fetched[self._used - _SIZE : self._used].hex()


request_id = RequestIds()
