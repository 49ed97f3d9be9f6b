"""Messages to input items, for a responses target: one walk over the conversation, items written in the order said."""

from typing import Any

from plexus.core import json
from plexus.ir.billing import is_billing
from plexus.ir.chat import ChatRequest, Message
from plexus.ir.drops import Drop
from plexus.ir.parts import Extras, Media, Opaque, Part, Text, Thinking, ToolCall, ToolResult
from plexus.ir.target import Target
from plexus.protocols.responses.decode_content import CONTENT, ORIGIN
from plexus.protocols.responses.decode_items import LENGTHS, SHELL
from plexus.protocols.responses.encode_content import (
    ITEM_FIELDS,
    encode_citation,
    encode_input,
    encode_logprobs,
    encode_media,
    finish,
)
from plexus.protocols.responses.ids import CALL_ID_LENGTH, call_id, own_item_id
from plexus.protocols.responses.namespaces import KEY, bare, spelled


class Items:
    """The input items of one request. `own`: the client spoke this protocol, so ids, extras and opaque items go back."""

    def __init__(self, request: ChatRequest, target: Target, names: dict[str, str], drops: list[Drop]) -> None:
        """`names`: tool names that had to change, original to changed."""
        self.own = request.protocol == ORIGIN.protocol
        self.items: list[dict[str, Any]] = []
        self._request = request
        self._names = names
        self._drops = drops
        self._marks = target.dialect.cache_marks
        self._billed = target.dialect.billing_header
        self._takes_custom = target.dialect.custom_tools
        self._longest = target.dialect.tool_id_length or CALL_ID_LENGTH
        self._custom = {
            part.id
            for message in request.messages
            for part in message.parts
            if isinstance(part, ToolCall) and part.custom
        }
        self._message: dict[str, Any] | None = None

    def add(self, message: Message, path: str) -> None:
        """Write one message."""
        self._message = None
        if message.role == "assistant":
            for number, part in enumerate(message.parts):
                self._assistant(part, f"{path}.parts[{number}]")
        else:
            for number, part in enumerate(message.parts):
                place = f"{path}.parts[{number}]"
                if message.role != "user" and is_billing(part) and not self._billed:
                    self._drops.append(Drop("dropped", place, "a billing header meant for Anthropic alone"))
                else:
                    self._turn(message, part, place)
            if self.own and not message.parts:
                self._say(message)
        if not self.own:
            self._drops += [Drop("dropped", f"{path}.{key}") for key in message.extras or ()]
            if message.name:
                self._drops.append(Drop("dropped", f"{path}.name"))

    # -- user, system and developer ----------------------------------------------------------------------------------

    def _turn(self, message: Message, part: Part, path: str) -> None:
        if isinstance(part, ToolResult):
            self._message = None
            self._result(part, path)
        elif isinstance(part, Opaque) and not part.kind.startswith(CONTENT):
            self._message = None
            self._opaque(part, path)
        else:
            raw = encode_input(part, path, self._drops, same=self.own, marks=self._marks)
            if raw is not None:
                self._say(message)["content"].append(raw)

    def _say(self, message: Message) -> dict[str, Any]:
        if self._message is None:
            self._message = {"type": "message", "role": message.role, "content": []}
            if self.own:
                self._identify(self._message, message.item_id)
                self._message.update(message.extras or {})
            self.items.append(self._message)
        return self._message

    def _identify(self, item: dict[str, Any], item_id: str) -> None:
        kept = own_item_id(item_id) if self.own else ""
        if kept:
            item["id"] = kept

    def _result(self, result: ToolResult, path: str) -> None:
        custom = self._takes_custom and (result.custom or result.call_id in self._custom)
        item: dict[str, Any] = {
            "type": "custom_tool_call_output" if custom else "function_call_output",
            "call_id": call_id(result.call_id, self._longest),
        }
        self._identify(item, result.item_id)
        content = [
            raw
            for number, part in enumerate(result.parts)
            if (raw := encode_input(part, f"{path}.parts[{number}]", self._drops, same=self.own, marks=self._marks))
        ]
        item["output"] = _output(content)
        if self.own:
            item.update(_named(result.name, result.extras) if result.name else result.extras or {})
        else:
            self._drops += [Drop("dropped", f"{path}.{key}") for key in result.extras or ()]
            if result.is_error:
                self._drops.append(Drop("dropped", f"{path}.is_error", "the output alone tells of the failure"))
        self._mark(item, result, path)
        self.items.append(item)

    def _mark(self, item: dict[str, Any], part: ToolCall | ToolResult, path: str) -> None:
        if part.cache is None:
            return
        if self.own or self._marks:
            item["cache_control"] = {"type": "ephemeral", **({"ttl": part.cache.ttl} if part.cache.ttl else {})}
        else:
            self._drops.append(Drop("dropped", f"{path}.cache", "the target caches by itself"))

    def _opaque(self, part: Opaque, path: str) -> None:
        if self.own and part.origin.protocol == ORIGIN.protocol:
            self.items.append(part.raw)
        else:
            self._drops.append(Drop("dropped", path, f"{part.kind} has no meaning to the target"))

    # -- assistant ---------------------------------------------------------------------------------------------------

    def _assistant(self, part: Part, path: str) -> None:
        match part:
            case Text():
                self._said(part, path)
                return
            case Media():
                self._shown(part, path)
            case Thinking():
                self._thought(part, path)
            case ToolCall():
                self._called(part, path)
            case Opaque() if part.kind.startswith(CONTENT) and self.own and part.origin.protocol == ORIGIN.protocol:
                self._spoken(Text(text=""))["content"].append(part.raw)
                return
            case Opaque():
                self._opaque(part, path)
            case ToolResult():
                self._result(part, path)
        self._message = None

    def _said(self, part: Text, path: str) -> None:
        if not part.text and not self.own:
            return
        message = self._spoken(part)
        if part.refusal:
            raw: dict[str, Any] = {"type": "refusal", "refusal": part.text}
        else:
            raw = {"type": "output_text", "text": part.text}
            notes = [encode_citation(citation) for citation in part.citations]
            kept = [note for note in notes if note is not None]
            if kept:
                raw["annotations"] = kept
            if len(kept) < len(notes):
                self._drops.append(Drop("dropped", f"{path}.citations", "no annotation of this kind"))
        if part.logprobs and self.own:
            raw["logprobs"] = encode_logprobs(part.logprobs)
        finish(raw, part, path, self._drops, same=self.own, marks=self._marks)
        message["content"].append(raw)

    def _spoken(self, part: Text) -> dict[str, Any]:
        """The output message that takes this text: the open one, unless the text began an item of its own."""
        extras = part.extras or {}
        of_item = {key: value for key, value in extras.items() if key in ITEM_FIELDS}
        of_item.update({key[5:]: value for key, value in extras.items() if key.startswith("item.")})
        if self._message is None or (self.own and (of_item or part.item_id)):
            self._message = {"type": "message", "role": "assistant", "content": []}
            if self.own:
                self._identify(self._message, part.item_id)
                self._message.update(of_item)
            self.items.append(self._message)
        return self._message

    def _shown(self, part: Media, path: str) -> None:
        """An image the model made: assistant messages hold none here, so it is shown to the model as input."""
        shell = (part.extras or {}).get(SHELL)
        if self.own and isinstance(shell, dict):
            self.items.append({**shell, "result": part.data})
            return
        raw = encode_media(part, path, self._drops, same=self.own)
        if raw is not None:
            self._drops.append(Drop("approximated", path, "output media is shown as user input"))
            self.items.append({"type": "message", "role": "user", "content": [raw]})

    def _thought(self, part: Thinking, path: str) -> None:
        if not self.own and part.signature is None:
            self._drops.append(Drop("dropped", path, "reasoning without its sealed state"))
            return
        extras = dict(part.extras or {})
        lengths = extras.pop(LENGTHS, None)
        item: dict[str, Any] = {"type": "reasoning", "summary": []}
        self._identify(item, part.id)
        texts = _split(part.text, lengths)
        if part.signature is not None:
            item["encrypted_content"] = part.signature.value
        if part.summary:
            item["summary"] = [{"type": "summary_text", "text": text} for text in texts]
        elif part.signature is None:
            item["content"] = [{"type": "reasoning_text", "text": text} for text in texts]
        elif texts:
            self._drops.append(Drop("dropped", f"{path}.text", "the sealed state stands for it"))
        if "content" in extras and (extras.pop("content") or True) and part.signature is not None:
            self._drops.append(Drop("dropped", f"{path}.content", "the sealed state stands for it"))
        if self.own:
            item.update(extras)
        else:
            self._drops += [Drop("dropped", f"{path}.{key}") for key in extras]
        self.items.append(item)

    def _called(self, part: ToolCall, path: str) -> None:
        custom = part.custom and self._takes_custom
        item: dict[str, Any] = {"type": "custom_tool_call" if custom else "function_call"}
        self._identify(item, part.item_id)
        item["call_id"] = call_id(part.id, self._longest)
        if self.own:
            space, name = spelled(part.name, self._request.tools)
            item.update(
                _named(part.name, part.extras) if not space else {"name": name, KEY: space, **(part.extras or {})}
            )
        else:
            item["name"] = self._names.get(part.name, part.name)
            self._drops += [Drop("dropped", f"{path}.{key}") for key in part.extras or ()]
        if part.custom and not custom:
            item["arguments"] = json.dumps({"input": part.arguments}).decode()
        else:
            item["input" if custom else "arguments"] = part.arguments or ("" if custom or self.own else "{}")
        self._mark(item, part, path)
        self.items.append(item)


def _named(name: str, extras: Extras | None) -> dict[str, Any]:
    """Name and extras; a namespace that the request does not define is taken off the name again."""
    space = (extras or {}).get(KEY)
    return {"name": bare(space, name) if isinstance(space, str) else name, **(extras or {})}


def _output(content: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """The output of a tool: text as a string, and as a list of parts only when there is more than text."""
    if all(raw["type"] == "input_text" and len(raw) == 2 for raw in content):  # noqa: PLR2004 - type and text, nothing else
        return "\n".join(raw["text"] for raw in content)
    return content


def _split(text: str, lengths: Any) -> list[str]:
    """The parts of a summary that were joined by blank lines, if the lengths fit; else the text as one."""
    if isinstance(lengths, list) and sum(lengths) + 2 * (len(lengths) - 1) == len(text):
        texts, start = [], 0
        for length in lengths:
            texts.append(text[start : start + length])
            start += length + 2
        return texts
    return [text] if text else []
