"""Parts of the running configuration as they are shown: as JSON, with every secret hidden."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from plexus.core.secret import REDACTED
from plexus.settings.problems import ConfigurationError
from plexus.settings.schema import Settings
from plexus.web.management.managed import Managed
from plexus.web.management.refusals import not_found
from plexus.web.management.shapes import Paging

if TYPE_CHECKING:
    from plexus.settings.editing import Written

NAMED = ("providers", "models", "keys", "user_quotas", "mcp_servers")
"""The parts that are maps of names, and have a resource of their own."""


class Item(BaseModel):
    """One named part of the configuration."""

    name: str
    version: str | None = Field(
        description="What a change of it is based on; null when it is served but not in the configuration's home."
    )
    settings: dict[str, Any] = Field(description="As it is served: every key, secrets as [redacted].")
    written: Any = Field(
        description="As it stands in the configuration, ${NAME} unexpanded: change this, and send it back."
    )


class ConfigShown(BaseModel):
    """The configuration that is served."""

    version: str | None = Field(description="What a change of the whole is based on; null where it has no home.")
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
    return {name: value for name, value in shown(settings).items() if name not in NAMED}


async def page(managed: Managed, section: str, part: Mapping[str, Any], pages: Paging) -> dict[str, Any]:
    """A page of the items of one section; `part` is what is served of it."""
    home = await stand(managed)
    rows = [row(managed, home, (section, name), value) for name, value in part.items()]
    return pages.page(rows, lambda row: (row["name"],))


async def item(managed: Managed, section: str, part: Mapping[str, Any], name: str, what: str) -> dict[str, Any]:
    """One of them.

    Raises:
        Refusal: 404 when there is none of this name.
    """
    if name not in part:
        raise not_found(what, name)
    return row(managed, await stand(managed), (section, name), part[name])


async def stand(managed: Managed) -> "Written | None":
    """What is in the configuration's home; None when there is none, or what is there does not load."""
    editing = managed.editing()
    try:
        return None if editing is None else await editing.now()
    except (ConfigurationError, OSError, UnicodeDecodeError):
        return None


def row(managed: Managed, home: "Written | None", path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """One item as it is shown."""
    editing = managed.editing()
    version, written = None, None
    if home is not None and editing is not None:
        version, written = home.version(path), editing.shown(home, path)
    return {"name": path[-1], "version": version, "settings": value, "written": written}


def _hidden(options: Mapping[str, Any]) -> dict[str, Any]:
    return dict.fromkeys(options, REDACTED)
