"""One request of a connection and its answer, from both sides: as ASGI has it, and without its messages.

An answer that is known whole leaves in one write. It knows nothing of timers, and of other requests only that there are some.
"""

import asyncio
import http
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

from plexus.core.logging import logger

App = Callable[[dict[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

CLIENT_GONE = "the client has gone"
"""Why a task is cancelled whose client has left."""
_NO_BODY = frozenset({204, 304})
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LAST = b"0\r\n\r\n"
_FAILURE = b"Internal Server Error"
_FAILED = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", b"%d" % len(_FAILURE)),
    (b"connection", b"close"),
]
_PHRASES = {status.value: status.phrase.encode() for status in http.HTTPStatus}
_STATUS = {status: b"HTTP/1.1 %d %b" % (status, _PHRASES.get(status, b"")) for status in range(100, 600)}
log = logger("plexus.web")


class Wire(Protocol):
    """What a cycle needs of its connection."""

    blocked: bool
    """The client does not read: wait until it is writable."""

    async def writable(self) -> None:
        """Until the client reads again, or has gone."""

    def write(self, data: bytes) -> None:
        """Send it."""

    def soon(self, data: bytes) -> None:
        """Send it together with what is written next, in a moment at the latest."""

    def read_on(self) -> None:
        """More of the body is wanted."""

    def answered(self) -> None:
        """The answer is complete."""

    def close(self) -> None:
        """Close once what was written is sent."""

    def closing(self) -> bool:
        """Whether nothing more will be sent."""


class Cycle:
    """A request being answered."""

    __slots__ = (
        "_bare",
        "_common",
        "_left",
        "_news",
        "_read",
        "_wire",
        "body",
        "disconnected",
        "expects",
        "keep_alive",
        "more_body",
        "response_complete",
        "response_started",
        "scope",
    )

    def __init__(self, wire: Wire, scope: dict[str, Any], common: Headers, *, keep_alive: bool) -> None:
        """`common`: headers of every answer."""
        self._wire, self.scope, self._common, self.keep_alive = wire, scope, common, keep_alive
        self.expects = False
        """The client waits to be told that its body is welcome."""
        self.body = b""
        """What has come of it and was not taken yet."""
        self.more_body, self._read = True, False
        self.disconnected = self.response_started = self.response_complete = self._bare = False
        self._left: int | None = None
        """Bytes the answer still needs; None when it comes in chunks."""
        self._news: asyncio.Future[None] | None = None

    async def run(self, app: App) -> None:
        """Serve it. Whatever the application does, the client is not left waiting."""
        try:
            await app(self.scope, self.receive, self.send)
        except BaseException:
            log.exception("a request failed in the server")
        if self.response_complete or self.disconnected:
            return
        if self.response_started:
            self._wire.close()
        else:
            await self.whole(500, _FAILED, _FAILURE)

    # The request

    def take(self, data: bytes) -> None:
        """A piece of the body has come."""
        self.body = self.body + data if self.body else data
        self.tell()

    def tell(self) -> None:
        """Something has changed that the application may be waiting for."""
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def receive(self) -> dict[str, Any]:
        """What has come of the body, once anything has; or that nobody waits for an answer any more."""
        if self.expects and not self._wire.closing():
            self._wire.write(_CONTINUE)
            self.expects = False
        self._wire.read_on()
        while not (self.disconnected or self.response_complete):
            if not self._read and (self.body or not self.more_body):
                body, self.body, self._read = self.body, b"", not self.more_body
                return {"type": "http.request", "body": body, "more_body": self.more_body}
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        return {"type": "http.disconnect"}

    # The answer

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """Send an answer at once. Its length is among the headers."""
        if self._wire.blocked:
            await self._wire.writable()
        if not self.disconnected:
            head = self._head(status, headers)
            self._wire.soon(head + self._framed(body))
            self._complete()

    async def begin(self, status: int, headers: Headers) -> None:
        """Send the head of an answer that comes in pieces."""
        if self._wire.blocked:
            await self._wire.writable()
        if not self.disconnected:
            self._wire.soon(self._head(status, headers))

    def piece(self, data: bytes) -> bool:
        """Send a piece of it; whether the client should read before there is more."""
        if data and not self.disconnected:
            self._wire.write(self._framed(data))
        return self._wire.blocked

    async def writable(self) -> None:
        """Until the client reads again, or has gone."""
        await self._wire.writable()

    def end(self) -> None:
        """There is nothing more."""
        if not self.disconnected:
            if self._left is None:
                self._wire.write(_LAST)
            self._complete()

    async def send(self, message: Any) -> None:
        """The same, as ASGI has it."""
        if message["type"] == "http.response.start" and not self.response_started:
            await self.begin(message["status"], message.get("headers", ()))
        elif message["type"] == "http.response.body" and self.response_started and not self.response_complete:
            if self.piece(message.get("body", b"")):
                await self.writable()
            if not message.get("more_body", False):
                self.end()
        elif not self.disconnected:
            raise RuntimeError(f"an answer has no {message['type']!r} here")

    def _head(self, status: int, headers: Headers) -> bytes:
        lines = [*self._common, *headers]
        known = dict(lines)
        if b"close" in known.get(b"connection", b"").lower():
            self.keep_alive = False
        elif not self.keep_alive:
            lines.append((b"connection", b"close"))
        length = known.get(b"content-length")
        self._bare = status in _NO_BODY or self.scope["method"] == "HEAD"
        self._left = 0 if self._bare else int(length) if length is not None else None
        if self._left is None:
            lines.append((b"transfer-encoding", b"chunked"))
        head = b"%b\r\n%b\r\n\r\n" % (_STATUS[status], b"\r\n".join(map(b": ".join, lines)))
        ends = len(lines) + 2
        if head.count(b"\n") != ends or head.count(b"\r") != ends or b"\0" in head:
            raise RuntimeError("a header of the answer would be more than one")
        self.response_started, self.expects = True, False
        return head

    def _framed(self, data: bytes) -> bytes:
        if self._bare:
            return b""
        if self._left is None:
            return b"%x\r\n%b\r\n" % (len(data), data)
        self._left -= len(data)
        if self._left < 0:
            raise RuntimeError("the answer is longer than its content-length")
        return data

    def _complete(self) -> None:
        if self._left:
            raise RuntimeError("the answer is shorter than its content-length")
        self.response_complete = True
        self.tell()
        if not self.keep_alive:
            self._wire.close()
        self._wire.answered()
