"""The one way out to providers: sends a signed request, waits for the head of the answer, and hands over the rest."""

import asyncio
import ipaddress
import ssl
import urllib.request
from functools import lru_cache

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.http import HttpProcessingError
from msgspec import Struct
from yarl import URL

from plexus.providers import Outgoing
from plexus.upstream.answer import Answer
from plexus.upstream.failures import UpstreamFailed, failure_of
from plexus.upstream.guard import GuardedResolver, address_refused, refusal
from plexus.upstream.line import Line, StaleConnection
from plexus.upstream.pool import Pool, Way
from plexus.upstream.reply import Reply


class Timeouts(Struct, frozen=True, kw_only=True):
    """How long each phase may take, in seconds; None for no bound."""

    connect: float | None = 10.0
    first_byte: float | None = 60.0
    """From the request being sent to the head of the answer."""
    idle: float | None = 120.0
    """Between two pieces of the body."""


_PLACES = 4096


class Upstream:
    """Connections to providers, pooled. Redirects are never followed: they would carry the credential elsewhere."""

    def __init__(
        self,
        *,
        allow_private: bool = True,
        trust: ssl.SSLContext | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """Must be made inside a running event loop. `trust`: whose certificates count; the system's when not given."""
        self._allow_private = allow_private
        guarded = GuardedResolver(private=allow_private, resolver=resolver)
        self._pool = Pool(ttl_dns_cache=60, resolver=guarded, ssl=trust or True)
        self._time = asyncio.get_running_loop().time
        self._ways: dict[tuple[str, float | None], Way] = {}

    async def send(self, outgoing: Outgoing, timeouts: Timeouts, deadline: float | None = None) -> Reply:
        """Send the request and wait for the head of the answer, until `deadline` (of the loop's clock) at most.

        The caller closes the reply.

        Raises:
            UpstreamFailed: when the provider cannot be reached, refuses to answer in time, or may not be dialled.
        """
        due = _earliest(self._time(), timeouts.first_byte, deadline)
        place = outgoing.url, timeouts.connect
        way = self._ways.get(place) or self._new_way(place)
        line = self._pool.found(way)
        try:
            try:
                answer = await self._answer(line, way, outgoing, due)
            except StaleConnection:
                answer = await self._answer(None, way, outgoing, due)
        except (aiohttp.ClientError, HttpProcessingError, OSError, TimeoutError, ValueError) as error:
            self._forget(way, error)
            raise UpstreamFailed(failure_of(error)) from error
        try:
            return Reply(answer, timeouts.idle)
        except UpstreamFailed:
            answer.close()
            raise

    async def _answer(self, line: Line | None, way: Way, outgoing: Outgoing, due: float | None) -> Answer:
        """The answer over this line, or over a new one."""
        if line is None:
            line = await self._pool.opened(way, due)
        try:
            return await line.ask(way.head(outgoing), outgoing.body, due)
        except BaseException:
            line.drop()
            raise

    def _new_way(self, place: tuple[str, float | None]) -> Way:
        """The way to a URL.

        Raises:
            UpstreamFailed: when its host may not be dialled.
        """
        url = URL(place[0], encoded=True)
        host = url.host or ""
        if (reason := _literal_refusal(host, private=self._allow_private)) is not None:
            raise address_refused(reason)
        if len(self._ways) >= _PLACES:
            self._ways.clear()
        try:
            way = self._ways[place] = Way(self._pool, url, _proxy(url.scheme, host), _budget(place[1]))
        except (aiohttp.ClientError, ValueError) as error:
            raise UpstreamFailed(failure_of(error)) from error
        return way

    def _forget(self, way: Way, error: BaseException) -> None:
        """A name whose addresses do not answer is looked up anew the next time."""
        url = way.request.url
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError) and url.host:
            self._pool.clear_dns_cache(url.host, url.port)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.end()


def _literal_refusal(host: str, *, private: bool) -> str | None:
    """Why a host given as an address may not be dialled; the resolver never sees it. None for names and allowed ones."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return None
    return refusal(host, private=private)


@lru_cache(maxsize=4096)
def _proxy(scheme: str, host: str) -> str | None:
    """The proxy the environment (HTTPS_PROXY, NO_PROXY …) names for a host, looked up once for each."""
    return None if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get(scheme)


def _earliest(now: float, seconds: float | None, deadline: float | None) -> float | None:
    if seconds is None:
        return deadline
    return now + seconds if deadline is None else min(now + seconds, deadline)


@lru_cache(maxsize=256)
def _budget(connect: float | None) -> aiohttp.ClientTimeout:
    # `connect` bounds it all: the name, every address, TLS. `sock_connect` would begin anew with each address.
    return aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=None, sock_read=None)
