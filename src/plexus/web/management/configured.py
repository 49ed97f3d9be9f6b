"""Parts of the running configuration as they are shown: as JSON, with every secret hidden."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from plexus.core.secret import REDACTED
from plexus.settings.schema import Settings
from plexus.web.management.refusals import not_found
from plexus.web.management.shapes import Paging

_NAMED = ("providers", "models", "keys", "user_quotas", "mcp_servers")
"""The parts that are maps of names, and have a resource of their own."""


class Item(BaseModel):
    """One named part of the configuration."""

    name: str
    version: int = Field(description="The number of the configuration it was read from.")
    settings: dict[str, Any] = Field(description="As in the configuration file, every key, secrets as [redacted].")


class ConfigShown(BaseModel):
    """The configuration that is served. `version` counts the configurations since the start."""

    version: int
    config: dict[str, Any]


def shown(settings: Settings) -> dict[str, Any]:
    """The whole configuration. Hidden are also the hashes of keys, and a quota checker's options: most of those are secrets."""
    content: dict[str, Any] = settings.model_dump(mode="json")
    for provider in content["providers"].values():
        if provider["quota_checker"] is not None:
            provider["quota_checker"]["options"] = _hidden(provider["quota_checker"]["options"])
    for key in content["keys"].values():
        for secret in (key, *key["previous"]):
            secret["secret_hash"] = REDACTED if secret["secret_hash"] is not None else None
    return content


def rest(settings: Settings) -> dict[str, Any]:
    """What has no resource of its own."""
    return {name: value for name, value in shown(settings).items() if name not in _NAMED}


def page(part: Mapping[str, Any], version: int, pages: Paging) -> dict[str, Any]:
    """A page of the items of one part."""
    rows = [{"name": name, "version": version, "settings": value} for name, value in part.items()]
    return pages.page(rows, lambda row: (row["name"],))


def item(part: Mapping[str, Any], version: int, name: str, what: str) -> dict[str, Any]:
    """One of them.

    Raises:
        Refusal: 404 when there is none of this name.
    """
    if name not in part:
        raise not_found(what, name)
    return {"name": name, "version": version, "settings": part[name]}


def _hidden(options: Mapping[str, Any]) -> dict[str, Any]:
    return dict.fromkeys(options, REDACTED)
