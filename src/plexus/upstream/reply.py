"""What a provider answered: status, headers and a body that arrives. Closing it in any state frees its connection."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import aiohttp
from aiohttp.http import HttpProcessingError
from msgspec import Struct
from multidict import CIMultiDictProxy

from plexus.upstream.answer import Answer
from plexus.upstream.encoding import decoder_for
from plexus.upstream.failures import UpstreamFailed, failure_of

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

    __slots__ = ("_answer", "_decoder", "_idle", "_quiet", "_time", "headers", "hears", "status")

    def __init__(self, answer: Answer, idle: float | None) -> None:
        """Take over the answer. `idle`: seconds without a byte after which it counts as dead; None for no bound."""
        self._answer, self._idle = answer, idle
        self._time = asyncio.get_running_loop().time
        self._quiet: float | None = None
        """Since when nothing has come, while somebody waits for it."""
        self.hears: Callable[[bytes], object] = len
        """Told of every piece as it is read; `len` takes no notice of them."""
        self.status = answer.status
        self.headers: CIMultiDictProxy[str] = answer.headers
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
        answer, decoder, hears = self._answer, self._decoder, self.hears
        try:
            while (chunk := answer.take(_PIECE)) or not answer.ended:
                if not chunk:
                    if await self._ticked(pace):
                        yield b""
                    continue
                self._quiet = None
                if len(chunk) == _PIECE:
                    await asyncio.sleep(0)  # there may be more than others should wait for
                if decoder is None:
                    hears(chunk)
                    yield chunk
                    continue
                for number, piece in enumerate(_slices(decoder.pieces(chunk))):
                    if number:
                        await asyncio.sleep(0)  # much may come of little; others are served in between
                    hears(piece)
                    yield piece
            if decoder is not None:
                decoder.end()
        except (aiohttp.ClientError, HttpProcessingError, OSError, TimeoutError) as error:
            raise UpstreamFailed(failure_of(error)) from error

    async def read(self, limit: int, pace: Pace) -> bytes:
        """The whole body.

        Raises:
            UpstreamFailed: as `chunks`, and when the body is larger than `limit` bytes.
        """
        if self._decoder is None and self._answer.ended:  # it came with its head, as short answers do
            whole = _within(limit, self._answer.take_all())
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
        self._answer.close()

    async def _ticked(self, pace: Pace) -> bool:
        """Wait until something has come, or for a tick; whether it was the tick."""
        now = self._time()
        if self._quiet is None:
            self._quiet = now
        due = pace.deadline
        if self._idle is not None and (due is None or self._quiet + self._idle < due):
            due = self._quiet + self._idle  # it has been quiet for too long then
        if due is not None and now >= due:
            raise TimeoutError
        tick = pace.tick
        if tick is not None and (due is None or now + tick < due):
            return not await self._answer.news(now + tick)
        if not await self._answer.news(due):
            raise TimeoutError
        return False


def _slices(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that are not too large for one turn."""
    for piece in pieces:
        for at in range(0, len(piece), _PIECE):
            yield piece[at : at + _PIECE]


def _within(limit: int, data: bytes) -> bytes:
    if len(data) > limit:
        raise UpstreamFailed.because("upstream", "the provider's answer is larger than the limit", "too_large")
    return data
