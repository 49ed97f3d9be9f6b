"""One attempt at one target: send, and wait for the commit point, the first event that is not bookkeeping.

Before it the attempt can fail without the client having seen anything; after it the answer is the client's.
"""

from collections.abc import AsyncIterator

from msgspec import Struct

from plexus.ir.events import ResponseStart, StreamError
from plexus.pipeline.call import Call
from plexus.pipeline.headers import outgoing, returning
from plexus.pipeline.render import Rendering
from plexus.pipeline.retry_after import retry_after
from plexus.pipeline.snapshot import Door
from plexus.pipeline.source import AnswerStream, Batch, Bounds, read_answer
from plexus.providers import Outgoing
from plexus.upstream.client import Upstream
from plexus.upstream.failures import UpstreamFailed
from plexus.upstream.reply import Reply

_OK = range(200, 300)
_ERROR_BODY = 1024 * 1024


class Committed(Struct):
    """An answer that has begun. `batches` yields all of it, from the first byte on; closing `reply` frees the connection.

    `plain` and `array` tell the shape it came in: one JSON answer, or a stream as a JSON array.
    """

    door: Door
    rendering: Rendering
    reply: Reply
    batches: AsyncIterator[Batch]
    plain: bool
    array: bool


async def attempt(call: Call, door: Door, rendering: Rendering, upstream: Upstream, bounds: Bounds) -> Committed:
    """Send the rendered request and wait until the answer has really begun.

    Raises:
        UpstreamFailed: whatever goes wrong before that.
    """
    headers = {
        **(outgoing(call.headers) if rendering.passthrough else {}),
        **door.headers,
        **rendering.headers,
        "content-type": "application/json",
        "accept": "text/event-stream" if rendering.stream else "application/json",
        "accept-encoding": "identity",
    }
    url = door.base_url + _path(call, door, rendering)
    signed = door.sign(Outgoing("POST", url, headers, rendering.body), door.secret.reveal())
    reply = await upstream.send(signed, door.timeouts)
    try:
        if reply.status not in _OK:
            raise await _refused(door, reply)
        if not rendering.stream and reply.content_type != "text/event-stream":
            body = await reply.read(bounds.answer)
            batch = read_answer(door.protocol, body, rendering.reading, translated=not rendering.passthrough)
            return Committed(door, rendering, reply, _replay([batch]), plain=True, array=False)
        stream = AnswerStream(door.protocol, reply, rendering.reading, bounds, translated=not rendering.passthrough)
        batches = stream.batches()
        begun = await _begun(batches)
        shape = begun[-1]
        return Committed(door, rendering, reply, _replay(begun, batches), shape.plain, shape.array)
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


async def _replay(first: list[Batch], rest: AsyncIterator[Batch] | None = None) -> AsyncIterator[Batch]:
    for batch in first:
        yield batch
    if rest is not None:
        async for batch in rest:
            yield batch


async def _refused(door: Door, reply: Reply) -> UpstreamFailed:
    """What a status other than 2xx means, read in the target's protocol."""
    if reply.status < 400 or reply.status >= 600:  # noqa: PLR2004
        return UpstreamFailed.because("upstream", f"the provider answered with status {reply.status}", "status")
    try:
        body = await reply.read(_ERROR_BODY)
    except UpstreamFailed:
        body = b""
    fault = door.protocol.decode_error(reply.status, body)
    seconds = retry_after(reply.headers)
    if seconds is not None:
        fault.retry_after = seconds
    failed = UpstreamFailed(fault, body)
    failed.headers = returning(reply.headers)
    return failed


def timed_out() -> UpstreamFailed:
    """The failure of an attempt that ran out of the request's total time."""
    return UpstreamFailed.because("timeout", "the provider did not answer in time", "total_timeout")
