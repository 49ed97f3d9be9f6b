"""Traces of exchanges: listed, shown, deleted, sent again. Bodies are data: text inside JSON, nothing a browser would run."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field

from plexus.core.json import dumps
from plexus.pipeline.replay import NotReplayable, replay
from plexus.traces import store
from plexus.traces.redaction import Redactor
from plexus.traces.store import Wanted
from plexus.traces.trace import Trace
from plexus.web.management import kept
from plexus.web.management.access import ADMIN, Anybody, Running
from plexus.web.management.refusals import Refusal, not_found
from plexus.web.management.shapes import Page
from plexus.web.management.traced import Newest, Replayed, TraceListed, TraceShown, listed_row, shown_trace
from plexus.web.management.visitor import Visitor

RESOURCE = APIRouter(tags=["traces"])
Text = Annotated[str | None, Query(max_length=512)]


class Filters:
    """Which traces are asked for."""

    def __init__(  # noqa: PLR0913 - one for each parameter of the query
        self,
        *,
        key: Text = None,
        alias: Text = None,
        provider: Text = None,
        model: Text = None,
        status: Text = None,
        captured_by: Text = None,
        since: Annotated[
            datetime | None, Query(description="Started at this moment or later; UTC when not said.")
        ] = None,
        until: Annotated[datetime | None, Query(description="Started before this moment.")] = None,
    ) -> None:
        """As the query says."""
        self._asked = Wanted(
            key=key,
            alias=alias,
            provider=provider,
            model=model,
            status=status,
            captured_by=captured_by,
            since=_milliseconds(since),
            until=_milliseconds(until),
        )

    def of(self, visitor: Visitor) -> Wanted | None:
        """The same for this visitor; None when nothing of it can be the visitor's own."""
        if visitor.key is None:
            return self._asked
        name = visitor.key.name
        return replace(self._asked, key=name) if self._asked.key in {None, name} else None


class Asked(BaseModel):
    """Where a kept request is sent again; without a target wherever its model leads now."""

    model_config = ConfigDict(extra="forbid")

    target: str | None = Field(default=None, max_length=1024, description="`provider/model`")


class Deleted(BaseModel):
    """How many traces are gone."""

    deleted: int


@RESOURCE.get("/traces")
async def listed(
    visitor: Anybody, managed: Running, filters: Annotated[Filters, Depends()], newest: Annotated[Newest, Depends()]
) -> Page[TraceListed]:
    """The traces, newest first, without headers and bodies."""
    wanted = filters.of(visitor)
    if managed.traces is None or wanted is None:
        return Page(data=[], next_cursor=None, total=0)
    async with kept.reading(managed) as connection:
        rows, total = await store.page(connection, wanted, newest.limit + 1, newest.after)
    shown = rows[: newest.limit]
    following = newest.cursor_after(shown[-1]) if len(rows) > len(shown) else None
    return Page(data=[listed_row(row) for row in shown], next_cursor=following, total=total)


@RESOURCE.get("/traces/{request_id}", response_model=TraceShown)
async def one(request_id: str, visitor: Anybody, managed: Running) -> Response:
    """One trace with everything in it. The holder of a key is not shown where providers are and what they are sent besides."""
    trace = await _found(managed, request_id, visitor.key.name if visitor.key is not None else None)
    return Response(dumps(shown_trace(trace, full=visitor.role == "admin")), media_type="application/json")


@RESOURCE.delete("/traces/{request_id}", dependencies=[ADMIN])
async def deleted(request_id: str, managed: Running) -> Deleted:
    """Delete one trace; one that is not there is no failure."""
    if managed.traces is None:
        return Deleted(deleted=0)
    async with kept.answered(managed) as database, database.writing() as connection:
        return Deleted(deleted=int(await store.forget(connection, request_id)))


@RESOURCE.post("/traces/{request_id}/replay", response_model=Replayed, dependencies=[ADMIN])
async def replayed(request_id: str, managed: Running, asked: Asked | None = None) -> Response:
    """Send the request again, to the same or another target, and tell the difference. It costs what a request costs."""
    trace = await _found(managed, request_id, None)
    redactor = managed.traces.redactor if managed.traces is not None else Redactor(())
    target = asked.target if asked is not None else None
    try:
        told = await replay(trace, target, managed.gateway, managed.protocols, redactor)
    except NotReplayable as error:
        raise Refusal(409, f"this trace cannot be sent again: {error}", "not_replayable") from None
    return Response(dumps(told), media_type="application/json")


async def _found(managed: Running, request_id: str, key: str | None) -> Trace:
    if managed.traces is None:
        raise not_found("trace", request_id)
    async with kept.reading(managed) as connection:
        trace = await store.one(connection, request_id, key)
    if trace is None:
        raise not_found("trace", request_id)
    return trace


def _milliseconds(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    return int((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp() * 1000)
