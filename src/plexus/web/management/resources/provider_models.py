"""The models a provider says it has, asked at the provider itself. Nothing is kept; `PUT providers/{name}` takes them in."""

from typing import Annotated, Any

from fastapi import APIRouter
from msgspec import to_builtins
from pydantic import BaseModel, ConfigDict, Field

from plexus.pipeline.model_list import Found, models_at, places
from plexus.upstream.failures import UpstreamFailed
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.provided import cleaning, provider_named
from plexus.web.management.refusals import Refusal

RESOURCE = APIRouter(tags=["providers"], dependencies=[ADMIN])


class Wanted(BaseModel):
    """In which protocol to ask; null: in each the provider speaks, until one is answered."""

    model_config = ConfigDict(extra="forbid")

    protocol: Annotated[str, Field(max_length=64)] | None = None


class Asked(BaseModel):
    """One place that was asked, and why it gave no list if it did not."""

    protocol: str
    url: str
    ok: bool
    error: str | None


class ModelTold(BaseModel):
    """One model; null where the vendor does not say it. `told` is what the vendor says, word for word."""

    id: str
    title: str | None
    context_window: int | None
    max_output: int | None
    configured: bool = Field(description="Whether the provider has it in the configuration.")
    told: dict[str, Any]


class Fetched(BaseModel):
    """The list, in the provider's order; empty, with `protocol` null, when nobody gave one."""

    provider: str
    protocol: str | None
    complete: bool = Field(description="Whether it is the whole list.")
    models: list[ModelTold]
    asked: list[Asked]


@RESOURCE.post("/providers/{name:path}/fetch-models")
async def fetched(managed: Running, name: str, wanted: Wanted | None = None) -> Fetched:
    """Ask the provider what models it has."""
    provider, gateway = provider_named(managed, name), managed.gateway
    ways = places(managed.settings(), name, gateway.snapshot, managed.protocols)
    protocol = wanted.protocol if wanted is not None else None
    ways = [way for way in ways if protocol in (None, way.protocol.name)]
    if not ways:
        raise Refusal(409, "there is no address of this provider to ask in such a protocol", "nothing_to_ask")
    clean, asked = cleaning(managed), []
    for way in ways:
        said = {"protocol": way.protocol.name, "url": clean(f"{way.base_url}/models")}
        try:
            found = await models_at(way, gateway.upstream)
        except UpstreamFailed as failed:
            asked.append(Asked(**said, ok=False, error=clean(failed.fault.message)))
            continue
        asked.append(Asked(**said, ok=True, error=None))
        told = _told(found, set(provider.models))
        return Fetched(provider=name, protocol=way.protocol.name, complete=found.complete, models=told, asked=asked)
    return Fetched(provider=name, protocol=None, complete=False, models=[], asked=asked)


def _told(found: Found, configured: set[str]) -> list[ModelTold]:
    rows: list[dict[str, Any]] = to_builtins(found.models)
    return [ModelTold(**row, configured=row["id"] in configured) for row in rows]
