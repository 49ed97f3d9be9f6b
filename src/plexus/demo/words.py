"""The demo's tokens: a word with the space before it. Counting, cutting and quoting text by them."""

import re
from collections.abc import Iterable

from plexus.core.json import dumps
from plexus.ir.chat import ChatRequest, Message
from plexus.ir.parts import Media, Opaque, Part, Text, Thinking, ToolCall, ToolResult

MEDIA_TOKENS = 100
"""Tokens an image, a document or a sound counts for, whatever its size."""
_WORD = re.compile(r"\s*\S+|\s+$")


def words(text: str) -> list[str]:
    """The text in words; joined they are the text."""
    return _WORD.findall(text)


def quoted(text: str, length: int = 200) -> str:
    """The text on one line, shortened, in quotation marks."""
    line = " ".join(text.split())
    return f"“{line if len(line) <= length else line[: length - 1] + '…'}”"


def text_of(parts: Iterable[Part]) -> str:
    """The visible text of these parts; media by its kind, tool results by what they hold."""
    said = []
    for part in parts:
        match part:
            case Text():
                said.append(part.text)
            case Media():
                said.append(part.text or f"[{part.kind}]")
            case ToolResult():
                said.append(text_of(part.parts))
            case _:
                continue
    return "\n".join(said)


def last_user_text(request: ChatRequest) -> str:
    """What the user said last, tool results left out; empty when there was nothing."""
    for message in reversed(request.messages):
        said = [part for part in message.parts if not isinstance(part, ToolResult)]
        if message.role == "user" and said:
            return text_of(said)
    return ""


def input_tokens(request: ChatRequest) -> int:
    """The tokens of the whole request, tools included."""
    tools = (f"{tool.name} {tool.description} {dumps(tool.schema).decode()}" for tool in request.tools)
    return sum(map(_message_tokens, request.messages)) + sum(len(words(tool)) for tool in tools)


def _message_tokens(message: Message) -> int:
    return 1 + sum(map(part_tokens, message.parts))


def part_tokens(part: Part) -> int:
    """The tokens one part counts for."""
    match part:
        case Text() | Thinking():
            return len(words(part.text))
        case ToolCall():
            return 1 + len(words(part.arguments))
        case ToolResult():
            return 1 + sum(map(part_tokens, part.parts))
        case Media():
            return MEDIA_TOKENS
        case Opaque():
            return 1
