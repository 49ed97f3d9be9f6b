"""What a codec is told about the exchange it works in: facts that are not on the wire it reads or writes.

Identifiers are made from `seed`, and times come in, so that codecs stay pure: same input, same output.
"""

from msgspec import Struct

from plexus.ir.chat import ChatRequest
from plexus.ir.drops import Drop
from plexus.ir.parts import Extras, Origin


class Reading(Struct, kw_only=True):
    """For decoding an upstream's answer. Opaque values get `origin`; missing ids are made from `seed` and a counter."""

    origin: Origin
    seed: str
    tool_names: dict[str, str] = {}
    """Names we had to change for the target, changed name to the client's; decoders map calls back."""
    think_tags: bool = False
    """Whether reasoning between `<think>` and `</think>` is to be found in the text (`Dialect.think_tags`)."""


class Writing(Struct, kw_only=True):
    """For encoding an answer to the client. `model` is shown where the answer has none; `now` is seconds since the epoch."""

    request: ChatRequest
    model: str
    seed: str
    now: int


class Rendered(Struct, kw_only=True):
    """A request body for a target, the losses on the way, and the tool names that had to change (changed to original)."""

    body: Extras
    drops: list[Drop]
    tool_names: dict[str, str] = {}
    headers: dict[str, str] = {}
    """Request headers the body needs at this target (Anthropic betas)."""
