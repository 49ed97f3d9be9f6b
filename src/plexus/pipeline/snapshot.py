"""One configuration, compiled for the request path: immutable, and pinned by every request for its whole life."""

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network

from msgspec import Struct

from plexus.core.secret import Secret
from plexus.ir.target import Target
from plexus.keys.keyring import Keyring
from plexus.pipeline.rules import Rules
from plexus.protocols import WireProtocol
from plexus.providers import Sign
from plexus.quota.definition import Definition
from plexus.routing.candidate import Candidate
from plexus.routing.routes import Routes
from plexus.routing.verdict import Options
from plexus.upstream.client import Timeouts
from plexus.upstream.stall import StallRule
from plexus.usage.prices import Prices


class Door(Struct, frozen=True, kw_only=True):
    """How one provider's model is reached in one protocol: everything that does not depend on the request."""

    target: Target
    protocol: WireProtocol
    base_url: str
    sign: Sign
    secret: Secret
    headers: dict[str, str]
    configured: frozenset[str]
    """Names of the headers the operator added, which may hold credentials."""
    extra_body: dict[str, bytes]
    """Configured top-level fields, as JSON."""
    timeouts: Timeouts
    total: float | None
    """Seconds until an answer has begun (streams) or is complete (unary)."""
    stream_total: float
    """Seconds a stream may last."""
    path: Mapping[bool, str]
    """The path below `base_url`, by stream flag."""
    counts_tokens: bool = False
    options: Options = Options()
    """What the operator decided about failures of this provider."""
    stall: StallRule | None = None
    context_window: int | None = None
    """Tokens the model can take, where the configuration says so."""


class Limits(Struct, frozen=True, kw_only=True):
    """Bounds on what comes in, in bytes and counts."""

    body: int = 64_000_000
    depth: int = 256
    elements: int = 1_000_000
    sse_event: int = 16_000_000
    answer: int = 64_000_000


class Snapshot(Struct, frozen=True, kw_only=True):
    """Routes, doors, keys and limits of one configuration."""

    routes: Routes
    doors: Mapping[tuple[str, str], tuple[Door, ...]]
    """For each provider and model, its doors, preferred protocol first."""
    keyring: Keyring
    limits: Limits
    heartbeat: float
    """Seconds of silence after which a waiting client is sent a heartbeat."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Peers whose X-Forwarded-For is believed."""
    version: int = 0
    rules: Rules = Rules()
    prices: Prices
    quotas: Mapping[str, tuple[Definition, ...]]
    """The quotas of each client key, by its name."""

    def door(self, candidate: Candidate, protocol: str) -> Door | None:
        """The way to a candidate: in the client's own protocol if it is spoken there, else in the preferred one."""
        doors = self.doors.get((candidate.provider, candidate.model), ())
        for door in doors:
            if door.protocol.name == protocol:
                return door
        return doors[0] if doors else None
