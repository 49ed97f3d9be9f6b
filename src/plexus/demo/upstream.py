"""The demo upstream as an ASGI application: requests decoded and answers encoded by the protocols' own codecs."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from plexus.core.clock import Clock
from plexus.core.json import JSONError, dumps, loads
from plexus.demo.calls import Call, call_at
from plexus.demo.catalogue import counted, listed
from plexus.demo.finish import finish
from plexus.demo.models import MODELS
from plexus.demo.reply import Reply, Simulated, Turn
from plexus.demo.seal import check_signatures
from plexus.demo.telling import duration, paced
from plexus.demo.words import input_tokens
from plexus.ir.chat import ChatRequest, ChatResponse
from plexus.ir.errors import Fault, InvalidRequest
from plexus.ir.exchange import Writing
from plexus.protocols import WireProtocol

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Sleep = Callable[[float], Awaitable[Any]]
BREAK = "plexus.demo.break"
"""Where the scope's state holds the function that breaks the connection."""
_SIMULATED = (b"x-plexus-simulated", b"true")


class _Exchange:
    """One answer on its way out."""

    def __init__(self, send: Send, seed: str) -> None:
        self._send = send
        self._ids = [(b"x-request-id", f"req_{seed}".encode()), (b"request-id", f"req_{seed}".encode())]

    async def begin(self, status: int, content_type: str, headers: Mapping[str, str]) -> None:
        """Send the head."""
        extra = [(name.encode(), value.encode()) for name, value in headers.items()]
        head = [(b"content-type", content_type.encode()), _SIMULATED, *self._ids, *extra]
        await self._send({"type": "http.response.start", "status": status, "headers": head})

    async def more(self, data: bytes, *, last: bool = False) -> None:
        """Send a piece of the body."""
        if data or last:
            await self._send({"type": "http.response.body", "body": data, "more_body": not last})

    async def whole(self, body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Send a body of JSON."""
        data = dumps(body)
        await self.begin(status, "application/json", {"content-length": str(len(data)), **(headers or {})})
        await self.more(data, last=True)


class DemoUpstream:
    """Serves the demo models. `sleep` waits between words; tests give one that does not."""

    def __init__(
        self, protocols: Mapping[str, WireProtocol], *, sleep: Sleep = asyncio.sleep, clock: Clock | None = None
    ) -> None:
        self._protocols = protocols
        self._sleep = sleep
        self._clock = clock or Clock()
        self._counts: Counter[str] = Counter()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request; stop as soon as the client is gone."""
        body = await _body(receive)
        work = asyncio.ensure_future(self._serve(scope, body, send))
        gone = asyncio.ensure_future(receive())
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
        finally:
            gone.cancel()
            work.cancel()

    async def _serve(self, scope: dict[str, Any], body: bytes, send: Send) -> None:
        path, query = scope["path"], scope.get("query_string", b"").decode("latin-1")
        seed = hashlib.sha256(path.encode("utf-8", "replace") + b"\0" + body).hexdigest()[:24]
        out = _Exchange(send, seed)
        call = call_at(scope["method"], path, query)
        if call is None or call.protocol not in self._protocols:
            message = f"Plexus demo: nothing at {scope['method']} {path[:200]}"
            await out.whole({"error": {"message": message, "type": "invalid_request_error", "code": "not_found"}}, 404)
            return
        protocol = self._protocols[call.protocol]
        try:
            await self._answer(call, protocol, body, out, (seed, scope.get("state", {}).get(BREAK)))
        except InvalidRequest as refused:
            await _fail(protocol, out, refused.fault, {})
        except Simulated as failing:
            await _fail(protocol, out, failing.fault, failing.headers)

    async def _answer(
        self,
        call: Call,
        protocol: WireProtocol,
        body: bytes,
        out: _Exchange,
        connection: tuple[str, Callable[[], None] | None],
    ) -> None:
        if call.what == "list":
            await out.whole(listed(call.protocol))
            return
        request = _decoded(call, protocol, body)
        if call.what == "count":
            await out.whole(counted(call.protocol, input_tokens(request)))
            return
        seed, broken = connection
        name = request.model.removeprefix("demo/")
        if name not in MODELS:
            raise Simulated(Fault(kind="not_found", status=404, message=f"There is no model demo/{name[:100]}."))
        check_signatures(request)
        self._counts[name] += 1
        reply = MODELS[name](Turn(request, self._counts[name], seed))
        response = finish(reply, request)
        writing = Writing(request=request, model=request.model, seed=seed, now=int(self._clock.wall()))
        if request.stream:
            await self._stream(response, reply, _encoder(call, protocol, writing), out)
        else:
            await self._unary(response, reply, protocol.encode_response(response, writing)[0], out)
        if reply.break_after is not None and broken is not None:
            broken()
            await asyncio.get_running_loop().create_future()  # the end of the connection ends this task

    async def _unary(self, response: ChatResponse, reply: Reply, body: dict[str, Any], out: _Exchange) -> None:
        delay = duration(response, reply)
        if delay:
            await self._sleep(delay)
        if reply.break_after is None:
            await out.whole(body)
            return
        data = dumps(body)
        await out.begin(200, "application/json", {"content-length": str(len(data))})
        await out.more(data[: len(data) // 2])

    async def _stream(self, response: ChatResponse, reply: Reply, encoder: Any, out: _Exchange) -> None:
        await out.begin(200, encoder.content_type, {"cache-control": "no-cache"})
        for delay, event in paced(response, reply):
            if delay:
                await self._sleep(delay)
            await out.more(encoder.encode(event))
        if reply.break_after is None:
            await out.more(b"", last=True)


async def _body(receive: Receive) -> bytes:
    pieces = []
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)


def _decoded(call: Call, protocol: WireProtocol, body: bytes) -> ChatRequest:
    try:
        value = loads(body)
    except JSONError:
        raise InvalidRequest("", "the body is not valid JSON") from None
    if not isinstance(value, dict):
        raise InvalidRequest("", "the body is not a JSON object")
    if call.what == "count":
        # Counting calls leave out what only an answer needs, and Google's may wrap the request.
        inner = value.get("generateContentRequest")
        value = {**protocol.minimal, **(inner if isinstance(inner, dict) else value)}
    model = call.model if call.model is not None else value.get("model")
    if not isinstance(model, str) or not model:
        raise InvalidRequest("model", "a model name is required")
    stream = call.stream if call.stream is not None else bool(value.get("stream"))
    return protocol.decode_request(value, model, stream)


def _encoder(call: Call, protocol: WireProtocol, writing: Writing) -> Any:
    if call.array and protocol.array_stream_encoder is not None:
        return protocol.array_stream_encoder(writing)
    return protocol.stream_encoder(writing)


async def _fail(protocol: WireProtocol, out: _Exchange, fault: Fault, headers: dict[str, str]) -> None:
    status, body = protocol.encode_error(fault)
    await out.whole(body, status, headers)
