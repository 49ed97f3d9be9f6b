"""Rules about a request that only the HTTP parser can see: the time, size and unambiguity of its head, its fate on hang-up.

A head that is not complete in time, too large or ambiguous is answered and the connection closed. A client that goes away
cancels the task that serves it, in whatever phase that is.
"""

import asyncio
import re
import urllib.parse
from itertools import chain
from typing import Any

import httptools

from plexus.web.connection import FULL, Connection
from plexus.web.cycle import CLIENT_GONE, Cycle
from plexus.web.parting import LINGER

__all__ = ["CLIENT_GONE", "HEAD_COUNT", "HEAD_SIZE", "HeadRules"]

HEAD_SIZE = 64 * 1024
HEAD_COUNT = 100

_HOST = re.compile(rb"[A-Za-z0-9._~%!$&'()*+,;=:\[\]-]*")
_ABSOLUTE = re.compile(rb"https?://([^/?]*)/", re.IGNORECASE)
_OFFER = re.compile(rb"\r\n(?:upgrade: *h2c|http2-settings:[^\r\n]*)(?=\r\n|\Z)", re.IGNORECASE)
_PER_CHUNK = 16
"""Bytes of framing a chunk may take; what goes beyond are extensions and trailers, which count like a head."""
_PIPELINED = 4
"""Requests a client may send ahead while its hanging up is still noticed."""
_TOO_LARGE = (431, b"the head of the request is too large")
_PHRASES = {400: b"Bad Request", 408: b"Request Timeout", 431: b"Request Header Fields Too Large"}


def _without_offer(data: bytes) -> bytes:
    """The start of a request without an offer to switch to HTTP/2, which may be ignored (RFC 9110, 7.8).

    The parser would take the connection for switched and lose the body. Java's HttpClient makes the offer by default.
    """
    end = data.find(b"\r\n\r\n", 0, HEAD_SIZE)
    if end < 0 or data.find(b"h2c", 0, end) < 0:
        return data
    return _OFFER.sub(b"", data[:end]) + data[end:]


class HeadRules(Connection):
    """A connection with these rules. The class attributes may be set on a subclass from the configuration."""

    head_size = HEAD_SIZE
    head_count = HEAD_COUNT
    head_time = 10.0
    """Seconds from the connection, or from the first byte of a further request, to a complete head."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As uvicorn makes them."""
        super().__init__(*args, **kwargs)
        self.parser: Any = httptools.HttpRequestParser(self)
        # What follows a request that closes the connection would spoil its answer.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.url, self.headers = b"", list[tuple[bytes, bytes]]()
        self._in_head = self._deaf = False
        self._fresh = True
        self._size = self._framing = 0
        self._came = 0
        """Bytes in which the head came, with whatever came along."""
        self._refusal: tuple[int, bytes] | None = None

    # Connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for a head."""
        super().connection_made(transport)
        self._await("head", self.head_time, self._head_late)

    def shutdown(self) -> None:
        """The server ends. A connection on which nothing was asked yet gets a moment to do so; further requests are not read."""
        if self._fresh:
            self._last = True
            self._done("head")
            self._await("head", LINGER, self._head_late)
        else:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Parse, unless nothing more is wanted of this client; answer a refused request with its own status."""
        if self._deaf or self.transport.closing:
            return
        in_head = self._in_head
        if not self._sending():
            data = _without_offer(data)
        elif not in_head:
            self._framing += len(data)
        self._came = len(data) + (self._came if in_head else 0)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._deaf = True
        except (httptools.HttpParserError, httptools.HttpParserInvalidURLError):
            self._give_up(b"Invalid HTTP request received.")
        if not (self._deaf or self.transport.is_closing()):
            self._look(len(data) if in_head else 0)

    def _look(self, more: int) -> None:
        """Whether it is too much, or may take too long. `more`: bytes that went on with a head begun before."""
        if self._in_head:  # most heads come whole, and are never waited for
            self._await("head", self.head_time, self._head_late)
            self._size += more  # a name or value that never ends is shown to no callback
            if self._size > self.head_size:
                self._refusal = _TOO_LARGE
                self._give_up(b"")
        elif self._framing > self.head_size:
            self._give_up(b"too much framing for so little body")
        elif self.cycle is None or self.cycle.response_complete:  # blank lines before a request are no request yet
            self._await("head", self.head_time, self._head_late)

    # What the parser calls

    def on_message_begin(self) -> None:
        """A further request on the same connection is counted anew."""
        self.url, self.headers = b"", []
        self._in_head, self._fresh = True, False
        self._size = 0

    def on_url(self, url: bytes) -> None:
        """Count the request line."""
        self.url += url
        self._size += len(url)
        if self._size > self.head_size:
            self._refuse(*_TOO_LARGE)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep it. Trailers are dropped: they come too late to mean anything."""
        if self._in_head:
            self.headers.append((name.lower(), value))
            if len(self.headers) > self.head_count:
                self._refuse(431, b"too many headers")

    def on_headers_complete(self) -> None:
        """Refuse what could be read in two ways; serve the rest."""
        self._done("head")
        self._in_head = False
        parser, url = self.parser, self.url
        version, upgrade = parser.get_http_version(), parser.should_upgrade()
        if self._came > self.head_size and self._size + self._named() > self.head_size:
            self._refuse(*_TOO_LARGE)
        known = dict(self.headers)
        self._check(version, known, upgrade=upgrade)
        self._framing = 0
        path, _, query = url.partition(b"?")
        if not url.startswith(b"/"):
            parsed = httptools.parse_url(url)
            path, query = parsed.path or b"/", parsed.query or b""
        text = path.decode("ascii")
        scope = {
            **self._scope,
            "http_version": version,
            "method": parser.get_method().decode("ascii"),
            "path": urllib.parse.unquote(text) if "%" in text else text,
            "raw_path": path,
            "query_string": query,
            "headers": self.headers,
            "state": self._scope["state"].copy(),
        }
        # Kept alive unless the client or the server ends, or the parser is done with the connection.
        keep_alive = version != "1.0" and not (self._last or upgrade) and parser.should_keep_alive()
        cycle = Cycle(self, scope, self.server_state.default_headers, keep_alive=keep_alive)
        cycle.expects = known.get(b"expect", b"").lower() == b"100-continue"
        self._serve(cycle)
        if 0 < len(self._ahead) <= _PIPELINED:
            self.read_on()

    def on_chunk_header(self) -> None:
        """A chunk has its framing; more of it is counted as if it were head."""
        self._framing -= _PER_CHUNK

    def on_body(self, body: bytes) -> None:
        """What is body is not framing."""
        self._framing -= len(body)
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.take(body)
            if len(cycle.body) > FULL:
                self._hold()

    def on_message_complete(self) -> None:
        """The client has sent it all."""
        cycle = self.cycle
        if cycle is not None:
            cycle.more_body = False
            cycle.tell()
        self._done("rest")

    # Refusals

    def _give_up(self, reason: bytes) -> None:
        """Answer with the refusal found. An answer that is under way is not written into: it is the last one instead."""
        running = self._running
        if self.transport.is_closing():
            return
        if running is not None and not running.response_complete:
            if running is not self.cycle or not running.more_body:
                self._deaf, running.keep_alive = True, False
                self._drop_ahead()
                return
            self._let_go(running)
        if running is None or running.response_complete or not running.response_started:
            self._say(*(self._refusal or (400, reason)))
        self.transport.linger()

    def _say(self, status: int, reason: bytes) -> None:
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
            % (status, _PHRASES[status], len(reason), reason)
        )

    def _check(self, version: str, known: dict[bytes, bytes], *, upgrade: bool) -> None:
        """Raises through `_refuse` for a head that two readers could read differently. `known`: one value of each header."""
        host = known.get(b"host")
        if version not in {"1.0", "1.1"}:
            self._refuse(400, b"this is HTTP/1.1")
        if (host is None and version != "1.0") or (len(known) < len(self.headers) and self._count(b"host") > 1):
            self._refuse(400, b"exactly one Host header is needed")
        if host is not None and not _HOST.fullmatch(host):
            self._refuse(400, b"the Host header is not a host")
        coding = known.get(b"transfer-encoding")
        if coding is not None and (
            version == "1.0" or coding.strip().lower() != b"chunked" or self._count(b"transfer-encoding") > 1
        ):
            self._refuse(400, b"this transfer encoding is not read here")
        if upgrade and (coding is not None or known.get(b"content-length", b"0") != b"0"):
            self._refuse(400, b"an upgrade with a body is not understood")
        if b"#" in self.url or not (self.url.startswith(b"/") or self._to_this_host(host)):
            self._refuse(400, b"the request target is ambiguous")

    def _named(self) -> int:
        """Bytes of the headers, with what stands between them."""
        return sum(map(len, chain.from_iterable(self.headers))) + 4 * len(self.headers)

    def _count(self, name: bytes) -> int:
        return sum(entry[0] == name for entry in self.headers)

    def _to_this_host(self, host: bytes | None) -> bool:
        absolute = _ABSOLUTE.match(self.url)
        return absolute is not None and (host is None or absolute[1].lower() == host.lower())

    def _refuse(self, status: int, reason: bytes) -> None:
        self._refusal = (status, reason)
        raise ValueError(reason)

    # Time

    def _sending(self) -> bool:
        return self._in_head or super()._sending()

    def _head_late(self) -> None:
        if self._in_head and (self.cycle is None or self.cycle.response_complete):
            self._say(408, b"the head of the request did not come in time")
        self._in_head = False
        self.transport.close()
