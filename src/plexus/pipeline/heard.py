"""What a target answered to one attempt, held while it may be wanted. It judges nothing."""

from collections.abc import Mapping

from plexus.traces.held import Held


class Heard:
    """Head and body of one answer, as they came."""

    __slots__ = ("body", "head_ms", "headers", "status")

    def __init__(self, bound: int) -> None:
        """`bound`: bytes of the body that are held."""
        self.body = Held(bound)
        self.status: int | None = None
        self.headers: Mapping[str, str] = {}
        self.head_ms = 0.0
        """Milliseconds from the attempt's start to the head."""

    def head(self, status: int, headers: Mapping[str, str], after_ms: float) -> None:
        """The head has come."""
        self.status, self.headers, self.head_ms = status, headers, after_ms
