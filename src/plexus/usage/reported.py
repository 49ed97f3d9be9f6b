"""What a provider says a request cost, in USD, wherever it says it. What cannot be an amount of money is not one."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from plexus.ir.chat import Usage
from plexus.usage.cost import EXACT, MOST, rounded

_TICKS = 10
"""xAI counts ten-billionths: https://docs.x.ai/docs/key-information/consumption-and-rate-limits"""
_FIELDS = frozenset({"cost_details", "cost", "estimated_cost", "cost_in_usd_ticks"})
"""Where a usage object may hold a cost."""
_IN_COMMENT = re.compile(r'"?request_cost_usd"?\s*[:=]\s*"?([0-9.eE+-]{1,40})')


def reported(usage: Usage | None, comments: Iterable[str] = ()) -> Decimal | None:
    """The cost a provider reported, or None. `comments` are the comment lines of its stream.

    In this order: a comment that says `request_cost_usd`, a total in `cost_details`, `cost` or `estimated_cost`, xAI's ticks.
    """
    for comment in comments:
        found = _IN_COMMENT.search(comment)
        amount = _money(found.group(1)) if found else None
        if amount is not None:
            return amount
    if usage is None:
        return None
    raw = usage.raw if isinstance(usage.raw, Mapping) else {}
    if raw.keys().isdisjoint(_FIELDS):
        return _money(usage.cost) if usage.cost is not None else None
    for amount in (_details(raw), _plain(raw.get("cost")), _money(raw.get("estimated_cost")), _ticks(raw)):
        if amount is not None:
            return amount
    return _money(usage.cost)


def _details(raw: Mapping[str, Any]) -> Decimal | None:
    """A total among the details, or OpenRouter's fee and the bill of the operator's own key together.

    Without a key of one's own `upstream_inference_cost` is part of `cost`, not the charge: server tools come on top.
    https://openrouter.ai/docs/use-cases/usage-accounting
    """
    details = raw.get("cost_details")
    if not isinstance(details, Mapping):
        return None
    total = _money(details.get("total_cost"))
    if total is not None:
        return total
    fee, upstream = _money(raw.get("cost")), _money(details.get("upstream_inference_cost"))
    if raw.get("is_byok") is True and upstream is not None:
        return upstream if fee is None else rounded(EXACT.add(fee, upstream))
    return None


def _plain(cost: Any) -> Decimal | None:
    """A number, or an object with a total (Perplexity)."""
    return _money(cost.get("total_cost") if isinstance(cost, Mapping) else cost)


def _ticks(raw: Mapping[str, Any]) -> Decimal | None:
    """What the ticks of xAI come to. Resellers of its models leave a zero there, which says nothing."""
    ticks = raw.get("cost_in_usd_ticks")
    if type(ticks) is not int or ticks <= 0:
        return None
    return _money(Decimal(ticks).scaleb(-_TICKS, EXACT))


def _money(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return rounded(amount) if amount.is_finite() and 0 <= amount <= MOST else None
