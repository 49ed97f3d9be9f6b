"""The whole configuration as one immutable value. It says what a configuration is, not where it comes from."""

from typing import Any

from pydantic import Field, ValidationInfo, model_validator

from plexus.settings.alias import AliasSettings
from plexus.settings.bounds import (
    Balanced,
    Capture,
    Concurrency,
    Failover,
    Limits,
    McpServerSettings,
    Network,
    Retention,
    Sessions,
    Telemetry,
    VisionFallthrough,
)
from plexus.settings.key import KeySettings, QuotaSettings
from plexus.settings.provider import ProviderSettings
from plexus.settings.scalars import Name, Names, Strict, nothing
from plexus.settings.spellings import Rewriting, rewritten
from plexus.settings.timing import Cooldown, Exploration, Heartbeat, Hedge, Stall, Timeouts


class Settings(Strict):
    """Everything that is configured. A request keeps the one it started with."""

    providers: Names[ProviderSettings] = Field(default_factory=nothing)
    models: Names[AliasSettings] = Field(default_factory=nothing)
    """The aliases, by their public name."""
    keys: Names[KeySettings] = Field(default_factory=nothing)
    user_quotas: Names[QuotaSettings] = Field(default_factory=nothing)
    default_quotas: tuple[Name, ...] = ()
    mcp_servers: Names[McpServerSettings] = Field(default_factory=nothing)
    failover: Failover = Failover()
    cooldown: Cooldown = Cooldown()
    timeout: Timeouts = Timeouts()
    stall: Stall = Stall()
    concurrency: Concurrency = Concurrency()
    balanced: Balanced = Balanced()
    sessions: Sessions = Sessions()
    exploration: Exploration = Exploration()
    hedge: Hedge = Hedge()
    heartbeat: Heartbeat = Heartbeat()
    limits: Limits = Limits()
    network: Network = Network()
    capture: Capture = Capture()
    retention: Retention = Retention()
    telemetry: Telemetry = Telemetry()
    vision_fallthrough: VisionFallthrough = VisionFallthrough()

    @model_validator(mode="before")
    @classmethod
    def _one_spelling(cls, data: Any, info: ValidationInfo) -> Any:
        rewriting = info.context if isinstance(info.context, Rewriting) else Rewriting()
        return rewritten(data, rewriting)

    def timeouts(self, provider: str) -> Timeouts:
        """The limits that hold for attempts at this provider."""
        own = self.providers.get(provider)
        return self.timeout if own is None else self.timeout.over(own.timeout)

    def stalls(self, provider: str) -> Stall:
        """When a stream of this provider counts as stalled."""
        own = self.providers.get(provider)
        return self.stall if own is None else self.stall.over(own.stall)
