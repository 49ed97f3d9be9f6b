"""Counting the tokens of a request without running it: asked of the target where it can count, else estimated."""

from plexus.core.json import dumps
from plexus.ir.estimate import estimate
from plexus.pipeline.call import Answer, Call
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.headers import outgoing
from plexus.pipeline.retry_after import retry_after
from plexus.pipeline.snapshot import Door
from plexus.pipeline.targets import decide, door_of, none_left
from plexus.providers import Outgoing
from plexus.upstream.failures import UpstreamFailed
from plexus.upstream.reply import Pace

_LIMIT = 1024 * 1024
_NOT_OFFERED = {404, 405, 501}


async def count_tokens(call: Call, gateway: Gateway) -> Answer:
    """The count in the client's protocol. An estimate is marked by `x-plexus-estimated: true`.

    Raises:
        Refused, InvalidRequest: the client's fault.
        UpstreamFailed: when the target that counts fails.
    """
    plan = decide(call, gateway)
    if not plan.candidates and not plan.busy:
        raise none_left(plan, gateway.clock.wall())
    door = door_of(call, (*plan.candidates, *plan.busy)[0])
    headers = [(b"content-type", b"application/json"), (b"x-plexus-request-id", call.request_id.encode())]
    if door.counts_tokens and door.protocol.name == call.protocol.name and door.protocol.count_path is not None:
        told = await _asked(call, door, gateway)
        if told is not None:
            return Answer(200, headers, told)
    total = estimate(call.request, door.target.protocol)
    body = {**call.protocol.count_rest, call.protocol.count_field: total}
    return Answer(200, [*headers, (b"x-plexus-estimated", b"true")], dumps(body))


async def _asked(call: Call, door: Door, gateway: Gateway) -> bytes | None:
    """The target's own answer; None when it turns out that it has no such call (many speak only the main one)."""
    assert door.protocol.count_path is not None  # noqa: S101 - the caller looked
    body = call.body.body
    if "model" in call.body.values:
        body = call.body.replaced({"model": dumps(door.target.model)})
    headers = {
        **outgoing(call.headers),
        **door.headers,
        "content-type": "application/json",
        "accept-encoding": "identity",
    }
    url = door.base_url + door.protocol.count_path(door.target.model)
    signed = door.sign(Outgoing("POST", url, headers, body), door.secret.reveal())
    reply = await gateway.upstream.send(signed, door.timeouts)
    try:
        answer = await reply.read(_LIMIT, Pace())
        if reply.status in _NOT_OFFERED:
            return None
        if reply.status != 200:  # noqa: PLR2004
            fault = door.protocol.decode_error(reply.status, answer)
            seconds = retry_after(reply.headers)
            fault.retry_after = fault.retry_after if seconds is None else seconds
            raise UpstreamFailed(fault, answer)
        return answer
    finally:
        reply.close()
