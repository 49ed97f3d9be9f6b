"""The retry budget: when everything fails, retries must not double the load that made it fail.

In any window, the retries that did not lead to an answer are at most `share` of its requests plus `floor`: with the defaults
attempts are at most 1.2 times the requests plus 3. A retry that brought the answer is given back, so that one dead
target among healthy ones never uses the budget up. Pure: monotonic seconds come in.
"""

from collections import deque

from msgspec import Struct


class Retry(Struct):
    """A retry that was granted. It is given back once, when the request was answered in the end."""

    second: int
    spent: bool = True


class _Second(Struct):
    second: int
    requests: int = 0
    retries: int = 0


class RetryBudget:
    """The budget of one process."""

    def __init__(self, share: float = 0.2, floor: int = 3, window: int = 60) -> None:
        """`window` in seconds."""
        self._share, self._floor, self._window = share, floor, window
        self._seconds: deque[_Second] = deque()
        self.requests = 0
        """Requests in the window."""
        self.retries = 0
        """Retries in the window that were not given back."""

    def request(self, now: float) -> None:
        """A request begins; its first attempt is free."""
        self._now(now).requests += 1
        self.requests += 1

    def retry(self, now: float) -> Retry | None:
        """Leave for one more attempt, None when the budget is used up."""
        current = self._now(now)
        if self.retries + 1 > self._share * self.requests + self._floor:
            return None
        current.retries += 1
        self.retries += 1
        return Retry(current.second)

    def give_back(self, retry: Retry, now: float) -> None:
        """The request was answered: the retry was worth it and does not count."""
        self._now(now)
        if not retry.spent:
            return
        retry.spent = False
        for entry in self._seconds:
            if entry.second == retry.second and entry.retries:
                entry.retries -= 1
                self.retries -= 1
                return

    def _now(self, now: float) -> _Second:
        second = int(now)
        if self._seconds and self._seconds[-1].second >= second:
            second = self._seconds[-1].second
        else:
            self._seconds.append(_Second(second))
        while self._seconds[0].second <= second - self._window:
            gone = self._seconds.popleft()
            self.requests -= gone.requests
            self.retries -= gone.retries
        return self._seconds[-1]
