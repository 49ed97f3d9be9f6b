"""A configuration on its way into the database, or out of it: client keys by their hashes only. It stores nothing."""

from plexus.settings.key import KeySettings
from plexus.settings.schema import Settings
from plexus.settings.write_back import REMOVED, CannotEdit, Edit, content_of, with_edits

_SHOWN = 4


def without_client_secrets(text: str, settings: Settings) -> str:
    """The text with the hash of each client secret in its place. One that is a `${NAME}` stays: nothing is told by it.

    Raises:
        CannotEdit: when the keys are written so that it cannot be done.
    """
    for section, keys in content_of(text).items():
        if section != "keys" or not isinstance(keys, dict):
            continue
        for name, key in keys.items():
            if name not in settings.keys:
                continue
            if isinstance(key, str) and "${" not in key:
                raise CannotEdit(f"keys.{name}: write it as {{secret: …}}")
            if isinstance(key, dict) and isinstance(key.get("secret"), str) and "${" not in key["secret"]:
                text = with_edits(text, _hashed((section, name), settings.keys[name]))
    return text


def hashed(key: KeySettings) -> dict[str, str]:
    """The fields that stand for a key's secret."""
    if key.secret is None:
        return {}
    return {"secret_hash": key.hashed, "last_four": key.secret.reveal()[-_SHOWN:]}


def _hashed(path: tuple[str, str], key: KeySettings) -> list[Edit]:
    fields = [Edit((*path, name), value) for name, value in hashed(key).items()]
    return [*fields, Edit((*path, "secret"), REMOVED)]
