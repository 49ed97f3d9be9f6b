"""Recorded answers said otherwise: the same wire as other vendors write it, or with more, fewer and other things in it.

A variation returns the objects of the answer changed (one for a body, many for a stream), or None where it changes nothing.
It need not keep the meaning: the readers read the varied wire anew, and what comes out must say what they read.
"""

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from tests.corpus.neutral import frames
from tests.corpus.recordings import Recording

Wire = dict[str, Any]
Vary = Callable[[list[Wire], random.Random], list[Wire] | None]

OWN = {
    "arguments",
    "input",
    "args",
    "response",
    "parameters",
    "schema",
    "input_schema",
    "partial_json",
    "output",
    "result",
}
"""Names under which the model's or the client's own JSON stands: nothing in there is the wire's. `output` and `input` are
entered all the same where they hold a list."""

MEANT = {"delta", "functionCall"}
"""Names under which an empty object says something."""


def objects(value: Any) -> Iterator[Wire]:
    """Every object of the wire in the value, outermost first."""
    if isinstance(value, list):
        for item in value:
            yield from objects(item)
    elif isinstance(value, dict):
        yield value
        for key, inner in value.items():
            if key not in OWN or (key in {"output", "input"} and isinstance(inner, list)):
                yield from objects(inner)


def reordered(value: Any) -> Any:
    """The same with the fields of every object the other way round."""
    if isinstance(value, list):
        return [reordered(item) for item in value]
    if isinstance(value, dict):
        return {key: reordered(inner) for key, inner in reversed(value.items())}
    return value


def varied(recording: Recording, vary: Vary, seed: int = 0) -> Recording | None:
    """The recording with its answer said otherwise."""
    source = random.Random(f"{recording.id} {seed}")
    if not recording.streaming:
        made = vary([json.loads(recording.response_body)], source)
        return None if made is None else replace(recording, response_body=json.dumps(made[0]))
    body = recording.response_body
    if body.lstrip().startswith("["):
        made = vary(json.loads(body), source)
        return None if made is None else replace(recording, response_body=json.dumps(made))
    told: list[Wire] = []
    ends = False
    for event, data in frames(body):
        if data.strip() == "[DONE]":
            ends = True
            break
        try:
            value = json.loads(data)
        except ValueError:
            return None
        if not isinstance(value, dict):
            return None
        told.append({**value, EVENT: event} if event else value)
    made = vary(told, source)
    if made is None:
        return None
    lines = [frame(value) for value in made]
    return replace(recording, response_body="".join([*lines, "data: [DONE]\n\n"] if ends else lines))


EVENT = "\u0000event"
"""Where a frame's event name is kept while it is varied."""
COMMENT = "\u0000comment"
"""What is written instead of a frame."""
ODD_TEXT = 'data: [DONE]\r\n\r\n"\\ud83d" \u2028 \U0001f642 \u0000 <think> {"a"'
"""Text that looks like the wire itself."""


def frame(value: Wire) -> str:
    """One frame of a stream."""
    value = dict(value)
    comment = value.pop(COMMENT, "")
    event = value.pop(EVENT, "")
    if comment:
        return comment
    return (f"event: {event}\n" if event else "") + f"data: {json.dumps(value)}\n\n"


def other_order(told: list[Wire], _: random.Random) -> list[Wire]:
    """Fields the other way round."""
    return [reordered(value) for value in told]


def without_nulls(told: list[Wire], _: random.Random) -> list[Wire]:
    """Fields that say null are left out."""
    told = copy.deepcopy(told)
    for thing in objects(told):
        for key in [key for key, inner in thing.items() if inner is None]:
            del thing[key]
    return told


def without_empty(told: list[Wire], _: random.Random) -> list[Wire]:
    """Empty lists and objects are left out."""
    told = copy.deepcopy(told)
    for thing in objects(told):
        for key in [key for key, inner in thing.items() if inner in ([], {}) and key not in OWN | MEANT]:
            del thing[key]
    return told


def with_unknown(told: list[Wire], _: random.Random) -> list[Wire]:
    """Every object has a field nobody knows yet."""
    told = copy.deepcopy(told)
    for thing in list(objects(told)):
        if thing and not (
            {"text", "inlineData", "functionCall", "thoughtSignature"} & thing.keys() and "type" not in thing
        ):
            thing["x_new_field"] = {"a": [1, None, "b"]}
    return told


def with_comments(told: list[Wire], _: random.Random) -> list[Wire] | None:
    """Comments, as OpenRouter sends them, between all frames."""
    if len(told) < 2:
        return None
    return [one for value in told for one in ({COMMENT: ": OPENROUTER PROCESSING\n\n"}, value)]


def whole_floats(told: list[Wire], _: random.Random) -> list[Wire]:
    """Counts written as floats."""
    told = copy.deepcopy(told)
    for thing in objects(told):
        for key, inner in thing.items():
            if isinstance(inner, int) and not isinstance(inner, bool) and ("token" in key.lower()):
                thing[key] = float(inner)
    return told


EVERYWHERE: dict[str, Vary] = {
    "other order": other_order,
    "without nulls": without_nulls,
    "without empty": without_empty,
    "with unknown fields": with_unknown,
    "with comments": with_comments,
    "counts as floats": whole_floats,
}
