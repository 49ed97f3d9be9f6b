"""An upstream's bytes as frames, whatever the framing turns out to be: events, a JSON array, or one plain answer."""

from plexus.core.json_array import JsonArrayDecoder
from plexus.core.sse import Decoder, Frame

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
            return []
        if first in {b"{", b"<"}:
            raise PlainAnswer(self._start)
        self.array = first == b"["
        self._decoder = JsonArrayDecoder(self._limit) if self.array else Decoder(self._limit)
        return self._decoder.feed(self._start)

    def end(self) -> list[Frame]:
        """What is left when the upstream closes."""
        return self._decoder.end() if self._decoder is not None else []


class Boundary:
    """Holds back the tail of a pass-through stream until its event is complete, so that a cut never shows half an event."""

    def __init__(self) -> None:
        """Start empty."""
        self._rest = b""

    def ready(self, chunk: bytes) -> bytes:
        """The bytes up to the last complete event."""
        buffer = self._rest + chunk if self._rest else chunk
        if buffer.endswith(b"\n\n"):
            self._rest = b""
            return buffer
        end = max(
            buffer.rfind(mark) + len(mark)
            for mark in (b"\n\n", b"\r\n\r\n", b"\r\r")
            if mark in buffer or mark == b"\n\n"
        )
        end = end if end >= len(b"\n\n") else 0
        self._rest = buffer[end:]
        return buffer[:end]

    def rest(self) -> bytes:
        """What is held back."""
        held, self._rest = self._rest, b""
        return held
