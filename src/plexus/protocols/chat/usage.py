"""Token counts of chat completions, read from every dialect and written in OpenAI's arithmetic.

OpenAI counts cache reads and writes inside `prompt_tokens` and reasoning inside `completion_tokens`.
Source: https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage
"""

from operator import attrgetter
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from plexus.ir.chat import Usage

Wire = dict[str, Any]

_OF_INPUT = ("audio_input", "image_input")
_OF_OUTPUT = ("reasoning", "audio_output", "image_output", "accepted_prediction", "rejected_prediction")
_DETAILS = attrgetter(*_OF_INPUT, *_OF_OUTPUT)
_ABSURD = 10**15
_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast"})


def count(value: Any) -> int | None:
    """A counter as a vendor wrote it, or None when it is no number. Never negative."""
    if type(value) is int and 0 <= value < _ABSURD:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return max(0, int(value)) if value == value and value < _ABSURD else None  # noqa: PLR0124 - NaN


def decode_usage(wire: Any, service_tier: Any = None) -> Usage | None:
    """The canonical usage, or None when there is no usage object or none of its counters is known yet."""
    if not isinstance(wire, dict):
        return None
    tier = service_tier if isinstance(service_tier, str) else ""
    if (plain := _plain(wire, tier)) is not None:
        return plain
    prompt, completion = count(wire.get("prompt_tokens")), count(wire.get("completion_tokens"))
    if prompt is None and completion is None:
        return None
    usage = Usage(output=completion, service_tier=tier, raw=wire)
    if "cost" in wire:
        usage.cost = _cost(wire)
    _read_input(usage, wire, _details(wire, "prompt_tokens_details"))
    _read_output(usage, wire, _details(wire, "completion_tokens_details"))
    if prompt is not None:
        _settle_input(usage, prompt, wire)
    _settle_output(usage, prompt, wire)
    return usage


_Count = Annotated[int, Meta(ge=0, lt=_ABSURD)]


class _PromptDetails(Struct, forbid_unknown_fields=True):
    cached_tokens: _Count | None = None
    audio_tokens: _Count | None = None


class _CompletionDetails(Struct, forbid_unknown_fields=True):
    reasoning_tokens: _Count | None = None
    audio_tokens: _Count | None = None
    accepted_prediction_tokens: _Count | None = None
    rejected_prediction_tokens: _Count | None = None


class _OpenAIs(Struct, forbid_unknown_fields=True):
    """A usage object with nothing but OpenAI's own counters."""

    prompt_tokens: _Count
    completion_tokens: _Count
    total_tokens: _Count
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None


_NO_PROMPT_DETAILS, _NO_COMPLETION_DETAILS = _PromptDetails(), _CompletionDetails()


def _plain(wire: Wire, tier: str) -> Usage | None:
    """The usage where OpenAI's own counters fit each other, as they mostly do: read in one step. None for anything else."""
    try:
        told = msgspec.convert(wire, _OpenAIs)
    except msgspec.ValidationError:
        return None
    prompt, completion = told.prompt_tokens, told.completion_tokens
    given = told.prompt_tokens_details or _NO_PROMPT_DETAILS
    written = told.completion_tokens_details or _NO_COMPLETION_DETAILS
    cached, reasoning = given.cached_tokens, written.reasoning_tokens
    if prompt + completion != told.total_tokens or (cached or 0) > prompt or (reasoning or 0) > completion:
        return None
    usage = Usage(
        input=prompt - (cached or 0),
        output=completion,
        cache_read=cached,
        reasoning=reasoning,
        audio_input=given.audio_tokens,
        audio_output=written.audio_tokens,
        accepted_prediction=written.accepted_prediction_tokens,
        rejected_prediction=written.rejected_prediction_tokens,
        service_tier=tier,
        raw=wire,
    )
    if any(_DETAILS(usage)):
        _clamp_all(usage)
    return usage


def _read_input(usage: Usage, wire: Wire, details: Wire) -> None:
    read = details.get("cached_tokens")
    usage.cache_read = (
        count(read)
        if type(read) is int
        else _first(
            read,
            wire.get("prompt_cache_hit_tokens"),  # DeepSeek
            wire.get("cached_tokens"),  # Moonshot
            wire.get("cache_read_input_tokens"),  # Anthropic models behind Databricks, LiteLLM
        )
    )
    usage.cache_write = _first(
        details.get("cache_write_tokens"),
        details.get("cache_creation_tokens"),
        wire.get("cache_creation_input_tokens"),
    )
    if details:
        usage.audio_input = count(details.get("audio_tokens"))
        usage.image_input = count(details.get("image_tokens"))


def _read_output(usage: Usage, wire: Wire, details: Wire) -> None:
    usage.reasoning = _first(details.get("reasoning_tokens"), wire.get("reasoning_tokens"))
    if details:
        usage.audio_output = count(details.get("audio_tokens"))
        usage.image_output = count(details.get("image_tokens"))
        usage.accepted_prediction = count(details.get("accepted_prediction_tokens"))
        usage.rejected_prediction = count(details.get("rejected_prediction_tokens"))


_NONE: Wire = {}


def _details(wire: Wire, name: str) -> Wire:
    details = wire.get(name)
    return details if isinstance(details, dict) else _NONE


def _first(*values: Any) -> int | None:
    for value in values:
        if value is not None and (number := count(value)) is not None:
            return number
    return None


def _cost(wire: Wire) -> str | None:
    """USD: OpenRouter writes a number, Perplexity an object with a total."""
    cost = wire.get("cost")
    if isinstance(cost, dict):
        cost = cost.get("total_cost")
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < _ABSURD:
        return None
    return f"{cost:.12f}".rstrip("0").rstrip(".")


def _settle_input(usage: Usage, prompt: int, wire: Wire) -> None:
    """Take the cache out of the input; a cache larger than the prompt is cut down to it and flagged."""
    read, write = usage.cache_read or 0, usage.cache_write or 0
    if not read and not write:
        usage.input = prompt
        return
    if _surplus(usage, prompt, wire) == read + write:
        usage.input = prompt  # this vendor counts the cache beside the prompt, its own total says so
        return
    if read + write > prompt:
        usage.flags.append("negative_input")
        usage.cache_read = min(read, prompt) if usage.cache_read is not None else None
        usage.cache_write = min(write, prompt - min(read, prompt)) if usage.cache_write is not None else None
        read, write = usage.cache_read or 0, usage.cache_write or 0
    usage.input = prompt - read - write


def _surplus(usage: Usage, prompt: int, wire: Wire) -> int:
    """What the vendor's own total holds beyond prompt and completion."""
    total = count(wire.get("total_tokens"))
    return total - prompt - (usage.output or 0) if total is not None else 0


def _settle_output(usage: Usage, prompt: int | None, wire: Wire) -> None:
    """Put reasoning into the output where the vendor's total shows that it was left out (xAI, Google); else clamp it."""
    if usage.output is not None and prompt is not None:
        surplus = _surplus(usage, prompt, wire)
        if surplus > 0 and surplus != (usage.cache_read or 0) + (usage.cache_write or 0):
            usage.output += surplus
            usage.reasoning = max(usage.reasoning or 0, surplus)
            usage.flags.append("reasoning_added")
    if (usage.reasoning or 0) > (usage.output or 0):
        usage.flags.append("clamped_reasoning")
    if any(_DETAILS(usage)):
        _clamp_all(usage)


def _clamp_all(usage: Usage) -> None:
    """No share is larger than what it is a share of."""
    _clamp(usage, _OF_OUTPUT, usage.output or 0)
    _clamp(usage, _OF_INPUT, usage.input_total)


def _clamp(usage: Usage, names: tuple[str, ...], total: int) -> None:
    for name in names:
        share = getattr(usage, name)
        if share and share > total:
            setattr(usage, name, total)


def encode_usage(usage: Usage) -> Wire:
    """The `usage` object for a client: every counter a number, never null."""
    prompt, completion = usage.input_total, usage.output or 0
    prompt_details: Wire = {"cached_tokens": usage.cache_read or 0}
    completion_details: Wire = {"reasoning_tokens": usage.reasoning or 0}
    _put(prompt_details, "cache_write_tokens", usage.cache_write)
    _put(prompt_details, "audio_tokens", usage.audio_input)
    _put(prompt_details, "image_tokens", usage.image_input)
    _put(completion_details, "audio_tokens", usage.audio_output)
    _put(completion_details, "image_tokens", usage.image_output)
    _put(completion_details, "accepted_prediction_tokens", usage.accepted_prediction)
    _put(completion_details, "rejected_prediction_tokens", usage.rejected_prediction)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": prompt_details,
        "completion_tokens_details": completion_details,
    }


def _put(wire: Wire, name: str, value: int | None) -> None:
    if value is not None:
        wire[name] = value


def known_tier(usage: Usage | None) -> str:
    """The service tier when it is a word OpenAI's clients know, else ""."""
    return usage.service_tier if usage is not None and usage.service_tier in _TIERS else ""
