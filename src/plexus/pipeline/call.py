"""One request as the client made it, and what goes back. Free of any web framework."""

import math

from msgspec import Struct

from plexus.core.json import JSONError, loads
from plexus.core.lazy import lazy
from plexus.core.raw_object import RawObject
from plexus.ir.chat import ChatRequest
from plexus.ir.errors import InvalidRequest
from plexus.keys.key import Key
from plexus.pipeline.snapshot import Snapshot
from plexus.pipeline.stream import Stream
from plexus.protocols import WireProtocol
from plexus.routing.plan import Route
from plexus.routing.session_id import OPENINGS, session_of
from plexus.routing.sessions import SessionKey


class Conversation(Struct, frozen=True):
    """A conversation, and whether the request goes on with it; one that may only just begin is not held to a target.

    Its session is empty when nothing tells which it is. A later request may still name the response to this one.
    """

    key: SessionKey
    continued: bool


_TIMEOUTS = (b"x-plexus-timeout", b"x-server-timeout")


class Call(Struct, kw_only=True, dict=True):
    """A client's request, read as far as routing needs. Its configuration is the one it started with."""

    protocol: WireProtocol
    body: RawObject
    model: str
    stream: bool
    headers: list[tuple[bytes, bytes]]
    """As sent, names in lower case."""
    request_id: str
    key: Key
    attribution: str | None
    snapshot: Snapshot
    started: float
    """Monotonic, in seconds."""
    array: bool = False
    """The client wants a stream as a JSON array."""
    path: bytes = b""
    query: bytes = b""
    """Where it came, as sent, for looking at."""

    @lazy
    def request(self) -> ChatRequest:
        """The canonical request; read only when something needs it.

        Raises:
            InvalidRequest: naming the field.
        """
        try:
            content = loads(self.body.body)
        except JSONError as error:  # a number or a text that JSON has and nobody can hold
            raise InvalidRequest("", f"the body cannot be read: {error}") from None
        return self.protocol.decode_request(content, self.model, self.stream)

    @lazy
    def named(self) -> dict[bytes, bytes]:
        """One value of each header, the last; names in lower case."""
        return dict(self.headers)

    @lazy
    def route(self) -> Route:
        """What the model's name stands for.

        Raises:
            UnknownModel: when it is nobody's.
        """
        return self.snapshot.routes.route(self.model)

    @lazy
    def session(self) -> Conversation | None:
        """The conversation it belongs to, where those stay with their target; None where they do not, or have no choice."""
        stages = self.route.stages
        choice = len(stages) > 1 or any(len(stage.members) > 1 for stage in stages)
        if not choice or not self.snapshot.routes.sticky(self.model):
            return None
        values, protocol = self.body.values, self.protocol.name
        said = session_of(
            self.headers, lambda name: bytes(values[name]) if name in values else None, OPENINGS.get(protocol)
        )
        named, continued = (said.id, said.continued) if said is not None else ("", False)
        return Conversation(SessionKey(self.key.name, protocol, self.route.name, named), continued)

    @lazy
    def patience(self) -> float | None:
        """Seconds the client gives the whole request: `x-plexus-timeout`, or Google's `x-server-timeout`; None when unsaid.

        Raises:
            InvalidRequest: when `x-plexus-timeout` is no number of seconds.
        """
        for name in _TIMEOUTS:
            if name in self.named:
                seconds = _seconds(self.named[name])
                if seconds is not None:
                    return seconds
                if name == _TIMEOUTS[0]:
                    raise InvalidRequest(name.decode(), "must be a number of seconds above 0, such as 30 or 2.5")
        return None

    @property
    def strict(self) -> bool:
        """Whether the client would rather be refused than lose anything (`x-plexus-strict: true`)."""
        return (b"x-plexus-strict", b"true") in self.headers


def _seconds(value: bytes) -> float | None:
    try:
        seconds = float(value.decode("latin-1").removesuffix("s"))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None


class Answer:
    """What goes back to the client: a whole body, or pieces of a stream."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes | Stream) -> None:
        """Headers without lengths and framing; the web layer adds those."""
        self.status, self.headers, self.body = status, headers, body
