"""`usageMetadata`, both ways. The prompt count includes cached tokens; the candidates count excludes thoughts.

Source: https://ai.google.dev/api/generate-content#UsageMetadata
"""

from typing import Any

from plexus.ir.chat import Usage
from plexus.protocols.gemini.protojson import Wire, fields_of

_OWN = frozenset({"promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount"})

_DIGITS = 15
"""Digits of a counter that can be meant: what is longer is no count of tokens."""
_ABSURD = 10**_DIGITS


def _count(value: Any) -> int | None:
    if value is None or (type(value) is int and 0 <= value < _ABSURD):
        return value
    if isinstance(value, str):  # protobuf writes 64-bit integers as text
        return int(value) if value.isascii() and value.isdigit() and len(value) <= _DIGITS else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not value < _ABSURD:
        return None
    return max(value, 0) if isinstance(value, int) else int(value) if value >= 0 else None


def _modality(details: Any, name: str) -> int | None:
    if not isinstance(details, list):
        return None
    total: int | None = None
    for item in details:
        if isinstance(item, dict) and item.get("modality") == name:
            total = (total or 0) + (_count(item.get("tokenCount")) or 0)
    return total


def read_usage(metadata: Any) -> Usage | None:
    """The canonical usage, or None when there is none to read."""
    if not isinstance(metadata, dict):
        return None
    wire = fields_of(metadata)
    prompt, tools = _count(wire.get("promptTokenCount")), _count(wire.get("toolUsePromptTokenCount"))
    answer, thoughts = _count(wire.get("candidatesTokenCount")), _count(wire.get("thoughtsTokenCount"))
    total, cached = _count(wire.get("totalTokenCount")), _count(wire.get("cachedContentTokenCount"))
    if prompt is None and answer is None and thoughts is None and total is None:
        return None
    flags: list[str] = []
    if prompt is None and total is not None:
        # With server-side tools the prompt count is sometimes left out: it is what is missing from the total.
        prompt = max(total - (answer or 0) - (thoughts or 0) - (tools or 0), 0)
        flags.append("derived_input")
    whole = None if prompt is None and tools is None else (prompt or 0) + (tools or 0)
    if answer is None and total is not None and whole is not None:
        answer = max(total - whole - (thoughts or 0), 0)
    if whole is not None and cached and cached > whole:
        cached = whole
        flags.append("clamped_cache_read")
    prompts, answers = wire.get("promptTokensDetails"), wire.get("candidatesTokensDetails")
    tier = wire.get("serviceTier")
    return Usage(
        input=None if whole is None else whole - (cached or 0),
        output=None if answer is None and thoughts is None else (answer or 0) + (thoughts or 0),
        cache_read=cached,
        reasoning=thoughts,
        audio_input=_modality(prompts, "AUDIO"),
        cache_read_audio=_modality(wire.get("cacheTokensDetails"), "AUDIO"),
        image_input=_modality(prompts, "IMAGE"),
        audio_output=_modality(answers, "AUDIO"),
        image_output=_modality(answers, "IMAGE"),
        service_tier=tier if isinstance(tier, str) else "",
        flags=flags,
        raw=metadata,
    )


def write_usage(usage: Usage | None) -> Wire | None:
    """The `usageMetadata` that says this usage; what Gemini itself reported goes back as it was."""
    if usage is None:
        return None
    if usage.raw is not None and _OWN & usage.raw.keys():
        return _whole_sum(usage.raw, usage)
    thoughts = min(usage.reasoning or 0, usage.output or 0)
    prompt, output = usage.input_total, usage.output or 0
    wire: Wire = {"promptTokenCount": prompt, "candidatesTokenCount": output - thoughts}
    if usage.cache_read:
        wire["cachedContentTokenCount"] = usage.cache_read
    if thoughts:
        wire["thoughtsTokenCount"] = thoughts
    wire["totalTokenCount"] = prompt + output
    prompts = _details(prompt, usage.audio_input, usage.image_input)
    if prompts:
        wire["promptTokensDetails"] = prompts
    answers = _details(output - thoughts, usage.audio_output, usage.image_output)
    if answers:
        wire["candidatesTokensDetails"] = answers
    return wire


def _whole_sum(raw: Wire, usage: Usage) -> Wire:
    """Gemini's own object, with the total and a prompt count that was left out put right."""
    tools = _count(raw.get("toolUsePromptTokenCount")) or 0
    parts = usage.input_total + (usage.output or 0)
    right = {**raw, "promptTokenCount": usage.input_total - tools, "totalTokenCount": parts}
    return raw if right == raw else right


def _details(total: int, audio: int | None, image: int | None) -> list[Wire]:
    if not audio and not image:
        return []
    rest = max(total - (audio or 0) - (image or 0), 0)
    counts = (("TEXT", rest), ("AUDIO", audio), ("IMAGE", image))
    return [{"modality": name, "tokenCount": count} for name, count in counts if count]
