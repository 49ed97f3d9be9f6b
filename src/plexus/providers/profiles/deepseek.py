"""DeepSeek: V4 thinks by default and takes three effort words; older names either always or never think.

Sources: https://api-docs.deepseek.com/guides/thinking_mode, https://api-docs.deepseek.com/quick_start/pricing
"""

from plexus.ir.target import ModelProfile, ReasoningProfile

_THINKING = "https://api-docs.deepseek.com/guides/thinking_mode"
_MODELS = "https://api-docs.deepseek.com/quick_start/pricing"


def _v4(inputs: tuple[str, ...] = ()) -> ModelProfile:
    """Sampling parameters do nothing while it thinks, without an error. A forced tool choice then is an error."""
    effort = ReasoningProfile(style="effort", efforts=("low", "high", "max"), source=_THINKING)
    return ModelProfile(
        family="deepseek", max_output=384_000, reasoning=effort, inputs=inputs, forced_tools=False, source=_MODELS
    )


def _fixed(*, thinks: bool) -> ModelProfile:
    fixed = ReasoningProfile(style="none", can_disable=not thinks, source=_THINKING)
    return ModelProfile(family="deepseek", reasoning=fixed, source=_MODELS)


PROFILES: tuple[tuple[str, ModelProfile], ...] = (
    ("deepseek-v4-flash*", _v4(("image",))),
    ("deepseek-v4.1-flash*", _v4(("image",))),
    ("deepseek-flash*", _v4(("image",))),
    ("deepseek-v4*", _v4()),
    ("deepseek-reasoner*", _fixed(thinks=True)),
    ("deepseek-r1*", _fixed(thinks=True)),
    ("deepseek-chat*", _fixed(thinks=False)),
    ("deepseek-*", ModelProfile(family="deepseek", source=_MODELS)),
)
