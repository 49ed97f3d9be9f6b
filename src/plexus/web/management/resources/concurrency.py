"""How much is under way at each provider and target, against its limit, and who waits."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from plexus.web.management.access import ADMIN, Running
from plexus.web.management.shapes import Page, Pages

RESOURCE = APIRouter(tags=["concurrency"])


class InUseShown(BaseModel):
    """One provider (no model) or target. Requests that wait for one of several targets are counted at each."""

    provider: str
    model: str | None
    in_use: int
    limit: int | None
    waiting: int


class ConcurrencyPage(Page[InUseShown]):
    """The list, with the line of those who wait for any slot at all."""

    waiting: int
    longest_line: int


@RESOURCE.get("/concurrency", dependencies=[ADMIN])
async def listed(managed: Running, pages: Pages) -> ConcurrencyPage:
    """Attempts under way, limits, and who waits."""
    line = managed.gateway.traffic.line
    waiting = line.queue.waiting()
    rows = [_row(row.provider, row.model, row.count, row.limit, waiting) for row in line.slots.listing()]
    page = pages.page(rows, lambda row: (row["provider"], row["model"] or ""))
    return ConcurrencyPage(**page, waiting=len(line.queue), longest_line=line.queue.size)


def _row(
    provider: str, model: str, count: int, limit: int | None, waiting: dict[tuple[str, str], int]
) -> dict[str, Any]:
    here = waiting.get((provider, model), 0) if model else sum(n for key, n in waiting.items() if key[0] == provider)
    return {"provider": provider, "model": model or None, "in_use": count, "limit": limit, "waiting": here}
