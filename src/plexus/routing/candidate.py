"""A target that could serve a request: provider and model, with the facts selectors weigh."""

from msgspec import Struct


class Candidate(Struct, frozen=True):
    """One provider and one of its models. `weight` is relative, for random choice."""

    provider: str
    model: str
    weight: float = 1.0
