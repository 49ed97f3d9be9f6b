"""The configuration's home in a YAML file: read whole or refused whole, and read again when the file changes."""

import os
from collections.abc import Mapping
from pathlib import Path

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

    def load(self) -> Settings:
        """The settings in the file as it is now.

        Raises:
            ConfigurationError: with every problem found; the file is then refused as a whole.
        """
        return self._settings(_content(self.path))

    def _settings(self, content: bytes) -> Settings:
        file = str(self.path)
        root = compose(content, file)
        unfilled: list[Finding] = []
        reading = read(root.data(self._environ, unfilled), self._known)
        empty = {finding.path for finding in unfilled}
        wrong = unfilled + [finding for finding in reading.wrong if finding.path not in empty]
        if wrong or reading.settings is None:
            raise ConfigurationError(_placed(finding, root, file) for finding in wrong)
        self.notices = [_placed(finding, root, file) for finding in reading.notices]
        return reading.settings


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
