"""A simulated provider that costs next to nothing: an asyncio protocol, no framework, prebuilt answers.

Run as a process of its own: `python -m benchmarks.upstream PORT`. Every event of a stream is a write of its own, so that the
servers under test meet it as a segment of its own as long as they keep up.
"""

import asyncio
import re
import sys
from typing import cast

import uvloop

from benchmarks import bodies

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_STREAM = re.compile(rb'"stream":\s*true')
_HEAD_END = b"\r\n\r\n"

CHAT, CHAT_STREAM = bodies.chat_answer(), bodies.chat_stream()
MESSAGES, MESSAGES_STREAM = bodies.messages_answer(), bodies.messages_stream()
_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"


class Upstream(asyncio.Protocol):
    """One connection: whole requests in, prebuilt answers out, kept alive."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._buffer = bytearray()
        self._wanted = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A server under test, or the load itself, is here."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _error: Exception | None) -> None:
        """It went; a stream under way stops."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Gather a whole request, then answer it."""
        self._buffer += data
        if len(self._buffer) < self._wanted:
            return
        head_end = self._buffer.find(_HEAD_END)
        if head_end < 0:
            return
        length = _LENGTH.search(self._buffer, 0, head_end)
        if length is None and not self._buffer.endswith(b"0\r\n\r\n"):
            return  # chunked, not yet at its end
        self._wanted = head_end + 4 + int(length[1]) if length else len(self._buffer)
        if len(self._buffer) < self._wanted:
            return
        request, self._buffer, self._wanted = self._buffer, bytearray(), 0
        self._answer(request)

    def _answer(self, request: bytearray) -> None:
        target = bytes(request[: request.find(b"\r\n")])
        streaming = _STREAM.search(request) is not None
        if b"/chat/completions" in target:
            self._send(CHAT_STREAM if streaming else CHAT)
        elif b"/messages" in target:
            self._send(MESSAGES_STREAM if streaming else MESSAGES)
        else:
            self._send(_NOT_FOUND)

    def _send(self, answer: bytes | list[bytes]) -> None:
        if isinstance(answer, bytes):
            if self._transport is not None:
                self._transport.write(answer)
        else:
            self._next(answer, 0)

    def _next(self, chunks: list[bytes], number: int) -> None:
        if self._transport is None:
            return
        self._transport.write(chunks[number])
        if number + 1 < len(chunks):
            # A turn of the loop between two writes keeps them apart.
            self._loop.call_soon(self._next, chunks, number + 1)


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Upstream(loop), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
