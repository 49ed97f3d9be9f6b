"""How long things may take: timeouts, stalls, heartbeats and cooldowns. All times are seconds."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from plexus.settings.scalars import Duration, Positive, Strict, refusal


class Timeouts(Strict):
    """The limits of one attempt, in seconds. `total` ends at the commit point, `stream_total` with the stream."""

    connect: Duration = 10.0
    first_byte: Duration = 60.0
    idle: Duration = 120.0
    total: Duration = 300.0
    stream_total: Duration = 3600.0

    @model_validator(mode="after")
    def _none_is_zero(self) -> Self:
        _refuse_zero(self)
        return self

    def over(self, own: "ProviderTimeouts") -> "Timeouts":
        """These limits with those a provider sets for itself in their place."""
        return self.model_copy(update=own.model_dump(exclude_none=True)) if own.model_fields_set else self


class ProviderTimeouts(Strict):
    """A provider's own limits; what is None is taken from `timeout`.

    In files one duration may stand for both `first_byte` and `total`: how long to wait for an answer to begin.
    """

    connect: Duration | None = None
    first_byte: Duration | None = None
    idle: Duration | None = None
    total: Duration | None = None
    stream_total: Duration | None = None

    @model_validator(mode="after")
    def _none_is_zero(self) -> Self:
        _refuse_zero(self)
        return self


class Stall(Strict):
    """When a running stream counts as stalled: fewer bytes per second over `window` than said, after `grace`."""

    min_bytes_per_second: Positive | None = None
    window: Duration = 10.0
    grace: Duration = 30.0
    cooldown: bool = False

    def over(self, own: "ProviderStall") -> "Stall":
        """These rules with those a provider sets for itself in their place."""
        return self.model_copy(update=own.model_dump(exclude_none=True)) if own.model_fields_set else self


class ProviderStall(Strict):
    """A provider's own stall rules; what is None is taken from `stall`."""

    min_bytes_per_second: Positive | None = None
    window: Duration | None = None
    grace: Duration | None = None
    cooldown: bool | None = None


class Heartbeat(Strict):
    """Bytes without meaning that keep a waiting client. `early`: also before the commit point, which ends failover."""

    early: bool = False
    interval: Duration = 15.0


class Cooldown(Strict):
    """How long a failing target rests: `initial`, doubled with each further failure up to `max`.

    `when_all`: what becomes of a request all of whose targets rest: it is refused, or the one nearest to its end is tried.
    """

    initial: Duration = 120.0
    max: Duration = 18_000.0
    when_all: Literal["refuse", "nearest"] = "refuse"

    @model_validator(mode="after")
    def _initial_is_not_above_max(self) -> Self:
        if self.initial > self.max:
            raise refusal("initial is longer than max", "make max at least as long", ("max",))
        return self


class Exploration(Strict):
    """How often a target with old or no measurements is tried: share of requests, or by a probe in the background."""

    rate: Annotated[float, Field(ge=0, le=1)] = 0.05
    background: bool = False
    stale_after: Duration = 600.0


class Hedge(Strict):
    """A second attempt beside a slow first one, begun after this percentile of its usual time to the first event."""

    enabled: bool = False
    after_percentile: Annotated[float, Field(gt=0, lt=100)] = 95.0
    max_extra_spend: Annotated[float, Field(ge=0, le=1)] = 0.05


def _refuse_zero(limits: Strict) -> None:
    for field in type(limits).model_fields:
        if getattr(limits, field) == 0:
            raise refusal("is zero, so nothing could ever be answered", "give a duration such as 30s", (field,))
