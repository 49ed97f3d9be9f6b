"""An upstream that answers with given bytes: from a queue, or by the model asked for. It knows no protocol."""

import gzip
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.harness.received import Received
from tests.harness.wire import JSON_TYPE, LAST_CHUNK, SSE_TYPE, Action, Headers, Script, Step, chunk, head, whole
from tests.harness.wire_server import Plan, WireServer


@dataclass(frozen=True)
class Answer:
    """Status, headers and the body in the pieces it is to be written in, `pause` seconds apart.

    More than one piece, or `stream`, makes the answer chunked; `action` is done at the end ("close", "reset", "hang").
    Without headers the content type is JSON, or `text/event-stream` for a stream.
    """

    pieces: Sequence[bytes] = (b"{}",)
    status: int = 200
    headers: Headers = ()
    stream: bool = False
    pause: float = 0.0
    action: Action = ""

    def script(self, _: Received) -> Script:
        """The steps that write this answer."""
        streamed = self.stream or len(self.pieces) > 1
        headers = list(self.headers) or [SSE_TYPE if streamed else JSON_TYPE]
        if not streamed:
            return [Step(whole(self.status, b"".join(self.pieces), headers), self.pause, self.action)]
        steps = [Step(head(self.status, [*headers, ("transfer-encoding", "chunked")]))]
        steps += [Step(chunk(piece), self.pause) for piece in self.pieces]
        return [*steps, Step(LAST_CHUNK if not self.action else b"", 0.0, self.action)]


def cut(data: bytes, size: int) -> list[bytes]:
    """The bytes in pieces of `size`."""
    return [data[at : at + size] for at in range(0, len(data), size)] or [b""]


def cut_at(data: bytes, offsets: Iterable[int]) -> list[bytes]:
    """The bytes cut at these offsets."""
    edges = [0, *sorted(offsets), len(data)]
    return [data[start:end] for start, end in pairwise(edges) if end > start]


def gzipped(answer: Answer) -> Answer:
    """The same answer, compressed and marked so."""
    body = gzip.compress(b"".join(answer.pieces))
    headers = list(answer.headers) or [JSON_TYPE]
    return Answer([body], answer.status, [*headers, ("content-encoding", "gzip")])


class RecordedUpstream(WireServer):
    """Answers by key where one fits, else from the queue, else 500. `key` reads the key from a request: its model."""

    def __init__(self, answers: Iterable[Answer] = (), *, port: int = 0, tempo: float = 1.0) -> None:
        super().__init__(port=port, tempo=tempo)
        self.key: Callable[[Received], str] = lambda received: received.model
        self._queue = deque(answers)
        self._by_key: dict[str, Answer] = {}

    def add(self, *answers: Answer) -> None:
        """Put answers at the end of the queue."""
        self._queue.extend(answers)

    def on(self, key: str, answer: Answer) -> None:
        """Answer requests with this key so, always."""
        self._by_key[key] = answer

    def plan(self, model: str, received: Received) -> Plan:
        """The plan that writes the next answer. Only asked once the body is there: no answer here is early."""
        return Plan(self._next)

    def _next(self, received: Received) -> Script:
        answer = self._by_key.get(self.key(received))
        if answer is None and self._queue:
            answer = self._queue.popleft()
        if answer is None:
            answer = Answer([b'{"error":{"message":"nothing was recorded for this request","type":"harness"}}'], 500)
        return answer.script(received)
