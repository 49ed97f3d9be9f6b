"""What is taken along of a request that is over, until its spans are made: where its attempts went, and content if wanted."""

from collections.abc import Callable
from functools import lru_cache
from urllib.parse import urlsplit

from msgspec import Struct

from plexus.core.json import JSONError, dumps
from plexus.ir.chat import StopReason
from plexus.ir.errors import InvalidRequest
from plexus.pipeline.attempt import Attempt
from plexus.pipeline.call import Call
from plexus.pipeline.record import Record
from plexus.pipeline.telemetry.content import messages_in, messages_out
from plexus.pipeline.telemetry.context import Context, context_in

LARGEST = 128 * 1024
"""Bytes of a body whose content is told; larger ones are left out, since exporters keep them in memory."""
_PORTS = {"https": 443, "http": 80}


class Place(Struct, frozen=True):
    """Where an attempt went."""

    address: str
    port: int


class Attempted(Struct, frozen=True):
    """One attempt, as far as its row does not tell of it. The content is JSON text, None where none is told."""

    place: Place
    streaming: bool
    finish: StopReason | None
    content_in: str | None
    content_out: str | None


class Finished(Struct, frozen=True):
    """A request that is over."""

    record: Record
    context: Context | None
    attempts: list[Attempted]


def finished(call: Call, attempts: list[Attempt], record: Record, clean: Callable[[str], str] | None) -> Finished:
    """The facts. `clean` takes secrets out of content; None when no content is told."""
    asked = _asked(call, clean) if clean is not None and attempts else None
    return Finished(record, context_in(call.headers), [_attempted(attempt, asked, clean) for attempt in attempts])


def _attempted(attempt: Attempt, asked: str | None, clean: Callable[[str], str] | None) -> Attempted:
    stop = attempt.fold.stop_reason
    return Attempted(
        place=place_of(attempt.door.base_url),
        streaming=attempt.rendering.stream,
        finish=stop,
        content_in=asked,
        content_out=_answered(attempt, clean) if clean is not None else None,
    )


def _asked(call: Call, clean: Callable[[str], str]) -> str | None:
    if len(call.body.body) > LARGEST:
        return None
    try:
        return clean(dumps(messages_in(call.request)).decode())
    except (InvalidRequest, JSONError):
        return None


def _answered(attempt: Attempt, clean: Callable[[str], str]) -> str | None:
    response = attempt.fold.response
    if attempt.skimmed or not (response.parts or response.alternatives):
        return None
    text = dumps(messages_out(response))
    return clean(text.decode()) if len(text) <= LARGEST else None


@lru_cache(maxsize=1024)
def place_of(base_url: str) -> Place:
    """Host and port of an address."""
    parts = urlsplit(base_url)
    return Place(parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 443))
