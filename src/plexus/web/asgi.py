"""The whole of the HTTP surface as one ASGI application: exact paths by look-up, the rest by pattern.

Paths are matched as they were sent, without decoding: `%2F` in a name is data, and nothing reaches an endpoint by an escape.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from plexus.core import ids
from plexus.ir.errors import Fault, FaultKind
from plexus.pipeline.gateway import Gateway
from plexus.protocols import WireProtocol
from plexus.web import home
from plexus.web.body import Receive
from plexus.web.head_rules import CLIENT_GONE
from plexus.web.idempotency import Idempotency
from plexus.web.inference import count, gemini, generate, models, stored
from plexus.web.management.entry import Management
from plexus.web.metrics import Metrics
from plexus.web.overload import Load, refusal_of
from plexus.web.reply import Send, refusal, send_answer
from plexus.web.shape import suggested

App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

_VERSION = r"(?:/v1(?:alpha|beta1?|beta)?)?"
_VERTEX = r"(?:/projects/[^/]+/locations/[^/]+)?"
_NOT_FOUND = 404
_LONGEST = 8192
"""Characters of a path: the longest name, every character of it as four escaped bytes, and some."""
_AMBIGUOUS = re.compile(r"//|\\|\x00|(?:^|/)\.\.?(?:/|$)")


class Application:
    """Routes a request to what serves it. A path that could be read in two ways is refused before anything else."""

    def __init__(
        self, gateway: Gateway, protocols: Mapping[str, WireProtocol], started: int, management: Management
    ) -> None:
        """`started`: when the process began, in seconds since the epoch."""
        self.protocols = protocols
        self.load = Load(gateway.clock, lambda: gateway.snapshot.rules)
        self.end_streams = gateway.traffic.events.close
        """At the end of the server, what would never end by itself."""
        self.unready = ""
        """Why no requests should come here, for `/health/ready`; empty when they should."""
        exact, self._patterns = _routes(gateway, protocols, started)
        exact["/health/ready"] = home.ready(lambda: self.unready or gateway.waits_for())
        exact["/openapi.json"] = management.document
        exact["/metrics"] = Metrics(management.managed, management.doorkeeper, self._standing, self.load.refused)
        self._patterns.append((re.compile(r"/v0/management/.+"), management))
        self._exact = {path.encode(): app for path, app in exact.items()}
        """A path known to the letter cannot be read in two ways."""

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request, or the server's own start and stop."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        app = self._exact.get(scope["raw_path"]) or self._matching(scope)
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError as gone:
            if gone.args != (CLIENT_GONE,):
                raise

    async def turned_away(self, scope: dict[str, Any], _receive: Receive, send: Send) -> None:
        """Say that a request is not taken, and why: the scope's `refused` tells."""
        await self._say(scope, send, refusal_of(scope["refused"]).fault)

    def _standing(self) -> dict[str, float]:
        load = self.load
        return {"plexus_requests_in_flight": float(load.requests), "plexus_event_loop_lag_seconds": load.turns.standing}

    def _matching(self, scope: dict[str, Any]) -> App:
        """What serves a path that is not known to the letter, or says why nothing does."""
        if _AMBIGUOUS.search(scope["path"]):
            return self._refusing(400, "the path is ambiguous", "ambiguous_path")
        path: str = scope["raw_path"].decode("latin-1")
        if len(path) > _LONGEST:
            return self._refusing(414, "the path is too long", "path_too_long")
        app = next((app for pattern, app in self._patterns if pattern.fullmatch(path)), None)
        return app or self._refusing(404, "there is nothing at this path; GET / names the endpoints", "unknown_path")

    def _refusing(self, status: int, message: str, code: str) -> App:
        async def refuse(scope: dict[str, Any], _receive: Receive, send: Send) -> None:
            await self._refuse(scope, send, status, message, code)

        return refuse

    async def _refuse(self, scope: dict[str, Any], send: Send, status: int, message: str, code: str) -> None:
        kind: FaultKind = "not_found" if status == _NOT_FOUND else "invalid_request"
        await self._say(scope, send, Fault(kind=kind, status=status, message=message, code=code))

    async def _say(self, scope: dict[str, Any], send: Send, fault: Fault) -> None:
        await send_answer(refusal(suggested(scope, self.protocols), fault, ids.request_id()), send)


def _routes(
    gateway: Gateway, protocols: Mapping[str, WireProtocol], started: int
) -> tuple[dict[str, App], list[tuple[re.Pattern[str], App]]]:
    chat, messages, responses, google = (protocols[name] for name in ("chat", "messages", "responses", "gemini"))
    listed = models.endpoint(gateway, chat, started)
    google_listed = models.endpoint(gateway, google, started, google=True)
    once = Idempotency(gateway.clock)
    answers = generate.endpoint(gateway, responses, once)
    exact: dict[str, App] = {
        "/v1/chat/completions": generate.endpoint(gateway, chat, once),
        "/chat/completions": generate.endpoint(gateway, chat, once),
        "/v1/messages": generate.endpoint(gateway, messages, once),
        "/v1/messages/count_tokens": count.endpoint(gateway, messages),
        "/v1/responses": stored.unless_upgrade(answers),
        "/v1/codex/responses": stored.unless_upgrade(answers),
        "/responses": stored.unless_upgrade(answers),
        "/v1/responses/input_tokens": count.endpoint(gateway, responses),
        "/v1/models": listed,
        "/v1beta/models": google_listed,
        "/models": google_listed,
        "/": home.page,
        "/health": home.health,
        "/api/event_logging/batch": home.swallowed,
        "/api/event_logging/v2/batch": home.swallowed,
    }
    actions, vertex = gemini.endpoint(gateway, google, once), gemini.anthropic_endpoint(gateway, messages, once)
    patterns: list[tuple[str, App]] = [
        (
            _VERSION + _VERTEX + r"(?:/publishers/google)?/models/.+:[A-Za-z]+Contents?|(?>.*?/models/).+:countTokens",
            actions,
        ),
        (_VERSION + _VERTEX + r"/publishers/anthropic/models/.+:[A-Za-z]*[Rr]awPredict", vertex),
        (r"/v1(?:beta|alpha)/models/.+:[A-Za-z]+", actions),
        (r"/v1(?:beta|alpha)/models/.+", google_listed),
        (r"/v1/models/.+", listed),
        (r"/v1/responses/[^/]+(?:/[a-z_]+)?", stored.endpoint(gateway, responses)),
    ]
    return exact, [(re.compile(pattern), app) for pattern, app in patterns]


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        else:
            await send({"type": "lifespan.shutdown.complete"})
            return
