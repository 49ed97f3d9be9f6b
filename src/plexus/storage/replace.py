"""A file replaced as a whole: never half written, its rights kept, the old one beside it."""

import os
import shutil
import tempfile
from pathlib import Path

_PRIVATE = 0o600


def replace_file(path: Path, content: str | bytes, *, keep: bool = True) -> Path | None:
    """Write `content` where `path` leads (through links), text as UTF-8. Returns the copy of what stood there, if anything did.

    `keep=False` leaves no copy: for the gateway's own file, which its commands change often.

    Raises:
        OSError: when it cannot be written; what stood there then still does.
    """
    real = path.resolve()
    real.parent.mkdir(parents=True, exist_ok=True)
    backup = None
    mode = _PRIVATE
    if real.exists():
        mode = real.stat().st_mode & 0o777
        if keep:
            backup = _free(real)
            shutil.copy2(real, backup)
    handle, name = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(real)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return backup


def _free(path: Path) -> Path:
    """A name for the copy that nothing has yet."""
    number = 1
    while True:
        copy = path.with_name(f"{path.name}.before-plexus" + (f".{number}" if number > 1 else ""))
        if not copy.exists():
            return copy
        number += 1
