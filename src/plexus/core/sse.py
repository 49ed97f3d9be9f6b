"""Server-sent events, both ways, on bytes: the WHATWG grammar, any chunking, bounded memory.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

import re
from typing import NamedTuple

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"
_COMMENTS = 16
_COMMENT = 256


class Frame(NamedTuple):
    """One event: its name ("" when the stream gave none) and its data, lines joined by a line feed."""

    event: str
    data: bytes


class OversizeEvent(Exception):  # noqa: N818 - a limit that was met
    """One event is larger than the limit."""


class Decoder:
    """Cuts a byte stream into frames. The result does not depend on how the bytes were chunked."""

    def __init__(self, limit: int = 16 * 1024 * 1024, comments: list[bytes] | None = None) -> None:
        """`limit` is the largest event accepted, in bytes. `comments` takes the last few."""
        self._limit, self._comments = limit, comments
        self._rest = b""
        self._long = bytearray()
        """What has come of a line so long that its pieces are only put together at its end."""
        self._event = ""
        self._data: list[bytes] = []
        self._size = 0
        self._started = False
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[Frame]:
        """The frames completed by these bytes.

        Raises:
            OversizeEvent: when an event grows beyond the limit.
        """
        if self._after_cr and chunk:
            self._after_cr = False
            chunk = chunk.removeprefix(b"\n")
        if self._started and b"\n" not in chunk and b"\r" not in chunk:
            self._prolong(chunk)
            return []
        if self._long:
            self._rest, self._long = bytes(self._long), bytearray()
        buffer = self._rest + chunk if self._rest else chunk
        if not self._started:
            if _BOM.startswith(buffer[:3]) and len(buffer) < len(_BOM):
                self._rest = buffer
                return []
            self._started = True
            buffer = buffer.removeprefix(_BOM)
        lines = _LINE_END.split(buffer) if b"\r" in buffer else buffer.split(b"\n")
        # A carriage return at the very end may be half of CRLF: the line is complete, a line feed to come belongs to it.
        self._after_cr = buffer.endswith(b"\r")
        self._rest = lines.pop()
        frames: list[Frame] = []
        for line in lines:
            if line:
                self._field(line)
            elif self._data or self._event:
                self._dispatch(frames)
        if self._size + len(self._rest) > self._limit:
            raise OversizeEvent
        return frames

    def end(self) -> list[Frame]:
        """The frame left without its closing blank line. The standard discards it; some providers forget the line."""
        frames: list[Frame] = []
        if rest := self._rest + self._long:
            self._field(rest)
            self._rest, self._long = b"", bytearray()
        if self._data:
            self._dispatch(frames)
        return frames

    def _prolong(self, chunk: bytes) -> None:
        if self._rest:
            self._long, self._rest = bytearray(self._rest), b""
        self._long += chunk
        if self._size + len(self._long) > self._limit:
            raise OversizeEvent

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._size += len(value)
            if self._size > self._limit:
                raise OversizeEvent
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif not name and value and self._comments is not None:
            self._comments.append(value[:_COMMENT])
            del self._comments[:-_COMMENTS]

    def _dispatch(self, frames: list[Frame]) -> None:
        if self._data:
            frames.append(Frame(self._event, self._data[0] if len(self._data) == 1 else b"\n".join(self._data)))
        self._event, self._data, self._size = "", [], 0


def encode(data: bytes, event: str = "") -> bytes:
    """One event as bytes. `data` must not contain line ends (JSON never does)."""
    if event:
        return b"event: %b\ndata: %b\n\n" % (event.encode(), data)
    return b"data: %b\n\n" % data


def comment(text: str = "") -> bytes:
    """A comment line, which keeps a connection awake and means nothing."""
    return b": %b\n\n" % text.encode() if text else b":\n\n"
