"""The one way out to providers: sends a signed request, waits for the head of the answer, and hands over the rest."""

import asyncio
import ipaddress
import ssl
import urllib.request
from collections.abc import Awaitable
from functools import lru_cache, partial

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.http import HttpProcessingError
from msgspec import Struct
from yarl import URL

from plexus.providers import Outgoing
from plexus.upstream.direct import SHORT, Answered, Way, answered
from plexus.upstream.failures import UpstreamFailed, failure_of
from plexus.upstream.guard import GuardedResolver, address_refused, refusal
from plexus.upstream.line import Lines, StaleConnection
from plexus.upstream.reply import Reply
from plexus.upstream.request import LineRequest
from plexus.upstream.watch import Watch


class Timeouts(Struct, frozen=True, kw_only=True):
    """How long each phase may take, in seconds; None for no bound."""

    connect: float | None = 10.0
    first_byte: float | None = 60.0
    """From the request being sent to the head of the answer."""
    idle: float | None = 120.0
    """Between two pieces of the body."""


_HEAD_LIMIT = 64 * 1024
_PLACES = 4096
Response = aiohttp.ClientResponse | Answered


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
        pool = partial(Lines, limit=0, ttl_dns_cache=60, resolver=guarded, ssl=trust or True)
        self._pool, self._new = pool(keepalive_timeout=30), pool(force_close=True)
        self._session, self._fresh = _session(self._pool), _session(self._new)
        self._ways: dict[tuple[str, float | None], Way | None] = {}

    async def send(self, outgoing: Outgoing, timeouts: Timeouts, deadline: float | None = None) -> Reply:
        """Send the request and wait for the head of the answer, until `deadline` (of the loop's clock) at most.

        The caller closes the reply.

        Raises:
            UpstreamFailed: when the provider cannot be reached, refuses to answer in time, or may not be dialled.
        """
        watch = Watch()
        due = _earliest(watch.now(), timeouts.first_byte, deadline)
        try:
            try:
                response = await watch.until(due, self._request(outgoing, timeouts.connect))
            except StaleConnection:
                response = await watch.until(due, self._request(outgoing, timeouts.connect, fresh=True))
        except BaseException as error:
            watch.stop()
            if isinstance(error, (aiohttp.ClientError, HttpProcessingError, OSError, TimeoutError, ValueError)):
                self._forget(URL(outgoing.url, encoded=True), error)
                raise UpstreamFailed(failure_of(error)) from error
            raise
        try:
            return Reply(response, watch, timeouts.idle)
        except UpstreamFailed:
            watch.stop()
            response.close()
            raise

    def _request(self, outgoing: Outgoing, connect: float | None, *, fresh: bool = False) -> Awaitable[Response]:
        """The request, begun when it is awaited. `fresh`: over a connection made for it."""
        place = outgoing.url, connect
        if place not in self._ways:
            if len(self._ways) >= _PLACES:
                self._ways.clear()
            self._ways[place] = self._way(outgoing.url, connect)
        way = self._ways[place]
        if way is not None and outgoing.method == "POST" and 0 < len(outgoing.body) <= SHORT:
            pool = self._new if fresh else self._pool
            return answered(pool, way, outgoing.headers, outgoing.body, _HEAD_LIMIT)
        url = URL(outgoing.url, encoded=True)
        return (self._fresh if fresh else self._session).request(
            outgoing.method,
            url,
            data=outgoing.body or None,
            headers=outgoing.headers,
            allow_redirects=False,
            proxy=_proxy(url.scheme, url.host or ""),
            timeout=_budget(connect),
        )

    def _way(self, address: str, connect: float | None) -> Way | None:
        """The way to a URL; None when it leads through a proxy, or the URL brings credentials of its own.

        Raises:
            UpstreamFailed: when its host may not be dialled.
        """
        url = URL(address, encoded=True)
        if (reason := _literal_refusal(url.host or "", private=self._allow_private)) is not None:
            raise address_refused(reason)
        if url.raw_user or url.raw_password or _proxy(url.scheme, url.host or "") is not None:
            return None
        request = aiohttp.ClientRequest("POST", url, loop=asyncio.get_running_loop(), session=self._session)
        return Way(url, request, _budget(connect))

    def _forget(self, url: URL, error: BaseException) -> None:
        """A name whose addresses do not answer is looked up anew the next time."""
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError) and url.host:
            self._pool.clear_dns_cache(url.host, url.port)

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()
        await self._fresh.close()


def _session(pool: Lines) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=pool,
        request_class=LineRequest,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        max_line_size=_HEAD_LIMIT,
        max_field_size=_HEAD_LIMIT,
        skip_auto_headers=("User-Agent", "Accept", "Content-Type"),
        read_bufsize=2 * _HEAD_LIMIT,
    )


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
