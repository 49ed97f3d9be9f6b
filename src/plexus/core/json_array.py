"""A streamed JSON array cut into the bytes of its elements, whatever the chunking. Knows brackets and strings, no values.

What it hands out is not checked to be valid JSON: whoever reads an element finds that out.
"""

import re

from plexus.core.sse import Frame, OversizeEvent

_OUTSIDE = re.compile(rb'["{}\[\],]')
_INSIDE = re.compile(rb'["\\]')
_BOM = b"\xef\xbb\xbf"
_QUOTE, _BACKSLASH, _COMMA, _OPEN = b'"\\,['


class JsonArrayDecoder:
    """Collects bytes and gives each element of the outermost array once it is complete.

    Bytes before the array are skipped; values that stand without an array around them are given too, one after the
    other, because some servers answer a failure with one bare object.
    """

    def __init__(self, limit: int = 16 * 1024 * 1024) -> None:
        """`limit` is the largest element accepted, in bytes."""
        self._limit = limit
        self._buffer = bytearray()
        self._at = 0
        self._depth = 0
        self._in_string = False
        self._in_array = False
        self.closed = False
        """Whether the array's closing bracket was seen."""

    def feed(self, chunk: bytes) -> list[Frame]:
        """The elements completed by these bytes.

        Raises:
            OversizeEvent: when an element grows beyond the limit.
        """
        self._buffer += chunk
        frames: list[Frame] = []
        start = 0
        while not self.closed:
            found = (_INSIDE if self._in_string else _OUTSIDE).search(self._buffer, self._at)
            if found is None:
                self._at = len(self._buffer)
                break
            position = found.start()
            mark = self._buffer[position]
            if self._in_string and mark == _BACKSLASH:  # a backslash hides the next byte, which may not be here yet
                if position + 1 >= len(self._buffer):
                    self._at = position
                    break
                self._at = position + 2
                continue
            self._at = position + 1
            start = self._step(mark, position, start, frames)
        self._drop(start)
        if len(self._buffer) > self._limit:
            raise OversizeEvent
        return frames

    def _step(self, mark: int, position: int, start: int, frames: list[Frame]) -> int:
        """Take in one structural byte; returns where the element not yet given begins."""
        if mark == _QUOTE:
            self._in_string = not self._in_string
        elif mark in b"{[":
            if mark == _OPEN and not self._in_array and self._depth == 0:
                self._in_array = True
                return position + 1
            self._depth += 1
        elif mark == _COMMA:
            if self._depth == 0:
                self._give(start, position, frames)
                return position + 1
        elif self._depth == 0:
            self._give(start, position, frames)
            self.closed = True
            return position + 1
        else:
            self._depth -= 1
            if self._depth == 0:
                self._give(start, position + 1, frames)
                return position + 1
        return start

    def _give(self, start: int, end: int, frames: list[Frame]) -> None:
        element = bytes(self._buffer[start:end]).strip().removeprefix(_BOM)
        if len(element) > self._limit:
            raise OversizeEvent
        if element:
            frames.append(Frame("", element))

    def _drop(self, count: int) -> None:
        if count or self.closed:
            del self._buffer[: len(self._buffer) if self.closed else count]
            self._at = max(self._at - count, 0)

    def end(self) -> list[Frame]:
        """What is left when the bytes end: a cut element, so that whoever reads it sees that it is cut."""
        rest = bytes(self._buffer).strip().removeprefix(_BOM)
        self._buffer.clear()
        self._at = 0
        return [Frame("", rest)] if rest and not self.closed else []
