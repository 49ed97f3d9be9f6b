"""What the gateway lets in, whom it trusts, what it keeps and tells: limits, network, capture, retention, telemetry."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from plexus.core.secret import Secret
from plexus.settings.provider import url
from plexus.settings.scalars import (
    Duration,
    Fraction,
    HeaderMap,
    Name,
    Networks,
    Positive,
    Size,
    Strict,
    Text,
    nothing,
    refusal,
)


class Limits(Strict):
    """The largest request and stream event accepted: bytes for `body`, `head` and `sse_event`, counts for the rest."""

    body: Size = 64_000_000
    depth: Annotated[int, Field(ge=8, le=512)] = 256
    elements: Annotated[int, Field(ge=1000)] = 1_000_000
    head: Size = 65_536
    headers: Annotated[int, Field(ge=10)] = 100
    sse_event: Size = 16_000_000

    @model_validator(mode="after")
    def _large_enough(self) -> Self:
        for field, least in (("body", 1024), ("head", 1024), ("sse_event", 1024)):
            if getattr(self, field) < least:
                raise refusal(f"is below {least} bytes, so no client could work", "give more, such as 64KiB", (field,))
        return self


class Network(Strict):
    """Whose `X-Forwarded-For` is believed, whether private addresses may be upstreams, and who may read metrics."""

    trusted_proxies: Networks = ()
    allow_private_upstreams: bool = True
    metrics_token: Secret | None = None


class Capture(Strict):
    """Which exchanges are kept for looking at: a mode for all, and keys, aliases and providers that are always kept."""

    mode: Literal["off", "headers", "on_error", "sample", "all"] = "on_error"
    sample: Fraction = 0.0
    keys: tuple[Name, ...] = ()
    aliases: tuple[Name, ...] = ()
    providers: tuple[Name, ...] = ()


class Telemetry(Strict):
    """Whether OpenTelemetry is told of requests, of their content too, and providers of the span that calls them."""

    enabled: bool = False
    content: bool = False
    propagate: bool = False


class Retention(Strict):
    """How long rows are kept, in seconds, and how many; how many bytes of traces."""

    usage: Duration = 400 * 86_400.0
    usage_rows: Positive = 20_000_000
    traces: Duration = 7 * 86_400.0
    traces_bytes: Size = 2_000_000_000
    errors: Duration = 30 * 86_400.0
    audit: Duration = 400 * 86_400.0
    audit_rows: Positive = 1_000_000


class Sessions(Strict):
    """Whether a conversation stays with the target that served it last, and how many conversations are remembered."""

    sticky: bool = True
    max: Positive = 10_000


class Failover(Strict):
    """Whether the next target is tried when one fails, or when it answers without any content."""

    enabled: bool = True
    retry_empty: bool = True


class Concurrency(Strict):
    """What is done when there is more to do than may be done at once.

    A request whose targets are all at their limit waits for one, `wait` seconds at most and behind `queue` others at most.
    The process takes `requests` at once, and fewer than it has while no turn of its event loop is shorter than `lag` seconds.
    """

    wait: Duration = 10.0
    queue: Positive = 1000
    requests: Positive = 5000
    lag: Duration = 0.05


class Balanced(Strict):
    """The weights of the selector `balanced`, relative to one another."""

    throughput: Annotated[float, Field(ge=0, le=1000)] = 1.0
    latency: Annotated[float, Field(ge=0, le=1000)] = 1.0
    cost: Annotated[float, Field(ge=0, le=1000)] = 1.0

    @model_validator(mode="after")
    def _one_counts(self) -> Self:
        if self.throughput + self.latency + self.cost == 0:
            raise refusal("all weights are 0, so nothing would be weighed", "give one of them a weight")
        return self


class VisionFallthrough(Strict):
    """The model that describes images for those that cannot see, and what it is asked."""

    descriptor_model: Name | None = None
    prompt: Text | None = None


class McpServerSettings(Strict):
    """An MCP server that is offered under `/mcp/{name}`."""

    url: Annotated[str, AfterValidator(url)]
    headers: HeaderMap[Secret] = Field(default_factory=nothing)
    enabled: bool = True
