"""Who the caller is to the gateway."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel

import plexus
from plexus.keys.key import Key
from plexus.web.management.access import Anybody

RESOURCE = APIRouter(tags=["self"])


class KeyShown(BaseModel):
    """What a key may use. An empty allowance allows everything; exclusions win."""

    name: str
    allowed_models: list[str]
    excluded_models: list[str]
    allowed_providers: list[str]
    excluded_providers: list[str]
    quotas: list[str]
    expires_at: datetime | None


class SelfShown(BaseModel):
    """The caller: the admin, or the holder of a key. `version` is the gateway's."""

    version: str
    role: Literal["admin", "key"]
    key: KeyShown | None


@RESOURCE.get("/self")
async def shown(visitor: Anybody) -> SelfShown:
    """Who I am."""
    key = KeyShown(**_fields(visitor.key)) if visitor.key is not None else None
    return SelfShown(version=plexus.__version__, role=visitor.role, key=key)


def _fields(key: Key) -> dict[str, Any]:
    names = ("allowed_models", "excluded_models", "allowed_providers", "excluded_providers")
    sorted_names = {name: sorted(getattr(key, name)) for name in names}
    return {"name": key.name, **sorted_names, "quotas": list(key.quotas), "expires_at": key.expires_at}
