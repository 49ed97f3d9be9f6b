"""What a call is expected to cost at each target, for selectors that go by it and for those who want to know."""

from collections.abc import Callable
from decimal import Decimal

from plexus.core.clock import Clock
from plexus.core.json import JSONError, loads
from plexus.pipeline.booking import sent_tokens
from plexus.pipeline.call import Call
from plexus.usage.expected import expected

_PER_TOKEN = 4
_MEDIA = (b"base64", b"inlineData", b"inline_data", b"file_data", b"input_audio")
_FIELDS = ("max_completion_tokens", "max_tokens", "max_output_tokens")


def expected_cost(clock: Clock) -> Callable[[Call], Callable[[str, str], Decimal | None]]:
    """For a call, what it is expected to cost at a provider's model, in USD; None where the price is unknown."""

    def of_call(call: Call) -> Callable[[str, str], Decimal | None]:
        at = int(clock.wall() * 1000)
        size: tuple[int, int | None] | None = None
        price = call.snapshot.prices.price

        def cost(provider: str, model: str) -> Decimal | None:
            nonlocal size
            if size is None:  # only a call whose cost somebody asks for is measured
                size = (about_tokens(call), most_output(call))
            return expected(price(provider, model, at), *size)

        return cost

    return of_call


def about_tokens(call: Call) -> int:
    """About how many input tokens a call has: by its bytes, unless it holds media, which take many bytes for few tokens."""
    body = call.body.body
    return sent_tokens(call, call.protocol.name) if any(mark in body for mark in _MEDIA) else len(body) // _PER_TOKEN


def most_output(call: Call) -> int | None:
    """The output tokens the client allows at most, where it says so at the top of its body."""
    for name in _FIELDS:
        if name in call.body.values:
            try:
                said = loads(bytes(call.body.values[name]))
            except JSONError:
                return None
            return said if isinstance(said, int) and not isinstance(said, bool) and said >= 0 else None
    return None
