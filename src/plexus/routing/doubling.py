"""How much may be spent twice: a second attempt beside a slow first one costs a request again, so its share is capped.

Requests are weighed by their size, since what a second attempt costs grows with it. Older ones fade. Pure: time comes in.
"""

import math

_ROUNDED = 1 + 1e-9
"""Sums that fade step by step differ in their last digits from those that fade at once."""


class Doubling:
    """The allowance of one process."""

    def __init__(self, half_life: float = 600.0) -> None:
        """`half_life` in seconds."""
        self._half_life = half_life
        self._asked = self._doubled = self._faded_at = 0.0

    def asked(self, weight: float, now: float) -> None:
        """A request of this weight begins."""
        self._fade(now)
        self._asked += weight

    def may(self, weight: float, asked: float, share: float, now: float) -> bool:
        """Whether a request of this weight that began at `asked` may be sent twice; it counts from then on if so."""
        self._fade(now)
        weight *= math.exp2(-max(now - asked, 0.0) / self._half_life)
        if self._doubled + weight > share * self._asked * _ROUNDED:
            return False
        self._doubled += weight
        return True

    def _fade(self, now: float) -> None:
        kept = math.exp2(-max(now - self._faded_at, 0.0) / self._half_life)
        self._asked *= kept
        self._doubled *= kept
        self._faded_at = max(now, self._faded_at)
