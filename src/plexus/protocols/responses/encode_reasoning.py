"""How much a responses target shall think: effort, budget and switches of other protocols as `reasoning.effort`.

https://developers.openai.com/api/docs/guides/reasoning
"""

from typing import Any

from plexus.ir.chat import Reasoning
from plexus.ir.drops import Drop
from plexus.ir.target import ReasoningProfile

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""All words, weakest first."""

_BUDGETS = ((1024, "minimal"), (4096, "low"), (16384, "medium"))
"""Thinking tokens up to which a budget means this effort; more is "high"."""

_USUAL = "medium"
"""What thinking without a measure means; said aloud, because newer models do not think unless they are told to."""

_SHOWN = {"auto": "auto", "concise": "concise", "detailed": "detailed", "summarized": "auto", "full": "detailed"}


def encode_reasoning(said: Reasoning, profile: ReasoningProfile, drops: list[Drop]) -> dict[str, Any]:
    """The `reasoning` object for another protocol's client; empty when the target has no place for what was said."""
    if profile.style == "none":
        if said.mode != "off" or said.effort:
            drops.append(Drop("dropped", "reasoning", "the model does not reason"))
        return {}
    raw: dict[str, Any] = {}
    effort = _effort(said, profile, drops)
    if effort:
        raw["effort"] = effort
    if said.show != "omitted" and effort != "none" and (said.show or said.mode in {"on", "adaptive"}):
        raw["summary"] = _SHOWN.get(said.show, "auto")
    drops += [Drop("dropped", f"reasoning.{key}") for key in said.extras or ()]
    return raw


def _effort(said: Reasoning, profile: ReasoningProfile, drops: list[Drop]) -> str:
    if said.mode == "off" or said.effort == "none":
        return _off(said, profile, drops)
    if said.effort:
        return _nearest(said.effort, profile, drops, "reasoning.effort")
    if said.budget is not None and said.budget > 0:
        wanted = next((word for most, word in _BUDGETS if said.budget <= most), "high")
        drops.append(Drop("approximated", "reasoning.budget", f"as effort {wanted}"))
        return _nearest(wanted, profile, [], "")
    if said.budget == 0:
        return _off(said, profile, drops)
    if said.mode in {"on", "adaptive"}:
        drops.append(Drop("approximated", "reasoning.mode", f"{said.mode} as effort {_USUAL}"))
        return _nearest(_USUAL, profile, [], "")
    return ""


def _off(said: Reasoning, profile: ReasoningProfile, drops: list[Drop]) -> str:
    if "none" in profile.efforts:
        return "none"
    if profile.efforts:
        drops.append(
            Drop("approximated", "reasoning.effort", "the model always reasons; its least effort is asked for")
        )
        return profile.efforts[0]
    if said.effort == "none" and not profile.style:
        return "none"
    # Models that do not reason refuse the setting, so it is not sent to one that nobody knows.
    drops.append(Drop("approximated", "reasoning", "off is not said to this model"))
    return ""


def _nearest(wanted: str, profile: ReasoningProfile, drops: list[Drop], path: str) -> str:
    if not profile.efforts or wanted in profile.efforts or wanted not in EFFORTS:
        return wanted
    rank = EFFORTS.index(wanted)
    known = [word for word in profile.efforts if word in EFFORTS and word != "none"]
    nearest = min(known, key=lambda word: abs(EFFORTS.index(word) - rank), default=wanted)
    drops.append(Drop("approximated", path, f"as {nearest}"))
    return nearest
