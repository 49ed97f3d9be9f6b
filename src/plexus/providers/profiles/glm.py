"""GLM (Z.ai): a switch until 5.1, effort words from 5.2 on, always thinking from 5.3 on.

Sources: https://docs.z.ai/guides/capabilities/thinking-mode, https://docs.z.ai/guides/llm/glm-5.3
"""

from plexus.ir.target import ModelProfile, ReasoningProfile

_THINKING = "https://docs.z.ai/guides/capabilities/thinking-mode"
_GLM_53 = "https://docs.z.ai/guides/llm/glm-5.3"

_ALWAYS = ReasoningProfile(style="effort", efforts=("low", "high", "max"), can_disable=False, source=_GLM_53)

PROFILES: tuple[tuple[str, ModelProfile], ...] = (
    ("glm-5.3*", ModelProfile(family="glm", max_output=131_072, reasoning=_ALWAYS, source=_GLM_53)),
    ("glm-5p3*", ModelProfile(family="glm", max_output=131_072, reasoning=_ALWAYS, source=_GLM_53)),
    # 5.2 maps other vendors' words onto its own, so any is passed on.
    (
        "glm-5.2*",
        ModelProfile(family="glm", reasoning=ReasoningProfile(style="effort", source=_THINKING), source=_THINKING),
    ),
    # `thinking: {"type": …}`: which servers take it is their dialect's matter.
    ("glm-*", ModelProfile(family="glm", reasoning=ReasoningProfile(source=_THINKING), source=_THINKING)),
)
