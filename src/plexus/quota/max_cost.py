"""`max_cost`: the most one request may cost, as its client or its key says, against the most it can cost at each target."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from plexus.ir.errors import Fault, InvalidRequest
from plexus.quota.measure import units_of, written

HEADER = "x-plexus-max-cost"
FIELD = "max_cost"
_MOST = Decimal(10) ** 9
_LONGEST = 40


class CostRefusal(NamedTuple):
    """No target stays within the maximum. `least` is the lowest bound among them, None when none is known. In units."""

    maximum: int
    least: int | None
    of_key: bool = False
    """Whether it is the maximum of the key, which its holder cannot raise."""

    @property
    def fault(self) -> Fault:
        """What the client is told: it can mend the request."""
        maximum = written(self.maximum, "cost")
        if self.least is None:
            said = f"what this request may cost is not known, so it cannot be kept within max_cost {maximum} USD"
            fix = "choose a model with a known price, and give max_tokens"
        else:
            whose = "the max_cost of this key," if self.of_key else "its max_cost"
            said = f"this request may cost {written(self.least, 'cost')} USD, above {whose} {maximum} USD"
            fix = f"lower max_tokens, {'or shorten' if self.of_key else 'shorten'} the input"
            fix += "" if self.of_key else ", or raise max_cost"
        return Fault(
            kind="invalid_request", status=400, message=f"{said}; {fix}", code="max_cost_exceeded", param=FIELD
        )


def maximum(header: str | None, of_key: Any = None) -> int | None:
    """The maximum in units of 1e-8 USD: the lower one of the header and that of the key. None when neither is there.

    Raises:
        InvalidRequest: when it is no amount in USD above zero.
    """
    found = [_units(value, name) for value, name in ((header, HEADER), (of_key, FIELD)) if value is not None]
    return min(found, default=None)


def within(most: int, bounds: Sequence[int | None]) -> tuple[int, ...] | CostRefusal:
    """The places of the targets that cannot cost more than `most`. A target without a known bound is not one of them."""
    kept = tuple(place for place, bound in enumerate(bounds) if bound is not None and bound <= most)
    if kept:
        return kept
    return CostRefusal(most, min((bound for bound in bounds if bound is not None), default=None))


def _units(value: Any, name: str) -> int:
    try:
        amount = _decimal(value)
    except (InvalidOperation, ValueError):
        amount = None
    if amount is None or not 0 < amount <= _MOST:
        raise InvalidRequest(name, "must be an amount in USD above zero, such as 0.25")
    return units_of(amount, "cost")


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    text = value.strip() if isinstance(value, str) else str(value)  # a float as it was spelled, not as it is stored
    if len(text) > _LONGEST or not text.isascii() or "_" in text:
        return None
    amount = Decimal(text)
    return amount if amount.is_finite() else None
