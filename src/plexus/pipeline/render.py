"""A client's request made ready for one target: its own bytes where the protocols match, else through the hub.

Every attempt renders anew from the client's original; nothing carries over from one to the next.
"""

from msgspec import Struct
from msgspec.structs import replace

from plexus.core.json import Raw, dumps
from plexus.ir.chat import ChatRequest
from plexus.ir.drops import Drop
from plexus.ir.errors import InvalidRequest
from plexus.ir.exchange import Reading
from plexus.ir.ownership import own_state
from plexus.ir.target import Target
from plexus.pipeline.call import Call
from plexus.pipeline.opaque_state import OpaqueState
from plexus.pipeline.snapshot import Door

OPAQUE_MARKS = (b"ignature", b"encrypted", b"redacted_thinking")
"""A body without any of these holds no opaque state (every protocol's field names for it contain one)."""


class Rendering(Struct, kw_only=True):
    """What goes to the target, and how its answer is to be read."""

    body: bytes
    passthrough: bool
    """The client's bytes went out, and the answer's come back."""
    stream: bool
    """Whether the target was asked to stream."""
    drops: list[Drop]
    reading: Reading
    headers: dict[str, str]
    usage_asked: bool = False
    """Usage was asked for on the client's behalf; the frame that only tells it is hidden."""


def render(call: Call, door: Door, state: OpaqueState, *, alone: bool) -> Rendering:
    """The request for this door. `alone`: the alias has no other target.

    Raises:
        InvalidRequest: when the client's body cannot be read, or asks for what only its own protocol can do.
    """
    stream = (call.stream or door.target.dialect.stream_only) and not door.target.dialect.unary_only
    reading = Reading(origin=door.target.origin, seed=call.request_id)
    same = door.protocol.name == call.protocol.name
    if same and stream == call.stream and door.protocol.fits(call.body, door.target):
        if not _may_hold_state(call):
            return _as_it_came(call, door, reading)
        request, stripped = own_state(call.request, door.target, state.maker, alone=alone)
        if not stripped:
            return _as_it_came(call, door, reading)
    else:
        request, stripped = _for_target(call, door.target, state, alone=alone, same=same)
    rendered = door.protocol.encode_request(_streaming(request, stream=stream), door.target)
    if call.strict and (stripped or rendered.drops):
        lost = [*stripped, *rendered.drops][0]
        raise InvalidRequest(lost.field, f"cannot be carried to {door.target.provider}: {lost.reason or lost.kind}")
    reading.tool_names = rendered.tool_names
    reading.think_tags = door.target.dialect.think_tags and not same
    body = {**rendered.body, **{key: Raw(value) for key, value in door.extra_body.items()}}
    return Rendering(
        body=dumps(body),
        passthrough=False,
        stream=stream,
        drops=[*stripped, *rendered.drops],
        reading=reading,
        headers=rendered.headers,
    )


def _may_hold_state(call: Call) -> bool:
    body, (one, two, three) = call.body.body, OPAQUE_MARKS
    return one in body or two in body or three in body


def _for_target(
    call: Call, target: Target, state: OpaqueState, *, alone: bool, same: bool
) -> tuple[ChatRequest, list[Drop]]:
    if not same:
        for field in call.protocol.state_fields & call.body.values.keys():
            if bytes(call.body.values[field]) not in {b"null", b"false"}:
                raise InvalidRequest(
                    field, f"refers to state kept at a provider, and {target.provider} is of another protocol"
                )
    request = state.restored(call.request, call.key.name)
    return own_state(request, target, state.maker, alone=alone)


def _streaming(request: ChatRequest, *, stream: bool) -> ChatRequest:
    return request if request.stream == stream else replace(request, stream=stream)


def _model_for(call: Call, door: Door) -> str | None:
    """What the body's `model` has to become, or None when it is right, or not needed."""
    said = call.body.text("model")
    if door.protocol.model_in_path:
        name = f"models/{door.target.model}" if said and said.startswith("models/") else door.target.model
        return name if said is not None and said != name else None
    return door.target.model if said != door.target.model else None


def _as_it_came(call: Call, door: Door, reading: Reading) -> Rendering:
    changes = dict(door.extra_body)
    if (named := _model_for(call, door)) is not None:
        changes["model"] = dumps(named)
    asked = door.protocol.ask_usage(call.body, door.target) if call.stream else {}
    changes.update(asked)
    return Rendering(
        body=call.body.replaced(changes) if changes else call.body.body,
        passthrough=True,
        stream=call.stream,
        drops=[],
        reading=reading,
        headers={},
        usage_asked=bool(asked),
    )
