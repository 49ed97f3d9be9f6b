"""What a configuration says about routing, compiled: failover, cooldowns, exploration, hedges, limits of concurrency."""

from msgspec import Struct

from plexus.routing.cooldown import Policy
from plexus.routing.exploration import Exploration
from plexus.routing.slots import SlotLimits
from plexus.routing.verdict import Options
from plexus.settings.schema import Settings
from plexus.upstream.stall import StallRule


class Hedging(Struct, frozen=True):
    """When a second target races a slow first one: after this percentile of its usual wait, for this share of requests."""

    after_percentile: float
    max_extra_spend: float


class Rules(Struct, frozen=True, kw_only=True):
    """The rules of one configuration."""

    policy: Policy = Policy()
    nearest: bool = False
    """When all targets rest, the one nearest to its end is tried."""
    exploration: Exploration = Exploration()
    hedging: Hedging | None = None
    slots: SlotLimits = SlotLimits()
    wait: float = 10.0
    """Seconds a request waits for a slot."""
    queue: int = 1000
    requests: int = 5000
    """Requests the process takes at once."""
    lag: float = 0.05
    """Seconds that one turn of its event loop may take for long."""
    sessions: int = 10_000
    """Conversations that are remembered."""
    early: bool = False
    """Heartbeats also before an answer has begun."""
    propagates: bool = False
    """Providers are told of the span that calls them."""
    reads_all: bool = False
    """Streams are decoded to their end although their bytes pass through, because their content is told."""


def rules_of(settings: Settings) -> Rules:
    """The rules a configuration says."""
    hedge, concurrency, cooldown, exploration = (
        settings.hedge,
        settings.concurrency,
        settings.cooldown,
        settings.exploration,
    )
    return Rules(
        policy=Policy(
            initial=cooldown.initial,
            max=cooldown.max,
            exempt=frozenset(name for name, provider in settings.providers.items() if provider.disable_cooldown),
        ),
        nearest=cooldown.when_all == "nearest",
        exploration=Exploration(exploration.rate, exploration.background, exploration.stale_after),
        hedging=Hedging(hedge.after_percentile, hedge.max_extra_spend) if hedge.enabled else None,
        slots=_slots(settings),
        wait=concurrency.wait,
        queue=concurrency.queue,
        requests=concurrency.requests,
        lag=concurrency.lag,
        sessions=settings.sessions.max,
        early=settings.heartbeat.early,
        propagates=settings.telemetry.enabled and settings.telemetry.propagate,
        reads_all=settings.telemetry.enabled and settings.telemetry.content,
    )


def options_of(settings: Settings, provider: str) -> Options:
    """What the operator decided about failures of this provider."""
    return Options(
        failover=settings.failover.enabled,
        retry_empty=settings.failover.retry_empty,
        cool_stalls=settings.stalls(provider).cooldown,
    )


def stall_of(settings: Settings, provider: str) -> StallRule | None:
    """When an answer of this provider counts as stalled; None for never."""
    stall = settings.stalls(provider)
    if stall.min_bytes_per_second is None:
        return None
    return StallRule(stall.min_bytes_per_second, stall.window, stall.grace)


def _slots(settings: Settings) -> SlotLimits:
    providers = {
        name: provider.max_concurrency
        for name, provider in settings.providers.items()
        if provider.max_concurrency is not None
    }
    models = {
        (name, model): details.max_concurrency
        for name, provider in settings.providers.items()
        for model, details in provider.models.items()
        if details.max_concurrency is not None
    }
    return SlotLimits(providers, models)
