"""The log of what administrators changed. Nothing can be changed in it."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from plexus.web.management.access import ADMIN
from plexus.web.management.changing import Changing
from plexus.web.management.shapes import Page, Pages

RESOURCE = APIRouter(tags=["audit"], dependencies=[ADMIN])


class Entry(BaseModel):
    """One change: who made it, from where, and what the thing was before and after."""

    id: int
    at: datetime
    actor: str
    action: str
    subject_kind: str
    subject: str
    before: Any = Field(
        description="As it was written, secrets hidden; null when there was nothing, or it was the whole."
    )
    after: Any
    address: str | None
    request_id: str | None


@RESOURCE.get("/audit", response_model=Page[Entry])
async def listed(changing: Changing, pages: Pages) -> dict[str, Any]:
    """The entries, the newest first."""
    rows, total = await changing.stored(lambda kept: kept.logged(pages.before, pages.limit + 1))
    told = [{**row, "at": datetime.fromtimestamp(row["at"] / 1000, UTC)} for row in rows]
    return pages.cut(told, lambda row: row["id"], total)
