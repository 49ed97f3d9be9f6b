"""An answer that arrives faster than it can be worked on: how much of it one turn of the event loop gets."""

import asyncio
import gzip
import zlib
from collections.abc import Callable

import pytest
from tests.harness.recorded_upstream import Answer, RecordedUpstream

from plexus.providers import Outgoing
from plexus.upstream.client import Timeouts, Upstream
from plexus.upstream.reply import Pace

EVENT = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
BODY = EVENT * 8_000
AT_ONCE = 100
"""Events that others may have to wait for."""


class Turns:
    """Counts the turns of the running loop."""

    def __init__(self) -> None:
        self.count = 0
        self._handle = asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self.count += 1
        self._handle = asyncio.get_running_loop().call_soon(self._turn)

    def stop(self) -> None:
        self._handle.cancel()


async def body_and_share(answer: Answer) -> tuple[bytes, int]:
    """The answer's body, and the most bytes of it that came in one turn of the loop."""
    shares: dict[int, int] = {}
    pieces: list[bytes] = []
    async with RecordedUpstream([answer]) as server:
        upstream, turns = Upstream(), Turns()
        try:
            reply = await upstream.send(Outgoing("POST", server.base_url("chat"), {}, b"{}"), Timeouts())
            async for piece in reply.chunks(Pace()):
                shares[turns.count] = shares.get(turns.count, 0) + len(piece)
                pieces.append(piece)
            reply.close()
        finally:
            turns.stop()
            await upstream.close()
    return b"".join(pieces), max(shares.values())


@pytest.mark.parametrize("size", [1_000, 65_536, len(BODY)])
async def test_u46_others_have_a_turn_after_every_few_events(size: int) -> None:
    chunks = [BODY[at : at + size] for at in range(0, len(BODY), size)]
    body, share = await body_and_share(Answer(chunks, stream=True))
    assert body == BODY
    assert share <= AT_ONCE * len(EVENT)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
async def test_u46_what_comes_out_of_a_compressed_answer_is_handed_over_as_slowly(
    pack: Callable[[bytes], bytes],
) -> None:
    coding = "gzip" if pack is gzip.compress else "deflate"
    body, share = await body_and_share(Answer([pack(BODY)], headers=[("content-encoding", coding)], stream=True))
    assert body == BODY
    assert share <= AT_ONCE * len(EVENT)
