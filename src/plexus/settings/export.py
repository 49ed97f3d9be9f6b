"""A configuration on its way into the database, or out of it: client keys by their hashes only. It stores nothing."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from plexus.core.secret import Secret
from plexus.settings.key import KeySettings
from plexus.settings.schema import Settings
from plexus.settings.secret_hash import is_foreign, keyed, stored
from plexus.settings.write_back import REMOVED, CannotEdit, Edit, content_of, with_edits

_SHOWN = 4


def without_client_secrets(text: str, settings: Settings, pepper: Secret | None = None) -> str:
    """The text with the hash of each client secret in its place, keyed with the pepper.

    One that is a `${NAME}` stays: nothing is told by it. Plain hashes are keyed as well, where that changes nothing else.

    Raises:
        CannotEdit: when the keys are written so that it cannot be done.
    """
    needed: list[Edit] = []
    wished: list[Edit] = []
    for name, key in _written_keys(text, settings):
        if isinstance(key, str) and "${" not in key:
            raise CannotEdit(f"keys.{name}: write it as {{secret: …}}")
        if not isinstance(key, dict):
            continue
        if isinstance(key.get("secret"), str) and "${" not in key["secret"]:
            fields = {**hashed(settings.keys[name], pepper), "secret": REMOVED}
            needed += [Edit(("keys", name, field), value) for field, value in fields.items()]
        wished += [Edit(("keys", name, field), value) for field, value in _keyed(key, pepper)]
    if wished:
        with suppress(CannotEdit):  # they are hashes already
            return with_edits(text, [*needed, *wished])
    return with_edits(text, needed) if needed else text


def hashed(key: KeySettings, pepper: Secret | None = None) -> dict[str, str]:
    """The fields that stand for a key's secret."""
    if key.secret is None:
        return {}
    return {"secret_hash": stored(key.secret, pepper), "last_four": key.secret.reveal()[-_SHOWN:]}


def foreign(settings: Settings, pepper: Secret) -> list[str]:
    """The keys that have a hash of another pepper, so that it cannot be told here."""
    return [
        name
        for name, key in settings.keys.items()
        if any(is_foreign(hashed, pepper) for hashed in (key.hashed, *(one.secret_hash for one in key.previous)))
    ]


def _written_keys(text: str, settings: Settings) -> Iterator[tuple[str, Any]]:
    keys = content_of(text).get("keys")
    for name, key in keys.items() if isinstance(keys, dict) else ():
        if name in settings.keys:
            yield name, key


def _keyed(key: Mapping[str, Any], pepper: Secret | None) -> Iterator[tuple[str, Any]]:
    """What becomes of the plain hashes of a key as it is written."""
    now = key.get("secret_hash")
    if isinstance(now, str) and keyed(now, pepper) != now:
        yield "secret_hash", keyed(now, pepper)
    before = key.get("previous")
    if not isinstance(before, list):
        return
    after = [
        {**one, "secret_hash": keyed(one["secret_hash"], pepper)}
        if isinstance(one, dict) and isinstance(one.get("secret_hash"), str)
        else one
        for one in before
    ]
    if after != before:
        yield "previous", after
