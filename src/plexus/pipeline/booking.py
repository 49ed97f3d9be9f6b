"""From a request that is over to its row in the books. It writes nothing."""

from msgspec import Struct

from plexus.core.json import JSONError
from plexus.ir.errors import Fault, InvalidRequest
from plexus.ir.estimate import estimate
from plexus.pipeline.attempt import Attempt
from plexus.pipeline.call import Call
from plexus.quota.admission import Charge
from plexus.quota.measure import money
from plexus.quota.recompute import Spent
from plexus.usage.booking import Tried, attempt_rows, overhead, summed
from plexus.usage.price import Price
from plexus.usage.row import AttemptRow, RowStatus, UsageRow
from plexus.usage.tokens import delivered_tokens, thought_tokens

_PER_TOKEN = 4
_LARGE = 262_144
"""Bytes of a body that is not read only to estimate it: a client that left must not cost others their time."""


class Ending(Struct, frozen=True, kw_only=True):
    """How a request ended. `started_at` in milliseconds since the epoch."""

    status: RowStatus
    http_status: int
    started_at: int
    duration_ms: float
    fault: Fault | None
    error_class: str


def row_of(call: Call, attempts: list[Attempt], last: Attempt | None, ending: Ending) -> UsageRow:
    """The row of a request. `last` is the attempt that served it, or the last one made."""
    prices, at = call.snapshot.prices, ending.started_at

    def price(tried: Tried) -> Price | None:
        return prices.price(tried.provider, tried.model, at, _tier(tried), tried.served_model)

    rows = [row for attempt in attempts for row in attempt_rows(_tried(attempt, call), price)]
    first = last.tried.ttft_ms if last is not None else None
    return UsageRow(
        request_id=call.request_id,
        started_at=at,
        key=call.key.name,
        attribution=call.attribution,
        alias=call.model,
        client_protocol=call.protocol.name,
        streaming=call.stream,
        passthrough=last.passthrough if last is not None else False,
        status=ending.status,
        http_status=ending.http_status,
        stop_reason=last.fold.stop_reason if last is not None else None,
        error_class=ending.error_class or None,
        ttft_ms=last.tried.started_ms + first if last is not None and first is not None else None,
        duration_ms=ending.duration_ms,
        overhead_ms=overhead(ending.duration_ms, rows),
        fidelity=tuple(last.drops) if last is not None else (),
        error=ending.fault.message if ending.fault is not None else None,
        **summed(rows),
    )


def charges_of(row: UsageRow) -> list[Charge]:
    """What quotas count of a row: its billed attempts.

    Of a request that ended with its process nobody knows more than that it was sent: it is a request without tokens and cost.
    """
    if row.status == "interrupted" and not row.http_status:
        return [Charge("", "")]
    return [
        Charge(attempt.provider, attempt.model, _tokens(attempt), None if attempt.cost is None else money(attempt.cost))
        for attempt in row.attempts
        if attempt.billed
    ]


def spent_of(row: UsageRow) -> Spent:
    """The row as far as quotas care. What ended with its process is booked as of its beginning."""
    booked = row.started_at + int(row.duration_ms)
    return Spent(row.key, row.alias, row.started_at, booked, tuple(charges_of(row)))


def _tokens(row: AttemptRow) -> int:
    return row.input_tokens + row.cache_read_tokens + row.cache_write_tokens + row.output_tokens


def _tier(tried: Tried) -> str:
    return tried.usage.service_tier if tried.usage is not None else ""


def _tried(attempt: Attempt, call: Call) -> Tried:
    told, usage = attempt.tried, attempt.tried.usage
    reported = usage is not None and usage.output is not None and usage.input is not None
    sent = delivered = thought = 0
    if told.http_status is not None and (told.status != "ok" or not reported):
        response = attempt.fold.response
        delivered = delivered_tokens(response, attempt.skimmed)
        thought = thought_tokens(response)
        sent = sent_tokens(call, attempt.door.target.protocol) if delivered or told.status == "ok" else 0
    return Tried(
        provider=told.provider,
        model=told.model,
        upstream_protocol=told.protocol,
        served_model=attempt.fold.model,
        offset_ms=told.started_ms,
        duration_ms=told.duration_ms,
        ttft_ms=told.ttft_ms,
        streaming=attempt.rendering.stream,
        status=told.status or "error",
        http_status=told.http_status or 0,
        error_class=told.reason or None,
        error=told.fault.message if told.fault is not None else None,
        usage=usage,
        sent=sent,
        delivered=delivered,
        thought=thought,
        comments=tuple(line.decode("utf-8", "replace") for line in attempt.comments),
    )


def sent_tokens(call: Call, protocol: str) -> int:
    """About how many input tokens a request has, as the vendor of a protocol counts them."""
    if len(call.body.body) > _LARGE:
        return len(call.body.body) // _PER_TOKEN
    try:
        return estimate(call.request, protocol)
    except (InvalidRequest, JSONError):
        return len(call.body.body) // _PER_TOKEN
