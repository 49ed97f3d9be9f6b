"""Heartbeats before an answer has begun, for deployments that must not be silent. The first of them ends failover.

The client has then been told 200, so a failure is an error event of its stream.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

from plexus.ir.errors import InvalidRequest
from plexus.ir.events import StreamError
from plexus.pipeline.failure import for_client
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
    except asyncio.CancelledError:
        coming.cancel()
        raise
    return coming.result() if done else None


async def kept_waiting(
    coming: asyncio.Task[Committed],
    seconds: float,
    encoder: StreamEncoder,
    rest: Callable[[Committed], AsyncIterator[bytes]],
) -> AsyncIterator[bytes]:
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
    finally:
        coming.cancel()
