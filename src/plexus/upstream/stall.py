"""Whether a running answer comes too slowly: fewer bytes a second over a window than it must bring. Pure: time comes in."""

from collections import deque

from msgspec import Struct


class StallRule(Struct, frozen=True):
    """The least a stream must bring, in bytes a second over `window` seconds, once `grace` seconds have passed."""

    min_bytes_per_second: int
    window: float = 10.0
    grace: float = 30.0


class StallWatch:
    """One answer being watched."""

    def __init__(self, rule: StallRule, now: float) -> None:
        """`now`: when the answer began, in seconds of a clock that does not jump."""
        self._rule, self._began = rule, now
        self._arrived: deque[tuple[float, int]] = deque()
        self._sum = 0

    def took(self, size: int, now: float) -> None:
        """So many bytes have come."""
        if size:
            self._arrived.append((now, size))
            self._sum += size
        while self._arrived and self._arrived[0][0] <= now - self._rule.window:
            self._sum -= self._arrived.popleft()[1]

    def stalled(self, now: float) -> bool:
        """Whether the last window brought too little. Nothing is said before both grace and a whole window have passed."""
        rule = self._rule
        if now - self._began < max(rule.grace, rule.window):
            return False
        self.took(0, now)
        return self._sum < rule.min_bytes_per_second * rule.window
