"""What a provider answered: status, headers and a body that arrives. Closing it in any state frees its connection."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import aiohttp
from msgspec import Struct
from multidict import CIMultiDictProxy

from plexus.upstream.direct import Answered
from plexus.upstream.encoding import decoder_for
from plexus.upstream.failures import UpstreamFailed, failure_of
from plexus.upstream.watch import Watch

_PIECE = 8 * 1024
"""Bytes handed over in one turn of the loop: some fifty events of a stream, whose translation takes less than a millisecond."""
_REST_TIME = 0.5
_REST_SIZE = 1024 * 1024


class Pace(Struct):
    """How long to wait for pieces, read anew at each: `tick` in seconds, `deadline` as a time of the event loop's clock."""

    tick: float | None = None
    deadline: float | None = None


class Reply:
    """One answer under way. Chunks are the provider's bytes as they come, decoded when the provider compressed them."""

    __slots__ = ("_decoder", "_idle", "_lost", "_quiet", "_response", "_watch", "headers", "hears", "status")

    def __init__(self, response: aiohttp.ClientResponse | Answered, watch: Watch, idle: float | None) -> None:
        """Take over the response. `idle`: seconds without a byte after which it counts as dead; None for no bound."""
        self._response, self._watch, self._idle = response, watch, idle
        self._quiet: float | None = None
        """Since when nothing has come, while somebody waits for it."""
        self.hears: Callable[[bytes], object] = len
        """Told of every piece as it is read; `len` takes no notice of them."""
        self.status = response.status
        self.headers: CIMultiDictProxy[str] = response.headers
        self._lost = _loss_of(response)
        if self._lost is not None:
            self._lost.add_done_callback(self._cut)
        self._decoder = decoder_for(self.headers.getall("Content-Encoding", []))

    @property
    def content_type(self) -> str:
        """The media type, lower case, without parameters; empty when not given."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    async def chunks(self, pace: Pace) -> AsyncIterator[bytes]:
        """The body, piece by piece. An empty piece says that nothing came for a tick.

        Raises:
            UpstreamFailed: when the connection breaks, times out, or the body cannot be decoded.
        """
        content, decoder, hears = self._response.content, self._decoder, self.hears
        try:
            while not content.at_eof():
                chunk = await self._next(content, pace)
                if chunk is None:
                    yield b""
                elif decoder is None:
                    if chunk:
                        hears(chunk)
                        yield chunk
                else:
                    for number, piece in enumerate(_slices(decoder.pieces(chunk))):
                        if number:
                            await asyncio.sleep(0)  # much may come of little; others are served in between
                        hears(piece)
                        yield piece
            if decoder is not None:
                decoder.end()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UpstreamFailed(failure_of(error)) from error

    async def read(self, limit: int, pace: Pace) -> bytes:
        """The whole body.

        Raises:
            UpstreamFailed: as `chunks`, and when the body is larger than `limit` bytes.
        """
        if self._decoder is None and self._response.content.is_eof():  # it came with its head, as short answers do
            whole = _within(limit, self._response.content.read_nowait())
            self.hears(whole)
            return whole
        pieces: list[bytes] = []
        size = 0
        async for chunk in self.chunks(pace):
            size += len(_within(limit - size, chunk))
            pieces.append(chunk)
        return b"".join(pieces)

    async def rest(self) -> AsyncIterator[bytes]:
        """What still comes after a stream's own ending, for a moment; read to the end the connection can be used again."""
        read = 0
        pace = Pace(deadline=asyncio.get_running_loop().time() + _REST_TIME)
        try:
            async for chunk in self.chunks(pace):
                read += len(chunk)
                if read > _REST_SIZE:
                    return
                yield chunk
        except UpstreamFailed:
            return

    def close(self) -> None:
        """End it. A body read to its end leaves the connection for reuse; any other closes it."""
        self._watch.stop()
        content = self._response.content
        if self._lost is not None:
            self._lost.remove_done_callback(self._cut)
            self._lost.remove_done_callback(_noted)  # once, however many answers come over this connection
            self._lost.add_done_callback(_noted)
        if content.is_eof() and content.at_eof():
            self._response.release()
        else:
            self._response.close()

    async def _next(self, content: aiohttp.StreamReader, pace: Pace) -> bytes | None:
        """The next bytes, empty at the end, or None when the tick passed first."""
        chunk = content.read_nowait(_PIECE)
        if chunk:
            self._quiet = None
            if len(chunk) == _PIECE:
                await asyncio.sleep(0)  # there may be more than others should wait for
            return chunk
        now = self._watch.now()
        if self._quiet is None:
            self._quiet = now
        dead = self._dead_at(pace)
        if dead is not None and now >= dead:
            raise TimeoutError
        tick = now + pace.tick if pace.tick is not None else None
        ticking = tick is not None and (dead is None or tick < dead)
        try:
            chunk = await self._watch.until(tick if ticking else dead, content.read(_PIECE))
        except TimeoutError:
            if ticking and content.exception() is None:
                return None
            raise
        self._quiet = None
        return chunk

    def _dead_at(self, pace: Pace) -> float | None:
        """When waiting ends for good: at the deadline, or when it has been quiet for too long."""
        if self._idle is None or self._quiet is None:
            return pace.deadline
        silent = self._quiet + self._idle
        return silent if pace.deadline is None else min(silent, pace.deadline)

    def _cut(self, lost: "asyncio.Future[None]") -> None:
        """When the framing of a body breaks, aiohttp closes the connection and leaves the reader waiting for ever."""
        _noted(lost)
        content = self._response.content
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the connection is gone"))


def _noted(lost: "asyncio.Future[None]") -> None:
    """How a connection ended is asked for, or asyncio complains that nobody did."""
    if not lost.cancelled():
        lost.exception()


def _slices(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that are not too large for one turn."""
    for piece in pieces:
        for at in range(0, len(piece), _PIECE):
            yield piece[at : at + _PIECE]


def _loss_of(response: aiohttp.ClientResponse | Answered) -> "asyncio.Future[None] | None":
    """What is done when the connection is lost; None when the body is here already."""
    if response.connection is None or response.connection.protocol is None or response.content.is_eof():
        return None
    return response.connection.protocol.closed


def _within(limit: int, data: bytes) -> bytes:
    if len(data) > limit:
        raise UpstreamFailed.because("upstream", "the provider's answer is larger than the limit", "too_large")
    return data
