"""A file that holds one thing: read whole, replaced whole."""

from pathlib import Path

from plexus.storage.replace import replace_file


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
        replace_file(self._path, data, keep=False)
