"""What was measured of each target, and forgetting it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from plexus.pipeline.explain import facts_of
from plexus.routing.candidate import Candidate
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.shapes import Cleared, Page, Pages, TargetShown, target_in

RESOURCE = APIRouter(tags=["performance"])


class Measured(BaseModel):
    """One target; null where nothing was measured."""

    provider: str
    model: str
    ttft_seconds: float | None
    tokens_per_second: float | None
    end_to_end_tokens_per_second: float | None
    recent_requests: float | None
    error_rate: float | None
    headroom: float | None
    measured_seconds_ago: float | None
    samples: int


@RESOURCE.get("/performance", dependencies=[ADMIN])
async def listed(managed: Running, pages: Pages) -> Page[Measured]:
    """Every configured target, and those that were measured before they left the configuration."""
    gateway = managed.gateway
    measured, now = gateway.traffic.measurements, gateway.clock.wall()
    rows: list[dict[str, Any]] = []
    for provider, model in {*gateway.snapshot.doors, *measured.targets()}:
        facts = facts_of(measured.of(Candidate(provider, model), now, None, gateway.headroom(provider, model)))
        del facts["weight"]
        rows.append({"provider": provider, "model": model, **facts})
    return pages.page(rows, lambda row: (row["provider"], row["model"]))  # type: ignore[return-value] # FastAPI validates


@RESOURCE.delete("/performance", dependencies=[ADMIN])
async def forgotten(
    managed: Running,
    provider: Annotated[str | None, Query(description="Only of this provider, all its models.")] = None,
    model: Annotated[str | None, Query(description="Only of exactly this model.")] = None,
) -> Cleared:
    """Forget measurements: all, one provider's, or exactly one target's, which is then explored anew."""
    gone = managed.gateway.traffic.measurements.clear(*target_in(provider, model))
    return Cleared(cleared=[TargetShown(provider=name, model=own) for name, own in gone])
