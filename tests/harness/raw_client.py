"""A raw-socket HTTP client that can misbehave: dribble, stop reading, reset, half-close, pipeline. Reads only when asked."""

import asyncio
import contextlib
import json
import socket
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from tests.harness.wire import Chunks, Headers, header, parse_head
from tests.harness.wire_server import RESET_ON_CLOSE


@dataclass(frozen=True)
class Response:
    """An answer. `complete` is False when the connection ended before the body did."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    complete: bool

    def header(self, name: str, default: str = "") -> str:
        """The first header of this name, lower case."""
        return header(self.headers, name, default)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def request(method: str, target: str, body: Any = b"", headers: Headers = (), *, host: str = "127.0.0.1") -> bytes:
    """A plain request. A body that is not bytes is written as JSON; Host and Content-Length are added when missing."""
    extra = list(headers)
    names = {name.lower() for name, _ in extra}
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
        if "content-type" not in names:
            extra.append(("content-type", "application/json"))
    if "host" not in names:
        extra.insert(0, ("host", host))
    if (body or method == "POST") and not names & {"content-length", "transfer-encoding"}:
        extra.append(("content-length", str(len(body))))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in extra), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


class RawClient:
    """One connection. Nothing is read unless a read is called, so not calling one is how to stop reading."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.buffer = bytearray()
        self.eof = False

    @classmethod
    async def connect(cls, url: str, *, receive_buffer: int = 0, within: float = 10.0) -> Self:
        """Connect to the host and port of a URL. A small `receive_buffer` makes a slow reader felt early."""
        parts = urlsplit(url)
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            async with asyncio.timeout(within):
                await asyncio.get_running_loop().sock_connect(connection, (parts.hostname, parts.port))
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def send(self, data: bytes) -> None:
        """Send these bytes as they are."""
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def dribble(self, data: bytes, *, size: int = 1, pause: float = 0.0) -> int:
        """Send in pieces of `size` with a pause after each; stops when the server hangs up. Returns bytes sent."""
        sent = 0
        for at in range(0, len(data), size):
            try:
                await self.send(data[at : at + size])
            except OSError:
                break
            sent += len(data[at : at + size])
            await asyncio.sleep(pause)
        return sent

    def half_close(self) -> None:
        """Say that nothing more will be sent, and keep reading."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close with RST."""
        with contextlib.suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.socket.close()

    def close(self) -> None:
        """Close with FIN."""
        self.socket.close()

    async def read_some(self, within: float = 10.0) -> bytes:
        """Whatever comes next, also kept in `buffer`; empty at the end (`eof`; a reset counts as one)."""
        async with asyncio.timeout(within):
            try:
                data = await asyncio.get_running_loop().sock_recv(self.socket, 65536)
            except ConnectionError:
                data = b""
        self.eof = not data
        self.buffer += data
        return data

    async def read_until(self, marker: bytes, within: float = 10.0) -> bytes:
        """All bytes up to and with the marker, left in the buffer.

        Raises:
            EOFError: when the connection ends without it.
        """
        async with asyncio.timeout(within):
            while (at := self.buffer.find(marker)) < 0:
                if not await self.read_some(within):
                    raise EOFError(bytes(self.buffer))
        return bytes(self.buffer[: at + len(marker)])

    async def read_to_end(self, within: float = 10.0) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(within):
            while await self.read_some(within):
                pass
        return bytes(self.buffer)

    async def read_response(self, within: float = 10.0, *, method: str = "POST") -> Response:
        """The next response; 1xx are skipped. What follows it stays in the buffer.

        Raises:
            EOFError: when the connection ends before a whole head.
        """
        async with asyncio.timeout(within):
            while True:
                raw = await self.read_until(b"\r\n\r\n", within)
                del self.buffer[: len(raw)]
                first, headers = parse_head(raw[:-4])
                status = int(first.split(" ")[1])
                if not 100 <= status < 200 or status == 101:
                    break
            if method == "HEAD" or status in {101, 204, 304}:
                return Response(status, headers, b"", complete=True)
            return Response(status, headers, *await self._body(headers, within))

    async def _body(self, headers: Headers, within: float) -> tuple[bytes, bool]:
        if header(headers, "transfer-encoding").lower() == "chunked":
            chunks = Chunks(self.buffer)
            while not chunks.take():
                if not await self.read_some(within):
                    break
            return bytes(chunks.data), chunks.ended
        if not (length := header(headers, "content-length")):
            return await self.read_to_end(within), True
        while len(self.buffer) < int(length):
            if not await self.read_some(within):
                break
        body = bytes(self.buffer[: int(length)])
        del self.buffer[: int(length)]
        return body, len(body) == int(length)


async def ask(url: str, body: Any = b"", headers: Headers = (), *, method: str = "POST") -> Response:
    """One request on its own connection."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    async with await RawClient.connect(url) as client:
        await client.send(request(method, target, body, headers, host=parts.netloc))
        return await client.read_response(method=method)
