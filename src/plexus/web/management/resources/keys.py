"""The client keys, without their secrets. A key's holder sees that key; a new secret is shown to the admin, once."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from plexus.core.secret import REDACTED, Secret
from plexus.keys.lifecycle import created, new_secret, rotated
from plexus.settings.export import hashed
from plexus.settings.key import KeySettings
from plexus.settings.secret_hash import FORM, is_foreign, keyed
from plexus.usage.last_use import last_used
from plexus.web.management import configured
from plexus.web.management.access import Anybody, Running
from plexus.web.management.changing import ChangedShown, Changing, Version, Wanted, shown
from plexus.web.management.configured import Item
from plexus.web.management.kept import reading
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


class KeyShown(Item):
    """A key, and what became of it."""

    last_used_at: int | None = Field(
        description="When its last request began that is in usage, in milliseconds since 1970, UTC."
    )
    usable: bool = Field(
        description="False: a secret of it was hashed with the pepper of another database, or is another key's; rotate it."
    )


class KeyMade(ChangedShown):
    """The key's new secret, which is shown this once and kept nowhere."""

    name: str
    secret: str


@RESOURCE.get("/keys", response_model=Page[KeyShown])
async def listed(visitor: Anybody, managed: Running, pages: Pages) -> dict[str, Any]:
    """The keys, by name."""
    page = await configured.page(managed, "keys", _part(managed, visitor), pages)
    return {**page, "data": await _with_their_lives(managed, page["data"])}


@RESOURCE.get("/keys/{name:path}", response_model=KeyShown)
async def one(visitor: Anybody, managed: Running, name: str) -> dict[str, Any]:
    """One key; to the holder of a key there are no others than its own."""
    row = await configured.item(managed, "keys", _part(managed, visitor), name, "key")
    return (await _with_their_lives(managed, [row]))[0]


@RESOURCE.post("/keys", status_code=201)
async def made(wanted: NewKey, changing: Changing) -> KeyMade:
    """Make a key. Only a hash of its secret is kept."""
    _speaks_of_no_secret(wanted.settings)
    secret = new_secret()
    settings = {**created(secret, changing.editing.pepper), **wanted.settings}
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
    return shown(
        await changing.make(action, ("keys", name), _hashed(settings, changing.editing.pepper), wanted.version)
    )


@RESOURCE.post("/keys/{name:path}/rotate")
async def rotate(name: str, wanted: Rotation, managed: Running, changing: Changing) -> KeyMade:
    """Give a key a new secret; the one it has works on for the overlap, or is dead at once."""
    now = await changing.written(("keys", name))
    settings = managed.settings().keys.get(name)
    if now is None or settings is None:
        raise not_found("key", name)
    secret, moment = new_secret(), datetime.now(UTC)
    until = moment + timedelta(seconds=wanted.overlap) if wanted.overlap else None
    fields = rotated(settings, secret, moment, until, changing.editing.pepper)
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


def _hashed(settings: dict[str, Any], pepper: Secret | None) -> dict[str, Any]:
    """A secret of the admin's own is kept as its hash, and a plain hash is keyed.

    One that is not fit to be one is left for the schema to refuse.

    Raises:
        Refusal: for a hash that no secret could be told by here.
    """
    kept = settings.get("secret_hash")
    if isinstance(kept, str) and pepper is not None:
        if is_foreign(kept, pepper):
            said = "settings.secret_hash: it was made with the pepper of another database, beside which alone it works"
            raise Refusal(400, said, "foreign_hash", param="settings.secret_hash")
        settings = {**settings, "secret_hash": keyed(kept, pepper) if FORM.fullmatch(kept) else kept}
    secret = settings.get("secret")
    if not isinstance(secret, str) or "${" in secret or secret == REDACTED:
        return settings
    try:
        key = KeySettings.model_validate({"secret": secret})
    except ValidationError:
        return settings
    return {**{field: value for field, value in settings.items() if field not in _SECRET}, **hashed(key, pepper)}


async def _with_their_lives(managed: Running, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with when each key was last used, as far as the database says, and whether it can be used."""
    names = [row["name"] for row in rows]
    try:
        async with reading(managed) as connection:
            used = await last_used(connection, names)
    except Refusal:  # the keys are known without it
        used = {}
    unusable = frozenset(managed.gateway.snapshot.keyring.unusable)
    return [{**row, "last_used_at": used.get(row["name"]), "usable": row["name"] not in unusable} for row in rows]


def _part(managed: Running, visitor: Visitor) -> dict[str, Any]:
    part: dict[str, Any] = configured.shown(managed.settings())["keys"]
    for settings in part.values():
        del settings["secret"], settings["secret_hash"]
    if visitor.key is None:
        return part
    own = {visitor.key.name}
    return {name: settings for name, settings in part.items() if name in own}
