"""Small request pieces from which the table of fields is made. Nothing here is sent anywhere."""

from typing import Any

Patch = dict[str, Any]

MARK: Patch = {"cache_control": {"type": "ephemeral"}}
SCHEMA: Patch = {
    "type": "object",
    "properties": {"q": {"type": "string"}},
    "required": ["q"],
    "additionalProperties": False,
}
TOOL: Patch = {"name": "look", "input_schema": {"type": "object", "properties": {}}}
CALL: Patch = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"q": "x"}}
IMAGE: Patch = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"},
}
PDF: Patch = {
    "type": "document",
    "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQK"},
}


def block(text: str) -> Patch:
    """A text block."""
    return {"type": "text", "text": text}


def blocks(*content: Patch) -> Patch:
    """One user message of these blocks."""
    return {"messages": [{"role": "user", "content": list(content)}]}


def asked(kind: str, source: Patch) -> Patch:
    """A question about an image or a document from this source."""
    return blocks({"type": kind, "source": source}, block("hi"))


def turns(*said: tuple[str, str]) -> Patch:
    """A conversation of plain texts."""
    return {"messages": [{"role": role, "content": text} for role, text in said]}


def calls(*content: Patch) -> Patch:
    """A conversation with this assistant turn, and the result of its call."""
    return _called(list(content), {"type": "tool_result", "tool_use_id": "toolu_1", "content": "done"})


def result(content: Any, **more: Any) -> Patch:
    """A conversation with this result of a call."""
    return _called([CALL], {"type": "tool_result", "tool_use_id": "toolu_1", "content": content, **more})


def _called(assistant: list[Patch], answer: Patch) -> Patch:
    return {
        "tools": [TOOL],
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": assistant},
            {"role": "user", "content": [answer]},
        ],
    }
