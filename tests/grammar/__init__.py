"""Strict validators of the event grammar of each protocol's stream, from the vendors' documents and SDK types.

`violations(protocol, stream)` returns what is wrong with the bytes of a client stream, as lines "rule: detail".
"""

from tests.grammar import chat, gemini, messages, responses

_OF = {
    "chat": chat.violations,
    "gemini": gemini.violations,
    "messages": messages.violations,
    "responses": responses.violations,
}


def violations(protocol: str, stream: bytes, *, usage: bool = True) -> list[str]:
    """What breaks the grammar. `usage`: whether the client is to be told the usage."""
    try:
        return _OF[protocol](stream, usage=usage)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return [f"type: a value is of another kind than any document says ({error})"]
