"""How far a request may go: the most output it can make, where that is known, and what is held for it where it is not."""

from typing import Literal, NamedTuple

DEFAULT_OUTPUT = 4096
"""Output tokens held for a request that names no maximum, at a model whose maximum nobody knows."""

Source = Literal["max_tokens", "model_cap", "default"]


class Reach(NamedTuple):
    """Output tokens of a request at one target, all its choices together."""

    output: int
    """What is held."""
    known: bool
    """Whether the client named its maximum: then what is held is a bound, and must fit whole."""
    bound: int | None
    """The most there can be, by the client's maximum or the model's; None when nobody knows."""
    source: Source
    """Where it comes from, for the usage row."""


def reach(asked: int | None, model_cap: int | None, default: int = DEFAULT_OUTPUT, choices: int = 1) -> Reach:
    """The reach of a request, from the most output tokens of one choice: as its client says, and as the model can make."""
    times = max(1, choices)
    if asked is not None and asked >= 0:
        return Reach(asked * times, True, asked * times, "max_tokens")
    if model_cap is not None and model_cap > 0:
        return Reach(model_cap * times, False, model_cap * times, "model_cap")
    return Reach(default * times, False, None, "default")
