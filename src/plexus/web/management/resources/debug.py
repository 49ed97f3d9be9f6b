"""What is captured at the moment beside what the configuration says: set for a while, gone by itself, not kept over a restart."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from plexus.traces.capture import LONGEST, Targets
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.refusals import Refusal

RESOURCE = APIRouter(tags=["debug"])
Names = Annotated[list[Annotated[str, Field(max_length=512)]], Field(max_length=100)]


class Asked(BaseModel):
    """Everything, or what concerns one of these names, for so many seconds."""

    model_config = ConfigDict(extra="forbid")

    everything: bool = False
    keys: Names = []
    aliases: Names = []
    providers: Names = []
    seconds: float = Field(default=900.0, gt=0, le=LONGEST)


class Captured(BaseModel):
    """What is captured until a moment; null when nothing is set. `mode` is that of the configuration, which holds besides."""

    mode: str
    until: str | None
    everything: bool
    keys: list[str]
    aliases: list[str]
    providers: list[str]


@RESOURCE.get("/debug", dependencies=[ADMIN])
async def shown(managed: Running) -> Captured:
    """What is captured now."""
    tracer = managed.gateway.tracer
    targets = tracer.captures.targets(managed.gateway.clock.wall()) if tracer is not None else None
    return Captured(
        mode=tracer.captures.rules.mode if tracer is not None else "off",
        until=datetime.fromtimestamp(targets.until, UTC).isoformat() if targets is not None else None,
        everything=targets is not None and targets.everything,
        keys=sorted(targets.keys) if targets is not None else [],
        aliases=sorted(targets.aliases) if targets is not None else [],
        providers=sorted(targets.providers) if targets is not None else [],
    )


@RESOURCE.put("/debug", dependencies=[ADMIN])
async def changed(asked: Asked, managed: Running) -> Captured:
    """Capture this as well, at once, in this process; it replaces what was set before."""
    tracer = managed.gateway.tracer
    if tracer is None:
        raise Refusal(409, "traces are kept in the database, and this gateway has none", "no_database")
    if not (asked.everything or asked.keys or asked.aliases or asked.providers):
        raise Refusal(400, "name keys, aliases or providers, or ask for everything", "nothing_named")
    tracer.captures.set(
        Targets(
            until=managed.gateway.clock.wall() + asked.seconds,
            everything=asked.everything,
            keys=frozenset(asked.keys),
            aliases=frozenset(asked.aliases),
            providers=frozenset(asked.providers),
        )
    )
    return await shown(managed)


@RESOURCE.delete("/debug", dependencies=[ADMIN])
async def ended(managed: Running) -> Captured:
    """Capture no more than the configuration says."""
    if managed.gateway.tracer is not None:
        managed.gateway.tracer.captures.set(None)
    return await shown(managed)
