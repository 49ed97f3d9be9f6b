"""Gemini by generation: budgets in 2.5, levels from 3 on. The Pro models always think.

Source: https://ai.google.dev/gemini-api/docs/generate-content/thinking (budgets and levels),
https://ai.google.dev/gemini-api/docs/models (limits).
"""

from plexus.ir.target import ModelProfile, ReasoningProfile

_MODELS = "https://ai.google.dev/gemini-api/docs/models"
_THINKING = "https://ai.google.dev/gemini-api/docs/generate-content/thinking"

_SEES = ("image", "document", "audio", "video")
_THREE = ("low", "medium", "high")
_FOUR = ("minimal", "low", "medium", "high")


def _levels(efforts: tuple[str, ...]) -> ModelProfile:
    """Thinking by a level. None of them promises no thinking at all, not even "minimal"."""
    level = ReasoningProfile(style="level", efforts=efforts, can_disable=False, source=_THINKING)
    return ModelProfile(family="gemini", max_output=65_536, reasoning=level, inputs=_SEES, source=_MODELS)


def _budget(least: int, most: int, *, can_disable: bool) -> ModelProfile:
    """Thinking by a number of tokens, -1 for the model's own choice, 0 for none where that is allowed."""
    budget = ReasoningProfile(
        style="budget", budget_min=least, budget_max=most, can_disable=can_disable, dynamic=True, source=_THINKING
    )
    return ModelProfile(family="gemini", max_output=65_536, reasoning=budget, inputs=_SEES, source=_MODELS)


def _plain(max_output: int | None = None, inputs: tuple[str, ...] = _SEES) -> ModelProfile:
    none = ReasoningProfile(style="none", source=_THINKING)
    return ModelProfile(family="gemini", max_output=max_output, reasoning=none, inputs=inputs, source=_MODELS)


PROFILES: tuple[tuple[str, ModelProfile], ...] = (
    ("gemini-2.5-flash-image*", _plain(32_768, ("image",))),
    ("gemini-2.5-flash-lite*", _budget(512, 24_576, can_disable=True)),
    ("gemini-2.5-flash*", _budget(1, 24_576, can_disable=True)),
    ("gemini-2.5-pro*", _budget(128, 32_768, can_disable=False)),
    ("gemini-2.0-*", _plain(8_192)),
    ("gemini-1.5-*", _plain(8_192)),
    ("gemini-3-pro-image*", ModelProfile(family="gemini", inputs=("image",), source=_MODELS)),
    ("gemini-3-pro*", _levels(("low", "high"))),
    ("gemini-3.?-pro*", _levels(_THREE)),
    ("gemini-3-flash*", _levels(_FOUR)),
    ("gemini-3.1-flash-image*", ModelProfile(family="gemini", inputs=("image",), source=_MODELS)),
    ("gemini-3.1-flash-lite*", _levels(_FOUR)),
    ("gemini-3.5-flash*", _levels(_FOUR)),
    # 3.7 and 3.8 answer "minimal" with an error; for 3.6 and what may follow it is not documented.
    ("gemini-3.?-flash*", _levels(_THREE)),
    # Aliases of whatever is newest: only the words that every model behind them has taken.
    ("gemini-pro-latest", _levels(("low", "high"))),
    ("gemini-flash-latest", _levels(_THREE)),
    ("gemini-flash-lite-latest", _levels(_THREE)),
    ("gemma-*", _plain(inputs=("image",))),
    ("gemini-*", ModelProfile(family="gemini", source=_MODELS)),
)
