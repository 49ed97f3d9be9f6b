"""The measure: uvicorn and aiohttp and nothing between them. It forwards and looks at nothing.

Run as a process of its own: `python -m benchmarks.bare_proxy PORT UPSTREAM_URL`.
"""

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import uvicorn

_NOT_FORWARDED = {b"host", b"connection", b"content-length", b"transfer-encoding", b"keep-alive"}

Message = dict[str, Any]


class BareProxy:
    """A raw ASGI application that sends every POST to the upstream and its answer back, streams piece by piece."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._session: aiohttp.ClientSession | None = None

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """The ASGI call."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._forward(scope, receive, send)

    async def _live(
        self, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        await receive()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None), auto_decompress=False
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._session.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _forward(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        assert self._session is not None
        parts = []
        more = True
        while more:
            message = await receive()
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        headers = {k.decode(): v.decode("latin-1") for k, v in scope["headers"] if k not in _NOT_FORWARDED}
        async with self._session.post(
            self._upstream + scope["path"], data=b"".join(parts), headers=headers, allow_redirects=False
        ) as answer:
            back = [(k.lower(), v) for k, v in answer.raw_headers if k.lower() not in _NOT_FORWARDED]
            if answer.content_length is not None:
                body = await answer.read()
                back.append((b"content-length", str(len(body)).encode()))
                await send({"type": "http.response.start", "status": answer.status, "headers": back})
                await send({"type": "http.response.body", "body": body})
                return
            await send({"type": "http.response.start", "status": answer.status, "headers": back})
            async for piece in answer.content.iter_any():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    uvicorn.run(
        BareProxy(sys.argv[2]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
