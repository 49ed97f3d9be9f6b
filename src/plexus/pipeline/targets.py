"""The doors a call may go through, best first: routing, then what the key allows."""

from collections.abc import Callable

from plexus.pipeline.call import Call
from plexus.pipeline.refused import Refused
from plexus.pipeline.snapshot import Door
from plexus.routing.routes import UnknownModel


def doors_for(call: Call, dice: Callable[[], float]) -> list[Door]:
    """The doors, at least one.

    Raises:
        Refused: 404 for a name that is nobody's, 403 when the key may not use it, 503 when no target is left.
    """
    name = call.model[:200]
    try:
        plan = call.snapshot.routes.plan(call.model, dice)
    except UnknownModel:
        raise Refused(
            "not_found",
            f"there is no model named {name!r} here; GET /v1/models lists the names this key can use",
            code="model_not_found",
            param="model",
        ) from None
    candidates = [c for c in plan.candidates if call.key.may_use(call.model, c.provider)]
    if not candidates:
        raise Refused(
            "permission",
            f"this key may not use the model {name!r}",
            code="model_not_allowed",
            param="model",
        )
    doors = [door for c in candidates if (door := call.snapshot.door(c, call.protocol.name)) is not None]
    if not doors:
        raise Refused("unavailable", f"no target of {name!r} is available", code="no_target")
    if plan.prefer_protocol:
        doors.sort(key=lambda door: door.protocol.name != call.protocol.name)
    return doors
