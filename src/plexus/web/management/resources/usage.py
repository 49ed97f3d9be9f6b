"""Usage: the requests that were made, one of them, what they add up to. A key's holder sees those of that key."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import Response

from plexus.usage.list_filter import Sort
from plexus.usage.lists import listed, one
from plexus.usage.purge import purge_usage
from plexus.usage.totals import TooManyGroups, numbers
from plexus.web.management import kept
from plexus.web.management.access import ADMIN, Anybody, Running
from plexus.web.management.refusals import Refusal, not_found
from plexus.web.management.shapes import Pages, Paging, written
from plexus.web.management.usage_asked import Asked, cursor_of, moment_in, owner_of, place_in
from plexus.web.management.usage_shapes import Deleted, SummaryShown, UsagePage, UsageWhole
from plexus.web.management.usage_summed import Summing
from plexus.web.management.visitor import Visitor

RESOURCE = APIRouter(tags=["usage"])
Order = Annotated[Literal["asc", "desc"], Query(description="Rows without a cost are left out when sorted by it.")]


@RESOURCE.get("/usage", response_model=UsagePage)
async def usage(
    visitor: Anybody,
    managed: Running,
    pages: Pages,
    asked: Annotated[Asked, Depends()],
    sort: Sort = "started_at",
    order: Order = "desc",
) -> dict[str, Any]:
    """The requests, newest first unless asked otherwise."""
    return await _page(visitor, managed, pages, asked, sort, rising=order == "asc", failed=False)


@RESOURCE.get("/errors", response_model=UsagePage)
async def failures(
    visitor: Anybody, managed: Running, pages: Pages, asked: Annotated[Asked, Depends()]
) -> dict[str, Any]:
    """The requests that failed, newest first: those of every status but ok and cancelled, as far back as `retention.errors`."""
    return await _page(visitor, managed, pages, asked, "started_at", rising=False, failed=True)


@RESOURCE.get("/usage/summary", response_model=SummaryShown)
async def summed(visitor: Anybody, managed: Running, asked: Annotated[Summing, Depends()]) -> Response:
    """What requests add up to, by time and by what they have in common."""
    cut = asked.buckets(int(managed.gateway.clock.wall() * 1000))
    only = asked.only_of(visitor)
    if visitor.role == "admin":  # what a holder of a key asks for takes no room for good
        managed.summed_in(asked.timezone)
    async with kept.reading(managed) as connection:
        try:
            found = await numbers(connection, cut, asked.by, only) if only is not None else {}
        except TooManyGroups as error:
            raise Refusal(400, str(error), "too_many_groups") from None
    return Response(asked.shown(cut, found), media_type="application/json")


@RESOURCE.get("/usage/{request_id}", response_model=UsageWhole)
async def shown(visitor: Anybody, managed: Running, request_id: Annotated[str, Path(max_length=200)]) -> dict[str, Any]:
    """One request with its attempts; to the holder of a key there are no others than its own."""
    async with kept.reading(managed) as connection:
        found = await one(connection, request_id, owner_of(visitor))
    if found is None:
        raise not_found("request", request_id)
    return found


@RESOURCE.delete("/usage", dependencies=[ADMIN])
async def deleted(
    managed: Running,
    before: Annotated[str, Query(max_length=40, description="Milliseconds since the epoch, or ISO 8601.")],
) -> Deleted:
    """Delete the requests that began before a moment. What they added up to stays in summaries of whole hours."""
    moment = moment_in(before, "before") or 0
    async with kept.answered(managed) as database:
        return Deleted(deleted=await purge_usage(database, moment, managed.gateway.clock))


async def _page(
    visitor: Visitor, managed: Running, pages: Paging, asked: Asked, sort: Sort, *, rising: bool, failed: bool
) -> dict[str, Any]:
    after = place_in(pages.after, sort, rising=rising)
    async with kept.reading(managed) as connection:
        oldest = managed.gateway.clock.wall() - managed.settings().retention.errors if failed else None
        wanted = asked.of(visitor, oldest=oldest)
        found = await listed(connection, wanted, sort, pages.limit, rising=rising, after=after)
    following = written(cursor_of(sort, found.following, rising=rising)) if found.following is not None else None
    return {"data": found.rows, "next_cursor": following, "total": found.total, "total_is_exact": found.counted}
