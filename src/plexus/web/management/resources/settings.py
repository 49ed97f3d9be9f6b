"""The parts of the running configuration that have no resource of their own: timeouts, limits, cooldowns and the like."""

from fastapi import APIRouter

from plexus.web.management.access import ADMIN, Running
from plexus.web.management.configured import ConfigShown, rest

RESOURCE = APIRouter(tags=["settings"])


@RESOURCE.get("/settings", dependencies=[ADMIN])
async def shown(managed: Running) -> ConfigShown:
    """Those parts, every key, secrets as [redacted]."""
    return ConfigShown(version=managed.gateway.snapshot.version, config=rest(managed.settings()))
