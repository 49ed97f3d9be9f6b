"""The bytes of each event of Anthropic's stream. Frames that carry text are joined from pieces made once.

https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from typing import Any

from plexus.core import json

PING = b'event: ping\ndata: {"type": "ping"}\n\n'
MESSAGE_STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
DELTA_TAIL = b"}}\n\n"

_DELTAS = {
    "text": (b"text_delta", b"text"),
    "thinking": (b"thinking_delta", b"thinking"),
    "tool_use": (b"input_json_delta", b"partial_json"),
}


def event(data: dict[str, Any]) -> bytes:
    """One event, named by its own type."""
    return b"event: %b\ndata: %b\n\n" % (data["type"].encode(), json.dumps(data))


def block_start(index: int, block: dict[str, Any]) -> bytes:
    """The opening of a block."""
    return event({"type": "content_block_start", "index": index, "content_block": block})


def block_stop(index: int) -> bytes:
    """The end of a block."""
    return b'event: content_block_stop\ndata: {"type":"content_block_stop","index":%d}\n\n' % index


def delta_head(index: int, kind: str) -> bytes:
    """Everything of a text-carrying delta before the text itself; `DELTA_TAIL` comes after it."""
    name, field = _DELTAS[kind]
    head = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":'
    return head % (index, name, field)


def delta(index: int, content: dict[str, Any]) -> bytes:
    """Any other delta."""
    return event({"type": "content_block_delta", "index": index, "delta": content})
