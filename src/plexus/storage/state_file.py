"""One small JSON file for state that should survive a restart and may be lost: replaced as a whole, never half written.

What must not be lost does not belong here.
"""

from pathlib import Path
from typing import Any

from plexus.core.json import JSONError, dumps, loads
from plexus.storage.replace import replace_file

_LARGEST = 64 * 1024 * 1024


class StateFile:
    """The file at one place. Its folder is made when it is first written."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet."""
        self._path = path
        self._written = b""

    def load(self) -> Any:
        """What was saved last; None when there is nothing that can be read."""
        try:
            with self._path.open("rb") as file:
                return loads(file.read(_LARGEST))
        except (OSError, JSONError):
            return None

    def save(self, state: Any) -> None:
        """Replace the file, unless it holds just that.

        Raises:
            OSError: when it cannot be written; what stood there before still does.
        """
        data = dumps(state)
        if data == self._written:
            return
        replace_file(self._path, data, keep=False)
        self._written = data
