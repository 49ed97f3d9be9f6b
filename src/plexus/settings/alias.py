"""An alias: the public name of a model and the groups of targets behind it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from plexus.settings.provider import ModelType, ProtocolName
from plexus.settings.scalars import Free, Name, Positive, Strict, Text, nothing, refusal

SELECTORS = (
    "random",
    "in_order",
    "cost",
    "latency",
    "performance",
    "e2e_performance",
    "usage",
    "quota",
    "balanced",
)  # the names a file may use; which of them are built is told by `Known`


class TargetSettings(Strict):
    """A target: one model of one provider, or another alias in its place."""

    provider: Name | None = None
    model: Name | None = None
    alias: Name | None = None
    weight: Annotated[float, Field(gt=0, le=1_000_000)] = 1.0
    enabled: bool = True

    @model_validator(mode="after")
    def _one_of_two_forms(self) -> Self:
        fix = "write {provider: …, model: …} or {alias: …}"
        if self.alias is not None and (self.provider is not None or self.model is not None):
            raise refusal("names an alias and a provider at once", fix)
        if self.alias is None and (self.provider is None or self.model is None):
            missing = "provider" if self.provider is None else "model"
            both = self.provider is None and self.model is None
            raise refusal("names no target" if both else f"{missing} is missing", fix)
        return self


class GroupSettings(Strict):
    """Targets that are tried, in the order of their selector, before the next group is."""

    name: Name
    selector: Name = "random"
    targets: Annotated[tuple[TargetSettings, ...], Field(min_length=1)]


class AliasSettings(Strict):
    """One alias. In files, `targets` and `selector` may stand for a single group called `default`."""

    target_groups: Annotated[tuple[GroupSettings, ...], Field(min_length=1)]
    priority: Literal["selector", "api_match"] = "selector"
    additional_aliases: tuple[Name, ...] = ()
    enabled: bool = True
    display_name: Text | None = None
    type: ModelType | None = None
    preferred_api: ProtocolName | None = None
    extra_body: Free = Field(default_factory=nothing)
    vision_fallthrough: bool = False
    enforce_limits: bool = False
    sticky_session: bool | None = None
    context_window: Positive | None = None
    max_output: Positive | None = None
