"""Kimi (Moonshot): K3 takes three effort words and always thinks; K2 has a switch at most.

Sources: https://platform.kimi.ai/docs/guide/use-thinking-effort, https://platform.kimi.ai/docs/api/models-overview
"""

from plexus.ir.target import ModelProfile, ReasoningProfile

_EFFORT = "https://platform.kimi.ai/docs/guide/use-thinking-effort"
_MODELS = "https://platform.kimi.ai/docs/api/models-overview"

_K3 = ModelProfile(
    family="kimi",
    reasoning=ReasoningProfile(style="effort", efforts=("low", "high", "max"), can_disable=False, source=_EFFORT),
    # "invalid temperature: only 1 is allowed for this model"; top_p, n and the penalties are fixed as well.
    refuses_sampling=True,
    source=_MODELS,
)
_ALWAYS = ModelProfile(
    family="kimi", reasoning=ReasoningProfile(style="none", can_disable=False, source=_EFFORT), source=_MODELS
)
_NEVER = ModelProfile(family="kimi", reasoning=ReasoningProfile(style="none", source=_EFFORT), source=_MODELS)

PROFILES: tuple[tuple[str, ModelProfile], ...] = (
    ("kimi-k3*", _K3),
    ("kimi-k2.7-code*", _ALWAYS),
    ("kimi-k2-thinking*", _ALWAYS),
    # `thinking: {"type": …}`: which servers take it is their dialect's matter.
    ("kimi-k2.[56]*", ModelProfile(family="kimi", reasoning=ReasoningProfile(source=_EFFORT), source=_MODELS)),
    ("kimi-k2-*", _NEVER),
    ("moonshot-v1*", _NEVER),
    ("kimi-*", ModelProfile(family="kimi", source=_MODELS)),
)
