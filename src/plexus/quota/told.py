"""What the client is told of its quotas: the headers of an answer, and the refusal. It shows nothing of other keys."""

import string
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from plexus.ir.errors import Fault
from plexus.quota.admission import Reading, Refusal
from plexus.quota.measure import Measure, written

CODE = "quota_exceeded"
_PLAIN = string.punctuation.replace("%", "").replace(";", "") + " "
_LATEST = 253_370_764_800
_UNIT: dict[Measure, str] = {"requests": "requests", "tokens": "tokens", "cost": "USD"}


def headers(readings: Iterable[Reading]) -> list[tuple[bytes, bytes]]:
    """The `x-plexus-quota` headers: of the quota with the smallest share left, and the warnings of all. Empty without a quota."""
    found = list(readings)
    if not found:
        return []
    tightest = found[0]
    for one in found[1:]:
        if _is_tighter(one, tightest):
            tightest = one
    definition = tightest.definition
    measure = definition.measure
    told = [
        _named(definition.name),
        _limited(definition.limit, measure),
        (b"x-plexus-quota-remaining", written(tightest.remaining, measure).encode()),
        _reset(_second(tightest.resets_at)),
    ]
    if warnings := [_warning(one) for one in found if one.warns]:
        told.append((b"x-plexus-quota-warning", "; ".join(warnings).encode()))
    return told


@lru_cache(maxsize=1024)
def _named(name: str) -> tuple[bytes, bytes]:
    return b"x-plexus-quota", header_text(name).encode()


@lru_cache(maxsize=1024)
def _limited(limit: int, measure: Measure) -> tuple[bytes, bytes]:
    return b"x-plexus-quota-limit", written(limit, measure).encode()


@lru_cache(maxsize=256)
def _reset(second: int) -> tuple[bytes, bytes]:
    return b"x-plexus-quota-reset", _moment(second).encode()


def fault(refusal: Refusal) -> Fault:
    """The refusal as every protocol can spell it: 429, or 503 when the quota cannot be enforced at all."""
    if refusal.broken:
        said = f"the quota {refusal.quota!r} {refusal.broken}, so nothing it stands for is served"
        fix = "whoever runs this gateway has to mend it"
        return Fault(kind="unavailable", status=503, message=f"{said}; {fix}", code="quota_broken")
    seconds = None if refusal.retry_after is None else float(refusal.retry_after)
    return Fault(kind="rate_limit", status=429, message=_sentence(refusal), code=CODE, retry_after=seconds)


def facts(refusal: Refusal) -> dict[str, Any]:
    """The refusal as fields beside the message, in JSON: amounts as numbers, except money, which is decimal text."""
    amount = written if refusal.measure == "cost" else _number
    return {
        "quota_name": refusal.quota,
        "limit_type": refusal.measure,
        "limit": amount(refusal.limit, refusal.measure),
        "current_usage": amount(refusal.used, refusal.measure),
        "needed": amount(refusal.needed, refusal.measure),
        "resets_at": None if refusal.resets_at is None else moment(refusal.resets_at),
        "retry_after": refusal.retry_after,
        "blocking_quotas": list(refusal.blocking),
    }


def moment(milliseconds: int) -> str:
    """A moment in UTC to the second, rounded up: `2026-12-01T00:00:00Z`."""
    return _moment(_second(milliseconds))


def _second(milliseconds: int) -> int:
    return -(-milliseconds // 1000)


def _moment(second: int) -> str:
    return datetime.fromtimestamp(min(max(second, 0), _LATEST), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=4096)
def header_text(name: str) -> str:
    """A name as a header can carry it: what is not printable ASCII, `%` and `;` as percent-encoded UTF-8."""
    return quote(name, safe=_PLAIN)


def _is_tighter(one: Reading, other: Reading) -> bool:
    """Whether a smaller share of it is left, in whole numbers; of equal ones the first by name."""
    here, there = one.remaining * other.definition.limit, other.remaining * one.definition.limit
    return here < there or (here == there and one.definition.name < other.definition.name)


def _sentence(refusal: Refusal) -> str:
    measure = refusal.measure
    limit, used, needed = (written(units, measure) for units in (refusal.limit, refusal.used, refusal.needed))
    unit = _UNIT[measure]
    if refusal.too_large:
        return (
            f"this request may use {needed} {unit}, more than the quota {refusal.quota!r} allows at all ({limit}); "
            "lower max_tokens or shorten the input"
        )
    said = f"the quota {refusal.quota!r} has no room: {used} of {limit} {unit} are used or held"
    if refusal.needed > 1:
        said += f", and this request may use {needed}"
    resets = "" if refusal.resets_at is None else f"; it resets at {moment(refusal.resets_at)}"
    return said + resets


def _number(units: int, _measure: Measure) -> int:
    return units


def _warning(one: Reading) -> str:
    share = min(999, 100 * (one.used + one.held) // one.definition.limit)
    return f"{header_text(one.definition.name)}: {share}% used"
