"""Function arguments that arrive in pieces (`partialArgs`, each a JSON path and a value): the object they add up to.

Source: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-fc
"""

import itertools
import re
from typing import Any

from plexus.protocols.gemini.protojson import Wire, fields_of

_STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]""")
MAX_INDEX = 100_000
"""A list position beyond this is nonsense and is not made room for."""


def add_pieces(arguments: Wire, pieces: Any) -> None:
    """Put every piece where its path says; a piece that cannot be read is skipped."""
    for piece in pieces if isinstance(pieces, list) else []:
        if isinstance(piece, dict):
            _add(arguments, fields_of(piece))


def _add(arguments: Wire, piece: Wire) -> None:
    path = piece.get("jsonPath")
    steps = _steps(path) if isinstance(path, str) else []
    if not steps:
        return
    holder: Any = arguments
    for step, following in itertools.pairwise(steps):
        holder = _inner(holder, step, [] if isinstance(following, int) else {})
    last = steps[-1]
    if "stringValue" in piece:
        old = _get(holder, last)
        _put(holder, last, (old if isinstance(old, str) else "") + str(piece["stringValue"]))
    elif "numberValue" in piece:
        number = piece["numberValue"]
        _put(holder, last, int(number) if isinstance(number, float) and number.is_integer() else number)
    elif "boolValue" in piece:
        _put(holder, last, piece["boolValue"])
    elif "nullValue" in piece:
        _put(holder, last, None)


def _steps(path: str) -> list[str | int]:
    steps: list[str | int] = []
    for name, index, single, double in _STEP.findall(path.removeprefix("$")):
        steps.append(int(index) if index else name or re.sub(r"\\(.)", r"\1", single or double))
    return steps


def _inner(holder: Any, step: str | int, empty: Any) -> Any:
    inner = _get(holder, step)
    if not isinstance(inner, dict | list):
        inner = empty
        _put(holder, step, inner)
    return inner


def _get(holder: Any, step: str | int) -> Any:
    if isinstance(holder, dict):
        return holder.get(step)
    return holder[step] if isinstance(step, int) and step < len(holder) else None


def _put(holder: Any, step: str | int, value: Any) -> None:
    if isinstance(holder, dict):
        holder[str(step)] = value
    elif isinstance(step, int) and step <= MAX_INDEX:
        holder.extend([None] * (step + 1 - len(holder)))
        holder[step] = value
