"""How much a request wants the model to think: `thinking` and `output_config.effort`, read and written per model generation.

https://platform.claude.com/docs/en/build-with-claude/extended-thinking, …/adaptive-thinking, …/effort
"""

from typing import Any

from plexus.ir.chat import Reasoning
from plexus.ir.target import ReasoningProfile
from plexus.protocols.messages import wire
from plexus.protocols.messages.draft import Draft

_KNOWN = frozenset({"type", "budget_tokens", "display"})
_WORDS = ("minimal", "low", "medium", "high", "xhigh", "max")
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
# Thinking tokens that stand for a word where the model takes tokens, and the reverse. The vendor names no table; these
# are powers of two from the least it accepts to where it advises batch processing (32k).
_BUDGETS = {"minimal": 1024, "low": 4096, "medium": 8192, "high": 16_384, "xhigh": 24_576, "max": 32_000}
_LEAST = 1024
_DEFAULT_OUTPUT = 8192
_MODES = {"enabled": "on", "adaptive": "adaptive", "disabled": "off"}


def read_reasoning(thinking: Any, output_config: dict[str, Any]) -> Reasoning | None:
    """The canonical setting, None when the client said nothing.

    Raises:
        InvalidRequest: with the path of the field that cannot be read.
    """
    effort = wire.optional_text(output_config.get("effort"), "output_config.effort")
    if thinking is None:
        return Reasoning(effort=effort) if effort else None
    thinking = wire.mapping(thinking, "thinking")
    kind = wire.text(thinking.get("type"), "thinking.type")
    display = wire.optional_text(thinking.get("display"), "thinking.display")
    extras = wire.rest(thinking, _KNOWN) or {}
    if kind not in _MODES:
        extras["type"] = kind
    if display not in {"", "summarized", "omitted"}:
        extras["display"] = display
        display = "summarized"
    return Reasoning(
        mode=_MODES.get(kind, "adaptive"),
        effort=effort,
        budget=wire.integer(thinking.get("budget_tokens"), "thinking.budget_tokens"),
        show=display,
        extras=extras or None,
    )


def write_reasoning(draft: Draft, body: dict[str, Any]) -> None:
    """Put the setting into the body, in the words of the target's generation. Raises `max_tokens` where a budget needs it."""
    asked = draft.request.reasoning
    if asked is None:
        return
    profile = draft.target.profile.reasoning
    extras = draft.own(asked.extras, "thinking" if draft.native else "reasoning")
    if profile.style == "none":
        if not is_off(asked):
            draft.lose("dropped", "reasoning", "the model does not think")
    elif profile.style == "adaptive":
        _adaptive(asked, profile, draft, body)
    elif profile.style == "effort" or (draft.native and profile.style != "budget"):
        _as_said(asked, profile, draft, body)
    else:
        _budgeted(asked, profile, draft, body)
    if "thinking" in body:
        kind = body["thinking"]["type"]
        body["thinking"].update({key: value for key, value in extras.items() if key != "type" or kind == "adaptive"})


def is_off(asked: Reasoning) -> bool:
    """Whether the client asked for no thinking."""
    return asked.mode == "off" or (not asked.mode and (asked.effort == "none" or asked.budget == 0))


def _adaptive(asked: Reasoning, profile: ReasoningProfile, draft: Draft, body: dict[str, Any]) -> None:
    effort = asked.effort
    if is_off(asked):
        if profile.can_disable:
            body["thinking"] = {"type": "disabled"}
        else:
            draft.lose("approximated", "reasoning", "the model always thinks")
    elif asked.mode or effort or asked.budget is not None:
        if not (draft.native and not asked.mode):
            body["thinking"] = {"type": "adaptive"}
            _display(asked, draft, body["thinking"], default="" if draft.native else "summarized")
        if asked.budget is not None and asked.budget > 0:
            draft.lose("approximated", "reasoning.budget", "the model decides how much to think")
            effort = effort or _word_for(asked.budget)
    elif asked.show:
        draft.lose("dropped", "reasoning.show", "thinking was not asked for")
    if effort and effort != "none":
        _effort(effort, profile, draft, body)


def _effort(effort: str, profile: ReasoningProfile, draft: Draft, body: dict[str, Any]) -> None:
    """The word itself where the model knows it, else the strongest it knows that is not stronger."""
    accepted = [word for word in _EFFORTS if word in profile.efforts] or list(_EFFORTS)
    taken = effort
    if effort in _WORDS and effort not in accepted:
        weaker = [word for word in accepted if _WORDS.index(word) <= _WORDS.index(effort)]
        taken = weaker[-1] if weaker else accepted[0]
        draft.lose("approximated", "reasoning.effort", f"the model does not know {effort}")
    body.setdefault("output_config", {})["effort"] = taken


def _as_said(asked: Reasoning, profile: ReasoningProfile, draft: Draft, body: dict[str, Any]) -> None:
    """The client's own words, for a model of unknown generation or one that takes both a word and a budget."""
    if asked.effort and asked.effort != "none":
        if draft.native and not profile.efforts:
            body.setdefault("output_config", {})["effort"] = asked.effort
        else:
            _effort(asked.effort, profile, draft, body)
    if is_off(asked):
        body["thinking"] = {"type": "disabled"}
    elif asked.mode == "adaptive" and draft.native and not profile.style:
        body["thinking"] = {"type": "adaptive"}
        _display(asked, draft, body["thinking"], default="")
    elif asked.mode or asked.budget is not None or not draft.native:
        _budgeted(asked, profile, draft, body)


def _budgeted(asked: Reasoning, profile: ReasoningProfile, draft: Draft, body: dict[str, Any]) -> None:
    if is_off(asked):
        if profile.can_disable:
            body["thinking"] = {"type": "disabled"}
        else:
            draft.lose("approximated", "reasoning", "the model always thinks")
        return
    if draft.native and not asked.mode and asked.budget is None:
        draft.lose("dropped", "reasoning.effort", "the model takes no effort")
        return
    budget = _budget(asked, profile, draft)
    if budget is None:
        if asked.show:
            draft.lose("dropped", "reasoning.show", "thinking was not asked for")
        return
    body["thinking"] = {"type": "enabled", "budget_tokens": _fit(budget, draft, body)}
    _display(asked, draft, body["thinking"], default="")


def _budget(asked: Reasoning, profile: ReasoningProfile, draft: Draft) -> int | None:
    if asked.budget is not None and asked.budget > 0:
        if draft.native and not profile.source:
            return asked.budget
        fitting = min(max(asked.budget, profile.budget_min, _LEAST), max(profile.budget_max, _LEAST))
        if fitting != asked.budget:
            draft.lose("clamped", "reasoning.budget", f"the model accepts {profile.budget_min} to {profile.budget_max}")
        return fitting
    if asked.effort and asked.effort != "none":
        draft.lose("approximated", "reasoning.effort", "told as a number of tokens")
        return min(_BUDGETS.get(asked.effort, _BUDGETS["medium"]), max(profile.budget_max, _LEAST))
    if asked.mode or asked.budget is not None:
        draft.lose("approximated", "reasoning.mode", "told as a number of tokens")
        return min(_BUDGETS["high" if asked.mode == "adaptive" else "medium"], max(profile.budget_max, _LEAST))
    return None


def _fit(budget: int, draft: Draft, body: dict[str, Any]) -> int:
    """The budget below `max_tokens`, which is raised first, as far as the model's limit goes.

    What a client of this protocol said stays: with interleaved thinking a budget may exceed `max_tokens`.
    """
    given = int(body["max_tokens"])
    if budget < given or (draft.native and given == draft.request.max_tokens):
        return budget
    ceiling = draft.target.profile.max_output
    raised = budget + given if ceiling is None else min(budget + given, ceiling)
    if raised > given:
        body["max_tokens"] = raised
        if draft.request.max_tokens is not None:
            draft.lose("approximated", "max_tokens", "raised to leave room for thinking")
    if budget >= raised:
        draft.lose("clamped", "reasoning.budget", "must be less than max_tokens")
        budget = max(_LEAST, raised // 2)
    return budget


def _display(asked: Reasoning, draft: Draft, thinking: dict[str, Any], default: str) -> None:
    """How thinking comes back. Models that omit it unless asked are asked, so that other protocols' clients see it."""
    if asked.show in {"omitted", "summarized"}:
        thinking["display"] = asked.show
    elif asked.show:
        thinking["display"] = "summarized"
        if asked.show != "auto":
            draft.lose("approximated", "reasoning.show", f"summaries are not told {asked.show}")
    elif default:
        thinking["display"] = default


def _word_for(budget: int) -> str:
    return next((word for word in _WORDS[1:] if budget <= _BUDGETS[word]), "max")
