"""The runs: every recorded exchange against every other protocol, and the verdict on each."""

import hashlib
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.corpus import replay
from tests.corpus.compare import answer_differences, request_differences
from tests.corpus.neutral import Said
from tests.corpus.readers import READERS
from tests.corpus.recordings import Recording, held_out, not_a_request, not_an_answer, select
from tests.grammar import violations

NAMES = ("chat", "messages", "responses", "gemini")


@dataclass
class Verdict:
    """One recording towards one protocol: the differences, none when it says the same. `mode`: stream, unary, request."""

    recording: Recording
    other: str
    mode: str
    differences: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether nobody may look at the details."""
        return held_out(self.recording.id)

    @property
    def passed(self) -> bool:
        """Whether it says the same."""
        return not self.differences


def crash(error: Exception) -> str:
    """An exception of a codec as a difference: its type and the place, not its content."""
    frame = next((f for f in reversed(traceback.extract_tb(error.__traceback__)) if "plexus" in f.filename), None)
    place = f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}" if frame else "?"
    return f"raised {type(error).__name__} in {place}: {str(error)[:150]}"


def sampled(recordings: list[Recording], share: float) -> list[Recording]:
    """A deterministic part of the recordings: the same ids at every run."""
    if share >= 1:
        return recordings
    return [
        r
        for r in recordings
        if int(hashlib.md5(r.id.encode(), usedforsecurity=False).hexdigest(), 16) % 1000 < share * 1000
    ]


def answers(
    clients: tuple[str, ...] = NAMES, upstream: str = "", part: str = "all", share: float = 1
) -> Iterator[Verdict]:
    """Every successful recorded answer, asked for in each of the client protocols, streaming and unary."""
    for recording in sampled(select(upstream, part=part, keep=lambda r: not not_an_answer(r)), share):
        if recording.protocol in replay.protocols():
            yield from answer_verdicts(recording, clients)


def answer_verdicts(recording: Recording, clients: tuple[str, ...] = NAMES) -> Iterator[Verdict]:
    """The verdicts on one recorded answer."""
    there = [client for client in clients if client in replay.protocols()]
    want = READERS[recording.protocol].answer(recording.response_body, streaming=recording.streaming)
    try:
        answer = replay.upstream_answer(recording)
    except Exception as error:
        yield from (
            Verdict(recording, client, mode, [crash(error)]) for client in there for mode in ("stream", "unary")
        )
        return
    for client in there:
        try:
            told = replay.tell(recording, client, answer)
        except Exception as error:
            yield from (Verdict(recording, client, mode, [crash(error)]) for mode in ("stream", "unary"))
            continue
        for mode, one in told.items():
            found = _judge_answer(recording, want, client, mode, one, answer[0])
            if mode == "stream":
                found += _grammar(recording, client, one, want)
            yield Verdict(recording, client, mode, found)


def _grammar(recording: Recording, client: str, told: replay.Told, want: Said) -> list[str]:
    """Violations of the client's grammar. On the diagonal the vendor's own betas pass through: their types do not count.

    Usage is told at the end unless the upstream told none.
    """
    found = violations(client, told.body.encode())
    if want.usage is None:
        found = [line for line in found if not line.startswith("usage")]
    if recording.protocol == client:
        found = [line for line in found if "type" not in line.partition(":")[0]]
    return [f"grammar {line}" for line in found]


def _judge_answer(
    recording: Recording, want: Any, client: str, mode: str, told: replay.Told, events: list[Any]
) -> list[str]:
    if not replay.ended(events):
        return ["events: they do not close with one end or one error"]
    if recording.streaming and want.stop == "" and not want.error:
        # The recorded stream was cut: whoever asked must hear of it. OpenAI's audio models only say [DONE]: both will do.
        if told.fault is not None:
            return []
        if "data: [DONE]" not in recording.response_body:
            return ["truncation: a stream without its ending became a normal answer"]
    if told.fault is not None and mode == "unary":
        broken = want.error or want.stop in {"error", "malformed", "other"}
        return [] if broken else [f"fault: {told.fault.code or told.fault.kind}: {told.fault.message[:120]}"]
    try:
        got = READERS[client].answer(told.body, streaming=mode == "stream")
    except Exception as error:
        return [f"unreadable: {type(error).__name__} {str(error)[:100]}"]
    return answer_differences(want, got, client, told.drops, source=recording.protocol)


def requests(
    upstreams: tuple[str, ...] = NAMES, client: str = "", part: str = "all", share: float = 1
) -> Iterator[Verdict]:
    """Every recorded request, sent to upstreams of each protocol."""
    for recording in sampled(select(client, part=part, keep=lambda r: not not_a_request(r)), share):
        if recording.protocol in replay.protocols():
            for upstream in upstreams:
                if upstream in replay.protocols():
                    yield request_verdict(recording, upstream)


def request_verdict(recording: Recording, upstream: str) -> Verdict:
    """The verdict on one recorded request."""
    want = READERS[recording.protocol].request(recording.request)
    try:
        sent = replay.send(recording, upstream)
        got = READERS[upstream].request(sent.body)
    except Exception as error:
        return Verdict(recording, upstream, "request", [crash(error)])
    found = request_differences(want, got, upstream, sent.drops, source=recording.protocol)
    return Verdict(recording, upstream, "request", found)
