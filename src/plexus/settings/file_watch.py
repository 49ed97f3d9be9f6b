"""Tells when the content of one file has changed, however it is saved: written over, renamed into place, or linked anew.

It watches folders and not the file, because a file that is replaced takes its watch with it.
"""

from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import awatch

Stamp = tuple[int, int, int, int] | None
"""Device, inode, time of change and size of what the path leads to; None when it leads nowhere."""

_QUIET_MS = 60
_LONGEST_MS = 800
_LOOK_MS = 1000


def stamp(path: Path) -> Stamp:
    """What the path leads to at this moment."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


async def changes(path: Path, seen: Stamp) -> AsyncIterator[Stamp]:
    """Each new stamp of the path after `seen`, once the writer has paused.

    Notifications from the system make it quick; a look once a second makes it certain, where a file system gives none,
    where links lead through other folders, or where the folder itself was replaced.
    """
    looks = awatch(
        *_folders(path),
        debounce=_LONGEST_MS,
        step=_QUIET_MS,
        rust_timeout=_LOOK_MS,
        yield_on_timeout=True,
        recursive=False,
        watch_filter=None,
        ignore_permission_denied=True,
    )
    missing = False
    async for _ in looks:
        now = stamp(path)
        if now == seen:
            missing = False
            continue
        if now is None and not missing:
            missing = True  # between the two steps of a save by renaming: look once more
            continue
        missing, seen = False, now
        yield now


def _folders(path: Path) -> set[Path]:
    """The folder the path stands in and the one the file itself stands in, where they exist."""
    folders = {folder for folder in (path.absolute().parent, path.resolve().parent) if folder.is_dir()}
    return folders or {Path(path.absolute().anchor)}
