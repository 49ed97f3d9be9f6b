"""Identifiers made here: deterministic, from the seed of an exchange or from the identifier they stand for."""

import hashlib
import re
from functools import lru_cache

ID_LENGTH = 40
"""The longest tool-call id OpenAI takes on chat ("string too long. Expected … maximum length 40")."""

_REFUSED_IN_NAME = re.compile(r"[^a-zA-Z0-9_-]")
_NAME_LENGTH = 64


def answer_id(seed: str) -> str:
    """The id of an answer made elsewhere, in OpenAI's style."""
    return "chatcmpl-" + _digest(seed)[:29]


def call_id(seed: str, number: int) -> str:
    """The id of the call with this number, for an upstream that gave none."""
    return "call_" + _digest(f"{seed}/{number}")[:24]


@lru_cache(maxsize=4096)
def fitting_id(identity: str, length: int, pattern: str) -> str:
    """The id as the target takes it: unchanged when it fits, else a hash of it in the form asked for."""
    length = length or ID_LENGTH
    if identity and _fits(identity, length, pattern):
        return identity
    digest = _digest(identity)
    for candidate in ("call_" + digest[:24], "call_" + digest, digest):
        if _fits(candidate[:length], length, pattern):
            return candidate[:length]
    return digest[:length]


def _fits(identity: str, length: int, pattern: str) -> bool:
    return len(identity) <= length and (not pattern or re.fullmatch(pattern, identity) is not None)


def fitting_name(name: str) -> str:
    """A function name OpenAI takes (letters, digits, `_`, `-`, 64 at most); a changed one ends in a hash of the original.

    Source: https://platform.openai.com/docs/api-reference/chat/create#chat-create-tools
    """
    clean = _REFUSED_IN_NAME.sub("_", name)
    if clean == name and 0 < len(name) <= _NAME_LENGTH:
        return name
    return f"{clean[: _NAME_LENGTH - 9]}_{_digest(name)[:8]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
