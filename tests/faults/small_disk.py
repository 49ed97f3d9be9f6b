"""A disk of a few megabytes that can be filled and freed."""

import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_LEFT = 100_000
"""Bytes that a full disk still has."""


@contextmanager
def small_disk(
    folder: Path, megabytes: int = 3, process: Callable[[], int] = os.getpid
) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    """The disk at `folder`, and what fills it and frees it again. Who may not mount gets a bound on the size of the files that
    `process` writes instead."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=False, capture_output=True
    )
    ballast = folder / "ballast"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill() -> None:
        if mounted.returncode:
            resource.prlimit(process(), resource.RLIMIT_FSIZE, (_LEFT, before[1]))
            return
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                file.truncate(max(0, file.tell() - _LEFT))

    def free() -> None:
        if mounted.returncode:
            resource.prlimit(process(), resource.RLIMIT_FSIZE, before)
        ballast.unlink(missing_ok=True)

    try:
        yield fill, free
    finally:
        if process is os.getpid:
            free()
        if not mounted.returncode:
            subprocess.run(["umount", folder], check=True)
