"""Rules about a request that only the HTTP parser can see: the time, size and unambiguity of its head, its fate on hang-up.

A head that is not complete in time, too large or ambiguous is answered and the connection closed. A client that goes away
cancels the task that serves it, in whatever phase that is.
"""

import asyncio
import re
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from plexus.web.parting import LINGER, Parting

HEAD_SIZE = 64 * 1024
HEAD_COUNT = 100
CLIENT_GONE = "the client has gone"

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


class HeadRules(HttpToolsProtocol):
    """uvicorn's parser with these rules. The class attributes may be set on a subclass from the configuration."""

    head_size = HEAD_SIZE
    head_count = HEAD_COUNT
    head_time = 10.0
    """Seconds from the connection, or from the first byte of a further request, to a complete head."""
    write_time = 60.0
    """Seconds a client may leave an answer unread when the buffers are full."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As uvicorn's."""
        super().__init__(*args, **kwargs)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._task: asyncio.Task[Any] | None = None
        self._running: Any = None
        self._in_head = self._last = self._deaf = False
        self._fresh = True
        self._size = self._framing = 0
        self._refusal: tuple[int, bytes] | None = None

    # Connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for a head; buffer little for a client that reads slowly."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=64 * 1024)
        self.transport: Any = Parting(transport, self.loop, self._sending)
        self._await("head", self.head_time, self._head_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel what is still being done for this client."""
        for timer in self._timers.values():
            timer.cancel()
        unfinished = self.cycle is not None and not self.cycle.response_complete
        self.transport.lost()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
        if unfinished and self._task is not None:
            self._task.cancel(CLIENT_GONE)

    def shutdown(self) -> None:
        """The server ends. A connection on which nothing was asked yet gets a moment to do so; further requests are not read."""
        self._last = True
        if self._fresh:
            self._done("head")
            self._await("head", LINGER, self._head_late)
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """The client does not read: it gets a while to go on."""
        super().pause_writing()
        self._await("write", self.write_time, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        self._done("write")

    def data_received(self, data: bytes) -> None:
        """Parse, unless nothing more is wanted of this client; answer a refused request with its own status."""
        if self._deaf or self.transport.closing:
            return
        in_head = self._in_head
        if not in_head and self.cycle is not None and self.cycle.more_body:
            self._framing += len(data)
        try:
            super().data_received(data if self._sending() else _without_offer(data))
        except httptools.HttpParserInvalidURLError:
            self.send_400_response("Invalid HTTP request received.")
        if self._deaf or self.transport.is_closing():
            return
        if self._in_head:  # most heads come whole, and are never waited for
            self._await("head", self.head_time, self._head_late)
        if in_head and self._in_head:  # a name or value that never ends is shown to no callback
            self._size += len(data)
            if self._size > self.head_size:
                self._refusal = _TOO_LARGE
                self.send_400_response("")
        elif self._framing > self.head_size:
            self.send_400_response("too much framing for so little body")
        elif self.cycle is None or self.cycle.response_complete:  # blank lines before a request are no request yet
            self._await("head", self.head_time, self._head_late)

    # What the parser calls

    def on_message_begin(self) -> None:
        """A further request on the same connection is counted anew."""
        super().on_message_begin()
        self._in_head, self._fresh = True, False
        self._size = 0

    def on_url(self, url: bytes) -> None:
        """Count the request line."""
        super().on_url(url)
        self._size += len(url)
        if self._size > self.head_size:
            self._refuse(*_TOO_LARGE)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count names and values. Trailers are counted and dropped: they come too late to mean anything."""
        self._size += len(name) + len(value) + 4
        if self._size > self.head_size:
            self._refuse(*_TOO_LARGE)
        if not self._in_head:
            return
        super().on_header(name, value)
        if len(self.headers) > self.head_count:
            self._refuse(431, b"too many headers")

    def on_headers_complete(self) -> None:
        """Refuse what could be read in two ways, then on as usual."""
        self._done("head")
        self._in_head = False
        self._check()
        super().on_headers_complete()
        self._framing = 0
        if self._last or self.parser.should_upgrade():
            self.cycle.keep_alive = False  # the server ends, or the parser is done with the connection
        if self.pipeline and len(self.pipeline) <= _PIPELINED:
            self.flow.resume_reading()

    def on_chunk_header(self) -> None:
        """A chunk has its framing; more of it is counted as if it were head."""
        self._framing -= _PER_CHUNK

    def on_body(self, body: bytes) -> None:
        """What is body is not framing."""
        self._framing -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The client has sent it all."""
        super().on_message_complete()
        self._done("rest")

    def on_response_complete(self) -> None:
        """A client that has its answer and still sends the request gets a moment to finish it."""
        super().on_response_complete()
        if self._sending():
            self._await("rest", LINGER, self.transport.close)

    # Refusals

    def send_400_response(self, msg: str) -> None:
        """Answer with the refusal found. An answer that is under way is not written into: it is the last one instead."""
        running = self._running
        if self.transport.is_closing():
            return
        if running is not None and not running.response_complete:
            if running is not self.cycle or not running.more_body:
                self._deaf, running.keep_alive = True, False
                self.pipeline.clear()
                return
            running.disconnected = True
            if self._task is not None:
                self._task.cancel(CLIENT_GONE)
        if running is None or running.response_complete or not running.response_started:
            self._say(*(self._refusal or (400, msg.encode("ascii", "replace"))))
        self.transport.linger()

    def _say(self, status: int, reason: bytes) -> None:
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
            % (status, _PHRASES[status], len(reason), reason)
        )

    def _check(self) -> None:
        """Raises through `_refuse` for a head that two readers could read differently."""
        version = self.parser.get_http_version()
        names = [name for name, _ in self.headers]
        named = [value for name, value in self.headers if name == b"host"]
        if version not in {"1.0", "1.1"}:
            self._refuse(400, b"this is HTTP/1.1")
        if len(named) > 1 or (not named and version != "1.0"):
            self._refuse(400, b"exactly one Host header is needed")
        if named and not _HOST.fullmatch(named[0]):
            self._refuse(400, b"the Host header is not a host")
        if b"transfer-encoding" in names:
            codings = [value for name, value in self.headers if name == b"transfer-encoding"]
            if version == "1.0" or len(codings) > 1 or codings[0].strip().lower() != b"chunked":
                self._refuse(400, b"this transfer encoding is not read here")
        if self.parser.should_upgrade() and self._announces_body():
            self._refuse(400, b"an upgrade with a body is not understood")
        if b"#" in self.url or not (self.url.startswith(b"/") or self._to_this_host(named)):
            self._refuse(400, b"the request target is ambiguous")

    def _announces_body(self) -> bool:
        return any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in self.headers
        )

    def _to_this_host(self, named: list[bytes]) -> bool:
        absolute = _ABSOLUTE.match(self.url)
        return absolute is not None and (not named or absolute[1].lower() == named[0].lower())

    def _refuse(self, status: int, reason: bytes) -> None:
        self._refusal = (status, reason)
        raise ValueError(reason)

    # Time

    def _sending(self) -> bool:
        return self._in_head or (self.cycle is not None and self.cycle.more_body)

    def _await(self, what: str, seconds: float, late: Any) -> None:
        if what not in self._timers:
            self._timers[what] = self.loop.call_later(seconds, late)

    def _done(self, what: str) -> None:
        timer = self._timers.pop(what, None)
        if timer is not None:
            timer.cancel()

    def _head_late(self) -> None:
        if self._in_head and (self.cycle is None or self.cycle.response_complete):
            self._say(408, b"the head of the request did not come in time")
        self._in_head = False
        self.transport.close()

    # uvicorn's seams

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._running = cycle
        self._task = self.loop.create_task(cycle.run_asgi(app))
        self._task.add_done_callback(self.tasks.discard)
        self.tasks.add(self._task)

    def _unsupported_upgrade_warning(self) -> None:
        self._deaf = True
