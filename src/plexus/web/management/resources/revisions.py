"""What the configuration was after each change that was made through the gateway, and going back to it."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from plexus.settings.problems import ConfigurationError
from plexus.web.management.access import ADMIN
from plexus.web.management.changing import ChangedShown, Changing, shown
from plexus.web.management.refusals import Refusal, not_found
from plexus.web.management.shapes import Page, Pages

RESOURCE = APIRouter(tags=["config"], dependencies=[ADMIN])
_HIGHEST = 2**53
_NUMBER = Path(ge=1, le=_HIGHEST)


class Revision(BaseModel):
    """One change. `home` is where it was written: the file, or the database."""

    revision: int
    created_at: datetime
    home: str
    actor: str
    comment: str | None


class RevisionShown(BaseModel):
    """The configuration after it."""

    revision: int
    yaml: str = Field(description="As it was written, secrets hidden.")


class Restoring(BaseModel):
    """What the way back is based on."""

    model_config = ConfigDict(extra="forbid")

    version: str = Field(description="The version of the whole configuration now.")


@RESOURCE.get("/config/revisions", response_model=Page[Revision])
async def listed(changing: Changing, pages: Pages) -> dict[str, Any]:
    """The revisions, the newest first."""
    rows, total = await changing.stored(lambda kept: kept.listed(pages.before, pages.limit + 1))
    told = [{**row._asdict(), "created_at": datetime.fromtimestamp(row.created_at / 1000, UTC)} for row in rows]
    return pages.cut(told, lambda row: row["revision"], total)


@RESOURCE.get("/config/revisions/{number}")
async def one(changing: Changing, number: int = _NUMBER) -> RevisionShown:
    """One of them."""
    try:
        yaml = await changing.stored(lambda _: changing.editing.revision(number))
    except ConfigurationError:
        raise Refusal(
            409, "it does not load here any more, so its secrets cannot be told apart", "cannot_show"
        ) from None
    if yaml is None:
        raise not_found("revision", str(number))
    return RevisionShown(revision=number, yaml=yaml)


@RESOURCE.post("/config/revisions/{number}/restore")
async def restored(wanted: Restoring, changing: Changing, number: int = _NUMBER) -> ChangedShown:
    """Make the configuration what it was after a revision."""
    text = await changing.stored(lambda kept: kept.text(number))
    if text is None:
        raise not_found("revision", str(number))
    return shown(await changing.make("restore", (), text, wanted.version))
