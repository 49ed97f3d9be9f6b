"""The client keys, without their secrets. A key's holder sees that key; a new secret is shown to the admin, once."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from plexus.core.secret import REDACTED
from plexus.keys.lifecycle import created, new_secret, rotated
from plexus.settings.export import hashed
from plexus.settings.key import KeySettings
from plexus.web.management import configured
from plexus.web.management.access import Anybody, Running
from plexus.web.management.changing import ChangedShown, Changing, Version, Wanted, shown
from plexus.web.management.configured import Item
from plexus.web.management.refusals import Refusal, not_found
from plexus.web.management.shapes import Page, Pages
from plexus.web.management.visitor import Visitor

RESOURCE = APIRouter(tags=["keys"])
_SECRET = ("secret", "secret_hash", "last_four", "previous")
"""What a key keeps of its secrets when a change does not speak of them."""
_YEAR = 366 * 86_400


class NewKey(BaseModel):
    """A key to be made. Its secret is made here."""

    model_config = ConfigDict(extra="forbid")

    name: str
    settings: dict[str, Any] = Field({}, description="As in the configuration file, without a secret.")


class Rotation(BaseModel):
    """A new secret for a key."""

    model_config = ConfigDict(extra="forbid")

    version: str
    overlap: int = Field(0, ge=0, le=_YEAR, description="Seconds the secret it has goes on working.")


class KeyMade(ChangedShown):
    """The key's new secret, which is shown this once and kept nowhere."""

    name: str
    secret: str


@RESOURCE.get("/keys", response_model=Page[Item])
async def listed(visitor: Anybody, managed: Running, pages: Pages) -> dict[str, Any]:
    """The keys, by name."""
    return await configured.page(managed, "keys", _part(managed, visitor), pages)


@RESOURCE.get("/keys/{name:path}", response_model=Item)
async def one(visitor: Anybody, managed: Running, name: str) -> dict[str, Any]:
    """One key; to the holder of a key there are no others than its own."""
    return await configured.item(managed, "keys", _part(managed, visitor), name, "key")


@RESOURCE.post("/keys", status_code=201)
async def made(wanted: NewKey, changing: Changing) -> KeyMade:
    """Make a key. Only a hash of its secret is kept."""
    _speaks_of_no_secret(wanted.settings)
    secret = new_secret()
    settings = {**created(secret), **wanted.settings}
    changed = shown(await changing.make("create", ("keys", wanted.name), settings, None))
    return KeyMade(name=wanted.name, secret=secret.reveal(), **changed.model_dump())


@RESOURCE.put("/keys/{name:path}")
async def put(name: str, wanted: Wanted, changing: Changing) -> ChangedShown:
    """Change a key, as a whole but for its secret; with a `secret` of your own, or its hash, make one."""
    settings = dict(wanted.settings)
    now = await changing.written(("keys", name))
    if isinstance(now, dict) and not {"secret", "secret_hash"} & settings.keys():
        settings |= {field: now[field] for field in _SECRET if field in now and field not in settings}
    action = "create" if wanted.version is None else "change"
    return shown(await changing.make(action, ("keys", name), _hashed(settings), wanted.version))


@RESOURCE.post("/keys/{name:path}/rotate")
async def rotate(name: str, wanted: Rotation, managed: Running, changing: Changing) -> KeyMade:
    """Give a key a new secret; the one it has works on for the overlap, or is dead at once."""
    now = await changing.written(("keys", name))
    settings = managed.settings().keys.get(name)
    if now is None or settings is None:
        raise not_found("key", name)
    secret, moment = new_secret(), datetime.now(UTC)
    until = moment + timedelta(seconds=wanted.overlap) if wanted.overlap else None
    fields = rotated(settings, secret, moment, until)
    fields["previous"] = [{**one, "until": one["until"].isoformat()} for one in fields["previous"]]
    fields = {field: value for field, value in fields.items() if value not in (None, [])}
    kept = {field: value for field, value in now.items() if field not in _SECRET} if isinstance(now, dict) else {}
    changed = shown(await changing.make("rotate", ("keys", name), {**kept, **fields}, wanted.version))
    return KeyMade(name=name, secret=secret.reveal(), **changed.model_dump())


@RESOURCE.delete("/keys/{name:path}")
async def deleted(name: str, version: Version, changing: Changing) -> ChangedShown:
    """Take a key out. To keep its name for what was booked on it, disable it: `enabled: false`."""
    return await changing.delete("keys", name, version)


def _speaks_of_no_secret(settings: dict[str, Any]) -> None:
    spoken = next((field for field in _SECRET if field in settings), None)
    if spoken is not None:
        said = f"settings.{spoken}: the secret is made here; to give one of your own, PUT the key"
        raise Refusal(400, said, "invalid_value", param=f"settings.{spoken}")


def _hashed(settings: dict[str, Any]) -> dict[str, Any]:
    """A secret of the admin's own is kept as its hash. One that is not fit to be one is left for the schema to refuse."""
    secret = settings.get("secret")
    if not isinstance(secret, str) or "${" in secret or secret == REDACTED:
        return settings
    try:
        key = KeySettings.model_validate({"secret": secret})
    except ValidationError:
        return settings
    return {**{field: value for field, value in settings.items() if field not in _SECRET}, **hashed(key)}


def _part(managed: Running, visitor: Visitor) -> dict[str, Any]:
    part: dict[str, Any] = configured.shown(managed.settings())["keys"]
    for settings in part.values():
        del settings["secret"], settings["secret_hash"]
    if visitor.key is None:
        return part
    own = {visitor.key.name}
    return {name: settings for name, settings in part.items() if name in own}
