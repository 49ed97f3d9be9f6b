"""Stored responses, which live at their provider, and the WebSocket form of `/v1/responses`, which is not spoken."""

from urllib.parse import parse_qsl, unquote, urlencode

from plexus.pipeline.call import Answer
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.stored import forward
from plexus.protocols import WireProtocol
from plexus.web.body import Receive
from plexus.web.inference.entry import Endpoint, Scope, Visit
from plexus.web.reply import Send, plain, send_answer

METHODS = frozenset({"GET", "DELETE", "POST"})


def endpoint(gateway: Gateway, protocol: WireProtocol) -> Endpoint:
    """For `/v1/responses/{id}` and what lies below it."""

    async def serve(scope: Scope, _receive: Receive, visit: Visit) -> Answer:
        raw = scope["raw_path"].decode("ascii", "replace").partition("/responses/")[2]
        response_id, slash, rest = raw.partition("/")
        return await forward(
            scope["method"],
            unquote(response_id),
            slash + rest,
            _without_key(scope["query_string"]),
            key=visit.key.name,
            snapshot=visit.snapshot,
            gateway=gateway,
        )

    return Endpoint(gateway, protocol, serve, METHODS)


def _without_key(query: bytes) -> str:
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    return urlencode([(name, value) for name, value in pairs if name != "key"])


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
