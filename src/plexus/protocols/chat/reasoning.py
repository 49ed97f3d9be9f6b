"""How much to think: OpenAI's effort word, OpenRouter's `reasoning`, the `thinking` switch of others, both ways.

Budgets become words by the table Google publishes for its own OpenAI-style endpoint (1,024 low, 8,192 medium, 24,576 high):
https://ai.google.dev/gemini-api/docs/openai#thinking
"""

from plexus.ir.chat import ChatRequest, Reasoning
from plexus.ir.drops import Drop
from plexus.ir.target import ReasoningProfile, Target
from plexus.protocols.chat.checks import Wire, an_object, bool_or_none, int_or_none, rest, string_or_nothing

ORDER = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""Effort words, weakest first."""

_LOW, _MEDIUM = 1024, 8192


class SpelledReasoning(Reasoning, kw_only=True):
    """Reasoning settings that remember in which of chat's fields they were said, so that they go back into it."""

    field: str = "reasoning_effort"


def decode_reasoning(body: Wire) -> Reasoning | None:
    """The reasoning settings of a request, or None when it says nothing."""
    effort = string_or_nothing(body.get("reasoning_effort"), "reasoning_effort")
    if isinstance(body.get("reasoning"), dict):
        settings = _from_object(body["reasoning"])
        settings.effort = settings.effort or effort
    elif body.get("reasoning") is not None:
        an_object(body["reasoning"], "reasoning")
        return None
    elif isinstance(body.get("thinking"), dict):
        settings = _from_switch(body["thinking"])
        settings.effort = effort
    elif effort:
        settings = SpelledReasoning(effort=effort)
    else:
        return None
    if settings.effort == "none":
        settings.mode = "off"
    return settings


def _from_object(wire: Wire) -> SpelledReasoning:
    """OpenRouter: https://openrouter.ai/docs/guides/best-practices/reasoning-tokens."""
    enabled = bool_or_none(wire.get("enabled"), "reasoning.enabled")
    exclude = bool_or_none(wire.get("exclude"), "reasoning.exclude")
    return SpelledReasoning(
        field="reasoning",
        mode="" if enabled is None else "on" if enabled else "off",
        effort=string_or_nothing(wire.get("effort"), "reasoning.effort"),
        budget=int_or_none(wire.get("max_tokens"), "reasoning.max_tokens"),
        show="omitted" if exclude else "",
        extras=rest(wire, frozenset({"enabled", "exclude", "effort", "max_tokens"})),
    )


def _from_switch(wire: Wire) -> SpelledReasoning:
    """DeepSeek, Zhipu, Moonshot, Xiaomi and LiteLLM: `thinking: {"type": "enabled", "budget_tokens": …}`."""
    kind = string_or_nothing(wire.get("type"), "thinking.type")
    modes = {"enabled": "on", "disabled": "off", "adaptive": "adaptive", "auto": "adaptive"}
    return SpelledReasoning(
        field="thinking",
        mode=modes.get(kind, ""),
        budget=int_or_none(wire.get("budget_tokens"), "thinking.budget_tokens"),
        extras=rest(wire, frozenset({"type", "budget_tokens"} if kind in modes else {"budget_tokens"})),
    )


def effort_of_budget(budget: int) -> str:
    """The effort word for a number of thinking tokens: up to 1,024 low, up to 8,192 medium, above high."""
    if budget <= 0:
        return "none" if budget == 0 else "medium"
    return "low" if budget <= _LOW else "medium" if budget <= _MEDIUM else "high"


def encode_reasoning(request: ChatRequest, target: Target, body: Wire, drops: list[Drop]) -> None:
    """Write the settings into `body` in the field the target has for them; report what it has none for."""
    reasoning = request.reasoning
    if reasoning is None:
        return
    native = request.protocol == "chat"
    if reasoning.extras and not native:
        drops += [Drop("dropped", f"reasoning.{name}", "no place in chat") for name in reasoning.extras]
    field = reasoning.field if isinstance(reasoning, SpelledReasoning) and native else target.dialect.thinking_switch
    shown = {"", "auto", "omitted"} if field == "reasoning" else {"", "auto"}
    if reasoning.show not in shown:
        drops.append(Drop("dropped", "reasoning.show", "chat does not say how reasoning is shown"))
    if field == "reasoning":
        if wire := _as_object(reasoning, native=native):
            body["reasoning"] = wire
        return
    if field == "thinking":
        _as_switch(reasoning, body, native=native)
    word = _word(reasoning, target, drops, switched="thinking" in body)
    if not word:
        return
    if target.dialect.reasoning_effort:
        body["reasoning_effort"] = word
    elif "thinking" not in body:
        drops.append(Drop("dropped", "reasoning.effort", "the target takes no effort"))


def _as_object(reasoning: Reasoning, *, native: bool) -> Wire:
    wire: Wire = {}
    if reasoning.effort and reasoning.budget is None:
        wire["effort"] = reasoning.effort
    if reasoning.budget is not None and reasoning.budget > 0:
        wire["max_tokens"] = reasoning.budget
    if reasoning.mode == "off" and reasoning.effort != "none":
        wire["enabled"] = False
    elif reasoning.mode in {"on", "adaptive"} and not wire:
        wire["enabled"] = True
    if reasoning.show == "omitted":
        wire["exclude"] = True
    if native and reasoning.extras:
        wire.update(reasoning.extras)
    return wire


def _as_switch(reasoning: Reasoning, body: Wire, *, native: bool) -> None:
    off = reasoning.mode == "off" or reasoning.effort == "none" or reasoning.budget == 0
    words = {"on": "enabled", "off": "disabled", "adaptive": "enabled"}
    wire: Wire = {}
    if reasoning.mode or off or reasoning.budget is not None:
        wire["type"] = "disabled" if off else words.get(reasoning.mode, "enabled")
    if native:
        wire.update(reasoning.extras or {})
        if reasoning.budget is not None:
            wire["budget_tokens"] = reasoning.budget
    if wire:
        body["thinking"] = wire


def _word(reasoning: Reasoning, target: Target, drops: list[Drop], *, switched: bool) -> str:
    """The effort word to send, or "" for none."""
    profile = target.profile.reasoning
    wanted = _wanted(reasoning)
    if profile.style == "none":
        if wanted and wanted != "none":
            drops.append(Drop("dropped", "reasoning", "the model does not reason"))
        return ""
    if switched and wanted in {"none", ""}:
        return ""
    if wanted == "none" and "none" not in profile.efforts and not reasoning.effort:
        return _word_for_off(profile, drops)
    if not wanted:
        return _word_for_on(reasoning, profile, drops) if reasoning.mode in {"on", "adaptive"} else ""
    if not reasoning.effort and wanted != "none":
        drops.append(Drop("approximated", "reasoning.budget", f"chat takes a word: {wanted}"))
    if not profile.efforts or wanted in profile.efforts:
        return wanted
    drops.append(Drop("clamped", "reasoning.effort", f"the model takes {', '.join(profile.efforts)}"))
    return _nearest(wanted, profile.efforts)


def _word_for_on(reasoning: Reasoning, profile: ReasoningProfile, drops: list[Drop]) -> str:
    """What to send when the model shall think and nobody said how much."""
    if profile.style == "effort":
        drops.append(Drop("approximated", f"reasoning.{reasoning.mode}", "sent as a medium effort"))
        return _nearest("medium", profile.efforts)
    drops.append(Drop("approximated", "reasoning", "left to the model: it is not known how to switch thinking on"))
    return ""


def _word_for_off(profile: ReasoningProfile, drops: list[Drop]) -> str:
    """What to send when thinking shall be off and the model has no word for that."""
    if profile.efforts and not profile.can_disable:
        drops.append(Drop("clamped", "reasoning", "the model cannot be kept from thinking"))
        return profile.efforts[0]
    if not profile.style and not profile.efforts:
        drops.append(Drop("approximated", "reasoning", "left to the model: it is not known how to switch thinking off"))
    return ""


def _wanted(reasoning: Reasoning) -> str:
    if reasoning.effort:
        return reasoning.effort
    if reasoning.mode == "off" or reasoning.budget == 0:
        return "none"
    if reasoning.budget is not None and reasoning.budget > 0:
        return effort_of_budget(reasoning.budget)
    return ""


def _nearest(word: str, efforts: tuple[str, ...]) -> str:
    """The accepted word closest to this one, the stronger of two equally close; an unknown word becomes the strongest."""
    known = [effort for effort in efforts if effort in ORDER]
    if not known:
        return word
    if word not in ORDER:
        return known[-1]
    place = ORDER.index(word)
    return min(known, key=lambda effort: (abs(ORDER.index(effort) - place), -ORDER.index(effort)))
