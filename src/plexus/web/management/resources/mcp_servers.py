"""The MCP servers of the running configuration."""

from typing import Any

from fastapi import APIRouter

from plexus.web.management import configured
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.changing import ChangedShown, Changing, Version, Wanted
from plexus.web.management.configured import Item
from plexus.web.management.shapes import Page, Pages

RESOURCE = APIRouter(tags=["mcp-servers"], dependencies=[ADMIN])


@RESOURCE.get("/mcp-servers", response_model=Page[Item])
async def listed(managed: Running, pages: Pages) -> dict[str, Any]:
    """The MCP servers, by name."""
    return await configured.page(managed, "mcp_servers", _part(managed), pages)


@RESOURCE.get("/mcp-servers/{name:path}", response_model=Item)
async def one(managed: Running, name: str) -> dict[str, Any]:
    """One MCP server. Its name may hold slashes and colons."""
    return await configured.item(managed, "mcp_servers", _part(managed), name, "MCP server")


@RESOURCE.put("/mcp-servers/{name:path}")
async def put(name: str, wanted: Wanted, changing: Changing) -> ChangedShown:
    """Make or change one, as a whole."""
    return await changing.put("mcp_servers", name, wanted)


@RESOURCE.delete("/mcp-servers/{name:path}")
async def deleted(name: str, version: Version, changing: Changing) -> ChangedShown:
    """Take one out of the configuration."""
    return await changing.delete("mcp_servers", name, version)


def _part(managed: Running) -> dict[str, Any]:
    part: dict[str, Any] = configured.shown(managed.settings())["mcp_servers"]
    return part
