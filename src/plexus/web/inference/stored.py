"""Stored responses and the WebSocket form of `/v1/responses`: named and refused, until state is kept here."""

from plexus.pipeline.call import Answer
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.refused import Refused
from plexus.protocols import WireProtocol
from plexus.web.body import Receive
from plexus.web.inference.entry import Endpoint, Scope, Visit
from plexus.web.reply import Send, plain, send_answer

METHODS = frozenset({"GET", "DELETE", "POST"})


def endpoint(gateway: Gateway, protocol: WireProtocol) -> Endpoint:
    """For `/v1/responses/{id}` and what lies below it."""

    async def serve(_scope: Scope, _receive: Receive, _visit: Visit) -> Answer:
        raise Refused(
            "not_found",
            "responses are not stored here; send the whole conversation as input",
            code="response_not_found",
        )

    return Endpoint(gateway, protocol, serve, METHODS)


def unless_upgrade(app: Endpoint) -> "_UnlessUpgrade":
    """The application, but a WebSocket handshake is told at once to fall back to plain HTTP."""
    return _UnlessUpgrade(app)


class _UnlessUpgrade:
    def __init__(self, app: Endpoint) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if any(name == b"upgrade" and value.lower() == b"websocket" for name, value in scope["headers"]):
            await send_answer(_fall_back(), send)
        else:
            await self._app(scope, receive, send)


def _fall_back() -> Answer:
    error = {"message": "WebSocket is not spoken here; POST to the same path", "type": "invalid_request_error"}
    answer = plain(426, {"error": {**error, "param": None, "code": "upgrade_required"}})
    answer.headers += [(b"upgrade", b"HTTP/1.1"), (b"connection", b"upgrade")]
    return answer
