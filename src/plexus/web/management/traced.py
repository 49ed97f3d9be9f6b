"""Traces as the management API shows them: rows of a list, one whole, bodies as text, and what a replay says."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel

from plexus.core.json import JSONError, dumps, loads
from plexus.traces.trace import Body, Trace
from plexus.web.management.refusals import Refusal
from plexus.web.management.shapes import LONGEST_PAGE

_LARGEST = 2**63 - 1


class TraceListed(BaseModel):
    """One trace, without what is in it. `bytes` as it is stored."""

    request_id: str
    started_at: str
    key: str
    alias: str
    provider: str | None
    model: str | None
    status: str
    captured_by: str
    bytes: int


class BodyShown(BaseModel):
    """One body: text, or Base64 where it is none. Where the middle is missing, `gap_at` says where, in bytes."""

    size: int
    gap_at: int | None
    encoding: Literal["text", "base64"]
    data: str


class TraceShown(BaseModel):
    """One trace whole; docs/traces.md tells what each part is."""

    request_id: str
    started_at: str
    key: str
    alias: str
    provider: str | None
    model: str | None
    status: str
    captured_by: str
    protocol: str
    stream: bool
    array: bool
    attribution: str | None
    request: dict[str, Any]
    plan: dict[str, Any] | None
    attempts: list[dict[str, Any]]
    answer: dict[str, Any]
    timeline: list[dict[str, Any]]
    fidelity: list[dict[str, Any]]
    error: dict[str, Any] | None
    usage: dict[str, Any]
    bodies: dict[str, BodyShown]


class OutcomeShown(BaseModel):
    """How one of the two requests ended, and its body as far as it is there."""

    status: str
    http_status: int
    provider: str | None
    model: str | None
    error: str | None
    body: str


class Replayed(BaseModel):
    """The exchange of the trace and the new one. `redacted`: what was sent lacks what had been taken out of the trace."""

    request_id: str
    redacted: bool
    first: OutcomeShown
    second: OutcomeShown
    difference: dict[str, Any]


class Newest:
    """Which page of a list that is newest first is asked for. A cursor names the last row of the page before."""

    def __init__(
        self,
        limit: Annotated[int, Query(ge=1, le=LONGEST_PAGE, description="Rows at most.")] = 100,
        cursor: Annotated[
            str | None, Query(max_length=2048, description="The `next_cursor` of the page before.")
        ] = None,
    ) -> None:
        """As the query says."""
        self.limit, self.after = limit, _place(cursor) if cursor is not None else None

    @staticmethod
    def cursor_after(row: dict[str, Any]) -> str:
        """The cursor of the page that follows this row."""
        return base64.urlsafe_b64encode(dumps([row["started_at"], row["request_id"]])).decode().rstrip("=")


def _place(cursor: str) -> tuple[int, str]:
    try:
        place = loads(base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), b"-_", validate=True))
        moment, request_id = place
    except (binascii.Error, ValueError, TypeError, JSONError):
        moment = request_id = None
    if type(moment) is not int or not isinstance(request_id, str) or not 0 <= moment <= _LARGEST:
        raise Refusal(400, "cursor: is none this API has given", "invalid_cursor", param="cursor")
    return moment, request_id


def listed_row(row: dict[str, Any]) -> TraceListed:
    """A row of the table as it is listed."""
    told = {
        **row,
        "started_at": _iso(row["started_at"]),
        "provider": row["provider"] or None,
        "model": row["model"] or None,
    }
    return TraceListed.model_validate(told)


def shown_trace(trace: Trace, *, full: bool) -> dict[str, Any]:
    """A trace as it is shown; unless `full`, without the addresses of providers and the headers exchanged with them."""
    told = {name: value for name, value in trace.document.items() if name != "gaps"}
    if not full:
        told["attempts"] = [_without_whereabouts(attempt) for attempt in told["attempts"]]
    return {
        "request_id": trace.request_id,
        "started_at": _iso(trace.started_at),
        "key": trace.key,
        "alias": trace.alias,
        "provider": trace.provider or None,
        "model": trace.model or None,
        "status": trace.status,
        "captured_by": trace.captured_by,
        **told,
        "bodies": {name: _body(body) for name, body in trace.bodies.items()},
    }


def _without_whereabouts(attempt: dict[str, Any]) -> dict[str, Any]:
    request = {**attempt["request"], "url": None, "headers": None}
    answer = {**attempt["answer"], "headers": None} if attempt["answer"] is not None else None
    return {**attempt, "request": request, "answer": answer}


def _body(body: Body) -> dict[str, Any]:
    try:
        encoding, data = "text", body.kept.decode()
    except UnicodeDecodeError:
        encoding, data = "base64", base64.b64encode(body.kept).decode()
    return {"size": body.size, "gap_at": body.gap_at, "encoding": encoding, "data": data}


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat(timespec="milliseconds")
