"""Claude by generation: fixed budgets until 4.5, adaptive thinking with effort words from 4.6 on.

Sources: https://platform.claude.com/docs/en/models-overview (limits), …/build-with-claude/extended-thinking (budgets),
…/build-with-claude/adaptive-thinking and …/build-with-claude/effort (words), …/models/*/migration-guide (refusals).
"""

from plexus.ir.target import ModelProfile, ReasoningProfile

_MODELS = "https://platform.claude.com/docs/en/models-overview"
_BUDGETS = "https://platform.claude.com/docs/en/build-with-claude/extended-thinking"
_EFFORT = "https://platform.claude.com/docs/en/build-with-claude/effort"
_GUIDE = "https://platform.claude.com/docs/en/models/{}/migration-guide"

_SEES = ("image", "document")
_TO_MAX = ("low", "medium", "high", "max")
_TO_XHIGH = ("low", "medium", "high", "xhigh", "max")


def _plain(max_output: int, *, sees: tuple[str, ...] = _SEES) -> ModelProfile:
    none = ReasoningProfile(style="none", source=_BUDGETS)
    return ModelProfile(
        family="claude", max_output=max_output, reasoning=none, inputs=sees, late_system=False, source=_MODELS
    )


def _budget(max_output: int, *, exclusive_sampling: bool = False) -> ModelProfile:
    """Thinking by a budget of at least 1,024 tokens, below max_tokens. Temperature and top_k are refused with it."""
    budget = ReasoningProfile(
        style="budget", budget_min=1024, budget_max=max_output - 1, refuses_sampling=True, source=_BUDGETS
    )
    return ModelProfile(
        family="claude",
        max_output=max_output,
        reasoning=budget,
        inputs=_SEES,
        exclusive_sampling=exclusive_sampling,
        late_system=False,
        source=_MODELS,
    )


def _adaptive(
    efforts: tuple[str, ...],
    guide: str,
    *,
    can_disable: bool = True,
    refuses_sampling: bool = True,
    forced_tools: bool = True,
    late_system: bool | None = None,
) -> ModelProfile:
    """The model decides how much it thinks, guided by a word. Budgets are refused from 4.7 on, so none is declared."""
    reasoning = ReasoningProfile(
        style="adaptive", efforts=efforts, can_disable=can_disable, refuses_sampling=True, source=_EFFORT
    )
    return ModelProfile(
        family="claude",
        max_output=128_000,
        reasoning=reasoning,
        inputs=_SEES,
        refuses_sampling=refuses_sampling,
        exclusive_sampling=True,
        forced_tools=forced_tools,
        late_system=late_system,
        source=_GUIDE.format(guide),
    )


PROFILES: tuple[tuple[str, ModelProfile], ...] = (
    # Fable 5, Opus 5.5 and Sonnet 5.5: `thinking: disabled` is a 400. From Fable 5.1 on a forced tool choice is one too.
    ("claude-fable-5-*", _adaptive(_TO_XHIGH, "fable-5-1", can_disable=False, forced_tools=False)),
    ("claude-mythos-5-*", _adaptive(_TO_XHIGH, "fable-5-1", can_disable=False, forced_tools=False)),
    ("claude-opus-5-5*", _adaptive(_TO_XHIGH, "opus-5-5", can_disable=False, forced_tools=False)),
    ("claude-sonnet-5-5*", _adaptive(_TO_XHIGH, "sonnet-5-5", can_disable=False, forced_tools=False)),
    ("claude-haiku-5-5*", _adaptive(_TO_XHIGH, "haiku-5-5")),
    ("claude-fable-5*", _adaptive(_TO_XHIGH, "fable-5", can_disable=False)),
    ("claude-mythos-5*", _adaptive(_TO_XHIGH, "fable-5", can_disable=False)),
    ("claude-opus-5*", _adaptive(_TO_XHIGH, "opus-5")),
    ("claude-sonnet-5*", _adaptive(_TO_XHIGH, "sonnet-5")),
    # The first to take `role: system` in mid-conversation: …/build-with-claude/mid-conversation-system-messages
    ("claude-opus-4-8*", _adaptive(_TO_XHIGH, "opus-4-8", late_system=True)),
    ("claude-opus-4-7*", _adaptive(_TO_XHIGH, "opus-4-7", late_system=False)),
    # 4.6 answers "Supported levels: high, low, max, medium" to xhigh, and still takes temperature without thinking.
    ("claude-opus-4-6*", _adaptive(_TO_MAX, "opus-4-6", refuses_sampling=False, late_system=False)),
    ("claude-sonnet-4-6*", _adaptive(_TO_MAX, "sonnet-4-6", refuses_sampling=False, late_system=False)),
    ("claude-opus-4-5*", _budget(64_000, exclusive_sampling=True)),
    ("claude-sonnet-4-5*", _budget(64_000, exclusive_sampling=True)),
    ("claude-haiku-4-5*", _budget(64_000, exclusive_sampling=True)),
    ("claude-opus-4-1*", _budget(32_000, exclusive_sampling=True)),
    ("claude-opus-4-0", _budget(32_000)),
    ("claude-opus-4-20*", _budget(32_000)),
    ("claude-sonnet-4-0", _budget(64_000)),
    ("claude-sonnet-4-20*", _budget(64_000)),
    ("claude-opus-4", _budget(32_000)),
    ("claude-sonnet-4", _budget(64_000)),
    ("claude-4-opus*", _budget(32_000)),
    ("claude-4-sonnet*", _budget(64_000)),
    ("claude-3-7-sonnet*", _budget(64_000)),
    ("claude-3-5-*", _plain(8_192)),
    ("claude-3-*", _plain(4_096)),
    ("claude-2*", _plain(4_096, sees=())),
    # A generation to come: nothing assumed but the family.
    ("claude-*", ModelProfile(family="claude", source=_MODELS)),
)
