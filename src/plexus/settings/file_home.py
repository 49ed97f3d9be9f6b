"""The configuration's home in a YAML file: read whole or refused whole, and read again when the file changes."""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from plexus.settings.file_watch import Stamp, changes, stamp
from plexus.settings.known import Known
from plexus.settings.problems import ConfigurationError, Finding, Problem, spelled
from plexus.settings.reading import read
from plexus.settings.schema import Settings
from plexus.settings.yaml_node import Node
from plexus.settings.yaml_source import MAX_BYTES, compose


class FileHome:
    """One YAML file. `notices` are the remarks of the last successful load: nothing that stops it from working."""

    def __init__(self, path: Path, known: Known, environ: Mapping[str, str] = os.environ) -> None:
        self.path = path
        self.notices: list[Problem] = []
        self._known = known
        self._environ = environ
        self._stamp: Stamp = None
        self._content: bytes | None = None

    def load(self) -> Settings:
        """The settings in the file as it is now.

        Raises:
            ConfigurationError: with every problem found; the file is then refused as a whole.
        """
        self._stamp = stamp(self.path)
        self._content = None  # also after a failure: the same content may do once the environment is right
        content = _content(self.path)
        settings = self._settings(content)
        self._content = content
        return settings

    async def watch(
        self, on_change: Callable[[Settings], None], on_error: Callable[[ConfigurationError], None]
    ) -> None:
        """Call `on_change` with each good new content of the file, `on_error` with each bad one; runs until cancelled.

        Content that is the same as that of the last good load changes nothing and is not told.
        """
        async for _ in changes(self.path, self._stamp):
            before = self._content
            try:
                settings = await asyncio.to_thread(self.load)
            except ConfigurationError as error:
                on_error(error)
                continue
            if self._content != before:
                on_change(settings)

    def wrote(self, text: str) -> None:
        """The gateway itself has written this, and serves it already: no news to whoever watches."""
        self._content = text.encode("utf-8")

    def _settings(self, content: bytes) -> Settings:
        settings, self.notices = settings_in(content, str(self.path), self._known, self._environ)
        return settings


def settings_in(content: bytes, file: str, known: Known, environ: Mapping[str, str]) -> tuple[Settings, list[Problem]]:
    """The settings a YAML text says, with remarks. `file` is what its problems call it.

    Raises:
        ConfigurationError: with every problem found.
    """
    root = compose(content, file)
    unfilled: list[Finding] = []
    reading = read(root.data(environ, unfilled), known)
    empty = {finding.path for finding in unfilled}
    wrong = unfilled + [finding for finding in reading.wrong if finding.path not in empty]
    if wrong or reading.settings is None:
        raise ConfigurationError(_placed(finding, root, file) for finding in wrong)
    return reading.settings, [_placed(finding, root, file) for finding in reading.notices]


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        said = f"cannot be read: {error.strerror or 'unknown error'}"
        raise ConfigurationError([Problem(str(path), 0, 0, "", said, "look at the name and the rights")]) from None


def _placed(finding: Finding, root: Node, file: str) -> Problem:
    line, column = root.place(finding.path, of_key=finding.about_key)
    return Problem(file, line, column, spelled(finding.path), finding.message, finding.fix)
