"""The body of a request: within its size, in its time, decoded when compressed, and shaped so that parsing it is safe."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from plexus.core.decompress import Decompressor, Undecodable
from plexus.core.json import JSONError
from plexus.core.raw_object import RawObject, TooComplex, check_shape
from plexus.pipeline.refused import Refused
from plexus.pipeline.snapshot import Limits
from plexus.web.head_rules import CLIENT_GONE

Receive = Callable[[], Awaitable[Any]]

PATIENCE = 30.0
"""Seconds any body may take."""
SLOWEST = 4096
"""Bytes per second a body must come at beyond that."""
LARGE = 1024 * 1024
"""Bytes from which on looking at a body takes longer than others should wait."""
_ENCODINGS = ("gzip", "x-gzip", "deflate", "zstd")


async def read_body(headers: Mapping[bytes, bytes], receive: Receive, limits: Limits) -> bytes:
    """The whole body, decoded.

    Raises:
        Refused: 413 too large, 408 too slow, 415 in an encoding that is not read, 400 not in the encoding it claims.
    """
    _check_declared(headers, limits)
    if b"content-encoding" not in headers:
        return await _plain(receive, limits)
    coding = headers[b"content-encoding"].decode("latin-1").strip().lower()
    if coding in {"", "identity"}:
        return await _plain(receive, limits)
    if coding not in _ENCODINGS:
        raise Refused(
            "unsupported_media", f"content-encoding {coding[:40]!r} is not read here; use gzip, deflate, zstd or none"
        )
    return await _decoded(receive, limits, Decompressor(coding))


async def raw_body(headers: Mapping[bytes, bytes], receive: Receive, limits: Limits) -> bytes:
    """The whole body as it came, compressed or not.

    Raises:
        Refused: 413 too large, 408 too slow.
    """
    _check_declared(headers, limits)
    return await _plain(receive, limits)


async def pieces_of(headers: Mapping[bytes, bytes], receive: Receive, most: int) -> AsyncIterator[bytes]:
    """A body of `most` bytes at most as it comes, piece by piece, for what is not to be held in memory.

    Raises:
        Refused: 413 too large, 408 too slow, 415 compressed.
    """
    if headers.get(b"content-encoding", b"").strip().lower() not in {b"", b"identity"}:
        raise Refused("unsupported_media", "the body is taken as it is here: send it without content-encoding")
    too_large = Refused("too_large", f"the body is larger than {most} bytes", code="request_too_large")
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > most:
        raise too_large
    received, started = 0, asyncio.get_running_loop().time()
    while True:
        message = await _next(receive, received, started)
        piece: bytes = message.get("body", b"")
        received += len(piece)
        if received > most:
            raise too_large
        yield piece
        if not message.get("more_body", False):
            return


def replayed(body: bytes, after: Receive) -> Receive:
    """A body that was taken in, to be taken in once more. `after` tells what comes then: that the client has gone."""
    told = False

    async def receive() -> Any:
        nonlocal told
        if told:
            return await after()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _check_declared(headers: Mapping[bytes, bytes], limits: Limits) -> None:
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > limits.body:
        raise _too_large(limits)


async def _plain(receive: Receive, limits: Limits) -> bytes:
    # A body that came together with its head, as small ones do, is taken without setting a timer for it.
    cycle = getattr(receive, "__self__", None)
    there = cycle is not None and getattr(cycle, "more_body", True) is False
    message = await (receive() if there else _next(receive, 0, None))
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False) and len(body) <= limits.body:
        return body
    return await _collect(message, receive, limits, lambda piece: [piece])


async def _decoded(receive: Receive, limits: Limits, decoder: Decompressor) -> bytes:
    try:
        body = await _collect(await _next(receive, 0, None), receive, limits, decoder.pieces)
        decoder.end()
    except Undecodable as error:
        raise Refused("invalid_request", f"the body cannot be decoded: {error}") from None
    return body


async def _collect(
    message: Mapping[str, Any], receive: Receive, limits: Limits, pieces: Callable[[bytes], Any]
) -> bytes:
    started = asyncio.get_running_loop().time()
    collected, size, received = [], 0, 0
    while True:
        received += len(message.get("body", b""))
        for number, piece in enumerate(pieces(message.get("body", b""))):
            if number:
                await asyncio.sleep(0)  # much may come of little; others are served in between
            size += len(piece)
            if size > limits.body:
                raise _too_large(limits)
            collected.append(piece)
        if not message.get("more_body", False):
            return b"".join(collected)
        message = await _next(receive, received, started)


async def _next(receive: Receive, received: int, started: float | None) -> Mapping[str, Any]:
    loop = asyncio.get_running_loop()
    deadline = (started if started is not None else loop.time()) + PATIENCE + received / SLOWEST
    try:
        async with asyncio.timeout_at(deadline):
            message: Mapping[str, Any] = await receive()
    except TimeoutError:
        raise _too_slow() from None
    if message["type"] == "http.disconnect":
        raise asyncio.CancelledError(CLIENT_GONE)
    return message


def _too_large(limits: Limits) -> Refused:
    return Refused("too_large", f"the body is larger than {limits.body} bytes (limits.body)", code="request_too_large")


def _too_slow() -> Refused:
    refused = Refused("timeout", "the body came too slowly", code="request_timeout")
    refused.fault.status = 408
    return refused


async def split(body: bytes, limits: Limits) -> RawObject:
    """The body as a JSON object, split at the top level. A large one is looked at beside the loop.

    Raises:
        Refused: 400 when it is not one, names a key twice, or is too deep or too wide.
    """
    return _split(body, limits) if len(body) < LARGE else await asyncio.to_thread(_split, body, limits)


def _split(body: bytes, limits: Limits) -> RawObject:
    try:
        check_shape(body, limits.depth, limits.elements)
        return RawObject(body)
    except TooComplex as error:
        raise Refused("invalid_request", f"the body is too complex: {error} (limits)", code="too_complex") from None
    except JSONError as error:
        raise Refused("invalid_request", f"the body is not a JSON object: {error}", code="invalid_json") from None
