"""The seven events of a stream. Boundaries are explicit: a part is started, grows, and is ended, exactly once.

`index` numbers parts in order of their start, from 0, over the whole response; parts may grow side by side (parallel tool
calls). A pure bookkeeping frame of the wire (ping, created) decodes to no event or to `ResponseStart`.
"""

from msgspec import Struct

from plexus.ir.chat import StopReason, Usage
from plexus.ir.errors import Fault
from plexus.ir.parts import Citation, Extras, Part, Signature, TokenLogprob


class ResponseStart(Struct, kw_only=True):
    """The upstream has begun. `usage` holds what it already knows (Anthropic's input count)."""

    id: str = ""
    model: str = ""
    created: int = 0
    usage: Usage | None = None
    protocol: str = ""
    """The upstream's protocol, in which the `extras` of this stream are written."""
    extras: Extras | None = None


class PartStart(Struct):
    """A part begins. `part` is its shell: ids and names are set, text and arguments empty and filled by deltas.

    `Media` and `Opaque` parts arrive complete in their start. `choice` is the number of the alternative (n above 1).
    """

    index: int
    part: Part
    choice: int = 0


class TextDelta(Struct):
    """More text for the part: visible text, thinking, or tool-call arguments, whatever the part is."""

    index: int
    text: str
    logprobs: list[TokenLogprob] = []


class SignatureDelta(Struct):
    """The signature of the part, whole."""

    index: int
    signature: Signature


class PartEnd(Struct):
    """The part is complete. `citations` belong to a text part; `extras` are wire fields only known at the end."""

    index: int
    citations: list[Citation] = []
    extras: Extras | None = None


class ResponseEnd(Struct, kw_only=True):
    """The normal end. `stops` gives the reason for each choice; choice 0 is always there."""

    stop_reason: StopReason | None = None
    stop_sequence: str | None = None
    usage: Usage | None = None
    other_stops: dict[int, StopReason | None] = {}
    extras: Extras | None = None


class StreamError(Struct):
    """The upstream failed or the stream was cut. Nothing follows. `usage` is what was known by then."""

    fault: Fault
    usage: Usage | None = None


Event = ResponseStart | PartStart | TextDelta | SignatureDelta | PartEnd | ResponseEnd | StreamError
