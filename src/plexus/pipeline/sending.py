"""Sending an attempt and waiting for the commit point, the first event that is not bookkeeping.

Before it the attempt can fail without the client having seen anything; after it the answer is the client's.
"""

from collections.abc import AsyncIterator

from msgspec import Struct

from plexus.ir.chat import ChatResponse
from plexus.ir.events import ResponseEnd, ResponseStart, StreamError
from plexus.ir.fold import fold
from plexus.ir.parts import Text, Thinking
from plexus.pipeline.attempt import Attempt
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

    attempt: Attempt
    reply: Reply
    whole: WholeAnswer | None
    batches: AsyncIterator[Batch]
    array: bool = False
    """The stream came in the form of a JSON array."""


async def send(call: Call, attempt: Attempt, upstream: Upstream, bounds: Bounds, *, empty: bool) -> Committed:
    """Send the rendered request and wait until the answer has really begun. `empty`: one without content will do.

    Raises:
        UpstreamFailed: whatever goes wrong before that.
    """
    door, rendering = attempt.door, attempt.rendering
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
    attempt.tried.http_status = reply.status
    try:
        if reply.status not in _OK:
            raise await _refused(door, reply, bounds.pace)
        if not rendering.stream and reply.content_type != "text/event-stream":
            body = await reply.read(bounds.answer, bounds.pace)
            answer = read_answer(door.protocol, body, rendering.reading, translated=not rendering.passthrough)
            return _whole(attempt, reply, answer, empty=empty)
        same = rendering.passthrough
        stream = AnswerStream(
            door.protocol, reply, rendering.reading, bounds, translated=not same, skim=same and call.stream
        )
        batches = stream.batches()
        begun = await _begun(batches, attempt)
        if begun[-1].plain:
            answer = WholeAnswer(begun[-1].raw, fold(begun[-1].events))
            return _whole(attempt, reply, answer, empty=empty)
        if not empty and isinstance(begun[-1].events[-1], ResponseEnd):
            _refuse_empty(attempt, fold([event for batch in begun for event in batch.events]))
        return Committed(attempt, reply, None, _replay(begun, batches), begun[-1].array)
    except BaseException:
        reply.close()
        raise


def _whole(attempt: Attempt, reply: Reply, answer: WholeAnswer, *, empty: bool) -> Committed:
    if not empty:
        _refuse_empty(attempt, answer.response)
    return Committed(attempt, reply, answer, _nothing())


def _refuse_empty(attempt: Attempt, response: ChatResponse) -> None:
    if is_empty(response):
        attempt.fold.take(response)
        raise UpstreamFailed.because("upstream", "the provider's answer is empty", "empty")


def is_empty(response: ChatResponse) -> bool:
    """Whether the model ended as if it had finished and has shown nothing."""
    if response.stop_reason not in {None, "end"} or response.alternatives:
        return False
    return all(isinstance(part, Thinking) or (isinstance(part, Text) and not part.text) for part in response.parts)


def _path(call: Call, door: Door, rendering: Rendering) -> str:
    path = door.path[rendering.stream]
    if call.array and rendering.passthrough:
        return path.partition("?")[0]
    return path


async def _begun(batches: AsyncIterator[Batch], attempt: Attempt) -> list[Batch]:
    """The batches up to the one that commits. What failed before it was used up all the same, and is kept for the books."""
    seen: list[Batch] = []
    async for batch in batches:
        seen.append(batch)
        for event in batch.events:
            if isinstance(event, StreamError):
                for told in (told for earlier in seen for told in earlier.events):
                    attempt.fold.add(told)
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
