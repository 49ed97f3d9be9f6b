"""Tells when the content of one file has changed, however it is saved: written over, renamed into place, or linked anew.

It looks a few times a second. Notifications of the system would come sooner, but not everywhere: not from network file systems,
and not where links lead through other folders. And they would tell of whatever else happens in the folder of the file.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

Stamp = tuple[int, int, int, int] | None
"""Device, inode, time of change and size of what the path leads to; None when it leads nowhere."""

LOOK = 0.25
"""Seconds between looks."""


def stamp(path: Path) -> Stamp:
    """What the path leads to at this moment."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


async def changes(path: Path, seen: Stamp) -> AsyncIterator[Stamp]:
    """Each new stamp of the path after `seen`, once two looks agree on it: then whoever saves the file has paused."""
    last = seen
    while True:
        await asyncio.sleep(LOOK)
        now = stamp(path)
        agreed, last = now == last, now
        if agreed and now != seen:
            seen = now
            yield now
