"""A connection to a provider: one request after the other goes out, and its answer comes in. It opens and keeps nothing.

A provider closes a connection that idled for long, now and then in the very moment in which it is used again. Such a request
may be sent once more: the connection had served before, not a byte of an answer came, and it was lost at once.

aiohttp makes the connection, and talks over it where a proxy has to be asked for a tunnel. Requests are written, and answers
parsed, here (ADR 25).
"""

import asyncio
import math
from collections.abc import Callable
from typing import Any

import aiohttp
import httptools
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import HttpProcessingError

from plexus.core.outbox import outbox
from plexus.upstream.answer import MOST, Answer

HEAD_LIMIT = 256 * 1024
"""Bytes of an answer that are not its body: heads, what separates chunks beyond the usual, trailers."""
HEADERS = 1000
"""Headers an answer may have."""
_PER_CHUNK = 16
SLICE = 64 * 1024
"""Bytes of a request that any socket takes at once. What is longer is sent as the provider takes it."""
_AT_ONCE = 2.0
"""Seconds within which a stale connection shows; one that is lost later was lost while the provider worked."""
_INTERIM = 100
_SWITCHED = 101
_OK = 200


class StaleConnection(aiohttp.ServerDisconnectedError):
    """The connection was gone before the request could reach anybody who answers."""


class Line(ResponseHandler):
    """A connection, and the one answer that is awaited over it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """As aiohttp makes them."""
        super().__init__(loop)
        self._outbox = outbox(loop)
        self._reader: Any = httptools.HttpResponseParser(self)
        # What aiohttp's parser forgives, too.
        self._reader.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self.freed: Callable[[Line], None] = Line.drop
        """What becomes of it when it may be used again."""
        self.gone: Callable[[], None] = _nothing
        """Told when it is no use any more."""
        self.carried = 0
        self._answer: Answer | None = None
        self._named: list[tuple[bytes, bytes]] = []
        self._around, self._heard, self._reusable = 0, False, False
        self._sent = 0.0
        self._held = False
        self._news: asyncio.Future[bool] | None = None
        self._due = math.inf
        self._bell: asyncio.TimerHandle | None = None

    @property
    def usable(self) -> bool:
        """Whether a request can be sent."""
        return self.transport is not None and self._answer is None and not self.transport.is_closing()

    async def ask(self, head: bytes, body: bytes, due: float | None) -> Answer:
        """Send a request and wait for the head of its answer, until `due` (of the loop's clock) at most.

        Raises:
            StaleConnection: when the connection was gone before anybody could answer; another may be tried.
            TimeoutError: at `due`.
            aiohttp.ClientError, HttpProcessingError: whatever else goes wrong.
        """
        if not self.usable:
            raise StaleConnection if self.carried else aiohttp.ServerDisconnectedError
        answer = self._answer = Answer(self)
        self.carried += 1
        self._around, self._heard, self._reusable = 0, False, False
        self._sent = self._loop.time()
        if len(body) <= SLICE:
            self._outbox.add(self._write, answer, head + body)
        else:
            self._write(answer, head)
            await self._write_long(answer, body, due)
        while not answer.status:
            await self._changed(answer, due)
        return answer

    def drop(self) -> None:
        """End it; what was not sent yet is not sent any more."""
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.end(aiohttp.ClientConnectionError("the connection was closed"))
            self._tell()
        if self.transport is not None and self.transport.get_write_buffer_size():
            self.transport.abort()
        self.gone()

    # What an answer needs

    def watched(self, due: float | None) -> "asyncio.Future[bool]":
        """As `Carrier` has it. One timer serves all waits: it looks when it rings, and is set anew for a shorter one only."""
        self._due = math.inf if due is None else due
        if self._bell is None or self._bell.when() > self._due:
            self._set_bell()
        news = self._news = self._loop.create_future()
        return news

    def read_on(self) -> None:
        """More may come."""
        if self._held and self.transport is not None:
            self._held = False
            self.transport.resume_reading()

    # Connection

    def data_received(self, data: bytes) -> None:
        """Parse what was asked for. What was not is nobody's answer, and the connection no use any more."""
        if self._parser is not None:  # aiohttp talks to a proxy
            super().data_received(data)
            return
        answer = self._answer
        if answer is None:
            self.drop()
            return
        self._heard = True
        self._around += len(data)
        error: Exception | None = None
        try:
            self._reader.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._reusable = False
        except httptools.HttpParserError as invalid:
            error = HttpProcessingError(message=str(invalid))
        if self._around > HEAD_LIMIT and error is None:
            error = HttpProcessingError(message="too large a head, or too much around the body")
        if error is not None or answer.ended:
            self._finish(answer, error)
        elif len(answer) > MOST and self.transport is not None and not self._held:
            self._held = True
            self.transport.pause_reading()
        self._tell()

    def connection_lost(self, exc: BaseException | None) -> None:
        """An answer under way breaks off, unless this is how it ends."""
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.end(None if answer.until_closed and exc is None else self._loss(answer, exc))
            self._tell()
        if self._bell is not None:
            self._bell.cancel()
            self._bell = None
        super().connection_lost(exc)
        self.gone()

    def resume_writing(self) -> None:
        """More of the request may go out."""
        super().resume_writing()
        self._tell()

    # What the parser calls

    def on_message_begin(self) -> None:
        """A head begins."""
        self._named = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep it. Trailers come too late to mean anything: nobody looks at them, and `HEAD_LIMIT` bounds them."""
        self._named.append((name, value))

    def on_headers_complete(self) -> None:
        """Interim answers are passed over."""
        status, answer = self._reader.get_status_code(), self._answer
        if status < _INTERIM:
            raise ValueError("no status")
        if len(self._named) > HEADERS:
            raise ValueError("too many headers")
        if answer is not None and not answer.status and (status >= _OK or status == _SWITCHED):
            answer.begin(status, self._named)

    def on_chunk_header(self) -> None:
        """A chunk has its framing."""
        self._around -= _PER_CHUNK

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._around -= len(body)
        if self._answer is not None and not self._answer.ended:
            self._answer.add(body)

    def on_message_complete(self) -> None:
        """The answer has come whole. One more in the same breath was not asked for."""
        answer = self._answer
        if answer is not None and answer.status:
            self._reusable = not answer.ended and self._reader.should_keep_alive()
            answer.end()

    # The inside

    def _write(self, answer: Answer, data: bytes | memoryview) -> None:
        if self._answer is answer and self.transport is not None:
            self.transport.write(data)

    async def _changed(self, answer: Answer, due: float | None) -> None:
        if answer.error is None and not await answer.news(due):
            raise TimeoutError
        if answer.error is not None and not answer.status:
            raise answer.error

    async def _write_long(self, answer: Answer, body: bytes, due: float | None) -> None:
        """Send as fast as it is taken. Once an answer has begun nobody waits for the rest to be taken."""
        view = memoryview(body)
        for at in range(0, len(body), SLICE):
            while self.writing_paused and not answer.status:
                await self._changed(answer, due)
            self._write(answer, view[at : at + SLICE])

    def _finish(self, answer: Answer, error: Exception | None) -> None:
        if error is not None and not answer.ended:
            answer.end(error)
        self._answer = None
        unsent = self.transport is None or self.transport.get_write_buffer_size()
        if error is None and self._reusable and not unsent:
            self.read_on()
            self.freed(self)
        else:
            self.drop()

    def _loss(self, answer: Answer, exc: BaseException | None) -> Exception:
        if answer.status:
            return aiohttp.ClientPayloadError("the connection is gone")
        if self.carried > 1 and not self._heard and self._loop.time() - self._sent < _AT_ONCE:
            return StaleConnection()
        return aiohttp.ClientOSError(*exc.args) if isinstance(exc, OSError) else aiohttp.ServerDisconnectedError()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(True)

    def _set_bell(self) -> None:
        if self._bell is not None:
            self._bell.cancel()
            self._bell = None
        if self._due < math.inf:
            self._bell = self._loop.call_at(self._due, self._ring)

    def _ring(self) -> None:
        self._bell = None
        if self._news is None or self._news.done():
            return
        if self._loop.time() < self._due:
            self._set_bell()
        else:
            self._news.set_result(False)


def _nothing() -> None:
    """Nobody is told."""
