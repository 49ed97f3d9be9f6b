"""The one way out to providers: sends a signed request, waits for the head of the answer, and hands over the rest."""

import asyncio
import ipaddress
from functools import lru_cache

import aiohttp
from msgspec import Struct
from yarl import URL

from plexus.providers import Outgoing
from plexus.upstream.failures import UpstreamFailed, failure_of
from plexus.upstream.guard import GuardedResolver, address_refused, refusal
from plexus.upstream.reply import Reply


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

    def __init__(self, *, allow_private: bool = True) -> None:
        """Must be made inside a running event loop."""
        self._allow_private = allow_private
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, keepalive_timeout=30, ttl_dns_cache=60, resolver=GuardedResolver(private=allow_private)
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=_HEAD_LIMIT,
            max_field_size=_HEAD_LIMIT,
            trust_env=True,
            skip_auto_headers=("User-Agent", "Accept", "Content-Type"),
            read_bufsize=128 * 1024,
        )

    async def send(self, outgoing: Outgoing, timeouts: Timeouts) -> Reply:
        """Send the request and wait for the head of the answer. The caller closes the reply.

        Raises:
            UpstreamFailed: when the provider cannot be reached, refuses to answer in time, or may not be dialled.
        """
        url = _parsed(outgoing.url)
        if (reason := self._literal_refusal(url)) is not None:
            raise address_refused(reason)
        try:
            async with asyncio.timeout(timeouts.first_byte):
                response = await self._session.request(
                    outgoing.method,
                    url,
                    data=outgoing.body or None,
                    headers=outgoing.headers,
                    allow_redirects=False,
                    timeout=_budget(timeouts.connect, timeouts.idle),
                )
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise UpstreamFailed(failure_of(error)) from error
        try:
            return Reply(response)
        except UpstreamFailed:
            response.close()
            raise

    def _literal_refusal(self, url: URL) -> str | None:
        """A host given as an address never meets the resolver."""
        host = url.host or ""
        if host and (host[0].isdigit() or ":" in host):
            try:
                return refusal(str(ipaddress.ip_address(host)), private=self._allow_private)
            except ValueError:
                return None
        return None

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()


@lru_cache(maxsize=4096)
def _parsed(url: str) -> URL:
    return URL(url, encoded=True)


@lru_cache(maxsize=256)
def _budget(connect: float | None, idle: float | None) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=None, sock_connect=connect, sock_read=idle)
