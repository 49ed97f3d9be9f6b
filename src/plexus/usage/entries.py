"""What the journal's entries say of requests: one was begun, one is over. Bytes to facts and back; it keeps nothing."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from plexus.core import json
from plexus.usage.row import UsageRow, to_wire


class Opened(Struct, frozen=True, kw_only=True, tag="open", gc=False):
    """A request that is about to be sent. `process` is who serves it; `started_at` in milliseconds since the epoch."""

    request_id: str
    process: str
    started_at: int
    key: str = ""
    attribution: str | None = None
    alias: str = ""
    client_protocol: str = ""
    streaming: bool = False


class Closed(Struct, frozen=True, tag="row", gc=False):
    """A request that is over, and what its quotas were charged for it: lists that only quotas understand."""

    row: UsageRow
    bookings: Sequence[Any] = ()


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Opened | Closed] = msgspec.json.Decoder(Opened | Closed)


def opened_entry(opened: Opened) -> bytes:
    """The entry of a request that begins."""
    return json.dumps(opened)


def closed_entry(closed: Closed) -> bytes:
    """The entry of a request that is over."""
    try:
        return _encoder.encode(closed)
    except UnicodeEncodeError:  # a lone surrogate out of somebody's error message
        return json.dumps({"type": "row", "row": to_wire(closed.row), "bookings": msgspec.to_builtins(closed.bookings)})


def read_entry(entry: bytes) -> Opened | Closed:
    """What an entry says. Names of a later version are passed over.

    Raises:
        msgspec.DecodeError: when it is none of these.
    """
    return _decoder.decode(entry)


def interrupted(opened: Opened) -> UsageRow:
    """The row of a request whose process died: what it used is not known, and neither is its cost."""
    return UsageRow(
        request_id=opened.request_id,
        started_at=opened.started_at,
        key=opened.key,
        attribution=opened.attribution,
        alias=opened.alias,
        client_protocol=opened.client_protocol,
        streaming=opened.streaming,
        status="interrupted",
        error_class="interrupted",
        error="the gateway was ended while it served this request",
    )
