"""The real clients from npm, in `.e2e/` at the root of the checkout: pinned, local, installed once."""

import filecmp
import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACE = HERE.parent.parent.parent / ".e2e"
PINNED = ("package.json", "package-lock.json", ".npmrc")
"""Copied from here. npm adds to its own copy of the lock; the pinned one is kept beside it to compare."""


class NotInstalled(Exception):  # noqa: N818 - a state of this machine
    """npm is not there or failed; the message holds what it said."""


def programs() -> Path:
    """The folder of the programs, after installing them where they are not yet the pinned ones.

    Raises:
        NotInstalled: when npm cannot.
    """
    if not _current():
        npm = shutil.which("npm")
        if npm is None:
            raise NotInstalled("npm is not on the PATH; the clients need Node 20 or newer")
        PLACE.mkdir(exist_ok=True)
        for name in PINNED:
            shutil.copyfile(HERE / name, PLACE / name)
        (PLACE / "installed").unlink(missing_ok=True)
        # not `npm ci`: it demands every platform's optional package in the lock, and registries do not all have them
        done = subprocess.run([npm, "install"], cwd=PLACE, env=os.environ, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotInstalled(done.stdout + done.stderr)
        shutil.copyfile(HERE / "package-lock.json", PLACE / "installed")
    return PLACE / "node_modules" / ".bin"


def _current() -> bool:
    mark = PLACE / "installed"
    return mark.exists() and filecmp.cmp(HERE / "package-lock.json", mark, shallow=False)
