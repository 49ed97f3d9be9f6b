"""The plan of a call: routing under the circumstances of this moment, and what the key allows."""

from collections.abc import Callable

from plexus.pipeline.call import Call
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.refused import Refused
from plexus.pipeline.snapshot import Door
from plexus.routing.candidate import Candidate
from plexus.routing.facts import Facts
from plexus.routing.plan import Circumstances, Plan, Route, plan, undisputed
from plexus.routing.routes import UnknownModel


def decide(call: Call, gateway: Gateway) -> Plan:
    """The targets of a call, best first, and why not the others. It may come out without any.

    Raises:
        Refused: 404 for a name that is nobody's, 403 when the key may use none of its targets.
    """
    decided = considered(call, gateway)
    refused = forbidden(call, decided)
    if refused is not None:
        raise refused
    return decided


def considered(call: Call, gateway: Gateway, *, everything: bool = False) -> Plan:
    """The plan, whatever it came to. Making it changes nothing but how long a session is remembered.

    `everything`: with all facts of every target and without even that, for showing it.

    Raises:
        Refused: 404 for a name that is nobody's.
    """
    route, refusal = _route(call), _refusal(call)
    traffic, rules = gateway.traffic, call.snapshot.rules
    now = gateway.clock.wall()
    if refusal is None and not everything:
        only = undisputed(route, traffic.cooldowns, traffic.line.slots, now)
        if only is not None:
            return only
    session = call.session
    served = traffic.sessions.known if everything else traffic.sessions.target
    return plan(
        route,
        Circumstances(
            dice=gateway.dice,
            now=now,
            cooldowns=traffic.cooldowns,
            slots=traffic.line.slots,
            weigh=Facts(traffic.measurements, now, gateway.expected_cost(call), gateway.headroom),
            refusal=refusal,
            speaks=_speaks(call) if route.prefer_protocol else None,
            sticky=served(session.key) if session is not None and session.continued else None,
            exploration=rules.exploration,
            nearest=rules.nearest,
            everything=everything,
        ),
    )


def forbidden(call: Call, decided: Plan) -> Refused | None:
    """The refusal of a request whose key may use none of the targets; None when it may."""
    if decided.candidates:
        return None
    refused = [entry for entry in decided.excluded if entry.reason == "not_allowed"]
    if not refused or len(refused) < len(decided.excluded):
        return None
    message = f"this key may not use the model {call.model[:200]!r}"
    return Refused("permission", message, code="model_not_allowed", param="model")


def door_of(call: Call, candidate: Candidate) -> Door:
    """The way to a planned target: in the client's own protocol if it is spoken there."""
    door = call.snapshot.door(candidate, call.protocol.name)
    if door is None:
        raise LookupError(candidate)  # the plan holds no target without a door
    return door


def none_left(plan: Plan, now: float) -> Refused:
    """The refusal of a request for which no target is left: 503, with the time of the first that can be tried again."""
    name = plan.alias[:200]
    seconds = plan.retry_after(now)
    if seconds is None:
        said = "all targets of {} are at their limit of requests" if plan.busy else "no target of {} is available"
        refused = Refused("unavailable", said.format(repr(name)), code="busy" if plan.busy else "no_target")
        refused.fault.retry_after = 1.0 if plan.busy else None
        return refused
    message = f"all targets of {name!r} are resting after failures; the next is tried in {max(seconds, 1):.0f} s"
    refused = Refused("unavailable", message, code="all_targets_cooling")
    refused.fault.retry_after = max(seconds, 1.0)
    return refused


def _route(call: Call) -> Route:
    try:
        return call.route
    except UnknownModel:
        name = call.model[:200]
        message = f"there is no model named {name!r} here; GET /v1/models lists the names this key can use"
        raise Refused("not_found", message, code="model_not_found", param="model") from None


def _refusal(call: Call) -> Callable[[Candidate], str] | None:
    """Why the key rules a target out; None for keys that may use all providers, which are most."""
    key, model = call.key, call.model
    if not (key.allowed_providers or key.excluded_providers) and key.may_use(model):
        return None

    def refusal(candidate: Candidate) -> str:
        return "" if key.may_use(model, candidate.provider) else f"the key {key.name!r} may not use it"

    return refusal


def _speaks(call: Call) -> Callable[[Candidate], bool]:
    def speaks(candidate: Candidate) -> bool:
        door = call.snapshot.door(candidate, call.protocol.name)
        return door is not None and door.protocol.name == call.protocol.name

    return speaks
