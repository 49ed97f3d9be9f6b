"""What becomes of every field of every protocol's request towards each protocol: carried, reported, or silently lost.

A field is judged by rendering a request with it and the nearest request without it: the largest other field of the
protocol whose sample is a part of this one's, else the minimal request.
"""

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from plexus.ir.drops import Drop
from plexus.ir.errors import InvalidRequest
from plexus.ir.ownership import own_state
from plexus.protocols import Field, WireProtocol
from tests.corpus import replay


@dataclass
class Fate:
    """What became of one field towards one protocol."""

    protocol: str
    field: str
    target: str
    carried: list[str]
    """Places of the target's body that differ because of it."""
    drops: list[Drop]
    """Losses reported because of it."""
    refused: str = ""
    """The message, when the request is refused by name instead."""
    parent: str = ""
    """The field it lies in, when that is not carried either."""
    same: str = ""
    """Why it may render like the request without it."""

    @property
    def silent(self) -> bool:
        """Whether it vanished without a word."""
        return not (self.carried or self.drops or self.refused or self.same)

    @property
    def told(self) -> str:
        """The fate in a few words, for the table."""
        words = [f"with `{self.parent}`"] if self.parent else []
        if self.carried:
            words.append("→ " + ", ".join(f"`{place}`" for place in self.carried[:3]))
        words += [f"{drop.kind}: {drop.reason or drop.field}" for drop in self.drops[:2]]
        if self.refused:
            words.append(f"refused: {self.refused}")
        if self.same and not words:
            words.append(self.same)
        return "; ".join(words) or "SILENT LOSS"


def merged(base: Any, patch: Any) -> Any:
    """The base with the patch laid over it: objects by key, everything else replaced."""
    if isinstance(base, dict) and isinstance(patch, dict):
        return {**base, **{key: merged(base.get(key), value) for key, value in patch.items()}}
    return patch


def within(small: Any, large: Any) -> bool:
    """Whether everything of `small` is also in `large`."""
    if isinstance(small, dict) and isinstance(large, dict):
        return all(key in large and within(value, large[key]) for key, value in small.items())
    if isinstance(small, list) and isinstance(large, list):
        return len(small) == len(large) and all(map(within, small, large))
    return bool(small == large)


def leaves(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(leaves, value.values())) or 1
    if isinstance(value, list):
        return sum(map(leaves, value)) or 1
    return 1


def nearest(protocol: WireProtocol, field: Field) -> tuple[dict[str, Any], Field | None]:
    """The largest request without the field that the protocol's own samples give, and whose sample it is."""
    whole = merged(protocol.minimal, field.patch)
    found, whose = protocol.minimal, None
    for other in protocol.fields:
        body = merged(protocol.minimal, other.patch)
        if body != whole and within(body, whole) and leaves(body) > leaves(found):
            found, whose = body, other
    return found, whose


def render(protocol: WireProtocol, body: dict[str, Any], target: str) -> tuple[Any, list[Drop]]:
    """The body as it reaches an upstream of protocol `target`, and the losses."""
    asked = protocol.decode_request(json.loads(json.dumps(body)), body.get("model") or "m", bool(body.get("stream")))
    there = replay.target(target)
    owned, stripped = own_state(asked, there, lambda _: None, alone=True)
    made = replay.protocols()[target].encode_request(owned, there)
    sent = {
        "body": json.loads(msgspec.json.encode(made.body)),
        "headers": made.headers,
        "path": replay.protocols()[target].path(asked.model, asked.stream),
    }
    return sent, [*stripped, *made.drops]


def different(one: Any, other: Any, path: str = "") -> list[str]:
    """Places where two JSON values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = [*one, *(key for key in other if key not in one)]
        return [
            place for key in keys for place in different(one.get(key), other.get(key), f"{path}.{key}" if path else key)
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [place for a, b in zip(one, other, strict=True) for place in different(a, b, path + "[]")]
    return [] if one == other else [path]


def fate(protocol: WireProtocol, field: Field, target: str) -> Fate:
    """What becomes of the field towards the target."""
    one = Fate(protocol.name, field.path, target, [], [], same=field.same)
    try:
        with_it, drops = render(protocol, merged(protocol.minimal, field.patch), target)
    except InvalidRequest as error:
        one.refused = str(error)
        return one
    base, parent = nearest(protocol, field)
    without, before = render(protocol, base, target)
    places = dict.fromkeys(different(without, with_it))
    one.carried = [place.removeprefix("body.") for place in places]
    one.drops = [drop for drop in drops if drop not in before]
    if one.silent and parent is not None and gone(above := fate(protocol, parent, target)):
        one.parent, one.drops = parent.path, above.drops
    return one


def gone(one: Fate) -> bool:
    """Whether nothing of the field arrives and that is reported: what lies inside it is gone with it."""
    return bool(one.drops or one.refused) and not one.carried


def fates() -> list[Fate]:
    """The whole table."""
    there = replay.protocols()
    return [
        fate(protocol, field, target) for protocol in there.values() for field in protocol.fields for target in there
    ]
