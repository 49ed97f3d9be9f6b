"""A change of the configuration as a request makes it: who makes it, what it is based on, and how a refusal is told."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from plexus.settings.masks import MaskedValue
from plexus.settings.problems import ConfigurationError, Problem
from plexus.settings.write_back import REMOVED, CannotEdit
from plexus.storage.failures import DatabaseAway, is_passing
from plexus.web.address import client_address
from plexus.web.management.access import ADMIN, Running
from plexus.web.management.entry import REQUEST_ID
from plexus.web.management.refusals import Refusal, not_found

if TYPE_CHECKING:
    from plexus.settings.editing import Author, Changed, Editing
    from plexus.storage.configuration import Revisions

Found = TypeVar("Found")
MAX_DEPTH = 60
_TOLD = 10
Version = Annotated[str, Query(description="The version the thing had when it was looked at.")]


class Wanted(BaseModel):
    """What a thing is to be, as a whole."""

    model_config = ConfigDict(extra="forbid")

    version: str | None = Field(
        None,
        description="The version this is based on; null, or left out, when there is to be nothing of this name yet.",
    )
    settings: dict[str, Any] = Field(
        description="As in the configuration file. [redacted] in the place of a secret, as it was shown, leaves it."
    )


class Remark(BaseModel):
    """Something worth knowing that stopped nothing."""

    path: str
    message: str
    fix: str


class ChangedShown(BaseModel):
    """What was done. It is served by now."""

    version: str | None = Field(description="The version of the thing now; null when it is gone.")
    diff: str = Field(description="The lines of the configuration that changed, secrets hidden; empty when none did.")
    remarks: list[Remark]


class Changes:
    """Changes the configuration in the name of one request."""

    def __init__(self, editing: "Editing", author: "Author") -> None:
        """The dependency makes it."""
        self.editing, self._author = editing, author

    async def put(self, section: str, name: str, wanted: Wanted) -> ChangedShown:
        """Make a named thing, or change it to what is wanted."""
        action = "create" if wanted.version is None else "change"
        return shown(await self.make(action, (section, name), wanted.settings, wanted.version))

    async def delete(self, section: str, name: str, version: str) -> ChangedShown:
        """Take a named thing out."""
        if await self.written((section, name)) is None:
            raise not_found(section, name)
        return shown(await self.make("delete", (section, name), REMOVED, version))

    async def written(self, path: tuple[str, ...]) -> Any:
        """What is written at a path, secrets hidden; None when nothing is."""
        try:
            return self.editing.shown(await self.editing.now(), path)
        except Exception as error:
            raise self._refusal(error, path) from error

    async def reveal(self, section: str, name: str) -> dict[str, str]:
        """The secrets of a named thing as they are written, by where they are; it is in the log before."""
        path = (section, name)
        try:
            return await self.editing.reveal(path, self._author)
        except Exception as error:
            raise self._refusal(error, path) from error

    async def make(self, action: str, path: tuple[str, ...], value: Any, version: str | None) -> "Changed":
        """Make a change.

        Raises:
            Refusal: 400 for what would not load, 409 for what is based on another version, 503 when it cannot be kept now.
        """
        from plexus.settings.editing import Change  # noqa: PLC0415 - what only reads needs no database library

        _not_too_deep(value)
        try:
            return await self.editing.make(Change(action, path, value, version), self._author)
        except Exception as error:
            raise self._refusal(error, path) from error

    async def stored(self, look: "Callable[[Revisions], Awaitable[Found]]") -> Found:
        """What is found in the database.

        Raises:
            Refusal: 503 when it does not answer.
        """
        try:
            return await look(self.editing.revisions)
        except DatabaseAway as away:
            raise Refusal(503, str(away), "database_away", retry_after=5.0) from None
        except Exception as error:
            if is_passing(error):  # it went away while it was being asked
                said = f"the database does not answer: {type(error).__name__}"
                raise Refusal(503, said, "database_away", retry_after=5.0) from error
            if (shut := _shut(error)) is None:
                raise
            raise shut from error

    def _refusal(self, error: Exception, path: tuple[str, ...]) -> Exception:
        from plexus.settings.editing import Stale  # noqa: PLC0415 - as above

        if (shut := _shut(error)) is not None:
            return shut
        where = ".".join(path) or None
        if isinstance(error, Stale):
            now = f"its version is {error.current!r} now" if error.current else "there is no such thing now"
            return Refusal(409, f"{error}: {now}; look at it again", "stale_version", param="version")
        if isinstance(error, ConfigurationError):
            return Refusal(400, self._told(error), "invalid_configuration", param=error.problems[0].path or where)
        if isinstance(error, MaskedValue):
            return Refusal(400, str(error), "masked_value", param=error.path)
        if isinstance(error, CannotEdit):
            return Refusal(409, str(error), "cannot_edit", param=where)
        if isinstance(error, DatabaseAway):
            return Refusal(503, f"nothing was changed: {error}", "database_away", retry_after=5.0)
        if isinstance(error, OSError | UnicodeDecodeError):
            said = getattr(error, "strerror", None) or "it is not UTF-8"
            return Refusal(409, f"the configuration file cannot be read or written: {said}", "file_not_writable")
        if is_passing(error):  # it went away while it was being asked
            said = f"whether anything was changed has to be looked up: the database went away ({type(error).__name__})"
            return Refusal(503, said, "database_away", retry_after=5.0)
        return error

    def _told(self, error: ConfigurationError) -> str:
        told = []
        for problem in error.problems[:_TOLD]:
            where = f"{problem.path}: " if problem.path else ""
            told.append(f"{where}{problem.message}" + (f" ({problem.fix})" if problem.fix else ""))
        more = len(error.problems) - len(told)
        text = "; ".join(told) + (f"; and {more} more" if more else "")
        hide = getattr(self.editing.environ, "hidden", None)
        return str(hide(text)) if hide is not None else text


def _shut(error: Exception) -> Refusal | None:
    """What to say when secrets in the database do not open: most likely another process changed their key."""
    from plexus.storage.encrypted import KeyReplaced  # noqa: PLC0415 - what only reads needs no database library
    from plexus.storage.seal import Unreadable  # noqa: PLC0415 - as above

    if not isinstance(error, KeyReplaced | Unreadable):
        return None
    said = f"{error}; if ENCRYPTION_KEY was changed, this gateway has to be told: start it again with the new one"
    return Refusal(503, said, "key_changed")


def shown(changed: "Changed") -> ChangedShown:
    """What a change came to, as it is told."""
    remarks = [remark(problem) for problem in changed.notices]
    return ChangedShown(version=changed.version, diff=changed.diff, remarks=remarks)


def remark(problem: Problem) -> Remark:
    """A notice, as it is told."""
    return Remark(path=problem.path, message=problem.message, fix=problem.fix)


def _not_too_deep(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for item in level
            if isinstance(item, Mapping | list)
            for inner in (item.values() if isinstance(item, Mapping) else item)
        ]
        if not level:
            return
    raise Refusal(400, f"settings: nested deeper than {MAX_DEPTH} levels", "invalid_value", param="settings")


async def _changes(request: Request, managed: Running, _: Annotated[Any, ADMIN]) -> Changes:
    editing = managed.editing()
    if editing is None:
        raise Refusal(409, "this gateway serves a configuration that has no home to be changed in", "no_home")
    from plexus.settings.editing import Author  # noqa: PLC0415 - as above

    scope = request.scope
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    peer = (scope.get("client") or ("",))[0]
    address = client_address(peer, forwarded, managed.gateway.snapshot.trusted_proxies)
    return Changes(editing, Author("admin", address, scope[REQUEST_ID]))


Changing = Annotated[Changes, Depends(_changes)]
