"""A backup of the whole database to take away, and putting one back into the running gateway."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from plexus.web.address import client_address
from plexus.web.body import pieces_of
from plexus.web.management import kept
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.entry import REQUEST_ID
from plexus.web.management.managed import Managed
from plexus.web.management.refusals import Refusal

if TYPE_CHECKING:
    from plexus.pipeline.safekeeping import Archive, Safekeeping

RESOURCE = APIRouter(tags=["backup"], dependencies=[ADMIN])
LARGEST = 8 * 1024**3
"""Bytes of a backup that is taken in; the command takes larger ones."""
_PIECE = 256 * 1024
_TYPE = "application/octet-stream"
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_SENT: dict[str, Any] = {"requestBody": {"required": True, "content": {_TYPE: _BYTES}}}
_ANSWERED: dict[int | str, dict[str, Any]] = {200: {"content": {_TYPE: _BYTES}}}


class RestoredShown(BaseModel):
    """What was put back. It is served by now."""

    rows: int
    tables: int
    kept: str = Field(description="The file in the folder `backups` that has what was there before.")


class Download(Response):
    """A file in pieces, read beside the event loop."""

    media_type = _TYPE

    def __init__(self, archive: "Archive") -> None:
        """Nothing is sent yet. The file is closed when it is sent, or cannot be."""
        secrets = "" if archive.saved.encrypted else "-plaintext"
        name = time.strftime(f"plexus-%Y%m%d-%H%M%S{secrets}.backup", time.gmtime())
        self._file: IO[bytes] = archive.file
        self.status_code, self.background = 200, None
        self.init_headers(
            {
                "content-length": str(archive.size),
                "content-disposition": f'attachment; filename="{name}"',
            }
        )

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it to its end."""
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while piece := await asyncio.to_thread(self._file.read, _PIECE):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._file.close()


@RESOURCE.post("/backup", response_class=Response, responses=_ANSWERED)
async def backup(managed: Running, request: Request) -> Response:
    """One state of the whole database as a file. Secrets are in it as they are stored; its name says if that is in plaintext."""
    async with _told(managed, Path()) as keeping:
        archive = await keeping.backup(_author(managed, request))
    return Download(archive)


@RESOURCE.post("/restore", openapi_extra=_SENT)
async def restore(managed: Running, request: Request) -> RestoredShown:
    """Replace everything in the database by the backup in the body. Requests are refused until it is done.

    What was there before is kept as a backup on the gateway's disk.
    """
    async with kept.answered(managed):
        keeping = _keeping(managed)
    path = await asyncio.to_thread(_within(keeping.room))
    try:
        await _taken_in(request, path)
        async with _told(managed, path):
            done = await keeping.restore(path, _author(managed, request))
    finally:
        await asyncio.to_thread(keeping.done_with, path)
    return RestoredShown(rows=done.rows, tables=done.tables, kept=done.kept.name)


async def _taken_in(request: Request, path: Path) -> None:
    headers = dict(request.scope["headers"])
    file = await asyncio.to_thread(_within(lambda: path.open("xb")))
    try:
        async for piece in pieces_of(headers, request.receive, LARGEST):
            await asyncio.to_thread(_within(lambda piece=piece: file.write(piece)))  # type: ignore[misc]
    finally:
        await asyncio.to_thread(file.close)


def _within(work: Callable[[], Any]) -> Callable[[], Any]:
    """The same, with a refusal where the disk does not take it."""

    def tried() -> Any:
        try:
            return work()
        except OSError as error:
            raise _not_written(error) from error

    return tried


def _keeping(managed: Managed) -> "Safekeeping":
    if managed.safekeeping is None:
        raise Refusal(409, "this gateway keeps nothing in a database", "no_database")
    return managed.safekeeping


@asynccontextmanager
async def _told(managed: Managed, path: Path) -> AsyncIterator["Safekeeping"]:
    """What keeps the backups; what stands in its way is a refusal, in words that name no place on the disk."""
    from plexus.pipeline.bookkeeping import NotNow, NotUsable  # noqa: PLC0415 - what only looks needs no database library
    from plexus.pipeline.safekeeping import Busy  # noqa: PLC0415 - as above
    from plexus.storage.archive import NotRestorable  # noqa: PLC0415 - as above
    from plexus.storage.failures import DatabaseUnusable  # noqa: PLC0415 - as above

    try:
        async with kept.answered(managed) as database:
            yield _keeping(managed)
    except Busy as error:
        raise Refusal(409, str(error), "busy", retry_after=5.0) from None
    except NotNow as error:
        said = f"{error}, so nothing was changed; try again, or stop the gateway and use `plexus restore FILE`"
        raise Refusal(409, said, "in_use", retry_after=5.0) from None
    except NotUsable as error:
        said = f"what is in the backup cannot be served here, so what was there before is again: {error}"
        raise Refusal(409, said.replace(str(database.path), "in use"), "not_usable") from None
    except (NotRestorable, DatabaseUnusable) as error:
        said = str(error).replace(str(path), "what was sent").replace(str(database.path), "in use")
        raise Refusal(400, said, "not_restorable") from None
    except OSError as error:
        raise _not_written(error) from error


def _not_written(error: OSError) -> Refusal:
    return Refusal(409, f"the disk of the gateway does not take it: {error.strerror}", "not_written")


def _author(managed: Managed, request: Request) -> Any:
    from plexus.pipeline.safekeeping import Author  # noqa: PLC0415 - as above

    scope = request.scope
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    peer = (scope.get("client") or ("",))[0]
    address = client_address(peer, forwarded, managed.gateway.snapshot.trusted_proxies)
    return Author("admin", address, scope[REQUEST_ID])
