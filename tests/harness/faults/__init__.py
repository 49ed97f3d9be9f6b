"""The shape of a fault: a function from the case at hand to the bytes of the answer. One file per kind of fault.

Each file has a table `FAULTS`: the name a client asks for (`reset-after-N` fits `reset-after-3`), and the function.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.harness.bodies import Bodies, Event, chat, gemini, messages, responses
from tests.harness.received import Received
from tests.harness.wire import JSON_TYPE, LAST_CHUNK, SSE_TYPE, Headers, Script, Step, chunk, dumps, stream_head, whole

BODIES: dict[str, Bodies] = {
    "chat": chat.BODIES,
    "messages": messages.BODIES,
    "responses": responses.BODIES,
    "gemini": gemini.BODIES,
}
WORDS = ("The ", "fault ", "upstream ", "says ", "hello ", "to ", "you. ")


def pieces(count: int = len(WORDS)) -> list[str]:
    """This many pieces of text."""
    return [WORDS[n % len(WORDS)] for n in range(count)]


TEXT = "".join(pieces())
"""The text of a healthy answer."""


@dataclass(frozen=True)
class Case:
    """A request to answer: its protocol, whether a stream is asked for, and the argument in the fault's name."""

    received: Received
    arg: str = ""

    @property
    def n(self) -> int:
        """The argument as a number."""
        return int(self.arg or 0)

    @property
    def streaming(self) -> bool:
        """Whether a stream is asked for."""
        return self.received.streaming

    @property
    def bodies(self) -> Bodies:
        """The valid bodies of the protocol; chat where the path names none."""
        return BODIES[self.received.protocol or "chat"]

    @property
    def model(self) -> str:
        """The model asked for."""
        return self.received.model

    def unary(self) -> dict[str, Any]:
        """A healthy unary body."""
        return self.bodies.unary(self.model, TEXT)

    def events(self, count: int = len(WORDS)) -> list[Event]:
        """A healthy stream with so many pieces of text."""
        return self.bodies.events(self.model, pieces(count))

    def frames(self, count: int = len(WORDS)) -> list[bytes]:
        """The same on the wire, the ending included."""
        return [*(event.frame() for event in self.events(count)), self.bodies.ending]

    def parts(self, count: int = len(WORDS)) -> list[bytes]:
        """The healthy answer's body in more than `count` pieces: events, or slices of the unary body."""
        if self.streaming:
            return self.frames(count)
        body = dumps(self.unary())
        size = max(1, len(body) // (count + 2))
        return [body[at : at + size] for at in range(0, len(body), size)]

    def headed(self, count: int = len(WORDS)) -> tuple[bytes, list[bytes]]:
        """The head of the healthy answer, and its parts framed for it (without a last chunk)."""
        parts = self.parts(count)
        if self.streaming:
            return stream_head(), [chunk(part) for part in parts]
        body = b"".join(parts)
        return whole(200, body)[: -len(body)], parts


Fault = Callable[[Case], Script]


def stream(frames: Iterable[bytes], headers: Headers = (SSE_TYPE,), *, last: bool = True) -> Iterator[Step]:
    """A chunked stream with one chunk for each frame."""
    yield Step(stream_head(headers))
    for frame in frames:
        yield Step(chunk(frame))
    if last:
        yield Step(LAST_CHUNK)


def told(case: Case, events: Iterable[Event], headers: Headers = (SSE_TYPE,)) -> Script:
    """A stream of these events with the protocol's ending."""
    return stream([*(event.frame() for event in events), case.bodies.ending], headers)


def answered(body: Any, status: int | str = 200, headers: Headers = (JSON_TYPE,)) -> list[Step]:
    """A whole answer: bytes as they are, anything else as JSON."""
    return [Step(whole(status, body if isinstance(body, bytes) else dumps(body), headers))]


def healthy(case: Case) -> Script:
    """What a provider without fault answers, token counting and model lists included."""
    path = case.received.path
    if path.endswith("/count_tokens"):
        return answered({"input_tokens": 11})
    if path.endswith(":countTokens"):
        return answered({"totalTokens": 11})
    return told(case, case.events()) if case.streaming else answered(case.unary())
