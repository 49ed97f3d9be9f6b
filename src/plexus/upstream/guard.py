"""Which addresses a connection may go to, decided on the resolved address, right before it is opened."""

import asyncio
import errno
import ipaddress
import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from plexus.upstream.failures import UpstreamFailed

_METADATA = {
    ipaddress.ip_address("169.254.169.254"),  # AWS, Azure, GCP, OpenStack, DigitalOcean
    ipaddress.ip_address("169.254.170.2"),  # AWS container credentials
    ipaddress.ip_address("169.254.170.23"),  # AWS pod identity
    ipaddress.ip_address("100.100.100.200"),  # Alibaba
    ipaddress.ip_address("192.0.0.192"),  # Oracle
    ipaddress.ip_address("fd00:ec2::254"),  # AWS over IPv6
    ipaddress.ip_address("fd20:ce::254"),  # GCP over IPv6
}


_NAME_TIME = 5.0
"""Seconds to find the addresses of a name."""


def refusal(address: str, *, private: bool) -> str | None:
    """Why no connection may go to this address, or None when it may. `private` allows loopback and private ranges."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or _embedded(ip) or ip
    if ip in _METADATA:
        return "it is a cloud metadata address"
    if not private and not ip.is_global:
        return "it is not a public address and network.allow_private_upstreams is false"
    return None


def _embedded(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    nat64 = ipaddress.ip_network("64:ff9b::/96")
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in nat64 else None


class GuardedResolver(AbstractResolver):
    """Resolves names and lets through only addresses that may be dialled; the connection goes to just those."""

    def __init__(self, *, private: bool, resolver: AbstractResolver | None = None) -> None:
        """`private` allows loopback and private ranges."""
        self._private = private
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of `host` that may be dialled.

        Raises:
            OSError: when there are none, or nobody says so in time.
            UpstreamFailed: when there are some but none may.
        """
        try:
            async with asyncio.timeout(_NAME_TIME):
                found = await self._resolver.resolve(host, port, family)
        except TimeoutError:
            raise OSError(errno.ETIMEDOUT, "the name server does not answer") from None
        if not found:
            raise OSError(errno.ENOENT, "the name has no address")
        allowed = [entry for entry in found if refusal(entry["host"], private=self._private) is None]
        if not allowed:
            raise address_refused(refusal(found[0]["host"], private=self._private) or "")
        return allowed

    async def close(self) -> None:
        """Close the resolver below."""
        await self._resolver.close()


def address_refused(reason: str) -> UpstreamFailed:
    """The failure of a call whose address may not be dialled."""
    return UpstreamFailed.because("upstream", f"the provider's address is refused: {reason}", "address")
