"""What a provider answered: status, headers and a body that arrives. Closing it in any state frees its connection."""

from collections.abc import AsyncIterator

import aiohttp
from multidict import CIMultiDictProxy

from plexus.core.json import JSONError, loads_lenient
from plexus.upstream.decompress import Decompressor
from plexus.upstream.failures import UpstreamFailed, failure_of


class Reply:
    """One answer under way. Chunks are the provider's bytes as they come, decoded when the provider compressed them."""

    __slots__ = ("_decoder", "_response", "headers", "status")

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        """Take over the response."""
        self._response = response
        self.status = response.status
        self.headers: CIMultiDictProxy[str] = response.headers
        self._decoder = Decompressor.named(self.headers.getall("Content-Encoding", []))

    @property
    def content_type(self) -> str:
        """The media type, lower case, without parameters; empty when not given."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def waiting(self) -> bytes:
        """Decoded bytes that have already arrived, without waiting; empty when there are none."""
        chunk = self._response.content.read_nowait(-1)
        return self._decoder.feed(chunk) if chunk and self._decoder else chunk

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, piece by piece; never an empty piece.

        Raises:
            UpstreamFailed: when the connection breaks, times out, or the body cannot be decoded.
        """
        content, decoder = self._response.content, self._decoder
        try:
            while chunk := await content.readany():
                if decoder is None:
                    yield chunk
                    continue
                for piece in decoder.pieces(chunk):
                    yield piece
            if decoder is not None:
                decoder.end()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UpstreamFailed(failure_of(error)) from error

    async def read(self, limit: int) -> bytes:
        """The whole body.

        Raises:
            UpstreamFailed: as `chunks`, and when the body is larger than `limit` bytes.
        """
        pieces: list[bytes] = []
        size = 0
        async for chunk in self.chunks():
            size += len(chunk)
            if size > limit:
                raise UpstreamFailed.because("upstream", "the provider's answer is larger than the limit", "too_large")
            pieces.append(chunk)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def json(self, limit: int) -> object:
        """The whole body as JSON.

        Raises:
            UpstreamFailed: as `read`, and when it is not JSON.
        """
        try:
            return loads_lenient(await self.read(limit))
        except JSONError as error:
            raise UpstreamFailed.because("upstream", "the provider's answer is not JSON", "not_json") from error

    def close(self) -> None:
        """End it. A body read to its end leaves the connection for reuse; any other closes it."""
        content = self._response.content
        if content.is_eof() and content.at_eof():
            self._response.release()
        else:
            self._response.close()
