"""gpt-oss, OpenAI's open weights: three effort words, always thinking, wherever it runs.

Source: https://huggingface.co/openai/gpt-oss-120b
"""

from plexus.ir.target import ModelProfile, ReasoningProfile

_CARD = "https://huggingface.co/openai/gpt-oss-120b"

PROFILES: tuple[tuple[str, ModelProfile], ...] = (
    (
        "gpt-oss*",
        ModelProfile(
            family="gpt-oss",
            reasoning=ReasoningProfile(
                style="effort", efforts=("low", "medium", "high"), can_disable=False, source=_CARD
            ),
            source=_CARD,
        ),
    ),
)
