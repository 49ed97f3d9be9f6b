"""Order by scores: known ones best first, unknown ones after them, equal ones as configured. Decides nothing else."""

from collections.abc import Sequence

from plexus.routing.candidate import Candidate

Scores = list[float | None]
"""One for each candidate, in the same order; None where what is scored is unknown."""

_LAST = float("inf")


def highest_first(candidates: Sequence[Candidate], scores: Scores) -> list[Candidate]:
    """The candidates by falling score."""
    return _by([_LAST if score is None else -score for score in scores], candidates)


def lowest_first(candidates: Sequence[Candidate], scores: Scores) -> list[Candidate]:
    """The candidates by rising score."""
    return _by([_LAST if score is None else score for score in scores], candidates)


def _by(keys: list[float], candidates: Sequence[Candidate]) -> list[Candidate]:
    return [candidates[place] for place in sorted(range(len(keys)), key=keys.__getitem__)]
