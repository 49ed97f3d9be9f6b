"""`contents` and `systemInstruction` to messages: every form the API and its SDKs take, ids made up where there are none.

Source: https://ai.google.dev/api/caching#Content
"""

from typing import Any

from plexus.core.json import dumps
from plexus.ir.chat import Message, Role
from plexus.ir.errors import InvalidRequest
from plexus.ir.parts import Media, Opaque, Origin, Part, Signature, Text, ToolCall, ToolResult
from plexus.ir.signature import unwrap
from plexus.protocols.gemini.decode_part import Source, kind_of_part, read_part
from plexus.protocols.gemini.ids import id_by_position
from plexus.protocols.gemini.media import read_file, read_inline
from plexus.protocols.gemini.protojson import Wire, fields_of, message_at, text_of

ORIGIN = Origin("gemini")
_ROLES: dict[str, Role] = {
    "": "user",
    "user": "user",
    "function": "user",
    "tool": "user",
    "model": "assistant",
    "assistant": "assistant",
    "system": "system",
}
_RESULT = frozenset({"id", "name", "response", "parts"})
_STANDARD = str.maketrans("-_", "+/")
DUMMIES = frozenset({"skip_thought_signature_validator", "context_engineering_is_the_way_to_go"})
"""Values clients send to ask for no validation; they are words, not base64 in its URL-safe alphabet."""


def read_signature(value: str) -> Signature:
    """A client's thought signature. SDKs that hold bytes send the URL-safe alphabet; Google's own is the standard one."""
    return unwrap(value if value in DUMMIES else value.translate(_STANDARD), "gemini")


class Conversation:
    """Reads contents in order and pairs results with calls: by id, else by name in the order of the calls."""

    def __init__(self) -> None:
        """Nothing read yet."""
        self._content = 0
        self._part = 0
        self._open: list[tuple[str, str]] = []
        self._known: set[str] = set()
        self._source = Source(origin=ORIGIN, sign=read_signature, call_id=self._made_up, names={})

    def _made_up(self) -> str:
        return id_by_position(self._content, self._part)

    def read(self, value: Any) -> list[Message]:
        """The messages of `contents`: a string, one content, or a list of contents, parts and strings."""
        if value is None:
            raise InvalidRequest("contents", "is required")
        items = value if isinstance(value, list) else [value]
        return [message for index, item in enumerate(items) if (message := self._content_at(index, item)) is not None]

    def _content_at(self, index: int, item: Any) -> Message | None:
        path = f"contents[{index}]"
        self._content = index
        if isinstance(item, str):
            return Message(role="user", parts=[Text(text=item)])
        content = message_at(item, path)
        if "parts" not in content and "role" not in content:
            content = {"parts": [content]} if content else {}
        role = _ROLES.get(text_of(content.get("role")))
        if role is None:
            raise InvalidRequest(f"{path}.role", "must be user or model")
        extras = {key: content[key] for key in content.keys() - {"role", "parts"}}
        return Message(role=role, parts=self.parts(content.get("parts"), path), extras=extras or None)

    def parts(self, value: Any, path: str) -> list[Part]:
        """The parts of one content: a list, or one part or string alone."""
        items = value if isinstance(value, list) else [] if value is None else [value]
        parts: list[Part] = []
        for index, item in enumerate(items):
            self._part = index
            part = Text(text=item) if isinstance(item, str) else self._part_at(item, f"{path}.parts[{index}]")
            if part is not None:
                parts.append(part)
        return parts

    def _part_at(self, item: Any, path: str) -> Part | None:
        wire = message_at(item, path)
        kind = kind_of_part(wire)
        if kind == "functionResponse":
            return self._result(wire, message_at(wire[kind], f"{path}.{kind}"))
        if kind == "text" and not isinstance(wire["text"], str):
            raise InvalidRequest(f"{path}.text", "must be a string")
        if kind in ("functionCall", "inlineData", "fileData"):
            message_at(wire[kind], f"{path}.{kind}")
        part = read_part(wire, self._source)
        if isinstance(part, ToolCall):
            self._open.append((part.id, part.name))
            self._known.add(part.id)
        return part

    def _result(self, wire: Wire, value: Wire) -> ToolResult:
        name = text_of(value.get("name"))
        extras = {key: wire[key] for key in wire.keys() - {"functionResponse"}}
        extras.update({f"functionResponse.{key}": value[key] for key in value.keys() - _RESULT})
        result = ToolResult(call_id=self._call_of(text_of(value.get("id")), name), parts=[], name=name)
        read_response(value.get("response"), result)
        result.parts += _media_parts(value.get("parts"))
        result.extras = extras or None
        return result

    def _call_of(self, given: str, name: str) -> str:
        matches = (index for index, (call_id, _) in enumerate(self._open) if call_id == given)
        if not given or given not in self._known:
            matches = (index for index, (_, called) in enumerate(self._open) if called == name)
        index = next(matches, None)
        if index is not None:
            return self._open.pop(index)[0]
        return given or self._made_up()


def read_response(response: Any, result: ToolResult) -> None:
    """The response object as the result's content: `{"output": text}` and `{"error": text}` are that text."""
    if response is None:
        return
    if not isinstance(response, dict):
        result.parts.append(Text(text=response if isinstance(response, str) else dumps(response).decode()))
        return
    result.is_error = response.keys() == {"error"}
    only = next(iter(response.values())) if response.keys() in ({"output"}, {"error"}) else None
    if isinstance(only, str):
        result.parts.append(Text(text=only))
        return
    result.structured = True
    result.parts.append(Text(text=dumps(response).decode()))


def _media_parts(value: Any) -> list[Part]:
    parts: list[Part] = []
    for item in value if isinstance(value, list) else []:
        if not isinstance(item, dict):
            continue
        wire = fields_of(item)
        kind = kind_of_part(wire)
        inner = wire.get(kind)
        if kind in ("inlineData", "fileData") and isinstance(inner, dict):
            extras = {key: wire[key] for key in wire.keys() - {kind}}
            read = read_inline if kind == "inlineData" else read_file
            media: Media = read(fields_of(inner), extras)
            media.extras = extras or None
            parts.append(media)
        elif kind:
            parts.append(Opaque(kind=kind, raw=wire, origin=ORIGIN))
    return parts


def read_system(value: Any) -> list[Message]:
    """The system message of a `systemInstruction`: a string, a content, or parts. Its role means nothing."""
    if value is None:
        return []
    if isinstance(value, str):
        return [Message(role="system", parts=[Text(text=value)])] if value else []
    content: Any = value
    if not isinstance(value, list):
        wire = message_at(value, "systemInstruction")
        content = wire.get("parts") if "parts" in wire or "role" in wire else wire
    parts = Conversation().parts(content, "systemInstruction")
    return [Message(role="system", parts=parts)] if parts else []
