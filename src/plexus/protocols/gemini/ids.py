"""Tool-call ids where Gemini gave none: deterministic, recognisable, and never sent back to Gemini."""

import hashlib
from typing import Any

INVENTED = "gcall_"
"""What every id made here begins with; Gemini never saw them, so they are left out towards it."""


def id_by_position(content: int, part: int) -> str:
    """The id of a call in a client's history: where it stands, so that it is the same on every turn."""
    return f"{INVENTED}{content}_{part}"


def id_by_seed(seed: str, count: int) -> str:
    """The id of a call in an upstream's answer: unique to the exchange."""
    return INVENTED + hashlib.sha256(f"{seed}:{count}".encode()).hexdigest()[:24]


def told(call_id: Any) -> str:
    """The id as it may be told to a Gemini peer: empty when it was made here."""
    return "" if not isinstance(call_id, str) or call_id.startswith(INVENTED) else call_id
