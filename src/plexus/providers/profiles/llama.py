"""Llama: does not think, wherever it runs. Output limits are the host's, so none is said here.

Source: https://www.llama.com/docs/model-cards-and-prompt-formats/
"""

from plexus.ir.target import ModelProfile, ReasoningProfile

_CARDS = "https://www.llama.com/docs/model-cards-and-prompt-formats/"
_NEVER = ReasoningProfile(style="none", source=_CARDS)

PROFILES: tuple[tuple[str, ModelProfile], ...] = (
    ("llama-4*", ModelProfile(family="llama", reasoning=_NEVER, inputs=("image",), source=_CARDS)),
    ("llama*", ModelProfile(family="llama", reasoning=_NEVER, source=_CARDS)),
    ("meta-llama*", ModelProfile(family="llama", reasoning=_NEVER, source=_CARDS)),
)
