"""One change of the configuration after another: made in the text, checked as a whole, written, served, and noted.

It refuses what is based on a version that is no longer there, and what would not load; nothing has happened then.
"""

import asyncio
import difflib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from plexus.core.logging import logger
from plexus.core.secret import Secret
from plexus.settings.export import without_client_secrets
from plexus.settings.file_home import settings_in
from plexus.settings.homes import Home
from plexus.settings.known import Known
from plexus.settings.masks import masked, masked_text, restored, revealed, secrets_of
from plexus.settings.plain import version
from plexus.settings.problems import ConfigurationError, Problem
from plexus.settings.scalars import json_typed, snake
from plexus.settings.schema import Settings
from plexus.settings.write_back import REMOVED, Edit, content_of, with_edits
from plexus.storage.configuration import Note, Overtaken, Revisions
from plexus.storage.failures import is_passing

log = logger("plexus.configuration")
_TRIES = 4
Path = tuple[str, ...]


class Stale(Exception):  # noqa: N818 - what happened
    """The change is based on a version that is no longer there; `current` is the one there is, None for nothing."""

    def __init__(self, path: Path, current: str | None) -> None:
        super().__init__(f"{'.'.join(path) or 'the configuration'} has changed since it was read")
        self.current = current


class Author(NamedTuple):
    """Who changes something, from where, and in which request."""

    name: str
    address: str | None = None
    request_id: str | None = None


class Change(NamedTuple):
    """What is to become of the thing at a path: another content (as it is written), or nothing."""

    action: str
    path: Path
    """`("providers", "openai")`, one block such as `("cooldown",)`, or `()` for the whole, whose content is its YAML."""
    value: Any
    version: str | None
    """The version it is based on; None when there is to be nothing yet."""


class Changed(NamedTuple):
    """What a change came to."""

    version: str | None
    """That of the thing now; None when it is gone."""
    diff: str
    """The lines that changed, secrets hidden; empty when nothing did."""
    notices: list[Problem]


class Written(NamedTuple):
    """A configuration that loads: its text, what it says as it is written, and what it means."""

    text: str
    content: Mapping[str, Any]
    settings: Settings
    secrets: frozenset[str]
    notices: list[Problem]

    def at(self, path: Path) -> Any:
        """What is written at a path, `REMOVED` when nothing is. Sections are found in older spellings too."""
        found: Any = self.content
        for step in self.spelled(path):
            if not isinstance(found, Mapping) or found.get(step) is None:
                return REMOVED
            found = found[step]
        return found

    def spelled(self, path: Path) -> Path:
        """The path as this text spells its section."""
        if not path or path[0] in self.content:
            return path
        return (next((name for name in self.content if snake(name) == path[0]), path[0]), *path[1:])

    def version(self, path: Path) -> str | None:
        """The version of what is at a path; None when nothing is."""
        found = self.at(path)
        return None if found is REMOVED else version(found)


class Editing:
    """Changes the configuration in its home. One at a time in this process; others are found out by the revision's number."""

    def __init__(
        self,
        home: Home,
        revisions: Revisions,
        known: Known,
        apply: Callable[[Settings], Awaitable[None]],
        environ: Mapping[str, str],
        pepper: Secret | None = None,
    ) -> None:
        """`apply` serves a new configuration. `pepper` is what the hashes of client secrets are keyed with."""
        self.home, self.revisions, self.pepper = home, revisions, pepper
        self._known, self._apply, self.environ = known, apply, environ
        self._turn = asyncio.Lock()
        self._over, self._looks = False, True
        self._seen: Written | None = None
        self.number = 0
        """The last revision of this process's own writing or reading."""

    @asynccontextmanager
    async def still(self) -> AsyncIterator[None]:
        """Meanwhile no change is made and none is taken over."""
        self._looks = False
        try:
            async with self._turn:
                yield
        finally:
            self._looks = True

    def end(self) -> None:
        """What this changes is there no more: whoever still comes with a change is told that it is stale."""
        self._over = True

    async def now(self) -> Written:
        """What the home holds now.

        Raises:
            ConfigurationError: when that does not load.
        """
        return await self._written(await self.home.text())

    def shown(self, written: Written, path: Path) -> Any:
        """What is written at a path, secrets hidden; None when nothing is."""
        found = written.at(path)
        return None if found is REMOVED else json_typed(masked(found, written.secrets, self.environ))

    async def reveal(self, path: Path, author: Author) -> dict[str, str]:
        """The secrets below a path as they are written, `${NAME}` unexpanded, by where they are. It is in the log before.

        Raises:
            ConfigurationError, OSError: when what is in the home cannot be read.
            DatabaseAway: when it cannot be noted; then nothing is told.
        """
        written = await self.now()
        found = dict(revealed(written.at(path), written.secrets, self.environ))
        note = Note(author.name, "reveal", path[0], ".".join(path[1:]), None, None, author.address, author.request_id)
        async with self.revisions.database.writing() as connection:
            await self.revisions.log(connection, note)
        log.info("secrets revealed", what=".".join(path), by=author.name)
        return found

    async def text(self) -> str:
        """The YAML, secrets hidden."""
        written = await self.now()
        return await asyncio.to_thread(masked_text, written.text, written.secrets, self.environ)

    async def revision(self, number: int) -> str | None:
        """The YAML of a revision, secrets hidden; None when there is none.

        Raises:
            ConfigurationError: when it does not load any more, so that its secrets are not known.
        """
        text = await self.revisions.text(number)
        if text is None:
            return None
        written = await self._written(text)
        return await asyncio.to_thread(masked_text, text, written.secrets, self.environ)

    async def make(self, change: Change, author: Author) -> Changed:
        """Make a change: all of it or nothing.

        Raises:
            Stale: when it is based on another version than there is.
            ConfigurationError: when the configuration would not load with it.
            MaskedValue, CannotEdit: when what was sent cannot be written.
            OSError, DatabaseAway: when it cannot be kept.
        """
        async with self._turn:
            for _ in range(0 if self._over else _TRIES):
                try:
                    return await self._make(change, author)
                except Overtaken:
                    continue
        raise Stale(change.path, None)

    async def catch_up(self) -> bool:
        """Serve the last revision, if another process wrote it; whether it did. No change of this one's own comes between.

        Raises:
            ConfigurationError: when it does not load here; what was served still is.
            Unreadable: when its seal does not open.
        """
        if not self._looks:
            return False
        async with self._turn:
            if self._over:
                return False
            newest = await self.revisions.newest(self.home.name)
            if newest <= self.number:
                return False
            try:
                await self.home.read()
                await self._apply((await self.now()).settings)
            except Exception as error:
                if not is_passing(error):  # what is refused is refused once, not at every look
                    self.number = newest
                raise
            self.number = newest
            return True

    async def _make(self, change: Change, author: Author) -> Changed:
        kept = await self.home.read()
        before = await self._before(kept.text, change)
        if before.version(change.path) != change.version:
            raise Stale(change.path, before.version(change.path))
        after = await self._written(await asyncio.to_thread(self._edited, before, change))
        if after.text == before.text:
            return Changed(after.version(change.path), "", after.notices)
        stored = await asyncio.to_thread(without_client_secrets, after.text, after.settings, self.pepper)
        if self.home.name == "database" and stored != after.text:
            after = await self._written(stored)
        note = Note(
            author.name,
            change.action,
            change.path[0] if change.path else "config",
            ".".join(change.path[1:]),
            self.shown(before, change.path) if change.path else None,
            self.shown(after, change.path) if change.path else None,
            author.address,
            author.request_id,
        )
        async with self.revisions.database.writing() as connection:
            number = await self.revisions.append(connection, kept.number, self.home.name, stored, note)
            await self.home.replace(before.text, after.text)
        self.number = number
        await self._apply(after.settings)
        self.home.wrote(after.text)
        log.info("configuration changed", action=change.action, what=".".join(change.path) or "all", by=author.name)
        diff = await asyncio.to_thread(_diff, before, after, self.environ)
        return Changed(after.version(change.path), diff, after.notices)

    async def _before(self, text: str, change: Change) -> Written:
        """What is there; a file that does not load may be replaced as a whole."""
        try:
            return await self._written(text)
        except ConfigurationError:
            if change.path:
                raise
            return Written(text, {}, Settings(), frozenset(), [])

    def _edited(self, before: Written, change: Change) -> str:
        if change.path:
            hidden = self.shown(before, change.path)
            old = before.at(change.path)
            value = change.value
            if value is not REMOVED:
                value = restored(value, None if old is REMOVED else old, hidden, ".".join(change.path))
            return with_edits(before.text, [Edit(before.spelled(change.path), value)])
        text: str = change.value
        sent = content_of(text)
        hidden = masked(dict(before.content), before.secrets, self.environ)
        whole = restored(sent, dict(before.content), hidden)
        for name, value in whole.items():
            if value != sent[name]:
                text = with_edits(text, [Edit((name,), value)])
        return text

    async def _written(self, text: str) -> Written:
        seen = self._seen
        if seen is None or seen.text != text:
            self._seen = seen = await asyncio.to_thread(written, text, self._known, self.environ)
        return seen


def written(text: str, known: Known, environ: Mapping[str, str]) -> Written:
    """The text of a configuration, read as the gateway does.

    Raises:
        ConfigurationError: with every problem found.
    """
    settings, notices = settings_in(text.encode("utf-8", "surrogatepass"), "configuration", known, environ)
    return Written(text, content_of(text), settings, secrets_of(settings), notices)


def _diff(before: Written, after: Written, environ: Mapping[str, str]) -> str:
    """The changed lines with three around them. One that did not load before is not shown: its secrets are not known."""
    if not before.content:
        return ""
    secrets = before.secrets | after.secrets
    old, new = (masked_text(one.text, secrets, environ).splitlines() for one in (before, after))
    return "\n".join(difflib.unified_diff(old, new, "before", "after", lineterm=""))
