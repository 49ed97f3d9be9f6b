"""How the quotas of a key stand now."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from plexus.quota.admission import Reading
from plexus.quota.measure import written
from plexus.quota.told import moment
from plexus.web.management.access import Anybody, Running
from plexus.web.management.refusals import not_found

RESOURCE = APIRouter(tags=["quota"])


class Standing(BaseModel):
    """One quota of a key. Amounts are decimal text: requests, tokens, or USD."""

    quota: str
    type: Literal["rolling", "daily", "weekly", "monthly"]
    limit_type: Literal["requests", "tokens", "cost"]
    shared: bool
    limit: str
    used: str
    held: str = Field(description="Reserved for requests under way.")
    remaining: str
    resets_at: str
    warning: bool


class Standings(BaseModel):
    """The quotas of a key. `broken` names those that cannot be enforced, and so refuse everything."""

    key: str
    quotas: list[Standing]
    broken: list[str]


@RESOURCE.get("/quota/status/{name:path}")
async def shown(visitor: Anybody, managed: Running, name: str) -> Standings:
    """How the quotas of a key stand; to the holder of a key there is no other than its own."""
    gateway = managed.gateway
    foreign = visitor.key is not None and visitor.key.name != name
    if foreign or gateway.snapshot.keyring.named(name) is None:
        raise not_found("key", name)
    quotas = gateway.snapshot.quotas.get(name, ())
    readings = gateway.quotas.readings(quotas, name)
    return Standings(
        key=name,
        quotas=[_standing(reading) for reading in readings],
        broken=[definition.name for definition in quotas if definition.broken],
    )


def _standing(reading: Reading) -> Standing:
    definition = reading.definition
    limit, used, held, remaining = (
        written(units, definition.measure)
        for units in (definition.limit, reading.used, reading.held, reading.remaining)
    )
    return Standing(
        quota=definition.name,
        type=definition.kind,
        limit_type=definition.measure,
        shared=definition.shared,
        limit=limit,
        used=used,
        held=held,
        remaining=remaining,
        resets_at=moment(reading.resets_at),
        warning=reading.warns,
    )
