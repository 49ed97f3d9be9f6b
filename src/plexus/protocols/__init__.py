"""The shape of a wire protocol: a folder of pure codecs that exports one `PROTOCOL`. Nothing else lives here."""

from collections.abc import Callable
from typing import Any
from typing import Protocol as Shape

from msgspec import Struct

from plexus.core.raw_object import RawObject
from plexus.core.sse import Frame
from plexus.ir.chat import ChatRequest, ChatResponse
from plexus.ir.drops import Drop
from plexus.ir.errors import Fault
from plexus.ir.events import Event
from plexus.ir.exchange import Reading, Rendered, Writing
from plexus.ir.target import Target


class StreamDecoder(Shape):
    """Frames of an upstream's stream to events. Never raises on what an upstream sent."""

    done: bool
    """True once the stream's own ending (or an error) was seen; what follows is ignored."""

    def feed(self, frame: Frame) -> list[Event]:
        """The events this frame means: often none or one."""
        ...

    def end(self) -> list[Event]:
        """The upstream closed. `[StreamError]` (kind "upstream", code "truncated") unless the stream was complete."""
        ...


class StreamEncoder(Shape):
    """Events to the client's stream, as bytes framed for the wire. Total: any order of events gives a valid stream."""

    content_type: str
    drops: list[Drop]

    def encode(self, event: Event) -> bytes:
        """The bytes that tell this event; often one frame, sometimes none or several."""
        ...

    def heartbeat(self) -> bytes:
        """Bytes that keep the client waiting without meaning anything, in the form its SDK understands."""
        ...


class Field(Struct, frozen=True):
    """One field of the protocol's request, with a sample, for the table of what becomes of it elsewhere.

    `patch` is merged (recursively; lists replaced) into a minimal request of the protocol.
    """

    path: str
    patch: dict[str, Any]
    source: str = ""
    same: str = ""
    """Reason why a request with it may render like one without it (a default said aloud), or empty."""


def fits_always(_body: RawObject, _target: Target) -> bool:
    """The body may go to any target of its protocol as it is."""
    return True


def nothing_to_ask(_body: RawObject, _target: Target) -> dict[str, bytes]:
    """Streams of the protocol always tell their usage."""
    return {}


def all_matter(_frame: Frame) -> bool:
    """Every frame of the protocol may change the account."""
    return False


def read_whole(_body: bytes) -> ChatResponse | None:
    """Answers of the protocol have no short way."""
    return None


def never(_frame: bytes) -> bool:
    """No frame of the protocol is there only because we asked for usage."""
    return False


class WireProtocol(Struct, frozen=True, kw_only=True):
    """Everything the gateway needs to speak one wire protocol, both as its server and as its client."""

    name: str
    decode_request: Callable[[dict[str, Any], str, bool], ChatRequest]
    """Body, model and stream flag (as the client named them, wherever the protocol puts them) → request.
    Raises InvalidRequest with the field's path."""
    encode_request: Callable[[ChatRequest, Target], Rendered]
    decode_response: Callable[[dict[str, Any], Reading], ChatResponse]
    """Raises InvalidAnswer when the body is not an answer of this protocol."""
    encode_response: Callable[[ChatResponse, Writing], tuple[dict[str, Any], list[Drop]]]
    stream_decoder: Callable[[Reading], StreamDecoder]
    stream_encoder: Callable[[Writing], StreamEncoder]
    decode_error: Callable[[int, bytes], Fault]
    """HTTP status and body of an upstream's failure → fault; reads HTML, plain text and other vendors' shapes too."""
    encode_error: Callable[[Fault], tuple[int, dict[str, Any]]]
    """Fault → status and body for the client."""
    error_in: Callable[[dict[str, Any]], Fault | None]
    """The failure inside a body that came with status 200, or None when it is an answer."""
    path: Callable[[str, bool], str]
    """Model and stream flag → path below the provider's base URL, beginning with a slash."""
    array_stream_encoder: Callable[[Writing], StreamEncoder] | None = None
    """The encoder for clients that want a stream as one JSON array instead of events."""
    error_event: str = ""
    """The event name under which a pass-through stream that broke ends with `encode_error`'s body."""
    fits: Callable[[RawObject, Target], bool] = fits_always
    """Whether a client's body can go to this target of the same protocol byte for byte."""
    ask_usage: Callable[[RawObject, Target], dict[str, bytes]] = nothing_to_ask
    """Changes to a streaming client's body that make the target tell its usage; empty when it does anyway."""
    only_usage: Callable[[bytes], bool] = never
    """Whether a frame's data is there only because usage was asked for."""
    model_in_path: bool = False
    """Whether the path names the model; a `model` in the body then only repeats it, as `models/NAME`."""
    mere_content: Callable[[Frame], bool] = all_matter
    """Whether a frame of a stream under way is nothing but more text or arguments: in pass-through the account can do
    without it. It may say no to any frame, and must say no to usage, endings, errors, openings and opaque values."""
    skim: Callable[[bytes], ChatResponse | None] = read_whole
    """A whole answer read only as far as accounts need it, when its bytes are passed on: what `decode_response` says, without
    extras. None for any that needs a closer look: errors, whatever is not text, opaque values."""
    count_path: Callable[[str], str] | None = None
    """Model → path of the protocol's own token counting call, where it has one."""
    count_field: str = "input_tokens"
    """The field in which an answer to such a call holds the count."""
    count_rest: dict[str, str] = {}
    """What such an answer says besides, always the same."""
    state_fields: frozenset[str] = frozenset()
    """Top-level fields that refer to state kept at the provider; they work only towards the same protocol."""
    minimal: dict[str, Any]
    """The smallest valid request body of the protocol (text "hi"), for the table of fields."""
    fields: tuple[Field, ...]
