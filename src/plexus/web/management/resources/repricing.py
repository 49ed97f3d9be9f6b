"""Pricing past requests anew: what it would change, and doing it, some thousand requests at a time."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from plexus.usage.price import Price
from plexus.usage.prices import Prices
from plexus.usage.row import AttemptRow, amount_text
from plexus.web.address import client_address
from plexus.web.management import kept
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.entry import REQUEST_ID
from plexus.web.management.managed import Managed
from plexus.web.management.refusals import Refusal
from plexus.web.management.shapes import Paging, unknown_cursor, written
from plexus.web.management.usage_asked import moment_in

RESOURCE = APIRouter(tags=["usage"], dependencies=[ADMIN])
_MOST = 20_000
_USUAL = 5_000
_LONGEST = 500


class Repriced(BaseModel):
    """Which requests are priced anew, by the prices that are configured now."""

    model_config = ConfigDict(extra="forbid")

    since: str = Field(max_length=40, description="Begun at or after: milliseconds since the epoch, or ISO 8601.")
    until: str = Field(max_length=40, description="Begun before.")
    alias: str | None = Field(None, max_length=_LONGEST)
    provider: str | None = Field(None, max_length=_LONGEST, description="Only attempts at this provider.")
    model: str | None = Field(None, max_length=_LONGEST, description="Only attempts at exactly this model.")
    reported: bool = Field(False, description="Replace costs that a provider reported, too.")
    dry_run: bool = Field(True, description="Only tell what would change.")
    limit: int = Field(_USUAL, ge=1, le=_MOST, description="Requests looked at, at most.")
    cursor: str | None = Field(None, max_length=2048, description="The `next_cursor` of the answer before.")


class DifferenceShown(BaseModel):
    """What it comes to. Costs in USD, of the requests that change and whose cost is known."""

    dry_run: bool
    requests: int = Field(description="Looked at.")
    changed: int
    cost_before: str
    cost_after: str
    unknown_before: int = Field(description="Requests that change and whose cost was not known.")
    unknown_after: int
    next_cursor: str | None = Field(description="Where to go on; null when the range is done.")


@RESOURCE.post("/usage/reprice")
async def reprice(managed: Running, wanted: Repriced, request: Request) -> DifferenceShown:
    """Price past requests anew, or tell what that would change. Doing it twice changes nothing the second time."""
    from plexus.usage.repricing import Range, Repricing  # noqa: PLC0415 - what only looks needs no database library

    since, until = moment_in(wanted.since, "since") or 0, moment_in(wanted.until, "until") or 0
    if until < since:
        raise Refusal(400, "until: the range ends before it begins", "invalid_value", param="until")
    after = _place(Paging(wanted.limit, wanted.cursor).after)
    asked = Range(
        since=since,
        until=until,
        alias=wanted.alias,
        provider=wanted.provider,
        model=wanted.model,
        reported=wanted.reported,
    )
    async with kept.answered(managed) as database:
        prices = managed.gateway.snapshot.prices.apart()
        work = Repricing(database, asked, lambda attempt, at: _price(prices, attempt, at), managed.gateway.clock)
        if wanted.dry_run:
            found = await work.difference(after, wanted.limit)
        else:
            found = await work.apply(after, wanted.limit, _author(managed, request))
    following = found.following
    return DifferenceShown(
        dry_run=wanted.dry_run,
        requests=found.requests,
        changed=found.changed,
        cost_before=amount_text(found.cost_before),
        cost_after=amount_text(found.cost_after),
        unknown_before=found.unknown_before,
        unknown_after=found.unknown_after,
        next_cursor=None if following is None else written((str(following[0]), following[1])),
    )


def _price(prices: Prices, attempt: AttemptRow, at: int) -> Price | None:
    return prices.price(attempt.provider, attempt.model, at, attempt.service_tier, attempt.served_model)


def _place(said: tuple[str, ...] | None) -> tuple[int, str] | None:
    if said is None:
        return None
    if len(said) != 2 or not (said[0].isascii() and said[0].isdigit()) or len(said[0]) > 15:  # noqa: PLR2004 - a time and an id
        raise unknown_cursor()
    return int(said[0]), said[1]


def _author(managed: Managed, request: Request) -> Any:
    from plexus.usage.repricing import Author  # noqa: PLC0415 - as above

    scope = request.scope
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    peer = (scope.get("client") or ("",))[0]
    address = client_address(peer, forwarded, managed.gateway.snapshot.trusted_proxies)
    return Author(actor="admin", address=address, request_id=scope[REQUEST_ID])
