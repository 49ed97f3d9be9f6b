"""Canonical turns as chat messages: results right after their calls, media of results after all of them, thinking last-known.

Source: https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
"""

from typing import Any

from plexus.ir.billing import is_billing
from plexus.ir.chat import ChatRequest, Message, Role
from plexus.ir.parts import Media, Opaque, Part, Text, Thinking, ToolCall, ToolResult
from plexus.ir.target import Target
from plexus.protocols.chat.answer_calls import as_json
from plexus.protocols.chat.content_out import ContentWriter
from plexus.protocols.chat.ids import fitting_id
from plexus.protocols.chat.media import plain_text
from plexus.protocols.chat.thoughts import write_entries
from plexus.protocols.chat.tools_out import ToolsWriter

Wire = dict[str, Any]
Placed = tuple[str, Part]
"""A part with its path in the canonical request."""


class MessagesWriter:
    """Writes the conversation for one target."""

    def __init__(self, request: ChatRequest, target: Target, content: ContentWriter, tools: ToolsWriter) -> None:
        self._request = request
        self._target = target
        self._content = content
        self._tools = tools
        self._native = content.native

    def write(self) -> list[Wire]:
        """The `messages` array."""
        messages: list[Wire] = []
        for number, message in enumerate(self._request.messages):
            path = f"messages[{number}]"
            parts = [(f"{path}.parts[{n}]", part) for n, part in enumerate(message.parts)]
            if message.role == "assistant":
                written = self._assistant(parts)
            elif message.role == "user":
                written = self._user(parts)
            else:
                written = self._system(message.role, parts)
            if written and message.name:
                written[-1]["name"] = message.name
            self._put_extras(written, message, path)
            messages += written
        return messages

    def _put_extras(self, written: list[Wire], message: Message, path: str) -> None:
        for name, value in (message.extras or {}).items():
            if self._native and written:
                written[-1].setdefault(name, value)
            elif not self._native:
                self._content.drop("dropped", f"{path}.{name}", "no place in chat")

    def _system(self, role: Role, parts: list[Placed]) -> list[Wire]:
        kept = []
        for path, part in parts:
            if is_billing(part) and not self._target.dialect.billing_header:
                self._content.drop("dropped", path, "a billing header meant for Anthropic alone")
            else:
                kept.append((path, part))
        if not kept and parts:
            return []
        word = "system" if role == "system" or not self._target.dialect.developer_role else "developer"
        return [{"role": word, "content": self._content.write(kept)}]

    def _user(self, parts: list[Placed]) -> list[Wire]:
        messages: list[Wire] = []
        shown: list[Placed] = []
        for path, part in parts:
            if isinstance(part, ToolResult):
                messages.append(self._result(part, path, shown))
        shown += [(path, part) for path, part in parts if not isinstance(part, ToolResult)]
        if shown or not messages:
            content = self._content.write(shown)
            if content or not messages:
                messages.append({"role": "user", "content": content})
        return messages

    def _result(self, result: ToolResult, path: str, shown: list[Placed]) -> Wire:
        """One tool message. What it cannot hold goes to `shown`, for the user message after all results."""
        said: list[Placed] = []
        for number, part in enumerate(result.parts):
            place = f"{path}.parts[{number}]"
            if isinstance(part, Media) and not plain_text(part) and not self._target.dialect.tool_media:
                self._content.drop("approximated", place, "shown to the model in a user message after the results")
                shown.append((place, part))
            else:
                said.append((place, part))
        wire: Wire = {
            "role": "tool",
            "tool_call_id": self.call_id(result.call_id),
            "content": self._content.write(said),
        }
        if result.name and self._native:
            wire["name"] = result.name
        if result.is_error:
            self._content.drop("approximated", f"{path}.is_error", "chat tells errors of tools by their text alone")
        self._content.mark(wire, result, path)
        self._own_extras(wire, result, path)
        return wire

    def call_id(self, identity: str) -> str:
        """A tool-call id as the target takes it, the same for call and result."""
        dialect = self._target.dialect
        return fitting_id(identity, dialect.tool_id_length, dialect.tool_id_pattern)

    def _assistant(self, parts: list[Placed]) -> list[Wire]:
        said: list[Placed] = [(path, part) for path, part in parts if not isinstance(part, Thinking | ToolCall)]
        calls = [(path, part) for path, part in parts if isinstance(part, ToolCall)]
        wire: Wire = {"role": "assistant"}
        content = self._content.write(self._spoken(said, wire))
        thoughts: list[Placed] = [(path, part) for path, part in parts if isinstance(part, Thinking)]
        wire["content"] = content
        self._think(thoughts, wire)
        if calls:
            self._check_order(parts)
            wire["content"] = content or None
            wire["tool_calls"] = [self._call(part, path) for path, part in calls]
        elif not content and not (wire.keys() - {"role", "content"}) and parts:
            return []  # nothing of this turn can be said here; what it was is reported
        self._sign(said, wire)
        return [wire]

    def _spoken(self, parts: list[Placed], wire: Wire) -> list[Placed]:
        """The parts that make up `content`; a reference to earlier audio has a field of its own, made media has none."""
        kept = []
        for path, part in parts:
            if isinstance(part, Opaque) and part.kind == "audio" and part.origin.protocol == "chat":
                wire["audio"] = part.raw
            elif isinstance(part, Media) and not plain_text(part):
                self._content.drop("dropped", path, "chat takes no media in assistant messages")
            else:
                kept.append((path, part))
        return kept

    def _check_order(self, parts: list[Placed]) -> None:
        called = False
        for path, part in parts:
            if isinstance(part, Text) and called and part.text:
                self._content.drop("approximated", path, "chat puts text before the tool calls of its turn")
            called = called or isinstance(part, ToolCall)

    def _think(self, thoughts: list[Placed], wire: Wire) -> None:
        """Earlier reasoning goes into the field the target wants it in; signed reasoning back the way it came."""
        field = self._target.dialect.reasoning_field
        entries: list[Wire] = []
        texts: list[str] = []
        for path, part in thoughts:
            if not isinstance(part, Thinking):
                continue
            value = part.signature.value if part.signature is not None else ""
            if not (part.text and field) and not value:
                self._content.drop("dropped", path, "the target takes no reasoning back")
                continue
            texts.append(part.text)
            entries += write_entries(part, len(entries), value, self._target.model)
        if field and any(texts):
            wire[field] = "".join(texts)
        if any("signature" in entry or "data" in entry for entry in entries):
            wire["reasoning_details"] = entries

    def _sign(self, said: list[Placed], wire: Wire) -> None:
        for _, part in said:
            if isinstance(part, Text) and part.signature is not None:
                wire["extra_content"] = {"google": {"thought_signature": part.signature.value}}

    def _call(self, call: ToolCall, path: str) -> Wire:
        identity = self.call_id(call.id)
        name = self._tools.name(call.name)
        if call.custom and self._tools.takes_custom:
            custom = {"name": name, "input": call.arguments}
            wire: Wire = {"id": identity, "type": "custom", "custom": custom}
        else:
            if call.custom:
                arguments = as_json(call.arguments)
            else:
                arguments = call.arguments
                if not arguments.strip():
                    arguments = "{}"
                    self._content.drop("repaired", f"{path}.arguments", "empty arguments became {}")
            wire = {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}
        if call.signature is not None:
            wire["extra_content"] = {"google": {"thought_signature": call.signature.value}}
        self._content.mark(wire, call, path)
        self._own_extras(wire, call, path)
        return wire

    def _own_extras(self, wire: Wire, part: ToolCall | ToolResult, path: str) -> None:
        for name, value in (part.extras or {}).items():
            if self._native:
                wire.setdefault(name, value)
            else:
                self._content.drop("dropped", f"{path}.{name}", "no place in chat")
