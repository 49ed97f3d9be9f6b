"""What rests after failures, and ending that."""

from typing import Annotated

from fastapi import APIRouter, Query

from plexus.pipeline.explain import cooldown_of
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.shapes import Cleared, CooldownShown, Page, Pages, TargetShown, target_in

RESOURCE = APIRouter(tags=["cooldowns"])


@RESOURCE.get("/cooldowns", dependencies=[ADMIN])
async def listed(managed: Running, pages: Pages) -> Page[CooldownShown]:
    """What rests now."""
    gateway = managed.gateway
    now = gateway.clock.wall()
    rows = [cooldown_of(cooling, now) for cooling in gateway.traffic.cooldowns.listing(now)]
    return pages.page(rows, lambda row: (row["provider"], row["model"] or ""))  # type: ignore[return-value] # FastAPI validates


@RESOURCE.delete("/cooldowns", dependencies=[ADMIN])
async def cleared(
    managed: Running,
    provider: Annotated[str | None, Query(description="Only of this provider, with all its models.")] = None,
    model: Annotated[
        str | None, Query(description="Only of exactly this model; empty: only of the provider's credential.")
    ] = None,
) -> Cleared:
    """End cooldowns and forget the failures that led to them: all, one provider's, or exactly one target's."""
    traffic = managed.gateway.traffic
    gone = traffic.cooldowns.clear(*target_in(provider, model))
    for name, own in gone:
        traffic.events.tell("cooldown.cleared", None, provider=name, model=own or None)
    return Cleared(cleared=[TargetShown(provider=name, model=own or None) for name, own in gone])
