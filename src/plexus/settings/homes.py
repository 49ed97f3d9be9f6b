"""The two homes a changed configuration is written to: its file, or the database. They take text and judge nothing."""

import asyncio
from pathlib import Path
from typing import NamedTuple, Protocol

from filelock import FileLock

from plexus.settings.file_home import FileHome
from plexus.storage.configuration import Overtaken, Revisions
from plexus.storage.replace import replace_file

EMPTY = "providers: {}\n"
"""A configuration in which nothing is configured."""
_WAIT = 5.0


class Kept(NamedTuple):
    """What a home holds: the text, and the number of the last revision when it was read."""

    text: str
    number: int


class Home(Protocol):
    """Where the configuration lives."""

    @property
    def name(self) -> str:
        """`file` or `database`."""
        ...

    async def text(self) -> str:
        """What it holds, as far as this process knows; no database is asked."""
        ...

    async def read(self) -> Kept:
        """What it holds now."""
        ...

    async def replace(self, before: str, after: str) -> None:
        """Put another text in the place of the one that was read, while the transaction of its revision is open."""
        ...

    def wrote(self, text: str) -> None:
        """That text is in place, and served."""
        ...


class InFile:
    """A file that is replaced as a whole while a lock beside it keeps other writers of ours out."""

    name = "file"

    def __init__(self, file: FileHome, revisions: Revisions) -> None:
        """`file` also watches it, and is told what was written here, so that it does not take that for news."""
        self._file, self._revisions = file, revisions

    async def text(self) -> str:
        """The file as it is now.

        Raises:
            OSError, UnicodeDecodeError: when it cannot be read.
        """
        return await asyncio.to_thread(_text, self._file.path)

    async def read(self) -> Kept:
        """The file as it is now.

        Raises:
            OSError, UnicodeDecodeError, DatabaseAway: when it cannot be read.
        """
        return Kept(await self.text(), await self._revisions.newest())

    async def replace(self, before: str, after: str) -> None:
        """Write the file.

        Raises:
            OSError: when it cannot be written; what stood there still does.
            Overtaken: when it has changed since it was read.
        """
        await asyncio.to_thread(self._replace, before, after)

    def _replace(self, before: str, after: str) -> None:
        path = self._file.path.resolve()
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=_WAIT):
            if _text(path) != before:
                raise Overtaken
            replace_file(path, after, keep=False)

    def wrote(self, text: str) -> None:
        """No news to who watches the file. If the revision could not be kept, it stays news."""
        self._file.wrote(text)


class InDatabase:
    """The last revision that was written for it is the configuration; the next one replaces it."""

    name = "database"

    def __init__(self, revisions: Revisions) -> None:
        """Nothing is read yet."""
        self._revisions, self._text = revisions, EMPTY

    async def text(self) -> str:
        """The last revision that was read or written here."""
        return self._text

    async def read(self) -> Kept:
        """The last revision.

        Raises:
            Unreadable: when its seal does not open.
            DatabaseAway: when it cannot be read now.
        """
        number = await self._revisions.newest()
        found = await self._revisions.current(self.name)
        self._text = EMPTY if found is None else found[1]
        return Kept(self._text, number)

    async def replace(self, before: str, after: str) -> None:
        """Nothing is left to do: the revision itself is what is written."""

    def wrote(self, text: str) -> None:
        """This process knows it now."""
        self._text = text


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig")
