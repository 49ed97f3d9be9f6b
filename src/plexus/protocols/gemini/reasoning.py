"""How much a model shall think: the canonical setting as `thinkingConfig` for the model generation at hand.

Sources: https://ai.google.dev/gemini-api/docs/thinking (budgets, levels) and https://ai.google.dev/gemini-api/docs/openai#thinking
(how Google itself turns effort words into budgets).
"""

from plexus.ir.chat import ChatRequest, Reasoning
from plexus.ir.drops import Drop
from plexus.ir.target import ReasoningProfile
from plexus.protocols.gemini.protojson import Wire

BUDGET_OF_EFFORT = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24_576, "xhigh": 32_768, "max": 65_536}
"""Thinking tokens for an effort word. Google documents minimal, low, medium and high; the model's own limits cut them."""
_ORDER = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_BOUNDS = ((512, "minimal"), (2048, "low"), (12_288, "medium"))
LEVELS = ("minimal", "low", "medium", "high")


def write_thinking(request: ChatRequest, profile: ReasoningProfile, drops: list[Drop]) -> Wire | None:
    """The `thinkingConfig`, or None to leave it to the model."""
    asked = request.reasoning
    if asked is None:
        return None
    ours = request.protocol == "gemini"
    config: Wire = {}
    _report_extras(asked, config, drops, ours=ours)
    if profile.style == "none":
        if asked.mode != "off" and asked.effort != "none" and (asked.mode or asked.effort or asked.budget):
            drops.append(Drop("dropped", "reasoning", "the model does not think"))
        return None
    if profile.style == "level":
        _write_level(asked, profile, config, drops)
    elif profile.style == "" and ours:
        _write_as_said(asked, config)
    else:
        _write_budget(asked, profile, config, drops)
    _write_show(asked, config, drops, ours=ours)
    return config or None


def is_off(asked: Reasoning) -> bool:
    """Whether the client wants no thinking at all."""
    return asked.mode == "off" or asked.effort == "none" or asked.budget == 0


def _report_extras(asked: Reasoning, config: Wire, drops: list[Drop], *, ours: bool) -> None:
    if ours:
        config.update(asked.extras or {})
        return
    drops.extend(Drop("dropped", f"reasoning.{key}", "not known to Gemini") for key in asked.extras or {})


def _write_show(asked: Reasoning, config: Wire, drops: list[Drop], *, ours: bool) -> None:
    if ours:
        if asked.show:
            config["includeThoughts"] = asked.show != "omitted"
        return
    wanted = asked.mode or asked.effort or asked.budget is not None or asked.show
    if not wanted or asked.show == "omitted" or is_off(asked):
        return
    config["includeThoughts"] = True
    if asked.show in ("concise", "detailed", "full"):
        drops.append(Drop("approximated", "reasoning.show", "Gemini shows summaries of its own length"))


def _write_as_said(asked: Reasoning, config: Wire) -> None:
    if asked.budget is not None:
        config["thinkingBudget"] = asked.budget
    if asked.effort:
        config["thinkingLevel"] = asked.effort.upper()


def _write_budget(asked: Reasoning, profile: ReasoningProfile, config: Wire, drops: list[Drop]) -> None:
    known = profile.style != ""
    if is_off(asked):
        config["thinkingBudget"] = 0 if profile.can_disable else profile.budget_min
        if not profile.can_disable:
            drops.append(
                Drop("approximated", "reasoning.mode", "the model cannot stop thinking; the least is asked for")
            )
        return
    budget = asked.budget
    if budget is None and asked.effort:
        budget = BUDGET_OF_EFFORT.get(asked.effort)
        if budget is not None and known:
            budget = min(max(budget, profile.budget_min), profile.budget_max)
    if budget is None or budget < 0:
        if (profile.dynamic or not known) and (asked.mode in ("on", "adaptive") or budget is not None):
            config["thinkingBudget"] = -1
        return
    cut = min(max(budget, profile.budget_min), profile.budget_max) if known else budget
    if cut != budget:
        drops.append(
            Drop("clamped", "reasoning.budget", f"the model takes {profile.budget_min} to {profile.budget_max}")
        )
    config["thinkingBudget"] = cut


def _write_level(asked: Reasoning, profile: ReasoningProfile, config: Wire, drops: list[Drop]) -> None:
    words = profile.efforts or LEVELS
    if is_off(asked):
        config["thinkingLevel"] = words[0].upper()
        drops.append(Drop("approximated", "reasoning.mode", "the model cannot stop thinking; the least is asked for"))
        return
    wanted = asked.effort
    if not wanted and asked.budget is not None and asked.budget > 0:
        wanted = next((word for bound, word in _BOUNDS if asked.budget <= bound), "high")
        drops.append(Drop("approximated", "reasoning.budget", "the model takes a level, not a number of tokens"))
    if not wanted:
        return
    level = wanted if wanted in words else _nearest(wanted, words)
    if level != wanted and asked.effort:
        drops.append(Drop("approximated", "reasoning.effort", f"the model knows {', '.join(words)}"))
    config["thinkingLevel"] = level.upper()


def _nearest(wanted: str, words: tuple[str, ...]) -> str:
    rank = _ORDER.index(wanted) if wanted in _ORDER else _ORDER.index("high")
    known = [word for word in words if word in _ORDER] or list(LEVELS)
    return min(known, key=lambda word: (abs(_ORDER.index(word) - rank), -_ORDER.index(word)))
