"""Token counts of the responses protocol: read once into `Usage`, written back in OpenAI's arithmetic."""

from typing import Any

from plexus.ir.chat import Usage

_TICKS_PER_DOLLAR = 10  # decimal places: xAI's `cost_in_usd_ticks` counts ten-billionths, https://docs.x.ai


def decode_usage(raw: Any, service_tier: Any = None) -> Usage | None:
    """The counts of a `usage` object, or None when there is none.

    OpenAI's input counts cache reads and writes in, and its output the reasoning.
    https://developers.openai.com/api/docs/api-reference/responses/object
    """
    if not isinstance(raw, dict):
        return None
    details_in, details_out = _object(raw.get("input_tokens_details")), _object(raw.get("output_tokens_details"))
    total, output = _count(raw.get("input_tokens")), _count(raw.get("output_tokens"))
    usage = Usage(
        output=output,
        cache_read=_count(details_in.get("cached_tokens")),
        cache_write=_count(details_in.get("cache_write_tokens")),
        reasoning=_count(details_out.get("reasoning_tokens")),
        audio_input=_count(details_in.get("audio_tokens")),
        audio_output=_count(details_out.get("audio_tokens")),
        image_input=_count(details_in.get("image_tokens")),
        image_output=_count(details_out.get("image_tokens")),
        service_tier=service_tier if isinstance(service_tier, str) else "",
        cost=_cost(raw),
        raw=raw,
    )
    if total is not None:
        usage.input = total - (usage.cache_read or 0) - (usage.cache_write or 0)
        if usage.input < 0:
            usage.input = 0
            usage.flags = [*usage.flags, "negative_input"]
    if usage.reasoning is not None and usage.reasoning > (output or 0):
        usage.reasoning = output or 0
        usage.flags = [*usage.flags, "clamped_reasoning"]
    return usage


def encode_usage(usage: Usage | None) -> dict[str, Any]:
    """The `usage` object with every field OpenAI's types demand; zeros when nothing is known."""
    usage = usage or Usage()
    total_in, output = usage.input_total, usage.output or 0
    details_in: dict[str, Any] = {
        "cached_tokens": usage.cache_read or 0,
        "cache_write_tokens": usage.cache_write or 0,
    }
    details_out: dict[str, Any] = {"reasoning_tokens": usage.reasoning or 0}
    for details, name, value in (
        (details_in, "audio_tokens", usage.audio_input),
        (details_in, "image_tokens", usage.image_input),
        (details_out, "audio_tokens", usage.audio_output),
        (details_out, "image_tokens", usage.image_output),
    ):
        if value is not None:
            details[name] = value
    return {
        "input_tokens": total_in,
        "input_tokens_details": details_in,
        "output_tokens": output,
        "output_tokens_details": details_out,
        "total_tokens": total_in + output,
    }


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


_ABSURD = 10**15


def _count(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return max(0, int(value)) if value < _ABSURD else None


def _cost(raw: dict[str, Any]) -> str | None:
    """What the provider says it charged (OpenRouter in dollars, xAI in ticks), as decimal text."""
    cost, ticks = raw.get("cost"), raw.get("cost_in_usd_ticks")
    if isinstance(cost, int | float) and not isinstance(cost, bool):
        return f"{cost:.12f}".rstrip("0").rstrip(".")
    if isinstance(ticks, int) and not isinstance(ticks, bool) and ticks >= 0:
        digits = str(ticks).rjust(_TICKS_PER_DOLLAR + 1, "0")
        return f"{digits[:-_TICKS_PER_DOLLAR]}.{digits[-_TICKS_PER_DOLLAR:]}".rstrip("0").rstrip(".")
    return None
