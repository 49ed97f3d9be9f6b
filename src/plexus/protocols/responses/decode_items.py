"""Input items to messages: which items are one turn, and what each becomes. Knows nothing of the request around them."""

from collections.abc import Callable
from typing import Any

from plexus.core import json
from plexus.ir.chat import Message, Role
from plexus.ir.errors import InvalidRequest
from plexus.ir.parts import CacheMark, Media, Opaque, Part, Signature, Text, Thinking, ToolCall, ToolResult
from plexus.ir.signature import unwrap
from plexus.protocols.responses.carriers import carried
from plexus.protocols.responses.decode_content import ORIGIN, cache_mark, decode_part, rest
from plexus.protocols.responses.namespaces import joined

ITEM_FIELDS = ("phase", "status")
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system", "developer": "developer"}

_CLIENT_ITEMS = frozenset({"mcp_approval_response", "additional_tools", "configuration_update", "compaction_trigger"})
"""Items that are not modelled and come from the client's side; so do all whose type ends in `_output`."""


def decode_input(items: list[Any], declared: frozenset[tuple[str, str]], field: str = "input") -> list[Message]:
    """The conversation the items of a field tell. `declared`: namespace and name of each function the client grouped.

    Raises:
        InvalidRequest: naming the item that cannot be read.
    """
    reading = _Conversation(declared)
    for number, item in enumerate(items):
        if not isinstance(item, dict):
            raise InvalidRequest(f"{field}[{number}]", "must be an object")
        reading.take(item, f"{field}[{number}]")
    return reading.messages


class _Conversation:
    """The messages so far. Items of the assistant gather in its open message, tool results in the open user message."""

    def __init__(self, declared: frozenset[tuple[str, str]]) -> None:
        self.messages: list[Message] = []
        self._declared = declared
        self._open: Message | None = None

    def take(self, item: dict[str, Any], path: str) -> None:
        kind = item.get("type")
        if kind is None:
            kind = "message" if "role" in item else "item_reference" if "id" in item else None
        if not isinstance(kind, str):
            raise InvalidRequest(f"{path}.type", "must say what the item is")
        if kind == "message":
            self._message(item, path)
        elif kind == "reasoning" and (alone := carried(_string(item.get("encrypted_content")))) is not None:
            self._return_signature(unwrap(item["encrypted_content"], ORIGIN.protocol), alone=alone)
        elif kind in _READERS:
            role, read = _READERS[kind]
            self._put(role, read(item, path, self._declared))
        else:
            theirs = kind in _CLIENT_ITEMS or kind.endswith("_output")
            self._put("user" if theirs else "assistant", Opaque(kind=kind, raw=item, origin=ORIGIN))

    def _put(self, role: Role, part: Part) -> None:
        if self._open is None or self._open.role != role:
            self._open = Message(role=role, parts=[])
            self.messages.append(self._open)
        self._open.parts.append(part)

    def _return_signature(self, signature: Signature, *, alone: bool) -> None:
        """Give a signature that only travelled as a reasoning item back to the part it was made for."""
        before = self._open.parts[-1] if self._open is not None and self._open.role == "assistant" else None
        if isinstance(before, Text | ToolCall) and before.signature is None and not alone:
            before.signature = signature
        else:
            self._put("assistant", Text(text="", signature=signature))

    def _message(self, item: dict[str, Any], path: str) -> None:
        role = _ROLES.get(str(item.get("role")))
        if role is None:
            raise InvalidRequest(f"{path}.role", "must be user, assistant, system or developer")
        parts = decode_content(item.get("content"), f"{path}.content")
        mark = cache_mark(item)
        if mark is not None:
            _mark_last(parts, mark)
        if role == "assistant":
            self._assistant(item, parts)
            return
        self._open = None
        self.messages.append(
            Message(
                role=role,
                parts=parts,
                item_id=_string(item.get("id")),
                extras=_said(rest(item, "type", "role", "content", "id", "cache_control")),
            )
        )

    def _assistant(self, item: dict[str, Any], parts: list[Part]) -> None:
        first = next((part for part in parts if isinstance(part, Text)), None)
        if first is not None:
            first.item_id = _string(item.get("id"))
            of_item = _said(rest(item, "type", "role", "content", "id", "cache_control")) or {}
            for key, value in of_item.items():
                first.extras = {**(first.extras or {}), key if key in ITEM_FIELDS else f"item.{key}": value}
        before = self._open.parts[-1] if self._open is not None and self._open.parts else None
        if isinstance(before, Text | Media):
            self._open = None  # two messages in a row stay two
        for part in parts:
            self._put("assistant", part)


def decode_content(content: Any, path: str) -> list[Part]:
    """The parts of a message's content: a string, a list of parts, or nothing.

    Raises:
        InvalidRequest: when it is something else.
    """
    if content is None:
        return []
    if isinstance(content, str):
        return [Text(text=content)]
    if not isinstance(content, list):
        raise InvalidRequest(path, "must be a string or a list of parts")
    parts: list[Part] = []
    for number, raw in enumerate(content):
        if isinstance(raw, str):
            parts.append(Text(text=raw))
        elif isinstance(raw, dict):
            parts.append(decode_part(raw))
        else:
            raise InvalidRequest(f"{path}[{number}]", "must be an object")
    return parts


def _mark_last(parts: list[Part], mark: CacheMark) -> None:
    if parts and isinstance(parts[-1], Text | Media | ToolCall | ToolResult):
        parts[-1].cache = mark


def _said(extras: dict[str, Any] | None) -> dict[str, Any] | None:
    """Without `status: completed`, which every item of a finished turn has."""
    if extras and extras.get("status") == "completed":
        return {key: value for key, value in extras.items() if key != "status"} or None
    return extras


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _name(item: dict[str, Any], declared: frozenset[tuple[str, str]]) -> tuple[str, str]:
    """The canonical name of the function called, and the namespace if the request does not define it."""
    space, name = _string(item.get("namespace")), _string(item.get("name"))
    return joined(space, name), "" if (space, name) in declared else space


def _call(item: dict[str, Any], path: str, declared: frozenset[tuple[str, str]]) -> ToolCall:
    custom = item.get("type") == "custom_tool_call"
    said = item.get("input" if custom else "arguments")
    if not isinstance(item.get("name"), str) or not item["name"]:
        raise InvalidRequest(f"{path}.name", "must name the tool called")
    name, space = _name(item, declared)
    extras = (
        _said(rest(item, "type", "id", "call_id", "name", "namespace", "input", "arguments", "cache_control")) or {}
    )
    if space:
        extras["namespace"] = space
    return ToolCall(
        id=_string(item.get("call_id")) or _string(item.get("id")),
        name=name,
        arguments=as_text(said),
        custom=custom,
        item_id=_string(item.get("id")),
        cache=cache_mark(item),
        extras=extras or None,
    )


def as_text(value: Any) -> str:
    """Arguments or output as text: some clients send the object itself where JSON text is meant."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value).decode()


def _result(item: dict[str, Any], path: str, declared: frozenset[tuple[str, str]]) -> ToolResult:
    if not isinstance(item.get("call_id"), str):
        raise InvalidRequest(f"{path}.call_id", "must name the call this answers")
    output, structured, parts = item.get("output"), False, list[Part]()
    if isinstance(output, list) and all(isinstance(raw, dict) and "type" in raw for raw in output):
        parts = [decode_part(raw) for raw in output]
    elif output is not None:
        structured = isinstance(output, dict)
        parts = [Text(text=as_text(output))]
    name, space = _name(item, declared)
    extras = _said(rest(item, "type", "id", "call_id", "output", "name", "namespace", "cache_control")) or {}
    if space:
        extras["namespace"] = space
    return ToolResult(
        call_id=item["call_id"],
        parts=parts,
        name=name,
        structured=structured,
        custom=item["type"] == "custom_tool_call_output",
        cache=cache_mark(item),
        item_id=_string(item.get("id")),
        extras=extras or None,
    )


def _reasoning(item: dict[str, Any], path: str, declared: frozenset[tuple[str, str]]) -> Part:  # noqa: ARG001 - one shape for all readers
    sealed = item.get("encrypted_content")
    signature = None
    if isinstance(sealed, str) and sealed:
        signature = unwrap(sealed, ORIGIN.protocol)
    part = reasoning_part(item, signature)
    if part is None:
        return Opaque(kind="reasoning", raw=item, origin=ORIGIN)
    lengths = [len(text) for text in texts_of(item.get("summary")) or texts_of(item.get("content"))]
    if len(lengths) > 1:
        part.extras = {**(part.extras or {}), LENGTHS: lengths}
    return part


LENGTHS = "lengths"
"""In `extras` of thinking: how long each part of the summary was, where there were several."""


def reasoning_part(item: dict[str, Any], signature: Signature | None) -> Thinking | None:
    """A reasoning item as thinking: its summary, else its own text; None when it holds neither text nor state.

    The parts of a summary are joined by a blank line. Text that is missing is never called redacted: a stream cannot know.
    """
    summary, content = texts_of(item.get("summary")), texts_of(item.get("content"))
    texts = summary or content
    if not texts and signature is None:
        return None
    extras = _said(rest(item, "type", "id", "summary", "content", "encrypted_content")) or {}
    if summary and content:
        extras["content"] = item["content"]
    return Thinking(
        text="\n\n".join(texts),
        signature=signature,
        summary=bool(summary) or not content,
        id=_string(item.get("id")),
        extras=extras or None,
    )


def texts_of(raw: Any) -> list[str]:
    """The texts of a summary or of reasoning content."""
    if isinstance(raw, str):
        return [raw] if raw else []
    if not isinstance(raw, list):
        return []
    return [part["text"] for part in raw if isinstance(part, dict) and isinstance(part.get("text"), str)]


def generated_image(item: dict[str, Any]) -> Media | None:
    """The image an image generation call made, with the rest of the item in `extras`; None when it holds none."""
    data = item.get("result")
    if not isinstance(data, str) or not data:
        return None
    form = item.get("output_format")
    shell = {key: value for key, value in item.items() if key != "result"}
    return Media(
        kind="image", mime=f"image/{form if isinstance(form, str) else 'png'}", data=data, extras={SHELL: shell}
    )


SHELL = "item"
"""In `extras` of media: the item it came in, without the content."""


def _image(item: dict[str, Any], path: str, declared: frozenset[tuple[str, str]]) -> Part:  # noqa: ARG001 - one shape for all readers
    return generated_image(item) or Opaque(kind="image_generation_call", raw=item, origin=ORIGIN)


_READERS: dict[str, tuple[Role, Callable[[dict[str, Any], str, frozenset[tuple[str, str]]], Part]]] = {
    "function_call": ("assistant", _call),
    "custom_tool_call": ("assistant", _call),
    "reasoning": ("assistant", _reasoning),
    "image_generation_call": ("assistant", _image),
    "function_call_output": ("user", _result),
    "custom_tool_call_output": ("user", _result),
}
