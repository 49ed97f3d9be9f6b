"""The providers of the running configuration."""

from typing import Any

from fastapi import APIRouter

from plexus.web.management import configured
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.configured import Item
from plexus.web.management.shapes import Page, Pages

RESOURCE = APIRouter(tags=["providers"], dependencies=[ADMIN])


@RESOURCE.get("/providers", response_model=Page[Item])
async def listed(managed: Running, pages: Pages) -> dict[str, Any]:
    """The providers, by name."""
    return configured.page(_part(managed), managed.gateway.snapshot.version, pages)


@RESOURCE.get("/providers/{name:path}", response_model=Item)
async def one(managed: Running, name: str) -> dict[str, Any]:
    """One provider. Its name may hold slashes and colons."""
    return configured.item(_part(managed), managed.gateway.snapshot.version, name, "provider")


def _part(managed: Running) -> dict[str, Any]:
    part: dict[str, Any] = configured.shown(managed.settings())["providers"]
    return part
