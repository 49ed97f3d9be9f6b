"""Sending an attempt and waiting for the commit point, the first event that is not bookkeeping.

Before it the attempt can fail without the client having seen anything; after it the answer is the client's.
"""

from collections.abc import AsyncIterator

from msgspec import Struct

from plexus.ir.chat import ChatResponse
from plexus.ir.events import Event, PartEnd, PartStart, ResponseEnd, ResponseStart, StreamError, TextDelta
from plexus.ir.fold import fold
from plexus.ir.parts import Part, Text, Thinking
from plexus.pipeline.attempt import Attempt
from plexus.pipeline.call import Call
from plexus.pipeline.headers import betas, outgoing, returning
from plexus.pipeline.render import Rendering
from plexus.pipeline.retry_after import retry_after
from plexus.pipeline.snapshot import Door
from plexus.pipeline.source import AnswerStream, Batch, Bounds, WholeAnswer, read_answer
from plexus.pipeline.telemetry.context import passed_on
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


def request_to(call: Call, door: Door, rendering: Rendering, attempt: int = 1) -> Outgoing:
    """What is sent through this door, signed: for sending it and for showing it. `attempt` counts from 1."""
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
    if call.snapshot.rules.propagates:
        headers |= passed_on(call.headers, call.request_id, attempt)
    url = door.base_url + _path(call, door, rendering)
    return door.sign(Outgoing("POST", url, headers, rendering.body), door.secret.reveal())


async def send(call: Call, attempt: Attempt, upstream: Upstream, bounds: Bounds, *, last: bool) -> Committed:
    """Send the rendered request and wait until the answer has really begun. `last`: one that shows nothing will do.

    Raises:
        UpstreamFailed: whatever goes wrong before that.
    """
    door, rendering = attempt.door, attempt.rendering
    signed = request_to(call, door, rendering, attempt.tried.number)
    reply = await upstream.send(signed, door.timeouts, bounds.pace.deadline)
    attempt.answers(reply)
    try:
        if reply.status not in _OK:
            raise await _refused(door, reply, bounds.pace)
        if not rendering.stream and reply.content_type != "text/event-stream":
            body = await reply.read(bounds.answer, bounds.pace)
            answer = read_answer(door.protocol, body, rendering.reading, translated=not rendering.passthrough)
            return _whole(attempt, reply, answer, last=last)
        same = rendering.passthrough
        skim = same and call.stream and not call.snapshot.rules.reads_all
        stream = AnswerStream(door.protocol, reply, rendering.reading, bounds, translated=not same, skim=skim)
        attempt.comments = stream.comments
        batches = stream.batches()
        begun = await _begun(batches, attempt)
        if begun[-1].plain:
            answer = WholeAnswer(begun[-1].raw, fold(begun[-1].events))
            return _whole(attempt, reply, answer, last=last)
        if begun[-1].events and isinstance(begun[-1].events[-1], ResponseEnd):
            _look_inside(attempt, fold([event for batch in begun for event in batch.events]), last=last)
        return Committed(attempt, reply, None, _replay(begun, batches), begun[-1].array)
    except BaseException:
        reply.close()
        raise


def _whole(attempt: Attempt, reply: Reply, answer: WholeAnswer, *, last: bool) -> Committed:
    _look_inside(attempt, answer.response, last=last)
    return Committed(attempt, reply, answer, _nothing())


def _look_inside(attempt: Attempt, response: ChatResponse, *, last: bool) -> None:
    """Refuse a whole answer that shows nothing and ends in an error, or as if there were nothing more to say.

    Raises:
        UpstreamFailed: then, unless it is the last there can be and the client can be told as it is.
    """
    if response.alternatives or not all(map(_shows_nothing, response.parts)):
        return
    if response.stop_reason in {None, "end"}:
        attempt.tried.reason = "empty"
        failed = UpstreamFailed.because("upstream", "the provider's answer is empty", "empty")
        goes_on = not last and attempt.door.options.retry_empty
    else:
        failed = UpstreamFailed.because("upstream", "the provider ended its answer with an error", "ended_in_error")
        goes_on = not last and response.stop_reason == "error"
    if goes_on:
        attempt.fold.take(response)
        raise failed


def _shows_nothing(part: Part) -> bool:
    return isinstance(part, Thinking) or (isinstance(part, Text) and not part.text)


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
            if _commits(event):
                return seen
        if batch.skimmed:
            return seen
    raise UpstreamFailed.because("upstream", "the provider's stream ended before it began", "truncated")


def _commits(event: Event) -> bool:
    """Whether an event shows something. The opening of a text does not, as that of a thought or a call does: the model works."""
    if isinstance(event, PartStart):
        return not isinstance(event.part, Text) or bool(event.part.text)
    if isinstance(event, TextDelta):
        return bool(event.text)
    return not isinstance(event, ResponseStart | PartEnd)


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
