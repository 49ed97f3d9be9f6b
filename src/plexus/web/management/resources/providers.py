"""The providers of the running configuration."""

from typing import Any

from fastapi import APIRouter

from plexus.web.management import configured
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.changing import ChangedShown, Changing, Version, Wanted
from plexus.web.management.configured import Item
from plexus.web.management.shapes import Page, Pages

RESOURCE = APIRouter(tags=["providers"], dependencies=[ADMIN])


@RESOURCE.get("/providers", response_model=Page[Item])
async def listed(managed: Running, pages: Pages) -> dict[str, Any]:
    """The providers, by name."""
    return await configured.page(managed, "providers", _part(managed), pages)


@RESOURCE.get("/providers/{name:path}", response_model=Item)
async def one(managed: Running, name: str) -> dict[str, Any]:
    """One provider. Its name may hold slashes and colons."""
    return await configured.item(managed, "providers", _part(managed), name, "provider")


@RESOURCE.put("/providers/{name:path}")
async def put(name: str, wanted: Wanted, changing: Changing) -> ChangedShown:
    """Make or change one, as a whole."""
    return await changing.put("providers", name, wanted)


@RESOURCE.delete("/providers/{name:path}")
async def deleted(name: str, version: Version, changing: Changing) -> ChangedShown:
    """Take one out of the configuration."""
    return await changing.delete("providers", name, version)


def _part(managed: Running) -> dict[str, Any]:
    part: dict[str, Any] = configured.shown(managed.settings())["providers"]
    return part
