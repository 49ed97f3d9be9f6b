"""HTTP/1.1 as bytes: what a test server writes and how a request is read. Refuses nothing: faults are its trade."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

Headers = Sequence[tuple[str, str]]
Action = Literal["", "reset", "close", "half-close", "hang"]


class Step(NamedTuple):
    """Wait `delay` seconds (times the server's tempo), write `data`, then do `action`."""

    data: bytes = b""
    delay: float = 0.0
    action: Action = ""


Script = Iterable[Step]

REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 429: "Too Many Requests"}
JSON_TYPE = ("content-type", "application/json")
SSE_TYPE = ("content-type", "text/event-stream")


def head(status: int | str = 200, headers: Headers = (), version: str = "1.1") -> bytes:
    """A response head with exactly these headers; a status may be text such as "099"."""
    reason = REASONS.get(int(status), "Status")
    lines = [f"HTTP/{version} {status} {reason}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def whole(status: int | str, body: bytes, headers: Headers = (JSON_TYPE,)) -> bytes:
    """A response with its right Content-Length."""
    return head(status, [*headers, ("content-length", str(len(body)))]) + body


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; empty data gives nothing, since an empty chunk would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


LAST_CHUNK = b"0\r\n\r\n"
CHUNKED = ("transfer-encoding", "chunked")


def stream_head(headers: Headers = (SSE_TYPE,), status: int = 200) -> bytes:
    """The head of a chunked answer."""
    return head(status, [*headers, CHUNKED])


def dumps(value: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def sse(data: bytes, event: str = "", end: bytes = b"\n") -> bytes:
    """One server-sent event with the line end given."""
    name = b"event: " + event.encode() + end if event else b""
    return name + b"data: " + data + end + end


def parse_head(raw: bytes) -> tuple[str, list[tuple[str, str]]]:
    """First line and headers (names lower-cased, in order) of a head without its closing blank line."""
    first, *rest = raw.decode("latin-1").split("\r\n")
    pairs = [line.partition(":") for line in rest if line]
    return first, [(name.strip().lower(), value.strip()) for name, _, value in pairs]


def header(headers: Headers, name: str, default: str = "") -> str:
    """The first header of this name."""
    return next((value for found, value in headers if found == name), default)


_CHUNK_SIZE = re.compile(rb"\s*([0-9a-fA-F]+)[^\r\n]*\r\n")


class Chunks:
    """A chunked body being taken out of `source` as it comes. `data` is what it held so far."""

    def __init__(self, source: bytearray) -> None:
        self._source = source
        self._last = False
        self.data = bytearray()
        self.ended = False

    def take(self) -> bool:
        """Take what is complete; True once the body has ended. What follows stays in the source."""
        source = self._source
        while not self._last and (match := _CHUNK_SIZE.match(source)):
            size = int(match[1], 16)
            if size == 0:
                self._last = True
                del source[: match.end() - 2]
            elif len(source) < match.end() + size + 2:
                return False
            else:
                self.data += source[match.end() : match.end() + size]
                del source[: match.end() + size + 2]
        # The line end of the size line was left: with no trailers the closing blank line follows it at once.
        end = source.find(b"\r\n\r\n") if self._last else -1
        if end >= 0:
            del source[: end + 4]
            self.ended = True
        return self.ended
