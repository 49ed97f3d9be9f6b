"""A client's key once it is authenticated: what it may use. It no longer holds its secret."""

import ipaddress
from datetime import datetime
from decimal import Decimal

from msgspec import Struct

from plexus.settings.key import KeySettings
from plexus.settings.scalars import Network


class Key(Struct, frozen=True, kw_only=True):
    """What a key may do. Exclusions win; an empty allowance allows everything; names are matched exactly."""

    name: str
    allowed_models: frozenset[str] = frozenset()
    excluded_models: frozenset[str] = frozenset()
    allowed_providers: frozenset[str] = frozenset()
    excluded_providers: frozenset[str] = frozenset()
    quotas: tuple[str, ...] = ()
    max_cost: Decimal | None = None
    """USD that one request may cost at most; None where that is not bounded."""
    allowed_ips: tuple[Network, ...] = ()
    allow_raw_passthrough: bool = False
    enabled: bool = True
    expires_at: datetime | None = None
    comment: str = ""
    last_four: str = ""
    """The last characters of its secret, where they were kept; too few to be of use to anybody."""

    def may_use(self, model: str | None = None, provider: str | None = None) -> bool:
        """Whether this model (by the name the client asked for) and this provider are open to the key; None is not asked."""
        return _allowed(model, self.allowed_models, self.excluded_models) and _allowed(
            provider, self.allowed_providers, self.excluded_providers
        )

    def may_come_from(self, address: str) -> bool:
        """Whether the key may be used from this IP address. An address that cannot be read is refused where it matters."""
        if not self.allowed_ips:
            return True
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found in network for network in self.allowed_ips)


def key_from(name: str, settings: KeySettings, default_quotas: tuple[str, ...] = ()) -> Key:
    """The key that is configured as `name`. Default quotas hold for keys that list none."""
    return Key(
        name=name,
        allowed_models=frozenset(settings.allowed_models),
        excluded_models=frozenset(settings.excluded_models),
        allowed_providers=frozenset(settings.allowed_providers),
        excluded_providers=frozenset(settings.excluded_providers),
        quotas=settings.quotas or default_quotas,
        max_cost=settings.max_cost,
        allowed_ips=settings.allowed_ips,
        allow_raw_passthrough=settings.allow_raw_passthrough,
        enabled=settings.enabled,
        expires_at=settings.expires_at,
        comment=settings.comment or "",
        last_four=settings.last_four or "",
    )


def _allowed(name: str | None, allowed: frozenset[str], excluded: frozenset[str]) -> bool:
    return name is None or (name not in excluded and (not allowed or name in allowed))
