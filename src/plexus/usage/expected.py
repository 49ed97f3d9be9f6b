"""What a request will cost, before it is sent: about, to choose between targets, and at most, to hold a quota."""

from decimal import ROUND_CEILING, Decimal

from plexus.usage.cost import EXACT, MOST, PLACES
from plexus.usage.price import NOTHING, Price, Scale

TYPICAL_OUTPUT = 500
"""Output tokens of a usual answer. Clients ask for far more than they take, so `max_tokens` counts only below it."""
_UNIT = Decimal(1).scaleb(-PLACES)


def expected(price: Price | None, input_tokens: int, max_output: int | None = None) -> Decimal | None:
    """About what a request costs in USD, nothing of it cached; None when the price is unknown."""
    if price is None:
        return None
    scale = price.scale(input_tokens, input_tokens)
    if scale is None:
        return None if price.scales else price.per_request
    rates = scale.rates
    if rates.input is None or rates.output is None:
        return None
    output = TYPICAL_OUTPUT if max_output is None or max_output > TYPICAL_OUTPUT else max_output
    tokens = (input_tokens * rates.input + output * rates.output).scaleb(-6)
    if price.discount:
        tokens *= 1 - price.discount
    return tokens + price.per_request if price.per_request else tokens


def at_most(price: Price | None, input_bound: int | None, max_output: int | None) -> Decimal | None:
    """What a request can cost at most, in USD, rounded up; None when a bound or the price is unknown.

    Every input token counts as the dearest kind it could be, in the dearest scale it could fall into. `max_output` bounds
    the output of all choices together. Fees for the provider's own tools come on top.
    """
    if price is None:
        return None
    if not price.scales:
        return _up(price.per_request)
    if input_bound is None or max_output is None:
        return None
    # Cached tokens do not count for the size where it is the uncached input: any scale below the bound is possible.
    amounts = [_dearest(scale, input_bound, max_output) for scale in price.scales if scale.lower <= input_bound]
    known = [amount for amount in amounts if amount is not None]
    if not known or len(known) < len(amounts):
        return None
    tokens = EXACT.multiply(max(known), EXACT.subtract(Decimal(1), price.discount)).scaleb(-6, EXACT)
    return _up(EXACT.add(tokens, price.per_request))


def _up(amount: Decimal) -> Decimal | None:
    """Rounded up to the last place; what no request can cost bounds nothing."""
    return amount.quantize(_UNIT, ROUND_CEILING, EXACT) if amount <= MOST else None


def _dearest(scale: Scale, input_bound: int, max_output: int) -> Decimal | None:
    rate, out = scale.rates.dearest_input, scale.rates.dearest_output
    if rate is None or (out is None and max_output):
        return None
    written = EXACT.multiply(max_output, out if out is not None else NOTHING)
    return EXACT.add(EXACT.multiply(input_bound, rate), written)
