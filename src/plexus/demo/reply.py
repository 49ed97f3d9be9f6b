"""What a demo model decides: parts with their pace, or a failure. How it is told on the wire is not its business."""

from collections.abc import Callable

from msgspec import Struct

from plexus.ir.chat import ChatRequest
from plexus.ir.errors import Fault
from plexus.ir.parts import Part


class Turn(Struct, frozen=True):
    """A request to a demo model. `count` numbers the requests to it from 1; ids are made from `seed`."""

    request: ChatRequest
    count: int
    seed: str


class Reply(Struct, frozen=True):
    """The parts of an answer and its pace.

    Seconds before the first token and before each further one; after `break_after` tokens the connection breaks.
    """

    parts: list[Part]
    first_after: float = 0.0
    word_after: float = 0.0
    break_after: int | None = None


class Simulated(Exception):  # noqa: N818 - a failure that is played, not one that happened
    """The model fails on purpose: the fault, and the headers that go with it."""

    def __init__(self, fault: Fault, headers: dict[str, str] | None = None) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.headers = headers or {}


Model = Callable[[Turn], Reply]
