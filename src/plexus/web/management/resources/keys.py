"""The client keys of the running configuration, without their secrets. A key's holder sees that key."""

from typing import Any

from fastapi import APIRouter

from plexus.web.management import configured
from plexus.web.management.access import Anybody, Running
from plexus.web.management.configured import Item
from plexus.web.management.shapes import Page, Pages
from plexus.web.management.visitor import Visitor

RESOURCE = APIRouter(tags=["keys"])


@RESOURCE.get("/keys", response_model=Page[Item])
async def listed(visitor: Anybody, managed: Running, pages: Pages) -> dict[str, Any]:
    """The keys, by name."""
    return configured.page(_part(managed, visitor), managed.gateway.snapshot.version, pages)


@RESOURCE.get("/keys/{name:path}", response_model=Item)
async def one(visitor: Anybody, managed: Running, name: str) -> dict[str, Any]:
    """One key; to the holder of a key there are no others than its own."""
    return configured.item(_part(managed, visitor), managed.gateway.snapshot.version, name, "key")


def _part(managed: Running, visitor: Visitor) -> dict[str, Any]:
    part: dict[str, Any] = configured.shown(managed.settings())["keys"]
    for settings in part.values():
        del settings["secret"], settings["secret_hash"]
    if visitor.key is None:
        return part
    own = {visitor.key.name}
    return {name: settings for name, settings in part.items() if name in own}
