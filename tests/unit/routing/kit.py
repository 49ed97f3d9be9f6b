"""What the tests of routing share: fixed dice, targets, and the clock's start."""

from collections.abc import Callable, Iterator

from plexus.routing.candidate import Candidate

NOW = 1_700_000_000.0


def dice(*numbers: float) -> Callable[[], float]:
    """Dice that show these numbers in turn, and then the last one for ever."""
    left: Iterator[float] = iter(numbers[:-1])
    return lambda: next(left, numbers[-1])


def target(name: str, **facts) -> Candidate:
    return Candidate("p", name, **facts)


def names(candidates) -> str:
    return "".join(candidate.model for candidate in candidates)
