"""A request whose body is small goes out with its head, in one write and without a task of its own."""

import asyncio

import aiohttp
from aiohttp.connector import Connection
from aiohttp.http_writer import StreamWriter

from plexus.upstream.line import Line, StaleConnection

_SMALL = 64 * 1024
"""Bytes of a body that any socket takes at once. Above it aiohttp's own way, which waits for the socket, is the right one."""


class PromptRequest(aiohttp.ClientRequest):
    """aiohttp starts a task to write a body, which before Python 3.12 is scheduled, run and awaited by callbacks."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Send it. Whatever is not the plain case is left to aiohttp."""
        body, protocol = self.body, conn.protocol
        if isinstance(protocol, Line):
            protocol.carries()
        if not isinstance(body, aiohttp.BytesPayload) or not self._is_plain(body.size or 0):
            return await super().send(conn)
        if protocol is None or protocol.writing_paused:
            return await super().send(conn)
        writer = StreamWriter(protocol, self.loop)
        try:
            await writer.write_headers(f"{self.method} {self.url.raw_path_qs} HTTP/1.1", self.headers)
            # Requests that got ready in one turn of the loop are written one after the other: who reads them is woken once.
            await asyncio.sleep(0)
            await writer.write_eof(await body.as_bytes())
        except aiohttp.ClientConnectionResetError:  # it was lost before there was anything to read
            if isinstance(protocol, Line) and protocol.stale:
                raise StaleConnection from None
            raise
        return self.response_class(
            self.method,
            self.original_url,
            writer=None,
            continue100=None,
            timer=self._timer,
            request_info=self.request_info,
            traces=[],
            loop=self.loop,
            session=self.session,
            stream_writer=writer,
        )

    def _is_plain(self, size: int) -> bool:
        return size <= _SMALL and self.proxy is None and not self.chunked and not self.compress and not self._continue
