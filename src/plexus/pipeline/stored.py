"""Responses kept at their provider: reading, deleting and cancelling one goes to the target that holds it."""

from collections.abc import AsyncGenerator
from urllib.parse import quote

from plexus.pipeline.call import Answer
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.headers import returning
from plexus.pipeline.refused import Refused
from plexus.pipeline.snapshot import Snapshot
from plexus.pipeline.stream import Stream
from plexus.pipeline.whereabouts import PROTOCOL
from plexus.providers import Outgoing
from plexus.upstream.failures import UpstreamFailed
from plexus.upstream.reply import Pace, Reply

_LIMIT = 128 * 1024 * 1024


async def forward(
    method: str, response_id: str, rest: str, query: str, *, key: str, snapshot: Snapshot, gateway: Gateway
) -> Answer:
    """Ask the target that holds the response; its answer comes back as it is.

    Raises:
        Refused: 404 when the response is not known here as this key's.
        UpstreamFailed: when the target fails.
    """
    place = gateway.whereabouts.of(response_id, key)
    doors = snapshot.doors.get(place, ()) if place is not None else ()
    door = next((door for door in doors if door.protocol.name == PROTOCOL), None)
    if door is None:
        message = f"no response {response_id[:100]!r} of this key is known here; send the whole conversation as input"
        raise Refused("not_found", message, code="response_not_found")
    url = f"{door.base_url}/responses/{quote(response_id, safe='')}{rest}" + (f"?{query}" if query else "")
    headers = {**door.headers, "accept-encoding": "identity"}
    signed = door.sign(Outgoing(method, url, headers, b""), door.secret.reveal())
    reply = await gateway.upstream.send(signed, door.timeouts)
    kind = reply.headers.get("Content-Type", "application/json").encode("latin-1", "replace")
    passed = [(b"content-type", kind), *returning(reply.headers)]
    try:
        if reply.status >= 400:  # noqa: PLR2004
            body = await reply.read(_LIMIT, Pace())
            raise UpstreamFailed(door.protocol.decode_error(reply.status, body), body)
        if reply.content_type == "text/event-stream":
            return Answer(reply.status, passed, Stream(_streamed(reply), reply.close))
        body = await reply.read(_LIMIT, Pace())
    except BaseException:
        reply.close()
        raise
    reply.close()
    return Answer(reply.status, passed, body)


async def _streamed(reply: Reply) -> AsyncGenerator[bytes, None]:
    async for chunk in reply.chunks(Pace()):
        yield chunk
