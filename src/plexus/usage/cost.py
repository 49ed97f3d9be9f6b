"""Counters times price: what tokens cost, exact until it is rounded once, to 8 places, half up. Unknown stays unknown.

Every token is billed once: audio, images, cached tokens and reasoning are taken out of the totals that hold them.
"""

from collections.abc import Iterable
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal

from msgspec import Struct

from plexus.usage.price import NOTHING, Price, Rates
from plexus.usage.row import Tokens

PLACES = 8
_UNIT = Decimal(1).scaleb(-PLACES)
MOST = 1_000_000
"""USD. No request costs more: a price or a counter is wrong, and sums of it would leave what a database can add up."""
_MILLION = 6  # digits by which a rate per million is shifted
EXACT = Context(prec=100)
"""Wide enough for the largest counter times any rate: nothing is rounded on the way."""

_Charge = tuple[int, Decimal | None]


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
    cached = tokens.cache_read_tokens + tokens.cache_write_tokens
    scale = price.scale(tokens.input_tokens, tokens.input_tokens + cached)
    if scale is None and price.scales:
        return UNKNOWN
    rates = scale.rates if scale is not None else Rates()
    charges = (_input(rates, tokens), _output(rates, tokens), _cache_read(rates, tokens), _cache_write(rates, tokens))
    if not price.scales:
        charges = ([], [], [], [])  # a flat price: tokens do not count
    sums = [_sum(part) for part in charges]
    known = [amount for amount in sums if amount is not None]
    if len(known) < len(sums):
        return UNKNOWN
    kept = EXACT.subtract(Decimal(1), price.discount)
    parts = [EXACT.multiply(amount, kept).scaleb(-_MILLION, EXACT) for amount in known]
    parts[0] = EXACT.add(parts[0], price.per_request)
    if added(parts) > MOST:
        return UNKNOWN
    total, shares = _rounded(parts)
    return Cost(
        total=total,
        input=shares[0],
        output=shares[1],
        cache_read=shares[2],
        cache_write=shares[3],
        version=_version(price, rates),
    )


def rounded(amount: Decimal) -> Decimal:
    """An amount of money as it is booked: 8 places, half up."""
    return amount.quantize(_UNIT, ROUND_HALF_UP, EXACT)


def added(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    total = NOTHING
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def _input(rates: Rates, tokens: Tokens) -> list[_Charge]:
    """What is not cached. Media lie in the input as a whole; so much of them as the cache may hold is not billed again."""
    audio = min(max(tokens.audio_input_tokens - tokens.cache_read_audio_tokens, 0), tokens.input_tokens)
    image = min(tokens.image_input_tokens, tokens.input_tokens - audio)
    text = tokens.input_tokens - audio - image
    return [
        (text, rates.input),
        (audio, _either(rates.audio_input, rates.input)),
        (image, _either(rates.image_input, rates.input)),
    ]


def _output(rates: Rates, tokens: Tokens) -> list[_Charge]:
    audio = min(tokens.audio_output_tokens, tokens.output_tokens)
    image = min(tokens.image_output_tokens, tokens.output_tokens - audio)
    thought = min(tokens.reasoning_tokens, tokens.output_tokens - audio - image)
    text = tokens.output_tokens - audio - image - thought
    return [
        (text, rates.output),
        (thought, _either(rates.reasoning, rates.output)),
        (audio, _either(rates.audio_output, rates.output)),
        (image, _either(rates.image_output, rates.output)),
    ]


def _cache_read(rates: Rates, tokens: Tokens) -> list[_Charge]:
    rate = _either(rates.cache_read, rates.input)
    audio = min(tokens.cache_read_audio_tokens, tokens.cache_read_tokens)
    return [(tokens.cache_read_tokens - audio, rate), (audio, _either(rates.cache_read_audio, rate))]


def _cache_write(rates: Rates, tokens: Tokens) -> list[_Charge]:
    short = _either(rates.cache_write, rates.input)
    hour = min(tokens.cache_write_1h_tokens, tokens.cache_write_tokens)
    return [(tokens.cache_write_tokens - hour, short), (hour, _either(rates.cache_write_1h, short))]


def _either(rate: Decimal | None, otherwise: Decimal | None) -> Decimal | None:
    return otherwise if rate is None else rate


def _sum(charges: list[_Charge]) -> Decimal | None:
    """Millionths of what the charges come to; None when tokens were used that have no rate."""
    total = NOTHING
    for count, rate in charges:
        if not count:
            continue
        if rate is None:
            return None
        total = EXACT.add(total, EXACT.multiply(count, rate))
    return total


def _rounded(parts: list[Decimal]) -> tuple[Decimal, list[Decimal]]:
    """The sum rounded once, and the parts so that they add up to it: what rounding leaves goes to the largest remainders."""
    total = rounded(added(parts))
    shares = [part.quantize(_UNIT, ROUND_FLOOR, EXACT) for part in parts]
    rest = int(EXACT.subtract(total, added(shares)).scaleb(PLACES, EXACT))
    for place in sorted(range(len(parts)), key=lambda index: EXACT.subtract(shares[index], parts[index]))[:rest]:
        shares[place] = EXACT.add(shares[place], _UNIT)
    return total, shares


def _version(price: Price, rates: Rates) -> str:
    said = [price.origin, rates.label]
    if price.per_request:
        said.append(f"{price.per_request:f} a request")
    if price.discount and price.scales:
        said.append(f"discount {price.discount:f}")
    return ", ".join(part for part in said if part)
