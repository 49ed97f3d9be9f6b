"""The quotas of the running configuration. A key's holder sees those of the key."""

from typing import Any

from fastapi import APIRouter

from plexus.web.management import configured
from plexus.web.management.access import Anybody, Running
from plexus.web.management.changing import ChangedShown, Changing, Version, Wanted
from plexus.web.management.configured import Item
from plexus.web.management.shapes import Page, Pages
from plexus.web.management.visitor import Visitor

RESOURCE = APIRouter(tags=["user-quotas"])


@RESOURCE.get("/user-quotas", response_model=Page[Item])
async def listed(visitor: Anybody, managed: Running, pages: Pages) -> dict[str, Any]:
    """The quotas, by name."""
    return await configured.page(managed, "user_quotas", _part(managed, visitor), pages)


@RESOURCE.get("/user-quotas/{name:path}", response_model=Item)
async def one(visitor: Anybody, managed: Running, name: str) -> dict[str, Any]:
    """One quota; to the holder of a key there are no others than its own."""
    return await configured.item(managed, "user_quotas", _part(managed, visitor), name, "quota")


@RESOURCE.put("/user-quotas/{name:path}")
async def put(name: str, wanted: Wanted, changing: Changing) -> ChangedShown:
    """Make or change one, as a whole."""
    return await changing.put("user_quotas", name, wanted)


@RESOURCE.delete("/user-quotas/{name:path}")
async def deleted(name: str, version: Version, changing: Changing) -> ChangedShown:
    """Take one out of the configuration."""
    return await changing.delete("user_quotas", name, version)


def _part(managed: Running, visitor: Visitor) -> dict[str, Any]:
    part: dict[str, Any] = configured.shown(managed.settings())["user_quotas"]
    if visitor.key is None:
        return part
    own = set(visitor.key.quotas)
    return {name: settings for name, settings in part.items() if name in own}
