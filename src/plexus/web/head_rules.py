"""Rules about the head of a request that only the HTTP parser can see: its time, its size, its Host, its fate on hang-up.

A head that is not complete in time, too large or ambiguous is answered and the connection closed. A client that goes away
cancels the task that serves it, in whatever phase that is.
"""

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_TIME = 10.0
"""Seconds from the connection, or from the first byte of a further request, to a complete head."""
HEAD_SIZE = 64 * 1024
HEAD_COUNT = 100
CLIENT_GONE = "the client has gone"


class HeadRules(HttpToolsProtocol):
    """uvicorn's parser with these rules. `head_size` and `head_count` may be set on a subclass from the configuration."""

    head_size = HEAD_SIZE
    head_count = HEAD_COUNT

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As uvicorn's."""
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._size = 0
        self._refusal: tuple[int, bytes] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for a head; buffer little for a client that reads slowly."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=64 * 1024)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel what is still being done for this client."""
        self._head_done()
        unfinished = self.cycle is not None and not self.cycle.response_complete
        super().connection_lost(exc)
        if unfinished and self._task is not None:
            self._task.cancel(CLIENT_GONE)

    _task: "asyncio.Task[Any] | None" = None

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._task = self.loop.create_task(cycle.run_asgi(app))
        self._task.add_done_callback(self.tasks.discard)
        self.tasks.add(self._task)

    def on_message_begin(self) -> None:
        """A further request on the same connection gets its own time."""
        super().on_message_begin()
        self._size = 0
        if self._deadline is None:
            self._await_head()

    def on_url(self, url: bytes) -> None:
        """Count the request line."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count names and values."""
        super().on_header(name, value)
        self._count(len(name) + len(value) + 4)
        if len(self.headers) > self.head_count:
            self._refuse(431, b"too many headers")

    def on_headers_complete(self) -> None:
        """Exactly one Host, then on as usual."""
        self._head_done()
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() != "1.0"):
            self._refuse(400, b"exactly one Host header is needed")
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Answer a refused head with its own status."""
        try:
            super().data_received(data)
        except httptools.HttpParserInvalidURLError:
            self.send_400_response("Invalid HTTP request received.")

    def send_400_response(self, msg: str) -> None:
        """The refusal found, or uvicorn's answer to what does not parse."""
        self._head_done()
        if self.transport.is_closing():
            return
        status, reason = self._refusal or (400, msg.encode("ascii", "replace"))
        phrase = {400: b"Bad Request", 431: b"Request Header Fields Too Large"}[status]
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
            % (status, phrase, len(reason), reason)
        )
        self.transport.close()

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > self.head_size:
            self._refuse(431, b"the head of the request is too large")

    def _refuse(self, status: int, reason: bytes) -> None:
        self._refusal = (status, reason)
        raise ValueError(reason)

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_TIME, self._head_late)

    def _head_late(self) -> None:
        self._deadline = None
        self.transport.close()

    def _head_done(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
