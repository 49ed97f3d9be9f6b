"""The parts of the configuration that have no resource of their own: timeouts, limits, cooldowns and the like."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from plexus.settings.schema import Settings
from plexus.settings.write_back import REMOVED
from plexus.web.management import configured
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.changing import ChangedShown, Changing, Version, shown
from plexus.web.management.configured import NAMED, ConfigShown, rest, stand
from plexus.web.management.refusals import not_found

RESOURCE = APIRouter(tags=["settings"], dependencies=[ADMIN])
BLOCKS = frozenset(Settings.model_fields) - frozenset(NAMED)


class BlockShown(BaseModel):
    """One part."""

    name: str
    version: str | None = Field(
        description="What a change of it is based on; null while it is not in the configuration."
    )
    settings: Any = Field(description="As it is served, every key, secrets as [redacted].")
    written: Any = Field(description="As it stands in the configuration; null when it does not.")


class BlockWanted(BaseModel):
    """What a part is to be, as a whole."""

    model_config = ConfigDict(extra="forbid")

    version: str | None = Field(
        None, description="The version this is based on; null while it is not in the configuration."
    )
    settings: Any = Field(description="As in the configuration file.")


@RESOURCE.get("/settings")
async def all_of_them(managed: Running) -> ConfigShown:
    """Those parts, every key, secrets as [redacted]."""
    home = await stand(managed)
    return ConfigShown(version=home.version(()) if home else None, config=rest(managed.settings()))


@RESOURCE.get("/settings/{name}", response_model=BlockShown)
async def one(name: str, managed: Running) -> dict[str, Any]:
    """One part."""
    return configured.row(managed, await stand(managed), (_known(name),), rest(managed.settings())[name])


@RESOURCE.put("/settings/{name}")
async def put(name: str, wanted: BlockWanted, changing: Changing) -> ChangedShown:
    """Set one part, as a whole."""
    return shown(await changing.make("change", (_known(name),), wanted.settings, wanted.version))


@RESOURCE.delete("/settings/{name}")
async def deleted(name: str, version: Version, changing: Changing) -> ChangedShown:
    """Bring one part back to what holds when nothing is said."""
    return shown(await changing.make("delete", (_known(name),), REMOVED, version))


def _known(name: str) -> str:
    if name not in BLOCKS:
        raise not_found("part of the configuration", name)
    return name
