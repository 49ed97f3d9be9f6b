"""An upstream's answer as events, with the raw bytes beside them: the one way the pipeline reads a model's output."""

import asyncio
from collections.abc import AsyncIterator

from msgspec import Struct

from plexus.core.json import JSONError, loads_lenient
from plexus.core.sse import OversizeEvent
from plexus.ir.chat import ChatResponse
from plexus.ir.errors import STATUS_OF, Fault, InvalidAnswer
from plexus.ir.events import Event, ResponseEnd, ResponseStart, StreamError
from plexus.ir.exchange import Reading
from plexus.ir.unfold import unfold
from plexus.pipeline.frames import Framer, PlainAnswer
from plexus.protocols import WireProtocol
from plexus.upstream.failures import UpstreamFailed
from plexus.upstream.reply import Pace, Reply
from plexus.upstream.stall import StallRule, StallWatch


class Batch(Struct):
    """Bytes that arrived together and the events they completed.

    `plain`: they are one whole JSON answer; `array`: they are of a stream in the form of a JSON array. `idle`: nothing
    came for a while, or only what means nothing (a ping). `skimmed`: bytes of content relayed without being decoded.
    """

    raw: bytes
    events: list[Event]
    plain: bool = False
    array: bool = False
    idle: bool = False
    skimmed: int = 0


_SLACK = 0.05
"""Seconds by which a timer may ring early, or two of them differ."""


class Bounds(Struct, kw_only=True):
    """How an answer is read: the largest event and answer in bytes, and its pace."""

    event: int
    answer: int
    pace: Pace
    quiet: float | None = None
    """Seconds without anything but pings after which a stream counts as dead."""
    stall: StallRule | None = None
    own: float | None = None
    """When the time is over that the target itself is given, by the event loop's clock; the pace may end sooner."""

    def judged(self, fault: Fault, now: float) -> Fault:
        """A time-out that is the request's own, because others used its time up or the client gave it little, is no target's."""
        ends = self.pace.deadline
        if (
            fault.kind != "timeout"
            or ends is None
            or now < ends - _SLACK
            or (self.own is not None and self.own < ends + _SLACK)
        ):
            return fault
        message = "the time this request was given is over"
        return Fault(kind="timeout", status=STATUS_OF["timeout"], message=message, code="deadline")


class WholeAnswer(Struct):
    """An answer that came as one JSON body: its bytes, and what they say."""

    raw: bytes
    response: ChatResponse


def read_answer(protocol: WireProtocol, body: bytes, reading: Reading, *, translated: bool) -> WholeAnswer:
    """A body read as an answer. `translated`: for a client of another protocol, as in `AnswerStream`.

    Raises:
        UpstreamFailed: when it is no answer of the protocol, or says that the provider failed.
    """
    if not translated and (short := protocol.skim(body)) is not None:
        return WholeAnswer(body, short)
    try:
        content = loads_lenient(body)
        if not isinstance(content, dict):
            raise InvalidAnswer("not an object")
        if (fault := protocol.error_in(content)) is not None:
            raise UpstreamFailed(fault, body)
        response = protocol.decode_response(content, reading)
    except (JSONError, InvalidAnswer) as error:
        raise UpstreamFailed.because(
            "upstream", f"the provider's answer is not an answer of its protocol ({protocol.name})", "bad_answer"
        ) from error
    if translated and response.stop_reason == "error":
        raise UpstreamFailed(_FAILED)
    return WholeAnswer(body, response)


_FAILED = UpstreamFailed.because("upstream", "the provider ended its answer with an error", "ended_in_error").fault


_IDLE = UpstreamFailed.because("timeout", "the provider's stream fell silent", "idle").fault
_STALLED = UpstreamFailed.because("timeout", "the provider's stream came too slowly", "stall").fault

_AFTER_FINISH = 1.0
"""Seconds a stream may go on with nothing but pings once the model has finished; some never send their last frame."""


class AnswerStream:
    """One upstream stream being read. `batches` ends with a `ResponseEnd` or a `StreamError`, whatever happens.

    For a client of another protocol (`translated`) an ending that says the provider failed is a `StreamError`: that protocol
    may have no word for it, and it must not look normal. A client of the same protocol reads the provider's own word.
    """

    def __init__(
        self, protocol: WireProtocol, reply: Reply, reading: Reading, bounds: Bounds, *, translated: bool, skim: bool
    ) -> None:
        """Nothing is read yet. `skim`: content need not be decoded, the client gets the bytes."""
        self._translated = translated
        self._may_skim, self._skimming = skim, False
        self._protocol, self._reply, self._reading, self._bounds = protocol, reply, reading, bounds
        self._framer, self._decoder = Framer(bounds.event), protocol.stream_decoder(reading)
        self.comments = self._framer.comments
        """The last comments so far."""
        self._chunks = reply.chunks(bounds.pace)
        self._time = asyncio.get_running_loop().time
        self._heard = self._time()
        self._watch = StallWatch(bounds.stall, self._heard) if bounds.stall is not None else None

    async def batches(self) -> AsyncIterator[Batch]:
        """The stream, batch by batch."""
        try:
            async for chunk in self._chunks:
                batch = self._read(chunk)
                yield batch
                if self._decoder.done:
                    async for rest in self._reply.rest():
                        yield Batch(rest, [])
                    return
                if batch.idle and self._too_quiet():
                    yield Batch(b"", self._ended(_IDLE))
                    return
                if self._watch is not None and self._stalled(batch):
                    yield Batch(b"", self._ended(_STALLED))
                    return
            yield Batch(b"", self._ended())
        except PlainAnswer as answer:
            yield await self._plain(answer.start)
        except UpstreamFailed as error:
            yield Batch(b"", [StreamError(self._bounds.judged(error.fault, self._time()))])
        except OversizeEvent:
            message = "an event of the provider's stream is larger than the limit"
            yield Batch(b"", [StreamError(UpstreamFailed.because("upstream", message, "too_large").fault)])

    def _read(self, chunk: bytes) -> Batch:
        frames = self._framer.feed(chunk) if chunk else []
        events: list[Event] = []
        skimmed = 0
        for frame in frames:
            if self._skimming and self._protocol.mere_content(frame):
                skimmed += len(frame.data)
            else:
                events += self._decoder.feed(frame)
        if events or skimmed:
            self._heard = self._time()
            self._skimming = self._skimming or (self._may_skim and not isinstance(events[-1], ResponseStart))
            if self._finished:
                self._bounds.pace.tick = _AFTER_FINISH
        idle = not events and not skimmed and (bool(frames) or chunk[:1] in {b"", b":"})
        return Batch(chunk, self._honest(events), array=self._framer.array, idle=idle, skimmed=skimmed)

    def _too_quiet(self) -> bool:
        """Whether nothing but pings has come for longer than the limit: they do not count as an answer."""
        quiet = _AFTER_FINISH if self._finished else self._bounds.quiet
        return quiet is not None and self._time() - self._heard > quiet

    def _stalled(self, batch: Batch) -> bool:
        """Whether too little came for too long; pings do not count as coming."""
        watch, now = self._watch, self._time()
        if watch is None or self._finished:
            return False
        watch.took(0 if batch.idle else len(batch.raw), now)
        return watch.stalled(now)

    @property
    def _finished(self) -> bool:
        """Whether the model has said why it stopped, on a wire that goes on after that (chat's usage, `[DONE]`)."""
        return bool(getattr(self._decoder, "finished", False))

    def _ended(self, because: Fault | None = None) -> list[Event]:
        events: list[Event] = []
        for frame in self._framer.end():
            events += self._decoder.feed(frame)
        events += self._decoder.end()
        if because is not None and isinstance(events[-1], StreamError):
            return [*events[:-1], StreamError(because, events[-1].usage)]
        return self._honest(events)

    async def _plain(self, start: bytes) -> Batch:
        """The whole answer that came instead of a stream."""
        pieces, size = [start], len(start)
        try:
            async for chunk in self._chunks:
                size += len(chunk)
                if size > self._bounds.answer:
                    message = "the provider's answer is larger than the limit"
                    raise UpstreamFailed.because("upstream", message, "too_large")
                pieces.append(chunk)
            whole = read_answer(self._protocol, b"".join(pieces), self._reading, translated=self._translated)
            return Batch(whole.raw, unfold(whole.response), plain=True)
        except UpstreamFailed as error:
            return Batch(b"", [StreamError(error.fault)])

    def _honest(self, events: list[Event]) -> list[Event]:
        if self._translated and events and isinstance(events[-1], ResponseEnd) and events[-1].stop_reason == "error":
            return [*events[:-1], StreamError(_FAILED, events[-1].usage)]
        return events
