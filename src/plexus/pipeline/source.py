"""An upstream's answer as events, with the raw bytes beside them: the one way the pipeline reads a model's output."""

from collections.abc import AsyncIterator

from msgspec import Struct

from plexus.core.json import JSONError, loads_lenient
from plexus.core.sse import OversizeEvent
from plexus.ir.errors import InvalidAnswer
from plexus.ir.events import Event, StreamError
from plexus.ir.exchange import Reading
from plexus.ir.unfold import unfold
from plexus.pipeline.frames import Framer, PlainAnswer
from plexus.protocols import WireProtocol
from plexus.upstream.failures import UpstreamFailed
from plexus.upstream.reply import Reply


class Batch(Struct):
    """Bytes that arrived together and the events they completed.

    `plain`: they are one whole JSON answer. `idle`: nothing came for a while, or only what means nothing (a ping).
    """

    raw: bytes
    events: list[Event]
    plain: bool = False
    idle: bool = False


class Bounds(Struct, frozen=True, kw_only=True):
    """How a stream is read: largest event and answer in bytes, a tick of silence and the deadline in (monotonic) seconds."""

    event: int
    answer: int
    tick: float
    deadline: float | None = None


def read_answer(protocol: WireProtocol, body: bytes, reading: Reading) -> "Batch":
    """A whole answer as a batch.

    Raises:
        UpstreamFailed: when it is no answer of the protocol, or says that the provider failed.
    """
    try:
        content = loads_lenient(body)
        if not isinstance(content, dict):
            raise InvalidAnswer("not an object")
        if (fault := protocol.error_in(content)) is not None:
            raise UpstreamFailed(fault, body)
        return Batch(body, unfold(protocol.decode_response(content, reading)), plain=True)
    except (JSONError, InvalidAnswer) as error:
        raise UpstreamFailed.because(
            "upstream", f"the provider's answer is not an answer of its protocol ({protocol.name})", "bad_answer"
        ) from error


async def stream_batches(
    protocol: WireProtocol, reply: Reply, reading: Reading, bounds: Bounds
) -> AsyncIterator[Batch]:
    """The stream, batch by batch. It always ends with a `ResponseEnd` or a `StreamError` among the events.

    Raises:
        UpstreamFailed: when a plain answer came instead and it cannot be read.
    """
    framer, decoder = Framer(bounds.event), protocol.stream_decoder(reading)
    chunks = reply.chunks(bounds.tick, bounds.deadline)
    try:
        async for chunk in chunks:
            if not chunk:
                yield Batch(b"", [], idle=True)
                continue
            try:
                frames = framer.feed(chunk)
            except PlainAnswer as answer:
                yield read_answer(protocol, await _whole(answer.start, chunks, bounds.answer), reading)
                return
            events: list[Event] = []
            for frame in frames:
                events += decoder.feed(frame)
            yield Batch(chunk, events, idle=not events and (bool(frames) or chunk.startswith(b":")))
            if decoder.done:
                async for rest in reply.rest():
                    yield Batch(rest, [])
                return
        last: list[Event] = []
        for frame in framer.end():
            last += decoder.feed(frame)
        yield Batch(b"", [*last, *decoder.end()])
    except UpstreamFailed as error:
        yield Batch(b"", [StreamError(error.fault)])
    except OversizeEvent:
        failed = UpstreamFailed.because(
            "upstream", "an event of the provider's stream is larger than the limit", "too_large"
        )
        yield Batch(b"", [StreamError(failed.fault)])


async def _whole(start: bytes, chunks: AsyncIterator[bytes], limit: int) -> bytes:
    pieces, size = [start], len(start)
    async for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise UpstreamFailed.because("upstream", "the provider's answer is larger than the limit", "too_large")
        pieces.append(chunk)
    return b"".join(pieces)
