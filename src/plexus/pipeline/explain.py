"""What would become of a request, without making it: the plan, and the very bytes its first target would be sent.

It goes through the functions real requests go through, makes no call, and takes no slot, no trial and no session. What it has
to reserve in a quota, to learn whether there is room, it gives back before anybody else could ask.
"""

import re
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from plexus.core.json import Raw
from plexus.core.secret import REDACTED, Secret
from plexus.ir.errors import Fault, InvalidRequest
from plexus.ir.estimate import estimate
from plexus.keys.key import Key
from plexus.pipeline.admission import admit
from plexus.pipeline.call import Call
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.refused import Refused
from plexus.pipeline.render import Rendering, render
from plexus.pipeline.sending import request_to
from plexus.pipeline.snapshot import Door
from plexus.pipeline.targets import considered, door_of, forbidden, none_left
from plexus.routing.candidate import Candidate
from plexus.routing.cooldown_entry import Cooling
from plexus.routing.plan import Excluded, Plan, Ranked

_RENDERED = 10
"""Candidates whose request is worked out at most: each costs as much as an attempt does before it is sent."""
_LARGE = 1024 * 1024
"""Bytes of a body from which on only the request that would be sent is worked out: others wait meanwhile."""
_SECRET_NAME = re.compile(
    r"(?<!idempotency-)key|token|secret|passw|auth|cookie|credential|signature|bearer", re.IGNORECASE
)
_NOTHING: dict[str, Any] = {"session": None, "candidates": [], "excluded": [], "request": None}
_WHY = {
    "selector": "the selector {selector} put it here",
    "explored": "it goes first this time because little is known of it",
    "sticky": "the conversation was served by it before",
    "forced": "it cools down, but is tried when nothing else is left",
    "waits": "it is at its limit of requests at once; the request would wait for it",
}


def explain(call: Call, gateway: Gateway) -> dict[str, Any]:
    """The decision as plain data; `outcome` is `sent`, `waits` or `refused`. The body of the request is JSON as it is sent."""
    told = {
        "model": call.model,
        "route": None,
        "protocol": call.protocol.name,
        "stream": call.stream,
        "key": call.key.name or None,
        "timeout_seconds": None,
        **_NOTHING,
    }
    try:
        told["timeout_seconds"] = call.patience
        plan = considered(call, gateway, everything=True)
    except (Refused, InvalidRequest) as error:
        return {**told, **_refused(error.fault)}
    now = gateway.clock.wall()
    plan, refusal = _admitted(call, plan, gateway)
    rows, request, lost = _rows(call, plan, gateway, now)
    told |= {
        "route": plan.alias,
        "session": _session(call, gateway),
        "candidates": rows,
        "excluded": [excluded_of(entry, now) for entry in plan.excluded if entry.reason != "busy"],
        "request": request if refusal is None else None,
    }
    if refusal is not None or request is None:
        return {**told, **_refused((refusal or lost or none_left(plan, now)).fault)}
    return {**told, "outcome": "sent" if plan.candidates else "waits", "refusal": None}


def _admitted(call: Call, plan: Plan, gateway: Gateway) -> tuple[Plan, Refused | None]:
    """The plan without the targets no quota has room for, and the refusal if the key may not ask, or none is left."""
    refused = _unusable(call.key, gateway.clock.wall()) or forbidden(call, plan)
    if refused is not None:
        return plan, refused
    try:
        admitted = admit(call, plan, gateway)
    except Refused as full:
        return plan, full
    if admitted.admission is not None:
        gateway.quotas.release(admitted.admission)
    return admitted.plan, None


def _unusable(key: Key, now: float) -> Refused | None:
    """Why a key opens nothing at all. Its client is told no more than that it is not known."""
    ended = key.expires_at is not None and key.expires_at.timestamp() <= now
    if key.enabled and not ended:
        return None
    said = f"the API key is not known here: {key.name!r} {'is disabled' if not key.enabled else 'has expired'}"
    return Refused("authentication", said, code="invalid_api_key")


def _rows(
    call: Call, plan: Plan, gateway: Gateway, now: float
) -> tuple[list[dict[str, Any]], dict[str, Any] | None, InvalidRequest | None]:
    """The candidates as they would be tried, the request of the first that can be sent one, and the first refusal."""
    ranked = plan.ranked()
    waiting = {(entry.candidate.provider, entry.candidate.model): entry.group for entry in plan.excluded}
    for candidate in plan.busy:
        group = waiting[candidate.provider, candidate.model]
        ranked.append(Ranked(candidate, group, "", None, "", "waits"))
    cost_at = gateway.expected_cost(call)
    most = _RENDERED if len(call.body.body) <= _LARGE else 0
    sizes: dict[str, int | None] = {}
    rows: list[dict[str, Any]] = []
    request: dict[str, Any] | None = None
    first: InvalidRequest | None = None
    for place, row in enumerate(ranked, 1):
        cooling = gateway.traffic.cooldowns.cooling(row.candidate.provider, row.candidate.model, now)
        worked_out = request is None or place <= most
        told, sent, refusal = _reached(call, plan, row.candidate, gateway, worked_out=worked_out)
        if told["protocol"] not in sizes:
            sizes[told["protocol"]] = _tokens(call, told["protocol"])
        cost = cost_at(row.candidate.provider, row.candidate.model)
        told["input_tokens"] = sizes[told["protocol"]]
        told["cost"] = format(cost, "f") if cost is not None else None
        rows.append({"place": place, **ranked_of(row, cooling, now), **told})
        request, first = request or sent, first or refusal
    return rows, request, first


def ranked_of(row: Ranked, cooling: Cooling | None, now: float) -> dict[str, Any]:
    """A candidate, its place and why it has it, as plain data."""
    return {
        "provider": row.candidate.provider,
        "model": row.candidate.model,
        "group": row.group or None,
        "selector": row.selector or None,
        "score": row.score,
        "meaning": row.meaning or None,
        "why": row.why,
        "said": _WHY[row.why].format(selector=row.selector),
        "facts": facts_of(row.candidate),
        "cooldown": cooldown_of(cooling, now) if cooling is not None else None,
    }


def _reached(
    call: Call, plan: Plan, candidate: Candidate, gateway: Gateway, *, worked_out: bool
) -> tuple[dict[str, Any], dict[str, Any] | None, InvalidRequest | None]:
    """How a target would be spoken to, the request it would be sent, and why it cannot be sent one."""
    door = door_of(call, candidate)
    told: dict[str, Any] = {
        "protocol": door.protocol.name,
        "protocol_said": _protocol_said(call, door),
        "passthrough": None,
        "passthrough_said": None,
        "fidelity": [],
        "refusal": None,
    }
    if not worked_out:
        return told, None, None
    try:
        rendering = render(call, door, gateway.state, alone=plan.alone)
    except InvalidRequest as error:
        told["refusal"] = {"message": str(error), "param": error.field or None}
        return told, None, error
    told["passthrough"] = rendering.passthrough
    told["passthrough_said"] = _passthrough_said(call, door, rendering)
    told["fidelity"] = [{"kind": d.kind, "field": d.field, "reason": d.reason or None} for d in rendering.drops]
    return told, request_shown(call, door, rendering), None


def request_shown(call: Call, door: Door, rendering: Rendering) -> dict[str, Any]:
    """The request as it would be sent, built like a real one through a door that holds no secrets."""
    sent = request_to(call, _masked(door), rendering)
    client = {name.decode("latin-1") for name, _ in call.headers} - door.headers.keys()
    headers = {
        name: REDACTED if name in client and _SECRET_NAME.search(name) else value
        for name, value in sent.headers.items()
    }
    return {
        "provider": door.target.provider,
        "model": door.target.model,
        "method": sent.method,
        "url": sent.url,
        "headers": headers,
        "body": Raw(sent.body),
    }


def _masked(door: Door) -> Door:
    hidden = {name: REDACTED if name in door.configured else value for name, value in door.headers.items()}
    return replace(door, secret=Secret(REDACTED) if door.secret else door.secret, headers=hidden)


def _protocol_said(call: Call, door: Door) -> str:
    if door.protocol.name == call.protocol.name:
        return "the target speaks the client's own protocol"
    return f"the target does not speak {call.protocol.name}; {door.protocol.name} is the first it is reached by"


def _passthrough_said(call: Call, door: Door, rendering: Rendering) -> str:
    if rendering.passthrough:
        return "the client's bytes go out; only the model's name and what is configured are changed"
    if door.protocol.name != call.protocol.name:
        return "the request is translated"
    if rendering.stream != call.stream:
        return f"the target {'only streams' if rendering.stream else 'does not stream'}, so the request is written anew"
    return "the body holds something this target would not take as it stands, so the request is written anew"


def _tokens(call: Call, protocol: str) -> int | None:
    """The size of the input, about, as the vendor of a protocol counts; None when the body cannot be read."""
    try:
        return estimate(call.request, protocol)
    except InvalidRequest:
        return None


def _session(call: Call, gateway: Gateway) -> dict[str, Any] | None:
    session = call.session
    if session is None:
        return None
    target = gateway.traffic.sessions.known(session.key) if session.continued else None
    served = {"provider": target[0], "model": target[1]} if target is not None else None
    return {"continued": session.continued, "served_by": served}


def excluded_of(entry: Excluded, now: float) -> dict[str, Any]:
    """A target that was left out, and why, as plain data."""
    return {
        "provider": entry.candidate.provider,
        "model": entry.candidate.model,
        "group": entry.group,
        "reason": entry.reason,
        "said": entry.sentence(now),
        "cooldown": cooldown_of(entry.cooling, now) if entry.cooling is not None else None,
    }


def _refused(fault: Fault) -> dict[str, Any]:
    refusal = {
        "status": fault.status,
        "code": fault.code or None,
        "message": fault.message,
        "param": fault.param or None,
        "retry_after_seconds": fault.retry_after,
    }
    return {"outcome": "refused", "refusal": refusal}


def facts_of(candidate: Candidate) -> dict[str, Any]:
    """What is known of a target; None where nothing is."""
    return {
        "weight": candidate.weight,
        "ttft_seconds": candidate.ttft,
        "tokens_per_second": candidate.throughput,
        "end_to_end_tokens_per_second": candidate.end_to_end,
        "recent_requests": candidate.recent,
        "error_rate": candidate.error_rate,
        "headroom": candidate.headroom,
        "measured_seconds_ago": candidate.age,
        "samples": candidate.samples,
    }


def cooldown_of(cooling: Cooling, now: float) -> dict[str, Any]:
    """A cooldown as it is shown; without a model it is that of the provider's credential."""
    return {
        "provider": cooling.provider,
        "model": cooling.model or None,
        "until": datetime.fromtimestamp(cooling.until, UTC).isoformat(),
        "seconds_left": max(cooling.until - now, 0.0),
        "failures": cooling.count,
        "asked_by_provider": cooling.said,
        "on_trial": cooling.trial,
        "flapping": cooling.by_rate,
        "said": cooling.sentence(now),
    }
