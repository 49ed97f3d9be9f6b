"""A backup as a file: what is in it, how it is written, and that it is whole. It knows no database.

One line that names the format, then a zstd stream of JSON lines: a head, for each table its name and columns, its rows and their
count, and at the end a sum over everything before. There are no names of files in it, so nothing can be unpacked anywhere.
"""

import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import zstandard

from plexus.core.json import JSONError, dumps, loads

FORMAT = 1
MAGIC = b"PLEXUS-BACKUP\n"
LONGEST = 64 * 1024 * 1024
"""Bytes a line may have once unpacked: the largest body of a trace, and then some."""
_CHUNK = 64 * 1024
_WINDOW = 1 << 27
_OF_KIND: dict[str, tuple[type, ...]] = {"int": (int,), "float": (float, int), "text": (str,), "bool": (bool, int)}


class NotRestorable(Exception):  # noqa: N818 - says what is so
    """The file is no whole backup that this version reads; the message says why. Nothing was changed."""


class Writer:
    """Writes a backup beside its place and puts it there when it is whole; a failure leaves what was there before."""

    def __init__(self, path: Path, head: Mapping[str, Any], signing: bytes | None) -> None:
        """`signing` is the key its sum is made with, if there is one.

        Raises:
            OSError: when the file cannot be made.
        """
        self._path, self._new = path, path.with_name(f".{path.name}.{os.getpid()}.new")
        self._sum = _sum(signing)
        self._file = self._open()
        self._file.write(MAGIC)
        self._packed = zstandard.ZstdCompressor(level=6, write_checksum=True).stream_writer(self._file, closefd=False)
        self._rows = 0
        self._line({"format": FORMAT, "signed": signing is not None, **head})

    def table(self, name: str, columns: Sequence[Sequence[str]]) -> None:
        """Begin a table: its columns as pairs of name and kind."""
        self._rows = 0
        self._line({"table": str(name), "columns": [[str(column), kind] for column, kind in columns]})

    def row(self, values: Sequence[Any]) -> bytes:
        """Write a row; its line, for a sum over the table."""
        self._rows += 1
        return self._line([packed(value) for value in values])

    def end_table(self, content: str) -> None:
        """End the table with the count of its rows and the sum over them."""
        self._line({"rows": self._rows, "content": content})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._line({"end": self._sum.hexdigest()})
                self._packed.flush(zstandard.FLUSH_FRAME)
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                self._new.replace(self._path)
        finally:
            with suppress(OSError):
                self._file.close()
            self._new.unlink(missing_ok=True)

    def _open(self) -> IO[bytes]:
        return os.fdopen(os.open(self._new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb")

    def _line(self, value: Any) -> bytes:
        line = dumps(value)
        self._sum.update(line + b"\n")
        self._packed.write(line + b"\n")
        return line


def read(path: Path) -> Iterator[Any]:
    """The lines of a backup, unpacked one after the other in bounded memory.

    Raises:
        NotRestorable: when it is none, or cannot be unpacked.
    """
    for line in _lines(path):
        try:
            yield loads(line)
        except JSONError:
            raise NotRestorable(f"{path} is damaged: a line in it cannot be read") from None


def check(path: Path, signing: bytes | None) -> tuple[dict[str, Any], dict[str, int]]:
    """Read a backup through to its end; its head, and how many rows each table has.

    `signing` is the key of the database it is to be restored with, if that is known.

    Raises:
        NotRestorable: when it is cut off, changed, of a later format, or signed with another key.
    """
    head: dict[str, Any] | None = None
    total = _sum(signing)
    counts: dict[str, int] = {}
    table, ended = "", False
    for line in _lines(path):
        if ended:
            raise NotRestorable(f"{path} is damaged: something follows its end")
        try:
            value = loads(line)
        except JSONError:
            raise NotRestorable(f"{path} is damaged: a line in it cannot be read") from None
        if head is None:
            head = _head(path, value)
            total = _sum(signing if head["signed"] else None)
        elif isinstance(value, list):
            counts[table] = counts.get(table, 0) + 1
        elif "end" in value:
            _compare(path, total.hexdigest(), value["end"], signed=head["signed"])
            ended = True
        elif "table" in value:
            table = str(value["table"])
        elif value.get("rows") != counts.setdefault(table, 0):
            raise NotRestorable(f"{path} is damaged: {table} has another number of rows than it says")
        total.update(line + b"\n")
    if head is None or not ended:
        raise NotRestorable(f"{path} is cut off; use another backup")
    return head, counts


def head_of(path: Path) -> dict[str, Any]:
    """What a backup says of itself, unchecked.

    Raises:
        NotRestorable: when it is none, or of a later format.
    """
    for value in read(path):
        return _head(path, value)
    raise NotRestorable(f"{path} is cut off; use another backup")


def packed(value: Any) -> Any:
    """A value of a row as JSON has it; bytes become text."""
    return b64encode(value).decode() if isinstance(value, bytes | memoryview) else value


def unpacked(value: Any, kind: str) -> Any:
    """A value of a row again, from its JSON and the kind of its column.

    Raises:
        ValueError: when it is nothing of that kind.
    """
    if value is None:
        return None
    if kind == "bytes" and isinstance(value, str):
        return b64decode(value, validate=True)
    if type(value) not in _OF_KIND.get(kind, ()):
        raise ValueError(f"no {kind}")
    return bool(value) if kind == "bool" else value


def _head(path: Path, value: Any) -> dict[str, Any]:
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("format"), int)
        or not isinstance(value.get("signed"), bool)
    ):
        raise NotRestorable(f"{path} is damaged: it has no head")
    if value["format"] > FORMAT:
        raise NotRestorable(f"{path} was made by a newer version of Plexus; restore it with that one")
    return value


def _sum(signing: bytes | None) -> Any:
    return hashlib.sha256() if signing is None else hmac.new(signing, digestmod="sha256")


def _compare(path: Path, found: str, said: object, *, signed: bool) -> None:
    if not isinstance(said, str) or not hmac.compare_digest(found, said):
        why = "it was changed, or made with another ENCRYPTION_KEY" if signed else "its content does not match its sum"
        raise NotRestorable(f"{path} is damaged: {why}")


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise NotRestorable(f"{path} is no backup of Plexus")
            reader = zstandard.ZstdDecompressor(max_window_size=_WINDOW).stream_reader(file, read_across_frames=False)
            parts: list[bytes] = []  # of a line longer than a chunk
            size = 0
            while chunk := reader.read(_CHUNK):
                first, *others = chunk.split(b"\n")
                parts.append(first)
                size += len(first)
                if size > LONGEST:
                    raise NotRestorable(f"{path} is damaged: a line in it has no end")
                if others:
                    yield b"".join(parts)
                    yield from others[:-1]
                    parts, size = [others[-1]], len(others[-1])
            if size:
                raise NotRestorable(f"{path} is cut off; use another backup")
    except zstandard.ZstdError:
        raise NotRestorable(f"{path} is damaged or cut off; use another backup") from None
    except OSError as error:
        raise NotRestorable(f"{path} cannot be read: {error.strerror}") from None
