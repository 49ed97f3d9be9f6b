"""Signatures over the demo's thinking: made here, checked when they come back. They protect nothing; they show alteration."""

import base64
import binascii
import hashlib

from plexus.ir.chat import ChatRequest
from plexus.ir.errors import InvalidRequest
from plexus.ir.parts import Media, Text, Thinking, ToolCall

_MARK = b"plexus-demo:"
_DIGEST = 16
_ACCEPTED = frozenset({"skip_thought_signature_validator", "context_engineering_is_the_way_to_go"})
"""What Google takes in place of a signature that is not there (https://ai.google.dev/gemini-api/docs/thought-signatures)."""


def seal(text: str) -> str:
    """The signature over a text, base64. Two digests: one of the text, and one of that with the mark."""
    body = _MARK + hashlib.sha256(text.encode("utf-8", "replace")).digest()[:_DIGEST]
    return base64.b64encode(body + _check(body)).decode()


def check_signatures(request: ChatRequest) -> None:
    """Refuse a request in which a signature is not the demo's own, or does not fit the text it stands over.

    Raises:
        InvalidRequest: naming the part, as providers do.
    """
    for m, message in enumerate(request.messages):
        pieces: list[str] = []  # Gemini clients return a streamed thought in the pieces it came in
        for p, part in enumerate(message.parts):
            thought = part.text if isinstance(part, Thinking) else ""
            pieces = [*pieces, thought] if isinstance(part, Thinking) else []
            if not isinstance(part, Text | Media | Thinking | ToolCall) or part.signature is None:
                continue
            if request.protocol == "gemini" and part.signature.value in _ACCEPTED:
                continue
            if not _intact(part.signature.value, {thought, "".join(pieces)}):
                raise InvalidRequest(f"messages.{m}.content.{p}", "Invalid `signature` in `thinking` block")


def _check(body: bytes) -> bytes:
    return hashlib.sha256(b"seal:" + body).digest()[:_DIGEST]


def _intact(signature: str, thoughts: set[str]) -> bool:
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    body, check = raw[:-_DIGEST], raw[-_DIGEST:]
    if not body.startswith(_MARK) or check != _check(body):
        return False
    return "" in thoughts or signature in map(seal, thoughts)
