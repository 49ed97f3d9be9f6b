"""Trying a provider out: each of its targets is sent a tiny real request, which is booked under the key `plexus:test`."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter
from msgspec import to_builtins
from pydantic import BaseModel, ConfigDict, Field

from plexus.pipeline.snapshot import Door
from plexus.pipeline.trial import MOST, tried
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.provided import cleaning, provider_named
from plexus.web.management.refusals import Refusal, not_found

RESOURCE = APIRouter(tags=["providers"], dependencies=[ADMIN])
Names = Annotated[list[Annotated[str, Field(max_length=512)]], Field(max_length=MOST)]


class Wanted(BaseModel):
    """Which targets; empty lists mean all. `seconds` is the patience with each of them."""

    model_config = ConfigDict(extra="forbid")

    models: Names = []
    protocols: Names = []
    seconds: float = Field(default=15.0, gt=0, le=60)


class Outcome(BaseModel):
    """What came of one target. Its request is in `usage` under `request_id`; `status` is that of a usage row."""

    protocol: str
    model: str
    request_id: str
    ok: bool
    status: str
    http_status: int | None = Field(description="What the provider answered; null when it did not.")
    latency_ms: float
    ttft_ms: float | None
    error: str | None


class Tested(BaseModel):
    """What came of it: `ok` when every target answered."""

    provider: str
    ok: bool
    targets: list[Outcome]


@RESOURCE.post("/providers/{name:path}/test")
async def tried_out(managed: Running, name: str, wanted: Wanted | None = None) -> Tested:
    """Send a tiny request to each model in each protocol. It costs what it costs, and what it shows counts: cooldowns too."""
    provider_named(managed, name)
    doors = _doors(managed, name, wanted or Wanted())
    outcomes = await tried(doors, (wanted or Wanted()).seconds, managed.gateway, cleaning(managed))
    told: list[dict[str, Any]] = to_builtins(outcomes)
    targets = [Outcome.model_validate(one) for one in told]
    return Tested(provider=name, ok=all(target.ok for target in targets), targets=targets)


def _doors(managed: Running, name: str, wanted: Wanted) -> Sequence[Door]:
    """The targets meant.

    Raises:
        Refusal: when there are none, or too many.
    """
    served = managed.gateway.snapshot.doors
    own = {model: doors for (provider, model), doors in served.items() if provider == name}
    unknown = next((model for model in wanted.models if model not in own), None)
    if unknown is not None:
        raise not_found("model of this provider, or none that is served,", unknown)
    doors = [door for model in wanted.models or sorted(own) for door in own[model]]
    doors = [door for door in doors if not wanted.protocols or door.protocol.name in wanted.protocols]
    if not doors:
        raise Refusal(409, "there is nothing to test: no such model of this provider is served", "nothing_to_test")
    if len(doors) > MOST:
        said = f"models: {len(doors)} targets are more than the {MOST} that are tested in one go; name some"
        raise Refusal(400, said, "too_many_targets", param="models")
    return doors
