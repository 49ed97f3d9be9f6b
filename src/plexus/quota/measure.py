"""What a quota counts, always as an integer: requests, tokens, or money in units of 1e-8 USD. Never a float."""

from decimal import ROUND_DOWN, Context, Decimal
from typing import Literal

Measure = Literal["requests", "tokens", "cost"]

PLACES = 8
"""Decimal places of money that are kept."""
_EXACT = Context(prec=60)


def units_of(amount: Decimal, measure: Measure) -> int:
    """A limit as written in the configuration, in units; what is finer than a unit is cut off, so no limit grows."""
    scaled = amount.scaleb(PLACES, _EXACT) if measure == "cost" else amount
    return int(scaled.to_integral_value(ROUND_DOWN))


def money(dollars: Decimal) -> int:
    """A cost in USD as units of 1e-8 USD. Costs are kept to 8 places, so nothing is lost; finer ones are rounded."""
    return round(dollars.scaleb(PLACES, _EXACT))  # half to even


def dollars(units: int) -> Decimal:
    """Units of 1e-8 USD as USD."""
    return Decimal(units).scaleb(-PLACES, _EXACT)


def written(units: int, measure: Measure) -> str:
    """Units as people read them: a whole number, or USD without superfluous zeros."""
    if measure != "cost":
        return str(units)
    text = f"{dollars(units):.{PLACES}f}"
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.rstrip('0'):0<2}"
