"""Mistral: two models take `reasoning_effort` with the words none and high, Magistral always thinks, the others never.

Sources: https://docs.mistral.ai/studio-api/conversations/reasoning, https://docs.mistral.ai/capabilities/reasoning/adjustable
"""

from plexus.ir.target import ModelProfile, ReasoningProfile

_REASONING = "https://docs.mistral.ai/capabilities/reasoning/adjustable"
_MODELS = "https://docs.mistral.ai/models"

_ADJUSTABLE = ModelProfile(
    family="mistral",
    reasoning=ReasoningProfile(style="effort", efforts=("none", "high"), source=_REASONING),
    inputs=("image",),
    source=_MODELS,
)


def _fixed(*, thinks: bool) -> ModelProfile:
    fixed = ReasoningProfile(style="none", can_disable=not thinks, source=_REASONING)
    return ModelProfile(family="mistral", reasoning=fixed, source=_MODELS)


PROFILES: tuple[tuple[str, ModelProfile], ...] = (
    ("mistral-small-latest", _ADJUSTABLE),
    ("mistral-small-2603*", _ADJUSTABLE),
    ("mistral-medium-latest", _ADJUSTABLE),
    ("mistral-medium-3-5*", _ADJUSTABLE),
    ("mistral-medium-3.5*", _ADJUSTABLE),
    ("magistral-*", _fixed(thinks=True)),
    ("mistral-*", _fixed(thinks=False)),
    ("ministral-*", _fixed(thinks=False)),
    ("codestral-*", _fixed(thinks=False)),
    ("devstral-*", _fixed(thinks=False)),
    ("pixtral-*", _fixed(thinks=False)),
    ("mixtral-*", _fixed(thinks=False)),
    ("open-mi[sx]tral-*", _fixed(thinks=False)),
    ("voxtral-*", _fixed(thinks=False)),
)
