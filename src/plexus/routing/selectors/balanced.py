"""The best mix of throughput, latency and cost.

    score = (T * throughput / highest throughput + L * lowest ttft / ttft + C * lowest cost / cost) / (T + L + C)

over the targets that are weighed together, so each share lies between 0 and 1 and 1 is the best of the group. A share whose
fact is unknown counts 0: an unknown price earns nothing. A target of which neither throughput nor latency was ever measured
has no score, comes after those that have one, and is tried by exploration.
"""

from collections.abc import Callable, Sequence

from plexus.routing.candidate import Candidate
from plexus.routing.ranking import Scores, highest_first
from plexus.routing.selectors import Dice, Selector


def balanced(throughput: float = 1.0, latency: float = 1.0, cost: float = 1.0) -> Selector:
    """A selector with these weights; they are relative, none is negative, at least one is above 0."""
    total = throughput + latency + cost
    if min(throughput, latency, cost) < 0 or total <= 0:
        raise ValueError("the weights of balanced are at least 0, and one of them is more")
    score = _scorer(throughput / total, latency / total, cost / total)

    def order(candidates: Sequence[Candidate], _dice: Dice) -> list[Candidate]:
        return highest_first(candidates, score(candidates))

    return Selector("balanced", order, score, _MEANING, frozenset({"throughput", "ttft", "cost"}), explores=True)


_MEANING = "Throughput, latency and cost against the best of the group, 0 to 1; higher is better."


def _scorer(throughput: float, latency: float, cost: float) -> Callable[[Sequence[Candidate]], Scores]:
    def scores(candidates: Sequence[Candidate]) -> Scores:
        costs = [None if c.cost is None else float(c.cost) for c in candidates]
        fastest = max([c.throughput for c in candidates if c.throughput is not None], default=0.0)
        soonest = min([c.ttft for c in candidates if c.ttft is not None], default=0.0)
        cheapest = min([price for price in costs if price is not None], default=0.0)
        found: Scores = []
        for candidate, price in zip(candidates, costs, strict=True):
            speed, wait = candidate.throughput, candidate.ttft
            if speed is None and wait is None:
                found.append(None)
                continue
            # A whole of nothing is had in full by everybody.
            score = 0.0 if speed is None else throughput * (speed / fastest if fastest else 1.0)
            if wait is not None:
                score += latency * (soonest / wait if wait else 1.0)
            if price is not None:
                score += cost * (cheapest / price if price else 1.0)
            found.append(score)
        return found

    return scores


SELECTOR = balanced()
