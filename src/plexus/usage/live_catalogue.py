"""OpenRouter's price list, read from what was fetched. It distrusts: what is corrupt, negative or jumps is refused and said.

Pure: from bytes and the list before to a list and remarks. https://openrouter.ai/docs/api/api-reference/models/get-models
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from msgspec import Struct

from plexus.core import json
from plexus.usage.cost import EXACT
from plexus.usage.price import Rates

LARGEST = 32_000_000
"""Bytes of a list that is read at all."""
_GROWTH = 10
"""A list ten times as long, or a price ten times as high, as before is a mistake until somebody says otherwise."""
_SHRINKAGE = 2
"""So is a list of less than half of what was known."""
_MOST_REMARKS = 20
_DEAREST = Decimal(1_000_000)
"""USD per million tokens."""
_RATES = {
    "input": "prompt",
    "output": "completion",
    "cache_read": "input_cache_read",
    "cache_write": "input_cache_write",
    "audio_input": "audio",
    "cache_read_audio": "input_audio_cache",
    "audio_output": "audio_output",
    "reasoning": "internal_reasoning",
}
"""Our kinds of tokens, and what the list calls their prices; a price for an image as a whole is none for its tokens."""
_OPTIONAL = frozenset(_RATES) - {"input", "output"}


class Listed(Struct, frozen=True):
    """A price list that was read: slug to rates, and remarks on what in it was not believed."""

    rates: Mapping[str, Rates]
    remarks: tuple[str, ...] = ()


class Refused(Exception):  # noqa: N818 - it says what happened to the list, not that the gateway failed
    """The list as a whole is not believed; the message says why."""


def read_list(body: bytes, before: Mapping[str, Rates]) -> Listed:
    """The price list in these bytes. Entries that are not believed keep their price of `before`, or have none.

    Raises:
        Refused: when it is no price list, or differs from the one before beyond belief.
    """
    if len(body) > LARGEST:
        raise Refused(f"it has {len(body)} bytes; more than {LARGEST} are not read")
    entries = _entries(body)
    if before and len(entries) > _GROWTH * len(before):
        raise Refused(f"it has {len(entries)} models; the last had {len(before)}")
    found: dict[str, Rates] = {}
    remarks: list[str] = []
    for slug, pricing in entries.items():
        rates = _rates(pricing)
        doubt = "no prices that can be meant" if rates is None else _doubt(rates, before.get(slug))
        if rates is not None and not doubt:
            found[slug] = rates
            continue
        if not _varies(pricing):
            remarks.append(f"{slug}: {doubt}")
        if slug in before:
            found[slug] = before[slug]
    if not found or len(found) * _SHRINKAGE < len(before):
        raise Refused(f"prices of {len(found)} models can be read; {len(before)} were known")
    if not any(rates.input or rates.output for rates in found.values()):
        raise Refused("every price in it is zero")
    more = len(remarks) - _MOST_REMARKS
    return Listed(found, (*remarks[:_MOST_REMARKS], *([f"and {more} more"] if more > 0 else [])))


def _entries(body: bytes) -> dict[str, Mapping[str, Any]]:
    try:
        wire = json.loads(body)
    except json.JSONError as error:
        raise Refused(f"it is not JSON: {error}") from None
    models = wire.get("data") if isinstance(wire, dict) else None
    if not isinstance(models, list):
        raise Refused("it has no list of models")
    return {
        model["id"]: model["pricing"]
        for model in models
        if isinstance(model, dict) and isinstance(model.get("id"), str) and isinstance(model.get("pricing"), dict)
    }


def _varies(pricing: Mapping[str, Any]) -> bool:
    """Whether it is the list's own way to say that the price depends on where the request is sent (`openrouter/auto`)."""
    return pricing.get("prompt") == "-1"


def _rates(pricing: Mapping[str, Any]) -> Rates | None:
    """Rates per million from prices per token; None when a price is missing, negative or no number."""
    rates: dict[str, Decimal | None] = {}
    for kind, name in _RATES.items():
        said = pricing.get(name)
        if kind in _OPTIONAL and (said is None or said in {"", "0", 0}):
            continue  # nothing is asked for this kind by itself: it costs what its total does
        rate = _rate(said)
        if rate is None:
            return None
        rates[kind] = rate
    return Rates(**rates)


def _rate(said: Any) -> Decimal | None:
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        return None
    try:
        rate = Decimal(str(said)).scaleb(6, EXACT)
    except InvalidOperation:
        return None
    return rate.normalize(EXACT) if rate.is_finite() and 0 <= rate <= _DEAREST else None


def _doubt(now: Rates, before: Rates | None) -> str:
    """Why a change of price is not believed, or ""."""
    if before is None:
        return ""
    for name in ("input", "output"):
        old, new = getattr(before, name), getattr(now, name)
        if old and not new:
            return f"{name} fell from {old} to nothing"
        if old and new > old * _GROWTH:
            return f"{name} rose from {old} to {new}"
    return ""
