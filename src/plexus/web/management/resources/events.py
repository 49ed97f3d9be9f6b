"""What happens, as it happens: a stream of server-sent events. A key's holder hears of its own requests."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from plexus.core.json import dumps
from plexus.pipeline.events import Events, Listener
from plexus.web.management.access import Anybody, Running
from plexus.web.management.refusals import Refusal
from plexus.web.management.usage_asked import owner_of

RESOURCE = APIRouter(tags=["events"])
HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent."""
LISTENERS = 100
"""Who may listen at once."""


class EventStream(Response):
    """The stream. Starlette's own would watch for the client's leaving by reading the body again and again."""

    media_type = "text/event-stream"

    def __init__(self, events: Events, listener: Listener) -> None:
        """Nothing is sent yet."""
        self._events, self._listener = events, listener
        self.status_code, self.background = 200, None
        self.init_headers({"x-accel-buffering": "no"})

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send until the listener leaves, which cancels this, or there is no more."""
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for piece in self._pieces():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._events.leave(self._listener)

    async def _pieces(self) -> AsyncIterator[bytes]:
        yield b": the stream has begun\n\n"
        listener = self._listener
        while True:
            found = await listener.heard(HEARTBEAT)
            if listener.missed:
                count, listener.missed = listener.missed, 0
                yield _frame("missed", {"events": count if count > 0 else None})
            for event in found:
                told = {"at": event.at, "key": event.key, **event.facts}
                yield b"id: " + self._events.id_of(event).encode() + b"\n" + _frame(event.kind, told)
            if listener.ended:
                return
            if not found:
                yield b": heartbeat\n\n"


@RESOURCE.get(
    "/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream(
    visitor: Anybody, managed: Running, last_event_id: Annotated[str | None, Header(max_length=100)] = None
) -> Response:
    """Events from now on, or from the one after `Last-Event-ID`. The stream does not end by itself."""
    events = managed.gateway.traffic.events
    if events.listeners >= LISTENERS:
        raise Refusal(429, "as many listen as may; try again later", "too_many_listeners", retry_after=HEARTBEAT)
    return EventStream(events, events.listen(owner_of(visitor), last_event_id))


def _frame(kind: str, told: dict[str, Any]) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + dumps(told) + b"\n\n"
