"""Counters times price: what tokens cost, exact until it is rounded once, to 8 places, half up. Unknown stays unknown.

Every token is billed once: audio, images, cached tokens and reasoning are taken out of the totals that hold them.
"""

from collections.abc import Iterable
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal

from msgspec import Struct

from plexus.usage.price import NOTHING, Price, Rates
from plexus.usage.row import Tokens

PLACES = 8
_WHOLE = Decimal(1)
_UNIT = _WHOLE.scaleb(-PLACES)
MOST = 1_000_000
"""USD. No request costs more: a price or a counter is wrong, and sums of it would leave what a database can add up."""
_THOUSAND, _MILLION = 3, 6  # digits by which a rate is shifted
EXACT = Context(prec=100)
"""Wide enough for the largest counter times any rate: nothing is rounded on the way."""


class Cost(Struct, frozen=True, kw_only=True):
    """What tokens cost in USD; the four parts add up to `total`. All None: unknown."""

    total: Decimal | None = None
    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    version: str = ""
    """The price that was used, in words."""


UNKNOWN = Cost()
ZERO = Cost(total=NOTHING, input=NOTHING, output=NOTHING, cache_read=NOTHING, cache_write=NOTHING)


def cost(price: Price | None, tokens: Tokens) -> Cost:
    """What these tokens cost at this price; unknown without one, or without a rate for tokens that were used."""
    if price is None:
        return UNKNOWN
    if not price.scales:  # a flat price: tokens do not count
        return _settled(price, "", [price.per_request, NOTHING, NOTHING, NOTHING])
    cached = tokens.cache_read_tokens + tokens.cache_write_tokens
    scale = price.scale(tokens.input_tokens, tokens.input_tokens + cached)
    if scale is None:
        return UNKNOWN
    rates = scale.rates
    kept = EXACT.subtract(_WHOLE, price.discount)
    parts: list[Decimal] = []
    for millionths in (
        _input(rates, tokens),
        _output(rates, tokens),
        _cache_read(rates, tokens),
        _cache_write(rates, tokens),
    ):
        if millionths is None:
            return UNKNOWN
        parts.append(EXACT.multiply(millionths, kept).scaleb(-_MILLION, EXACT) if millionths else NOTHING)
    fees = price.per_request
    if tokens.web_searches and rates.web_search is not None:
        fees = EXACT.add(fees, EXACT.multiply(tokens.web_searches, rates.web_search).scaleb(-_THOUSAND, EXACT))
    if fees:
        parts[0] = EXACT.add(parts[0], fees)
    return _settled(price, scale.label, parts)


def _settled(price: Price, label: str, parts: list[Decimal]) -> Cost:
    exact = added(parts)
    if exact > MOST:
        return UNKNOWN
    total, shares = _rounded(exact, parts)
    return Cost(
        total=total,
        input=shares[0],
        output=shares[1],
        cache_read=shares[2],
        cache_write=shares[3],
        version=_version(price, label),
    )


def rounded(amount: Decimal) -> Decimal:
    """An amount of money as it is booked: 8 places, half up."""
    return amount.quantize(_UNIT, ROUND_HALF_UP, EXACT)


def added(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    total = NOTHING
    for amount in amounts:
        if amount:
            total = EXACT.add(total, amount)
    return total


def _input(rates: Rates, tokens: Tokens) -> Decimal | None:
    """What is not cached. Media lie in the input as a whole; so much of them as the cache may hold is not billed again."""
    if not tokens.audio_input_tokens and not tokens.image_input_tokens:
        return _charge(tokens.input_tokens, rates.input)
    audio = min(max(tokens.audio_input_tokens - tokens.cache_read_audio_tokens, 0), tokens.input_tokens)
    image = min(tokens.image_input_tokens, tokens.input_tokens - audio)
    return _sum(
        (tokens.input_tokens - audio - image, rates.input),
        (audio, _either(rates.audio_input, rates.input)),
        (image, _either(rates.image_input, rates.input)),
    )


def _output(rates: Rates, tokens: Tokens) -> Decimal | None:
    if rates.reasoning is None and not tokens.audio_output_tokens and not tokens.image_output_tokens:
        return _charge(tokens.output_tokens, rates.output)
    audio = min(tokens.audio_output_tokens, tokens.output_tokens)
    image = min(tokens.image_output_tokens, tokens.output_tokens - audio)
    thought = min(tokens.reasoning_tokens, tokens.output_tokens - audio - image)
    return _sum(
        (tokens.output_tokens - audio - image - thought, rates.output),
        (thought, _either(rates.reasoning, rates.output)),
        (audio, _either(rates.audio_output, rates.output)),
        (image, _either(rates.image_output, rates.output)),
    )


def _cache_read(rates: Rates, tokens: Tokens) -> Decimal | None:
    rate = _either(rates.cache_read, rates.input)
    audio = min(tokens.cache_read_audio_tokens, tokens.cache_read_tokens)
    if not audio:
        return _charge(tokens.cache_read_tokens, rate)
    return _sum((tokens.cache_read_tokens - audio, rate), (audio, _either(rates.cache_read_audio, rate)))


def _cache_write(rates: Rates, tokens: Tokens) -> Decimal | None:
    short = _either(rates.cache_write, rates.input)
    hour = min(tokens.cache_write_1h_tokens, tokens.cache_write_tokens)
    if not hour:
        return _charge(tokens.cache_write_tokens, short)
    return _sum((tokens.cache_write_tokens - hour, short), (hour, _either(rates.cache_write_1h, short)))


def _either(rate: Decimal | None, otherwise: Decimal | None) -> Decimal | None:
    return otherwise if rate is None else rate


def _charge(count: int, rate: Decimal | None) -> Decimal | None:
    """Millionths of what tokens of one kind cost; None when there are some and no rate."""
    if not count:
        return NOTHING
    return None if rate is None else EXACT.multiply(count, rate)


def _sum(*charges: tuple[int, Decimal | None]) -> Decimal | None:
    total = NOTHING
    for count, rate in charges:
        amount = _charge(count, rate)
        if amount is None:
            return None
        total = EXACT.add(total, amount)
    return total


def _rounded(exact: Decimal, parts: list[Decimal]) -> tuple[Decimal, list[Decimal]]:
    """The sum rounded once, and the parts so that they add up to it: what rounding leaves goes to the largest remainders."""
    total = rounded(exact)
    shares = [part.quantize(_UNIT, ROUND_FLOOR, EXACT) if part else NOTHING for part in parts]
    rest = EXACT.subtract(total, added(shares))
    if rest:
        behind = sorted(range(len(parts)), key=lambda index: EXACT.subtract(shares[index], parts[index]))
        for place in behind[: int(rest.scaleb(PLACES, EXACT))]:
            shares[place] = EXACT.add(shares[place], _UNIT)
    return total, shares


def _version(price: Price, label: str) -> str:
    said = f"{price.origin}, {label}" if label else price.origin
    if price.per_request:
        said += f", {price.per_request:f} a request"
    return f"{said}, discount {price.discount:f}" if price.discount and label else said
