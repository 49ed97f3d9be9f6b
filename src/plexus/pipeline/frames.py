"""An upstream's bytes as frames, whatever the framing turns out to be: events, a JSON array, or one plain answer."""

from plexus.core.json_array import JsonArrayDecoder
from plexus.core.sse import Decoder, Frame, OversizeEvent

_BLANK = 1024 * 1024
"""Bytes of white space an upstream may send before anything else; some keep a connection awake that way."""
_SPACE = b" \t\r\n\xef\xbb\xbf"


class PlainAnswer(Exception):  # noqa: N818 - a turn of events, not a failure
    """The upstream answered whole although a stream was asked for. `start` is what has come of it."""

    def __init__(self, start: bytes) -> None:
        """Keep the bytes already read."""
        super().__init__("a plain answer")
        self.start = start


class Framer:
    """Cuts a stream into frames. The framing is seen from the first byte: content types of providers often lie."""

    def __init__(self, limit: int) -> None:
        """`limit` is the largest frame accepted, in bytes."""
        self._limit = limit
        self._decoder: Decoder | JsonArrayDecoder | None = None
        self.array = False
        """Whether the stream turned out to be a JSON array."""
        self.comments: list[bytes] = []
        """The last comments of an event stream; some providers tell the cost in one."""
        self._start = b""

    def feed(self, chunk: bytes) -> list[Frame]:
        """The frames completed by these bytes.

        Raises:
            PlainAnswer: when it is one JSON object (or a page of HTML) and no stream.
            OversizeEvent: when a frame grows beyond the limit.
        """
        if self._decoder is not None:
            return self._decoder.feed(chunk)
        self._start += chunk
        first = self._start.lstrip(_SPACE)[:1]
        if not first:
            if len(self._start) > _BLANK:
                raise OversizeEvent
            return []
        if first in {b"{", b"<"}:
            raise PlainAnswer(self._start)
        self.array = first == b"["
        self._decoder = JsonArrayDecoder(self._limit) if self.array else Decoder(self._limit, self.comments)
        return self._decoder.feed(self._start)

    def end(self) -> list[Frame]:
        """What is left when the upstream closes."""
        return self._decoder.end() if self._decoder is not None else []


class Boundary:
    """Holds back the tail of a pass-through stream until its event is complete, so that a cut never shows half an event."""

    def __init__(self) -> None:
        """Start empty."""
        self._rest = bytearray()

    def ready(self, chunk: bytes) -> bytes:
        """The bytes up to the last complete event."""
        rest = self._rest
        if not rest and chunk.endswith(b"\n\n"):
            return chunk
        looked_at = max(0, len(rest) - _LONGEST_END)  # an end may have begun in what is held
        rest += chunk
        end = max(_after(rest, mark, looked_at) for mark in _ENDS)
        shown = bytes(rest[:end])
        del rest[:end]
        return shown

    def rest(self) -> bytes:
        """What is held back."""
        held, self._rest = bytes(self._rest), bytearray()
        return held


_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")
_LONGEST_END = 3


def _after(data: bytearray, mark: bytes, start: int) -> int:
    found = data.rfind(mark, start)
    return found + len(mark) if found >= 0 else 0
