"""The aliases of the running configuration."""

from typing import Any

from fastapi import APIRouter

from plexus.web.management import configured
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.changing import ChangedShown, Changing, Version, Wanted
from plexus.web.management.configured import Item
from plexus.web.management.shapes import Page, Pages

RESOURCE = APIRouter(tags=["aliases"], dependencies=[ADMIN])


@RESOURCE.get("/aliases", response_model=Page[Item])
async def listed(managed: Running, pages: Pages) -> dict[str, Any]:
    """The aliases, by name."""
    return await configured.page(managed, "models", _part(managed), pages)


@RESOURCE.get("/aliases/{name:path}", response_model=Item)
async def one(managed: Running, name: str) -> dict[str, Any]:
    """One alias. Its name may hold slashes and colons."""
    return await configured.item(managed, "models", _part(managed), name, "alias")


@RESOURCE.put("/aliases/{name:path}")
async def put(name: str, wanted: Wanted, changing: Changing) -> ChangedShown:
    """Make or change one, as a whole."""
    return await changing.put("models", name, wanted)


@RESOURCE.delete("/aliases/{name:path}")
async def deleted(name: str, version: Version, changing: Changing) -> ChangedShown:
    """Take one out of the configuration."""
    return await changing.delete("models", name, version)


def _part(managed: Running) -> dict[str, Any]:
    part: dict[str, Any] = configured.shown(managed.settings())["models"]
    return part
