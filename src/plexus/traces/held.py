"""The bytes of one answer as they pass, up to a bound: its beginning and its end. References, never copies."""

from collections import deque


class Held:
    """What was heard of an answer. Beyond the bound the middle is left out, because causes are at the end."""

    __slots__ = ("_bound", "_first", "_last", "_last_size", "size")

    def __init__(self, bound: int) -> None:
        """`bound` in bytes, for both ends together; 0 counts and keeps nothing."""
        self._bound = bound
        self._first: list[bytes] = []
        self._last: deque[bytes] | None = None
        self._last_size = 0
        self.size = 0
        """Bytes that have passed."""

    def take(self, piece: bytes) -> None:
        """The next bytes."""
        self.size += len(piece)
        if self._last is None and self.size <= self._bound:
            self._first.append(piece)
        elif self._bound:
            self._into_the_end(piece)

    def _into_the_end(self, piece: bytes) -> None:
        half = self._bound // 2
        if self._last is None:
            whole = b"".join([*self._first, piece])
            self._first, self._last = [whole[:half]], deque([whole[half:]])
            self._last_size = len(whole) - half
        else:
            self._last.append(piece)
            self._last_size += len(piece)
        while self._last_size - len(self._last[0]) >= half:
            self._last_size -= len(self._last.popleft())

    @property
    def kept(self) -> int:
        """Bytes that are kept, at most."""
        return min(self.size, self._bound)

    def ends(self) -> tuple[bytes, bytes]:
        """The beginning and, when the middle is missing, the end; otherwise the beginning is all there is."""
        if self._last is None:
            return b"".join(self._first), b""
        return b"".join(self._first), b"".join(self._last)[-(self._bound // 2) :]
