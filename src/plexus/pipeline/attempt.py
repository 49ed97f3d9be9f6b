"""One attempt at one target: send, and wait for the commit point, the first event that is not bookkeeping.

Before it the attempt can fail without the client having seen anything; after it the answer is the client's.
"""

from collections.abc import AsyncIterator

from msgspec import Struct

from plexus.ir.events import ResponseStart, StreamError
from plexus.ir.fold import fold
from plexus.pipeline.call import Call
from plexus.pipeline.headers import betas, outgoing, returning
from plexus.pipeline.render import Rendering
from plexus.pipeline.retry_after import retry_after
from plexus.pipeline.snapshot import Door
from plexus.pipeline.source import AnswerStream, Batch, Bounds, WholeAnswer, read_answer
from plexus.providers import Outgoing
from plexus.upstream.client import Upstream
from plexus.upstream.failures import UpstreamFailed
from plexus.upstream.reply import Pace, Reply

_OK = range(200, 300)
_ERROR_BODY = 1024 * 1024


class Committed(Struct):
    """An answer that has begun: `whole`, or in `batches` from the first byte on. Closing `reply` frees the connection."""

    door: Door
    rendering: Rendering
    reply: Reply
    whole: WholeAnswer | None
    batches: AsyncIterator[Batch]
    array: bool = False
    """The stream came in the form of a JSON array."""


async def attempt(call: Call, door: Door, rendering: Rendering, upstream: Upstream, bounds: Bounds) -> Committed:
    """Send the rendered request and wait until the answer has really begun.

    Raises:
        UpstreamFailed: whatever goes wrong before that.
    """
    client = outgoing(call.headers) if door.protocol.name == call.protocol.name else {}
    headers = {
        **client,
        **door.headers,
        **rendering.headers,
        **betas(client, door.headers, rendering.headers),
        "content-type": "application/json",
        "accept": "text/event-stream" if rendering.stream else "application/json",
        "accept-encoding": "identity",
    }
    url = door.base_url + _path(call, door, rendering)
    signed = door.sign(Outgoing("POST", url, headers, rendering.body), door.secret.reveal())
    reply = await upstream.send(signed, door.timeouts, bounds.pace.deadline)
    try:
        if reply.status not in _OK:
            raise await _refused(door, reply, bounds.pace)
        if not rendering.stream and reply.content_type != "text/event-stream":
            body = await reply.read(bounds.answer, bounds.pace)
            answer = read_answer(door.protocol, body, rendering.reading, translated=not rendering.passthrough)
            return Committed(door, rendering, reply, answer, _nothing())
        same = rendering.passthrough
        stream = AnswerStream(
            door.protocol, reply, rendering.reading, bounds, translated=not same, skim=same and call.stream
        )
        batches = stream.batches()
        begun = await _begun(batches)
        if begun[-1].plain:
            answer = WholeAnswer(begun[-1].raw, fold(begun[-1].events))
            return Committed(door, rendering, reply, answer, _nothing())
        return Committed(door, rendering, reply, None, _replay(begun, batches), begun[-1].array)
    except BaseException:
        reply.close()
        raise


def _path(call: Call, door: Door, rendering: Rendering) -> str:
    path = door.path[rendering.stream]
    if call.array and rendering.passthrough:
        return path.partition("?")[0]
    return path


async def _begun(batches: AsyncIterator[Batch]) -> list[Batch]:
    """The batches up to the one that commits."""
    seen: list[Batch] = []
    async for batch in batches:
        seen.append(batch)
        for event in batch.events:
            if isinstance(event, StreamError):
                raise UpstreamFailed(event.fault)
            if not isinstance(event, ResponseStart):
                return seen
    raise UpstreamFailed.because("upstream", "the provider's stream ended before it began", "truncated")


async def _replay(first: list[Batch], rest: AsyncIterator[Batch]) -> AsyncIterator[Batch]:
    for batch in first:
        yield batch
    async for batch in rest:
        yield batch


async def _nothing() -> AsyncIterator[Batch]:
    nothing: tuple[Batch, ...] = ()
    for batch in nothing:
        yield batch


async def _refused(door: Door, reply: Reply, pace: Pace) -> UpstreamFailed:
    """What a status other than 2xx means, read in the target's protocol."""
    if reply.status < 400 or reply.status >= 600:  # noqa: PLR2004
        return UpstreamFailed.because("upstream", f"the provider answered with status {reply.status}", "status")
    try:
        body = await reply.read(_ERROR_BODY, pace)
    except UpstreamFailed:
        body = b""
    fault = door.protocol.decode_error(reply.status, body)
    seconds = retry_after(reply.headers)
    if seconds is not None:
        fault.retry_after = seconds
    failed = UpstreamFailed(fault, body)
    failed.headers = returning(reply.headers)
    return failed
