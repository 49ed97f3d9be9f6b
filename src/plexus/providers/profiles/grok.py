"""Grok: effort words differ from version to version, and the versions before 4.3 mostly refuse the setting.

Source: https://docs.x.ai/developers/model-capabilities/text/reasoning
"""

from plexus.ir.target import ModelProfile, ReasoningProfile

_REASONING = "https://docs.x.ai/developers/model-capabilities/text/reasoning"
_MODELS = "https://docs.x.ai/developers/models"

_THREE = ("low", "medium", "high")


def _effort(*efforts: str) -> ModelProfile:
    effort = ReasoningProfile(style="effort", efforts=efforts, can_disable="none" in efforts, source=_REASONING)
    return ModelProfile(family="grok", reasoning=effort, inputs=("image",), source=_MODELS)


def _fixed(*, thinks: bool) -> ModelProfile:
    """The setting is answered with an error, whether the model always thinks or never does."""
    fixed = ReasoningProfile(style="none", can_disable=not thinks, source=_REASONING)
    return ModelProfile(family="grok", reasoning=fixed, source=_MODELS)


PROFILES: tuple[tuple[str, ModelProfile], ...] = (
    ("grok-4.7*", _effort(*_THREE)),
    ("grok-4.6*", _effort(*_THREE, "xhigh")),
    ("grok-4.5*", _effort(*_THREE)),
    ("grok-4.3*", _effort("none", *_THREE)),
    ("grok-*-non-reasoning*", _fixed(thinks=False)),
    ("grok-4.20*", _fixed(thinks=True)),
    ("grok-4-*", _fixed(thinks=True)),
    ("grok-4", _fixed(thinks=True)),
    ("grok-code-fast*", _fixed(thinks=True)),
    ("grok-3-mini*", _effort("low", "high")),
    ("grok-3*", _fixed(thinks=False)),
    ("grok-2*", _fixed(thinks=False)),
    ("grok-*", ModelProfile(family="grok", source=_MODELS)),
)
