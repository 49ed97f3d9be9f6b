"""Heartbeats before an answer has begun, for deployments that must not be silent. The first of them ends failover.

The client has then been told 200, so a failure is an error event of its stream.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from plexus.ir.errors import InvalidRequest
from plexus.ir.events import StreamError
from plexus.pipeline.failure import for_client
from plexus.pipeline.interruption import called_off
from plexus.pipeline.refused import Refused
from plexus.pipeline.sending import Committed
from plexus.protocols import StreamEncoder
from plexus.upstream.failures import UpstreamFailed


async def begun(coming: asyncio.Task[Committed], seconds: float) -> Committed | None:
    """The answer if it begins within so many seconds.

    Raises:
        Whatever the attempts raise.
    """
    try:
        done, _ = await asyncio.wait({coming}, timeout=seconds)
    except asyncio.CancelledError as gone:
        give_up(coming, *gone.args)
        raise
    return coming.result() if done else None


async def kept_waiting(
    coming: asyncio.Task[Committed],
    seconds: float,
    encoder: StreamEncoder,
    rest: Callable[[Committed], AsyncIterator[bytes]],
) -> AsyncGenerator[bytes, None]:
    """Heartbeats until the answer begins, then the answer. A failure becomes the protocol's error event."""
    try:
        yield encoder.heartbeat()
        while not (await asyncio.wait({coming}, timeout=seconds))[0]:
            yield encoder.heartbeat()
        try:
            committed = coming.result()
        except (Refused, InvalidRequest, UpstreamFailed) as failed:
            yield encoder.encode(StreamError(for_client(failed.fault)))
            return
        async for piece in rest(committed):
            yield piece
    except asyncio.CancelledError as gone:
        fault = called_off(gone)
        if fault is None:
            raise
        give_up(coming, *gone.args)
        await asyncio.wait({coming})
        yield encoder.encode(StreamError(fault))


def give_up(coming: asyncio.Task[Committed], *because: str) -> None:
    """Nobody waits for the answer any more. It may have begun in this very moment."""
    coming.cancel(*because)
    coming.add_done_callback(_dropped)


def _dropped(coming: asyncio.Task[Committed]) -> None:
    if not coming.cancelled() and coming.exception() is None:
        coming.result().reply.close()
