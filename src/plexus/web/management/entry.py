"""The door of the management API: who may come in, how large a request may be, and what every answer carries.

FastAPI is imported when the first request has been let in, beside the event loop.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from plexus.core import ids
from plexus.core.logging import logger
from plexus.pipeline.call import Answer
from plexus.pipeline.refused import Refused
from plexus.web.body import Receive, read_body, replayed
from plexus.web.management.managed import Managed
from plexus.web.management.refusals import Refusal
from plexus.web.management.visitor import Doorkeeper
from plexus.web.reply import Send, send_answer

log = logger("plexus.management")

Scope = dict[str, Any]
VISITOR = "plexus.visitor"
"""Where the routes find who asks."""
REQUEST_ID = "plexus.request_id"
TAKEN_IN_PIECES = frozenset({"/v0/management/restore"})
"""Paths whose bodies their routes read themselves, after they have seen who sends them: they are too large for memory."""
_JSON = b"application/json"
_SAFE = [
    (b"cache-control", b"no-store"),
    (b"vary", b"authorization, x-admin-key"),
    (b"x-content-type-options", b"nosniff"),
]


class Management:
    """The API as an ASGI application, and its description."""

    def __init__(self, managed: Managed) -> None:
        """Nothing of it is loaded yet."""
        self.managed, self.doorkeeper = managed, Doorkeeper(managed)
        self._loading = asyncio.Lock()
        self._app: Any = None
        self._document = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request below `/v0/management`."""
        out = _Out(send, ids.request_id())
        try:
            visitor = self.doorkeeper.admit(scope)
            if scope["path"] not in TAKEN_IN_PIECES:
                body = await read_body(dict(scope["headers"]), receive, self.managed.gateway.snapshot.limits)
                receive = replayed(body, receive)
            app = await self._loaded()
            # Nothing here is mounted anywhere else, whatever a front server may have said.
            await app({**scope, "root_path": "", VISITOR: visitor, REQUEST_ID: out.request_id}, receive, out)
        except Refusal as refusal:
            await out.answer(refusal.answer())
        except Refused as refused:
            fault = refused.fault
            await out.answer(Refusal(fault.status, fault.message, fault.code or fault.kind).answer())
        except Exception:
            log.exception("the management request failed here", request_id=out.request_id)
            if not out.begun:
                said = f"the gateway failed; its log has request {out.request_id}"
                await out.answer(Refusal(500, said, "internal").answer())

    async def document(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """The OpenAPI description. It holds nothing of this gateway's configuration and is for everybody."""
        out = _Out(send, ids.request_id())
        if scope["method"] not in {"GET", "HEAD"}:
            answer = Refusal(405, "use GET, HEAD here", "method_not_allowed").answer()
            answer.headers.append((b"allow", b"GET, HEAD"))
            await out.answer(answer)
            return
        await self._loaded()
        body = b"" if scope["method"] == "HEAD" else self._document
        await out.answer(Answer(200, [(b"content-type", _JSON)], body))

    async def _loaded(self) -> Any:
        if self._app is None:
            async with self._loading:
                if self._app is None:
                    self._app, self._document = await asyncio.to_thread(_load, self.managed)
        return self._app


def _load(managed: Managed) -> tuple[Callable[[Scope, Receive, Send], Awaitable[None]], bytes]:
    from plexus.web.management.api import application, document  # noqa: PLC0415 - a request needs none of it

    app = application(managed)
    return app, document(app)


class _Out:
    """The way back to the client: every answer gets the same headers, and it is known whether one has begun."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send, self.request_id, self.begun = send, request_id, False

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            headers = [entry for entry in message["headers"] if entry[0] not in {b"cache-control", b"vary"}]
            own = [*_SAFE, (b"x-plexus-request-id", self.request_id.encode())]
            message = {**message, "headers": [*headers, *own]}
        await self._send(message)

    async def answer(self, answer: Answer) -> None:
        await send_answer(answer, self)
