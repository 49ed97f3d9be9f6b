"""A short request straight onto a pooled connection of aiohttp's, without its session in between.

The session serves redirects, cookies, proxies, traces and uploads of any kind, and asks for each of them at every request: half
the time a short request takes. Nothing here needs them. Connections, pool, TLS, names and the parser are aiohttp's.
"""

import asyncio

import aiohttp
from aiohttp.connector import Connection
from aiohttp.http_writer import StreamWriter
from msgspec import Struct
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from plexus.upstream.line import Line, Lines, StaleConnection

SHORT = 64 * 1024
"""Bytes of a body that any socket takes at once. A longer one is for the session, which waits for the socket."""
_INTERIM = frozenset({100, *range(102, 200)})


class Answered:
    """The head of an answer and its body to come: what `Reply` needs of aiohttp's response, under the same names."""

    __slots__ = ("_connection", "content", "headers", "status")

    def __init__(
        self, connection: Connection, status: int, headers: CIMultiDictProxy[str], content: aiohttp.StreamReader
    ) -> None:
        """A body that has come whole has freed the connection already, one still to come will."""
        self._connection: Connection | None = connection
        self.status, self.headers, self.content = status, headers, content
        content.on_eof(self._ended)

    @property
    def connection(self) -> Connection | None:
        """The connection, as long as it is held."""
        return self._connection

    def release(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.release()
            self._connection = None

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ended(self) -> None:
        protocol = self._connection.protocol if self._connection is not None else None
        if protocol is not None and not protocol.upgraded:
            self.release()


class Way(Struct, frozen=True):
    """The way to one URL: what it takes to find or open a connection."""

    url: URL
    request: aiohttp.ClientRequest
    """Never sent: connections are asked for with it."""
    timeout: aiohttp.ClientTimeout


async def answered(connector: Lines, way: Way, head: dict[str, str], body: bytes, size: int) -> Answered:
    """Send a POST, and wait for the head of the answer. `size`: bytes of the largest header line, and of the read buffer twice.

    Raises:
        StaleConnection: when the connection was gone before anybody could answer; another may be tried.
        aiohttp.ClientError, OSError, ValueError, HttpProcessingError: whatever else goes wrong.
    """
    try:
        connection = await connector.connect(way.request, [], way.timeout)
    except TimeoutError as error:
        raise aiohttp.ConnectionTimeoutError("connecting took too long") from error
    try:
        return await _exchanged(connection, way, head, body, size)
    except BaseException:
        connection.close()
        raise


async def _exchanged(connection: Connection, way: Way, head: dict[str, str], body: bytes, size: int) -> Answered:
    protocol = connection.protocol
    if not isinstance(protocol, Line):
        raise aiohttp.ServerDisconnectedError
    protocol.carries()
    protocol.set_response_params(
        read_until_eof=True,
        auto_decompress=False,
        read_bufsize=2 * size,
        max_line_size=size,
        max_field_size=size,
    )
    writer = StreamWriter(protocol, asyncio.get_running_loop())
    named = {name.lower(): value for name, value in head.items()}
    lines = {"host": way.request.headers["Host"], **named, "content-length": str(len(body))}
    await writer.write_headers(f"POST {way.url.raw_path_qs} HTTP/1.1", CIMultiDict(lines))
    # Requests that got ready in one turn of the loop are written one right after the other: who reads them is woken once.
    await asyncio.sleep(0)
    try:
        await writer.write_eof(body)
    except aiohttp.ClientConnectionResetError:  # it was lost before there was anything to read
        if protocol.stale:
            raise StaleConnection from None
        raise
    while True:
        message, content = await protocol.read()
        if message.code not in _INTERIM:
            return Answered(connection, message.code, message.headers, content)
