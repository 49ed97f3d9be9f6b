"""Identifiers of the responses protocol: which ones a target accepts, and new ones made without chance."""

import hashlib
import re

CALL_ID_LENGTH = 64
"""OpenAI refuses a longer `call_id`."""

NAME_LENGTH = 64
_MADE = "plexus"
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_NOT_NAME = re.compile(r"[^a-zA-Z0-9_-]")

_NO_ITEM = ("call_", "toolu_", "gcall_", "chatcmpl")
"""Beginnings of ids that name calls or answers, not items."""


def digest(text: str, length: int = 32) -> str:
    """Hexadecimal digits that stand for the text."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def own_item_id(item_id: str) -> str:
    """The id, or empty when no provider knows it as an item's: it was made here, or names a call, which is refused there."""
    return "" if item_id.startswith(_NO_ITEM) or is_made(item_id) else item_id


def made_item_id(prefix: str, seed: str, number: int) -> str:
    """An id for an item made here; `is_made` knows it again."""
    return f"{prefix}_{_MADE}{digest(f'{seed}:{number}')}"


def is_made(item_id: str) -> bool:
    """Whether the id was made here, so that no provider knows it."""
    return item_id.partition("_")[2].startswith(_MADE)


def response_id(seed: str) -> str:
    """An id in OpenAI's style for an answer made elsewhere."""
    return f"resp_{_MADE}{digest(seed)}"


def call_id(value: str, longest: int = CALL_ID_LENGTH) -> str:
    """The call id as the target takes it: `call_x|fc_y` reduced to the call, a long one shortened with a hash.

    The same value always gives the same id, so a call and its result stay together.
    """
    value = value.partition("|")[0] if "|fc_" in value else value
    if len(value) <= longest:
        return value
    tail = digest(value, 16)
    return f"{value[: longest - len(tail) - 1]}_{tail}"


def tool_name(value: str) -> str:
    """The name if the target takes it, else one of valid characters and length that a hash keeps unique."""
    if _NAME.fullmatch(value):
        return value
    tail = digest(value, 8)
    return f"{_NOT_NAME.sub('_', value)[: NAME_LENGTH - len(tail) - 1]}_{tail}"
