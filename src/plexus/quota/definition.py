"""A quota as it is enforced: what is counted, up to which limit, over which window, for what. It holds no usage.

A definition that makes no sense is broken: it admits nothing, and says so. A quota must never vanish by a typing error.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Decimal
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import force_setattr

from plexus.quota.measure import Measure, units_of
from plexus.quota.window import DAY, Kind
from plexus.settings.key import QuotaSettings

EVERYBODY = "*"
"""The owner of a shared quota's counter. No key can be called so."""
_LONGEST = 10 * 366 * DAY
_HIGHEST = Decimal(10) ** 15


class Scope(Struct, frozen=True):
    """For which models and providers a quota counts. Exclusion wins; an empty allowance means all; names match exactly.

    A model is meant by the name the client asked for or by the name it has at the provider.
    """

    allowed_models: frozenset[str] = frozenset()
    excluded_models: frozenset[str] = frozenset()
    allowed_providers: frozenset[str] = frozenset()
    excluded_providers: frozenset[str] = frozenset()

    everything: bool = False
    """Whether nothing is outside of it; worked out once, since every request asks."""

    def __post_init__(self) -> None:
        """An allowance that is empty allows all."""
        named = self.allowed_models or self.excluded_models or self.allowed_providers or self.excluded_providers
        force_setattr(self, "everything", not named)

    def covers(self, asked: str, provider: str, model: str) -> bool:
        """Whether a request for `asked` that this provider serves with this model counts."""
        if provider in self.excluded_providers or asked in self.excluded_models or model in self.excluded_models:
            return False
        if self.allowed_providers and provider not in self.allowed_providers:
            return False
        return not self.allowed_models or asked in self.allowed_models or model in self.allowed_models


class Definition(Struct, frozen=True, kw_only=True):
    """One quota. `limit` and `warn_from` are in units of the measure, `duration` in milliseconds (rolling only)."""

    name: str
    kind: Kind = "daily"
    measure: Measure = "requests"
    limit: int = 0
    duration: int = 0
    shared: bool = False
    warn_from: int | None = None
    scope: Scope = Scope()
    broken: str = ""
    """Why it cannot be enforced; everything it stands for is then refused."""

    def owner(self, key: str) -> str:
        """Whose counter a request with this key is counted in."""
        return EVERYBODY if self.shared else key


class Definitions:
    """All quotas of one configuration, by name."""

    def __init__(self, settings: Mapping[str, QuotaSettings]) -> None:
        """Compile them; those that make no sense are kept as broken."""
        self.all: Mapping[str, Definition] = MappingProxyType(
            {name: definition_from(name, one) for name, one in settings.items()}
        )

    def of(self, names: Iterable[str]) -> tuple[Definition, ...]:
        """The quotas with these names, each once, in a fixed order. One that does not exist is broken."""
        return tuple(self.all.get(name) or _broken(name, "is not defined") for name in sorted(set(names)))

    @property
    def broken(self) -> tuple[Definition, ...]:
        """Those that refuse everything, for somebody to be told."""
        return tuple(one for one in self.all.values() if one.broken)


def definition_from(name: str, settings: QuotaSettings) -> Definition:
    """The quota that is configured as `name`. Values no validation has seen, as of old rows, may be anything."""
    try:
        return _read(name, settings)
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        return _broken(name, "cannot be read")


def _read(name: str, settings: QuotaSettings) -> Definition:
    measure, kind = settings.limit_type, settings.type
    if measure not in {"requests", "tokens", "cost"} or kind not in {"rolling", "daily", "weekly", "monthly"}:
        return _broken(name, "counts or resets in a way nobody knows")
    limit = units_of(settings.limit, measure)
    if not 0 < limit <= units_of(_HIGHEST, measure):
        return _broken(name, "has no limit that could be kept")
    duration = round(settings.duration * 1000) if kind == "rolling" and settings.duration else 0
    if kind == "rolling" and not 0 < duration <= _LONGEST:
        return _broken(name, "is rolling and has no duration of use")
    return Definition(
        name=name,
        kind=kind,
        measure=measure,
        limit=limit,
        duration=duration,
        shared=settings.shared,
        warn_from=None if settings.warn_at is None else _warning(settings.warn_at, limit),
        scope=Scope(
            allowed_models=frozenset(settings.allowed_models),
            excluded_models=frozenset(settings.excluded_models),
            allowed_providers=frozenset(settings.allowed_providers),
            excluded_providers=frozenset(settings.excluded_providers),
        ),
    )


def _warning(share: float, limit: int) -> int:
    # by way of its decimal spelling: 0.8 is meant as written, not as the nearest binary fraction
    return int((Decimal(str(share)) * limit).to_integral_value(ROUND_CEILING))


def _broken(name: str, why: str) -> Definition:
    return Definition(name=name, broken=why)
