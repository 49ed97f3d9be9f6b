"""How often an address has sent a wrong credential lately. Bounded; the address that failed least lately is forgotten first."""

import ipaddress
from collections import OrderedDict

_NETWORK_OF_ONE = 64
"""Bits of an IPv6 address that tell one customer from another: the rest is theirs to choose."""


class Failures:
    """A count for each address that drains with time: `allowed` failures in `window` seconds, and as many again after it."""

    def __init__(self, allowed: int = 10, window: float = 60.0, size: int = 10_000) -> None:
        """`size` in addresses."""
        self._allowed, self._rate, self._size = allowed, allowed / window, size
        self._counts: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._counts)

    def wait(self, address: str, now: float) -> float:
        """Seconds until the address may try again; 0 when it may now."""
        excess = self._count(_who(address), now) - (self._allowed - 1)
        return max(excess, 0.0) / self._rate

    def failed(self, address: str, now: float) -> None:
        """The address has sent a wrong credential. What is refused without being looked at is no failure."""
        who = _who(address)
        self._counts[who] = (self._count(who, now) + 1, now)
        self._counts.move_to_end(who)
        while len(self._counts) > self._size:
            self._counts.popitem(last=False)

    def _count(self, who: str, now: float) -> float:
        count, at = self._counts.get(who, (0.0, now))
        return max(count - (now - at) * self._rate, 0.0)


def _who(address: str) -> str:
    """The address, or the network that stands for it."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, _NETWORK_OF_ONE), strict=False))
    return str(ip)
