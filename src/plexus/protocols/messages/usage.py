"""Anthropic's token counts, both ways. Its `input_tokens` excludes cache reads and writes already, as the canonical form does.

https://platform.claude.com/docs/en/build-with-claude/prompt-caching#tracking-cache-performance
"""

from typing import Any

from plexus.ir.chat import Usage
from plexus.ir.parts import Extras

_TIERS = frozenset({"standard", "priority", "batch"})
_COUNTED = frozenset(
    {
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "cache_creation",
        "output_tokens_details",
    }
)


def read_usage(wire: Any) -> Usage | None:
    """The counts of an answer, or None when it has no usage object. Negative counts become 0 and are flagged."""
    if not isinstance(wire, dict) or not wire:
        return None
    flags: list[str] = []
    creation = _object(wire, "cache_creation")
    short, long = (
        _count(creation, "ephemeral_5m_input_tokens", flags),
        _count(creation, "ephemeral_1h_input_tokens", flags),
    )
    written = _count(wire, "cache_creation_input_tokens", flags)
    if written is None and (short is not None or long is not None):
        written = (short or 0) + (long or 0)
    if long is not None and written is not None and long > written:
        long = written
        flags.append("clamped_cache_write_1h")
    output = _count(wire, "output_tokens", flags)
    reasoning = _count(_object(wire, "output_tokens_details"), "thinking_tokens", flags)
    if reasoning is not None and reasoning > (output or 0):
        reasoning = output or 0
        flags.append("clamped_reasoning")
    # Fast mode has prices of its own: https://platform.claude.com/docs/en/build-with-claude/fast-mode
    tier = "fast" if wire.get("speed") == "fast" else wire.get("service_tier")
    return Usage(
        input=_count(wire, "input_tokens", flags),
        output=output,
        cache_read=_count(wire, "cache_read_input_tokens", flags),
        cache_write=written,
        cache_write_1h=long,
        reasoning=reasoning,
        web_searches=_count(_object(wire, "server_tool_use"), "web_search_requests", flags) or None,
        service_tier=tier if isinstance(tier, str) else "",
        flags=flags,
        raw=wire,
    )


_BESIDE = frozenset({"advisor_message", "compaction"})
"""Kinds of iterations whose tokens the totals leave out, though they are billed."""


def beside(wire: Any) -> list[tuple[str, Usage]]:
    """What was billed beside the totals of a usage object: the model that did it ("": the one asked), and its counts.

    https://platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool, …/build-with-claude/compaction
    """
    iterations = wire.get("iterations") if isinstance(wire, dict) else None
    found: list[tuple[str, Usage]] = []
    for iteration in iterations if isinstance(iterations, list) else ():
        if isinstance(iteration, dict) and iteration.get("type") in _BESIDE:
            model, usage = iteration.get("model"), read_usage(iteration)
            if usage is not None:
                found.append((model if isinstance(model, str) else "", usage))
    return found


def merge(before: Extras, later: Any) -> Extras:
    """The usage object after a `message_delta`: its values replace the earlier ones, they are cumulative.

    Null says nothing, and a zero never takes back an input count: compatible servers leave zeros where they know nothing.
    """
    if not isinstance(later, dict):
        return before
    news = {
        key: value
        for key, value in later.items()
        if value is not None and not (value == 0 and key in _COUNTED and key != "output_tokens")
    }
    zeros = {key: value for key, value in later.items() if value == 0 and before.get(key) is None}
    return {**before, **zeros, **news}


def write_usage(usage: Usage | None, *, native: bool) -> dict[str, Any]:
    """The usage object for a client. `native`: the counts came in this protocol, and go back as they came."""
    if usage is None:
        return {"input_tokens": 0, "output_tokens": 0}
    if native and usage.raw:
        return {"input_tokens": 0, "output_tokens": 0, **usage.raw}
    wire: dict[str, Any] = {"input_tokens": usage.input or 0}
    if usage.cache_write is not None:
        wire["cache_creation_input_tokens"] = usage.cache_write
    if usage.cache_read is not None:
        wire["cache_read_input_tokens"] = usage.cache_read
    wire["output_tokens"] = usage.output or 0
    if usage.cache_write_1h is not None:
        wire["cache_creation"] = {
            "ephemeral_5m_input_tokens": max((usage.cache_write or 0) - usage.cache_write_1h, 0),
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        }
    if usage.reasoning is not None:
        wire["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    if usage.web_searches:
        wire["server_tool_use"] = {"web_search_requests": usage.web_searches, "web_fetch_requests": 0}
    if usage.service_tier in _TIERS:
        wire["service_tier"] = usage.service_tier
    return wire


def _object(wire: dict[str, Any], key: str) -> dict[str, Any]:
    value = wire.get(key)
    return value if isinstance(value, dict) else {}


_ABSURD = 10**15


def _count(wire: dict[str, Any], key: str, flags: list[str]) -> int | None:
    value = wire.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if value < 0:
        flags.append(f"negative_{key}")
        return 0
    if not value < _ABSURD:
        flags.append(f"absurd_{key}")
        return None
    return int(value)
