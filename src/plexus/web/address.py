"""Where a request comes from: the peer of the connection, or what a trusted proxy says stood behind it."""

import ipaddress
from collections.abc import Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_HOPS = 64


def client_address(peer: str, forwarded: Sequence[bytes], trusted: Sequence[Network]) -> str:
    """The address of the client. `forwarded` are the X-Forwarded-For headers, in order.

    They are read from the right, only behind a trusted peer, and only as far as the proxies named are trusted: what stands
    further left was written by somebody else. Anything that is no address ends the reading.
    """
    address = peer
    if not forwarded or not trusted:
        return address
    hops = b",".join(forwarded).decode("latin-1").split(",")[-_HOPS:]
    for hop in reversed(hops):
        if not _within(address, trusted):
            return address
        named = _parsed(hop.strip())
        if named is None:
            return address
        address = named
    return address


def _within(address: str, networks: Sequence[Network]) -> bool:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(ip in network for network in networks)


def _parsed(hop: str) -> str | None:
    """An address as proxies write it: bare, with a port, or in brackets; a zone is no part of it."""
    host = hop[1:].partition("]")[0] if hop.startswith("[") else hop.partition(":")[0] if hop.count(":") == 1 else hop
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return None
