"""A file that holds one thing: read whole, replaced whole."""

import contextlib
import os
import tempfile
from pathlib import Path


class FileShelf:
    """Keeps bytes in a file. Its folder is made when something is saved."""

    def __init__(self, path: Path) -> None:
        """The file need not be there yet."""
        self._path = path

    def load(self) -> bytes | None:
        """What was saved last, or None.

        Raises:
            OSError: when the file is there and cannot be read.
        """
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None

    def save(self, data: bytes) -> None:
        """Keep this instead. A reader sees the old or the new, never a part.

        Raises:
            OSError: when it cannot be written; what was there stays.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
