"""The life of a key's secret: made, replaced with an overlap, ended. It gives what to write down and writes nothing itself."""

import base64
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from plexus.core.secret import Secret
from plexus.settings.key import KeySettings
from plexus.settings.secret_hash import stored

_BYTES = 32
SHOWN = 4
"""Characters of a secret that lists may show."""


def new_secret(chance: Callable[[int], bytes] = secrets.token_bytes) -> Secret:
    """A new client secret with 256 bits of chance: `sk-` and 43 letters, digits, hyphens and underscores."""
    return Secret("sk-" + base64.urlsafe_b64encode(chance(_BYTES)).rstrip(b"=").decode("ascii"))


def created(secret: Secret, pepper: Secret | None = None) -> dict[str, Any]:
    """The settings of a key that has this secret, without the secret."""
    return {"secret_hash": stored(secret, pepper), "last_four": secret.reveal()[-SHOWN:]}


def rotated(
    settings: KeySettings, secret: Secret, now: datetime, until: datetime | None = None, pepper: Secret | None = None
) -> dict[str, Any]:
    """The settings that give a key a new secret; the one it had works until then, or not at all.

    They replace `secret`, `secret_hash`, `last_four` and `previous`. Older secrets keep their own ends; those that have ended go.
    """
    old = settings.hashed if settings.secret is None else stored(settings.secret, pepper)
    previous = [{"secret_hash": one.secret_hash, "until": one.until} for one in settings.previous if one.until > now]
    if until is not None and until > now:
        previous.append({"secret_hash": old, "until": until})
    return {"secret": None, **created(secret, pepper), "previous": previous}


def revoked() -> Mapping[str, Any]:
    """The settings that end a key, and leave what was booked on it its name. Its older secrets end with it."""
    return {"enabled": False}
