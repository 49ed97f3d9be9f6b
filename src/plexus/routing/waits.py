"""How long each target usually takes to begin an answer: the newest waits, of which percentiles are read. Bounded."""

from collections import OrderedDict, deque

_KEPT = 128
_ENOUGH = 20
"""Fewer waits than this tell nothing of a percentile."""

Key = tuple[str, str]


class Waits:
    """The newest waits in seconds, by provider and model; the target that was used least recently is forgotten first."""

    def __init__(self, size: int = 10_000) -> None:
        """`size` in targets."""
        self._size = size
        self._targets: OrderedDict[Key, deque[float]] = OrderedDict()

    def took(self, provider: str, model: str, seconds: float) -> None:
        """An answer began after so long."""
        key = (provider, model)
        waits = self._targets.get(key)
        if waits is None:
            waits = self._targets[key] = deque(maxlen=_KEPT)
            while len(self._targets) > self._size:
                self._targets.popitem(last=False)
        else:
            self._targets.move_to_end(key)
        waits.append(seconds)

    def percentile(self, provider: str, model: str, percent: float) -> float | None:
        """The wait that `percent` of a hundred answers do not exceed; None while too few are known."""
        waits = self._targets.get((provider, model))
        if waits is None or len(waits) < _ENOUGH:
            return None
        ordered = sorted(waits)
        return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)]
