"""Quotas before a request: what it may use is reserved for its key, and targets a quota has no room for are out of its plan."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from plexus.pipeline.call import Call
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.refused import Refused, refused_as
from plexus.pipeline.targets import door_of
from plexus.quota import told
from plexus.quota.admission import Admission, Offer, Refusal
from plexus.quota.definition import Definition
from plexus.quota.max_cost import HEADER, CostRefusal, maximum, within
from plexus.quota.measure import money
from plexus.quota.reach import reach
from plexus.routing.candidate import Candidate
from plexus.routing.plan import Excluded, Plan
from plexus.usage.expected import at_most
from plexus.usage.input_bound import input_bound

_MAX_COST = HEADER.encode()


class Admitted(Struct, frozen=True):
    """What may be tried, the hold if there is one, and the quotas the client is told of."""

    plan: Plan
    admission: Admission | None = None
    quotas: tuple[Definition, ...] = ()


class QuotaExceeded(Refused):
    """The request has no room in a quota: 429 with its name and reset; 503 when the quota cannot be enforced at all."""

    def __init__(self, refusal: Refusal, headers: list[tuple[bytes, bytes]]) -> None:
        """`headers` tell how the quotas stand."""
        self.fault = told.fault(refusal)
        Exception.__init__(self, self.fault.message)
        self.headers = headers


def admit(call: Call, plan: Plan, gateway: Gateway) -> Admitted:
    """Reserve in the quotas of the key, and keep to the maximum cost that the client or the key names.

    Raises:
        QuotaExceeded: when no target has room.
        Refused: 400 when every target may cost more than that.
    """
    quotas = call.snapshot.quotas.get(call.key.name, ())
    most = _most(call) if _MAX_COST in call.named or call.key.max_cost is not None else None
    candidates = (*plan.candidates, *plan.busy)
    if not candidates or (not quotas and most is None):
        return Admitted(plan)
    if quotas and (reason := gateway.waits_for()):
        message = f"what this key has used cannot be read yet, so its quotas cannot be kept: {reason}"
        refused = Refused("unavailable", message, code="quotas_unknown")
        refused.fault.retry_after = 5.0
        raise refused
    if most is None and all([quota.measure == "requests" for quota in quotas]):  # noqa: C419 - a list of one or two is faster
        offers = [Offer(candidate.provider, candidate.model) for candidate in candidates]
    else:
        bounds = [_bound(call, candidate, gateway) for candidate in candidates]
        if most is not None:
            candidates, bounds = _affordable(call, candidates, bounds, most)
        offers = [bound.offer for bound in bounds]
    outcome = gateway.quotas.admit(quotas, call.key.name, call.model, offers)
    if isinstance(outcome, Refusal):
        raise QuotaExceeded(outcome, told.headers(gateway.quotas.readings(quotas, call.key.name)))
    if most is None and not outcome.removed:
        return Admitted(plan, outcome, quotas)
    allowed = [candidates[place] for place in outcome.allowed]
    full = {_key(candidates[removed.place]): removed.quota for removed in outcome.removed}
    return Admitted(_kept(plan, allowed, full), outcome, quotas)


class _Bound(NamedTuple):
    offer: Offer
    most: int | None
    """What it can cost at most, in units of 1e-8 USD; None when nobody knows."""


def _bound(call: Call, candidate: Candidate, gateway: Gateway) -> _Bound:
    """The most a request would use at a target. Where that has no bound, a usual amount is held."""
    door, request = door_of(call, candidate), call.request
    out = reach(request.max_tokens, door.target.profile.max_output, choices=request.sampling.n or 1)
    sent = input_bound(request, door.target.protocol, candidate.model, door.context_window)
    price = call.snapshot.prices.price(candidate.provider, candidate.model, int(gateway.clock.wall() * 1000))
    held = sent if sent is not None else len(call.body.body)
    cost, most = at_most(price, held, out.output), at_most(price, sent, out.bound)
    offer = Offer(
        candidate.provider,
        candidate.model,
        tokens=held + out.output,
        cost=None if cost is None else money(cost),
        known=sent is not None and out.known,
    )
    return _Bound(offer, None if most is None else money(most))


def _most(call: Call) -> int | None:
    header = call.named.get(_MAX_COST)
    return maximum(None if header is None else header.decode("latin-1"), call.key.max_cost)


def _affordable(
    call: Call, candidates: tuple[Candidate, ...], bounds: list[_Bound], most: int
) -> tuple[tuple[Candidate, ...], list[_Bound]]:
    kept = within(most, [bound.most for bound in bounds])
    if isinstance(kept, CostRefusal):
        raise refused_as(kept._replace(of_key=most == maximum(None, call.key.max_cost)).fault)
    return tuple(candidates[place] for place in kept), [bounds[place] for place in kept]


def _kept(plan: Plan, allowed: Sequence[Candidate], full: dict[tuple[str, str], str]) -> Plan:
    """The plan without the targets that are out."""
    keys = {_key(candidate) for candidate in allowed}
    if len(keys) == len(plan.candidates) + len(plan.busy):
        return plan
    out = [
        Excluded(candidate, "", "quota", f"the quota {full[_key(candidate)]!r} has no room for it")
        if _key(candidate) in full
        else Excluded(candidate, "", "not_allowed", "it may cost more than the request may")
        for candidate in (*plan.candidates, *plan.busy)
        if _key(candidate) not in keys
    ]
    stays = [e for e in plan.excluded if e.reason != "busy" or _key(e.candidate) in keys]
    candidates = tuple(candidate for candidate in plan.candidates if _key(candidate) in keys)
    return replace(plan, candidates=candidates, excluded=(*stays, *out))


def _key(candidate: Candidate) -> tuple[str, str]:
    return candidate.provider, candidate.model
