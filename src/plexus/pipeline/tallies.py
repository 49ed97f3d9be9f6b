"""What was counted since the process began, for metrics: plain numbers by a bounded set of labels. It writes no format.

No label holds a key's or a client's word: models are those of targets, and only so many of them.
"""

from bisect import bisect_left
from collections import Counter
from decimal import Decimal

from msgspec import Struct, field

from plexus.pipeline.record import Record

MODELS = 200
"""Targets with a label of their own; requests of others are counted under `OTHER`."""
CLASSES = 100
OTHER = "other"
SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""The upper ends of the buckets of durations."""
Target = tuple[str, str]
_NOTHING = Decimal(0)


class Histogram(Struct):
    """Durations in seconds: how many in each bucket, the last one without an end, and their sum."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(SECONDS) + 1))
    sum: float = 0.0

    def took(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect_left(SECONDS, seconds)] += 1
        self.sum += seconds


class Tallies:
    """The counts of one process."""

    def __init__(self) -> None:
        """Nothing was counted yet."""
        self._targets: set[Target] = set()
        self._providers: set[str] = set()
        self._classes: set[str] = set()
        self.requests: Counter[tuple[str, str, str, str]] = Counter()
        """By provider, model, client protocol, status."""
        self.errors: Counter[tuple[str, str]] = Counter()
        """By provider and class."""
        self.tokens: Counter[tuple[str, str, str]] = Counter()
        """By provider, model, kind."""
        self.cost: dict[Target, Decimal] = {}
        """USD, of the requests whose cost is known."""
        self.unpriced: Counter[Target] = Counter()
        """Requests whose cost is not known."""
        self.attempts: Counter[tuple[str, str]] = Counter()
        """By provider and status."""
        self.durations: dict[str, Histogram] = {}
        self.first_tokens: dict[str, Histogram] = {}
        """By provider."""

    def took(self, record: Record) -> None:
        """Count a request that is over."""
        row = record.row
        provider, model = self._target(row.provider, row.model)
        self.requests[provider, model, row.client_protocol, row.status] += 1
        if row.error_class:
            self.errors[provider, _word(self._classes, row.error_class, CLASSES)] += 1
        tokens = self.tokens
        if row.input_tokens:
            tokens[provider, model, "input"] += row.input_tokens
        if row.output_tokens:
            tokens[provider, model, "output"] += row.output_tokens
        if row.cache_read_tokens:
            tokens[provider, model, "cache_read"] += row.cache_read_tokens
        if row.cache_write_tokens:
            tokens[provider, model, "cache_write"] += row.cache_write_tokens
        if row.reasoning_tokens:
            tokens[provider, model, "reasoning"] += row.reasoning_tokens
        if row.cost is None:
            self.unpriced[provider, model] += 1
        else:
            self.cost[provider, model] = self.cost.get((provider, model), _NOTHING) + row.cost
        for attempt in row.attempts:
            self.attempts[_word(self._providers, attempt.provider, MODELS), attempt.status] += 1
        self._seconds(self.durations, provider).took(row.duration_ms / 1000)
        if row.ttft_ms is not None:
            self._seconds(self.first_tokens, provider).took(row.ttft_ms / 1000)

    def _target(self, provider: str, model: str) -> Target:
        target = (provider, model)
        if target in self._targets:
            return target
        if len(self._targets) >= MODELS:
            return OTHER, OTHER
        self._targets.add(target)
        return target

    @staticmethod
    def _seconds(histograms: dict[str, Histogram], provider: str) -> Histogram:
        found = histograms.get(provider)
        if found is None:
            found = histograms[provider] = Histogram()
        return found


def _word(known: set[str], word: str, most: int) -> str:
    """The word as a label: itself if it is one of the first `most`."""
    if word not in known and len(known) >= most:
        return OTHER
    known.add(word)
    return word
