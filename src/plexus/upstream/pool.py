"""Lines to providers: found among those that idle, or opened by aiohttp, which knows names, addresses, TLS and proxies."""

import asyncio
import functools
from collections.abc import Callable, Hashable
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from plexus.providers import Outgoing
from plexus.upstream.line import Line

KEEP = 30.0
"""Seconds a line may idle."""
_FROM_ADDRESS = ("Host", "Authorization", "Proxy-Authorization")


class Way:
    """The way to one URL: what it takes to find or open a line, and how a request to it begins."""

    __slots__ = ("_lines", "_target", "idle", "request", "timeout")

    def __init__(self, pool: "Pool", url: URL, proxy: str | None, timeout: aiohttp.ClientTimeout) -> None:
        """`proxy`: the URL of the proxy that leads there, if one does."""
        through = URL(proxy) if proxy is not None else None
        self.request = aiohttp.ClientRequest("POST", url, loop=asyncio.get_running_loop(), proxy=through)
        """Never sent: connections are asked for with it."""
        self.timeout = timeout
        self.idle = pool.idle_for(self.request.connection_key)
        """Lines and since when they idle, that used last at the end; shared by all URLs that can share a line."""
        self._lines: dict[str, str] = {}
        self.opened()
        whole = through is not None and url.scheme == "http"
        self._target = str(url.with_user(None).with_fragment(None)) if whole else url.raw_path_qs

    def head(self, outgoing: Outgoing) -> bytes:
        """The head of a request.

        Raises:
            ValueError: for a header that would be more than one.
        """
        lines = self._lines.copy()
        for name, value in outgoing.headers.items():
            lines[name.lower()] = value
        if outgoing.body or outgoing.method == "POST":
            lines["content-length"] = str(len(outgoing.body))
        named = "\r\n".join(map(": ".join, lines.items()))
        text = f"{outgoing.method} {self._target} HTTP/1.1\r\n{named}\r\n\r\n"
        ends = len(lines) + 2
        if text.count("\n") != ends or text.count("\r") != ends or "\0" in text:
            raise ValueError("a header would be more than one")
        return text.encode()

    def opened(self) -> None:
        """A line was opened: what its proxy wants to be told is known now."""
        own = self.request.headers
        self._lines = {name.lower(): own[name] for name in _FROM_ADDRESS if name in own}


class Pool(aiohttp.TCPConnector):
    """Opens lines and keeps those that idle. aiohttp's own pool stays empty: to it, every line is in use."""

    def __init__(self, **options: Any) -> None:
        """As aiohttp's, which has no public way to say what its connections are made of."""
        super().__init__(limit=0, force_close=True, **options)
        made: Callable[..., ResponseHandler] = Line
        self._factory = functools.partial(made, loop=self._loop)
        self._idle: dict[Hashable, list[tuple[Line, float]]] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def idle_for(self, key: Hashable) -> list[tuple[Line, float]]:
        """The idle lines of this kind."""
        return self._idle.setdefault(key, [])

    def found(self, way: Way) -> Line | None:
        """The line that was used last, of those that can be used again; None when there is none."""
        while way.idle:
            line, since = way.idle.pop()
            if line.usable and self._loop.time() - since < KEEP:
                return line
            line.drop()
        return None

    async def opened(self, way: Way, due: float | None) -> Line:
        """A new line.

        Raises:
            TimeoutError: at `due`, a time of the loop's clock.
            aiohttp.ClientError, OSError: when there is no way through. ConnectionTimeoutError after the time for connecting.
        """
        async with asyncio.timeout_at(due):
            try:
                connection = await self.connect(way.request, [], way.timeout)
            except TimeoutError as error:
                raise aiohttp.ConnectionTimeoutError("connecting took too long") from error
        way.opened()
        line = connection.protocol
        if not isinstance(line, Line):
            connection.close()
            raise aiohttp.ServerDisconnectedError
        line.freed, line.gone = functools.partial(self._keep, way.idle), connection.close
        return line

    def _keep(self, idle: list[tuple[Line, float]], line: Line) -> None:
        idle.append((line, self._loop.time()))
        if self._sweep is None:
            self._sweep = self._loop.call_later(KEEP, self._swept)

    def _swept(self) -> None:
        """Lines that idled for too long are closed."""
        oldest = self._loop.time() - KEEP
        for idle in self._idle.values():
            everyone = list(idle)
            idle[:] = [(line, since) for line, since in everyone if line.usable and since > oldest]
            for line, since in everyone:
                if not line.usable or since <= oldest:
                    line.drop()
        left = any(self._idle.values())
        self._sweep = self._loop.call_later(KEEP, self._swept) if left else None

    async def end(self) -> None:
        """Close every line."""
        if self._sweep is not None:
            self._sweep.cancel()
        await self.close()
        self._idle.clear()
