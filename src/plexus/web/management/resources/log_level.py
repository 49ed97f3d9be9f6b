"""How much is logged, changed while the gateway runs; a restart brings back what LOG_LEVEL says."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from plexus.core import logging
from plexus.web.management.access import ADMIN

RESOURCE = APIRouter(tags=["logging"])


class Level(BaseModel):
    """The level from which on is logged."""

    model_config = ConfigDict(extra="forbid")

    level: Literal["debug", "info", "warning", "error", "critical"]


@RESOURCE.get("/logging/level", dependencies=[ADMIN])
async def shown() -> Level:
    """The level now."""
    return Level.model_validate({"level": logging.level()})


@RESOURCE.put("/logging/level", dependencies=[ADMIN])
async def changed(wanted: Level) -> Level:
    """Log from another level on, at once, in this process."""
    logging.set_level(wanted.level)
    return wanted
