"""A price as every source gives it: rates by kind of token, by the size of the request. Where it came from is a label."""

from decimal import Decimal
from typing import Literal

from msgspec import Struct
from msgspec.structs import force_setattr

from plexus.usage.row import CostSource, amount_text

NOTHING = Decimal(0)


class Rates(Struct, frozen=True, kw_only=True):
    """USD per million tokens of each kind. None falls back as said beside it; for `input` and `output` it means unknown."""

    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    """None: as input."""
    cache_write: Decimal | None = None
    """Kept for five minutes. None: as input."""
    cache_write_1h: Decimal | None = None
    """Kept for an hour. None: as `cache_write`."""
    audio_input: Decimal | None = None
    """None: as input; so `image_input`."""
    image_input: Decimal | None = None
    cache_read_audio: Decimal | None = None
    """None: as `cache_read`."""
    audio_output: Decimal | None = None
    """None: as output; so `image_output` and `reasoning`."""
    image_output: Decimal | None = None
    reasoning: Decimal | None = None
    web_search: Decimal | None = None
    """USD for a thousand searches; never discounted. None: nothing is asked, or it is not known."""

    @property
    def dearest_input(self) -> Decimal | None:
        """The highest rate an input token can have, cached, written or not; None while `input` is unknown."""
        if self.input is None:
            return None
        rest = (self.cache_read, self.cache_write, self.cache_write_1h, self.audio_input, self.image_input)
        return max(self.input, *(rate for rate in (*rest, self.cache_read_audio) if rate is not None), NOTHING)

    @property
    def dearest_output(self) -> Decimal | None:
        """The highest rate an output token can have; None while `output` is unknown."""
        if self.output is None:
            return None
        rest = (self.audio_output, self.image_output, self.reasoning)
        return max(self.output, *(rate for rate in rest if rate is not None), NOTHING)

    @property
    def label(self) -> str:
        """The rates for people: "input 3, output 15, cache_read 0.3"."""
        said = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return ", ".join(f"{name} {amount_text(rate)}" for name, rate in said if rate is not None)


class Scale(Struct, frozen=True):
    """The rates that hold for a whole request whose input lies between the bounds, both inclusive; no upper bound: None."""

    rates: Rates
    lower: int = 0
    upper: int | None = None
    label: str = ""
    """The rates in words, worked out once."""

    def __post_init__(self) -> None:
        """A scale is asked for its label with every request."""
        if not self.label:
            force_setattr(self, "label", self.rates.label)


class Price(Struct, frozen=True, kw_only=True):
    """What a target costs."""

    source: CostSource
    origin: str
    """The source in words, with its version where it has one; `Cost.version` begins with it."""
    scales: tuple[Scale, ...] = ()
    sized_by: Literal["uncached", "whole"] = "uncached"
    """Whether the bounds of the scales mean the input without the cache or with it."""
    per_request: Decimal = NOTHING
    """USD for each request; never discounted."""
    discount: Decimal = NOTHING
    """The share taken off what tokens cost, 0 to 1."""

    def scale(self, uncached: int, whole: int) -> Scale | None:
        """The scale of a request with so many input tokens, without the cache and with it; None when none covers it."""
        size = uncached if self.sized_by == "uncached" else whole
        for scale in self.scales:
            if scale.lower <= size and (scale.upper is None or size <= scale.upper):
                return scale
        return None


FREE = Rates(input=NOTHING, output=NOTHING)
"""Rates of what is known to cost nothing."""
