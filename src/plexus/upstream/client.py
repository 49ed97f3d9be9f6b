"""The one way out to providers: sends a signed request, waits for the head of the answer, and hands over the rest."""

import ipaddress
import ssl
import urllib.request
from functools import lru_cache, partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from msgspec import Struct
from yarl import URL

from plexus.providers import Outgoing
from plexus.upstream.failures import UpstreamFailed, failure_of
from plexus.upstream.guard import GuardedResolver, address_refused, refusal
from plexus.upstream.line import Lines, StaleConnection
from plexus.upstream.reply import Reply
from plexus.upstream.request import PromptRequest
from plexus.upstream.watch import Watch


class Timeouts(Struct, frozen=True, kw_only=True):
    """How long each phase may take, in seconds; None for no bound."""

    connect: float | None = 10.0
    first_byte: float | None = 60.0
    """From the request being sent to the head of the answer."""
    idle: float | None = 120.0
    """Between two pieces of the body."""


_HEAD_LIMIT = 64 * 1024


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
        self._pool = pool(keepalive_timeout=30)
        self._session, self._fresh = _session(self._pool), _session(pool(force_close=True))

    async def send(self, outgoing: Outgoing, timeouts: Timeouts, deadline: float | None = None) -> Reply:
        """Send the request and wait for the head of the answer, until `deadline` (of the loop's clock) at most.

        The caller closes the reply.

        Raises:
            UpstreamFailed: when the provider cannot be reached, refuses to answer in time, or may not be dialled.
        """
        url, reason, proxy = _place(outgoing.url, self._allow_private)
        if reason is not None:
            raise address_refused(reason)
        watch = Watch()
        how: dict[str, Any] = {
            "data": outgoing.body or None,
            "headers": outgoing.headers,
            "allow_redirects": False,
            "proxy": proxy,
            "timeout": _budget(timeouts.connect),
        }
        due = _earliest(watch.now(), timeouts.first_byte, deadline)
        try:
            try:
                response = await watch.until(due, self._session.request(outgoing.method, url, **how))
            except StaleConnection:
                response = await watch.until(due, self._fresh.request(outgoing.method, url, **how))
        except BaseException as error:
            watch.stop()
            if isinstance(error, (aiohttp.ClientError, OSError, TimeoutError, ValueError)):
                self._forget(url, error)
                raise UpstreamFailed(failure_of(error)) from error
            raise
        try:
            return Reply(response, watch, timeouts.idle)
        except UpstreamFailed:
            watch.stop()
            response.close()
            raise

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
        request_class=PromptRequest,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        max_line_size=_HEAD_LIMIT,
        max_field_size=_HEAD_LIMIT,
        skip_auto_headers=("User-Agent", "Accept", "Content-Type"),
        read_bufsize=128 * 1024,
    )


@lru_cache(maxsize=4096)
def _place(address: str, private: bool) -> tuple[URL, str | None, str | None]:
    """The URL, why it may not be dialled, and the proxy that leads there; looked up once for each."""
    url = URL(address, encoded=True)
    host = url.host or ""
    return url, _literal_refusal(host, private=private), _proxy(url.scheme, host)


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
