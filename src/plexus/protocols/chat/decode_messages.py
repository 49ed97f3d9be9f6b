"""The messages of a client's request to canonical turns: tool results become parts of user turns, thinking leads.

Source: https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
"""

from typing import Any

from plexus.ir.chat import Message
from plexus.ir.errors import InvalidRequest
from plexus.ir.parts import Opaque, Part, Signature, Text, Thinking, ToolCall, ToolResult
from plexus.ir.signature import unwrap
from plexus.protocols.chat.answer_content import arguments_text, google_signature
from plexus.protocols.chat.checks import Wire, a_list, a_string, an_object, rest, string_or_nothing
from plexus.protocols.chat.content_in import CLIENT, cache_mark, read_parts
from plexus.protocols.chat.thoughts import read_thoughts

_COMMON = frozenset({"role", "content", "name", "cache_control"})
_ASSISTANT = _COMMON | {
    "refusal",
    "tool_calls",
    "function_call",
    "audio",
    "reasoning_content",
    "reasoning",
    "reasoning_details",
    "thinking_blocks",
    "extra_content",
}
_TOOL = _COMMON | {"tool_call_id"}
_CALL = frozenset({"id", "type", "function", "custom", "extra_content", "index"})


def decode_messages(value: Any) -> list[Message]:
    """The turns of the conversation. Raises InvalidRequest naming the field."""
    if not isinstance(value, list):
        raise InvalidRequest("messages", "must be an array" if value is not None else "is required")
    if not value:
        raise InvalidRequest("messages", "must hold at least one message")
    reader = _MessagesReader()
    for number, entry in enumerate(value):
        reader.read(an_object(entry, f"messages[{number}]"), f"messages[{number}]")
    return reader.messages


def from_client(value: str) -> Signature:
    """A signature a chat client brought back."""
    return unwrap(value, "chat")


class _MessagesReader:
    """Reads messages in order; knows which calls still await a result that names no id."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._unnamed: list[ToolCall] = []
        self._custom: set[str] = set()
        self._results: Message | None = None

    def read(self, wire: Wire, path: str) -> None:
        """Add this message; adjacent tool messages become one user turn."""
        role = a_string(wire.get("role"), f"{path}.role")
        results = self._results
        self._results = None
        match role:
            case "system" | "developer" | "user":
                parts = read_parts(_said(wire, path), f"{path}.content")
                message = Message(role=role, parts=parts, name=_name(wire, path), extras=rest(wire, _COMMON))
            case "assistant":
                message = self._assistant(wire, path)
            case "tool" | "function":
                result = self._result(wire, path, legacy=role == "function")
                if results is not None:
                    results.parts.append(result)
                    self._results = results
                    return
                message = self._results = Message(role="user", parts=[result])
            case _:
                raise InvalidRequest(
                    f"{path}.role", "must be one of system, developer, user, assistant, tool, function"
                )
        _mark(message, wire, path)
        self.messages.append(message)

    def _assistant(self, wire: Wire, path: str) -> Message:
        parts: list[Part] = [*read_thoughts(wire, from_client)]
        content = wire.get("content")
        if content != "":
            parts += _spoken(content, f"{path}.content")
        refusal = string_or_nothing(wire.get("refusal"), f"{path}.refusal")
        if refusal:
            parts.append(Text(text=refusal, refusal=True))
        if wire.get("audio") is not None:
            raw = an_object(wire["audio"], f"{path}.audio")
            a_string(raw.get("id"), f"{path}.audio.id")
            parts.append(Opaque(kind="audio", raw=raw, origin=CLIENT))
        calls = self._calls(wire, path)
        _place_signature(parts, calls, google_signature(wire))
        parts += calls
        return Message(role="assistant", parts=parts, name=_name(wire, path), extras=rest(wire, _ASSISTANT))

    def _calls(self, wire: Wire, path: str) -> list[ToolCall]:
        self._unnamed = []
        entries = a_list(wire.get("tool_calls"), f"{path}.tool_calls")
        calls = [self._call(entry, f"{path}.tool_calls[{n}]") for n, entry in enumerate(entries)]
        legacy = wire.get("function_call")
        if legacy is not None and not calls:
            place = f"{path}.function_call"
            calls.append(self._call({"function": an_object(legacy, place)}, place, legacy=True))
        return calls

    def _call(self, entry: Any, path: str, *, legacy: bool = False) -> ToolCall:
        wire = an_object(entry, path)
        custom = wire.get("type") == "custom" or ("custom" in wire and "function" not in wire)
        kind = "custom" if custom else "function"
        place = path if legacy else f"{path}.{kind}"
        function = an_object(wire.get(kind), place)
        value = google_signature(wire)
        arguments = function.get("input" if custom else "arguments")
        if not isinstance(arguments, str | dict | None):
            raise InvalidRequest(f"{place}.arguments", "must be a string")
        call = ToolCall(
            id=string_or_nothing(wire.get("id"), f"{path}.id"),
            name=a_string(function.get("name"), f"{place}.name"),
            arguments=arguments_text(arguments),
            custom=custom,
            signature=from_client(value) if value else None,
            cache=cache_mark(wire.get("cache_control"), f"{path}.cache_control"),
            extras=rest(wire, _CALL | {"cache_control"}),
        )
        if not call.id:
            # Google's endpoint answers with empty ids, the legacy form has none: order tells which result is whose.
            call.id = f"call_{len(self.messages)}_{len(self._unnamed)}"
            self._unnamed.append(call)
        if custom:
            self._custom.add(call.id)
        return call

    def _result(self, wire: Wire, path: str, *, legacy: bool) -> ToolResult:
        name = _name(wire, path)
        call = "" if legacy else string_or_nothing(wire.get("tool_call_id"), f"{path}.tool_call_id")
        if not call:
            call = self._awaited(name, f"{path}.{'name' if legacy else 'tool_call_id'}")
        content = wire.get("content")
        return ToolResult(
            call_id=call,
            name=name,
            parts=read_parts(content, f"{path}.content") if content != "" else [],
            custom=call in self._custom,
            cache=cache_mark(wire.get("cache_control"), f"{path}.cache_control"),
            extras=rest(wire, _TOOL),
        )

    def _awaited(self, name: str, path: str) -> str:
        for call in self._unnamed:
            if not name or call.name == name:
                self._unnamed.remove(call)
                return call.id
        raise InvalidRequest(path, "must name a call of the assistant message before it")


def _said(wire: Wire, path: str) -> Any:
    """The content of a message that must have one."""
    content = wire.get("content")
    if content is None:
        raise InvalidRequest(f"{path}.content", "must be a string or an array of parts")
    return content


def _spoken(content: Any, path: str) -> list[Part]:
    """An assistant's content, which may hold thinking blocks of other dialects (Mistral, Anthropic)."""
    parts: list[Part] = []
    for part in read_parts(content, path):
        if isinstance(part, Opaque) and part.kind in {"thinking", "redacted_thinking"} and isinstance(part.raw, dict):
            parts += _thought(part.raw)
        else:
            parts.append(part)
    return parts


def _thought(raw: Wire) -> list[Thinking]:
    said = raw.get("thinking")
    if isinstance(said, list):
        texts = (entry.get("text") for entry in said if isinstance(entry, dict))
        raw = {**raw, "thinking": "".join(text for text in texts if isinstance(text, str))}
    return read_thoughts({"thinking_blocks": [raw]}, from_client)


def _place_signature(parts: list[Part], calls: list[ToolCall], value: str) -> None:
    """A signature on the message as a whole: of the first call, else of the text, else it stands alone."""
    if not value:
        return
    texts = [part for part in parts if isinstance(part, Text)]
    if calls:
        calls[0].signature = calls[0].signature or from_client(value)
    elif texts:
        texts[-1].signature = from_client(value)
    else:
        parts.append(Thinking(signature=from_client(value)))


def _mark(message: Message, wire: Wire, path: str) -> None:
    """A cache mark on the message as a whole (LiteLLM) stands after its last part."""
    mark = cache_mark(wire.get("cache_control"), f"{path}.cache_control")
    last = message.parts[-1] if message.parts else None
    if mark is not None and last is not None and not isinstance(last, Opaque | Thinking):
        last.cache = last.cache or mark


def _name(wire: Wire, path: str) -> str:
    return string_or_nothing(wire.get("name"), f"{path}.name")
