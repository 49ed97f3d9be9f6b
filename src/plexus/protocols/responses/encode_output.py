"""The parts of an answer as `output` items, whole. The stream encoder writes the same items piece by piece."""

from typing import Any

from msgspec import Struct

from plexus.core import json
from plexus.ir.chat import ChatRequest, Tool
from plexus.ir.drops import Drop
from plexus.ir.exchange import Writing
from plexus.ir.parts import Media, Opaque, Part, Signature, Text, Thinking, ToolCall
from plexus.ir.signature import wrap
from plexus.protocols.responses.carriers import encode_carrier
from plexus.protocols.responses.decode_content import CONTENT, ORIGIN
from plexus.protocols.responses.decode_items import SHELL
from plexus.protocols.responses.encode_content import encode_logprobs
from plexus.protocols.responses.ids import made_item_id
from plexus.protocols.responses.namespaces import KEY, bare, group_of
from plexus.protocols.responses.output_items import annotations, text_content


def encode_output(parts: list[Part], writing: Writing) -> tuple[list[dict[str, Any]], list[Drop]]:
    """The items that say these parts, and what has no place among them."""
    drops: list[Drop] = []
    output: list[dict[str, Any]] = []
    message: dict[str, Any] | None = None
    names = Names(writing.request)
    taken: set[str] = set()
    for number, part in enumerate(parts):
        path = f"parts[{number}]"
        if isinstance(part, Text):
            message = _say(part, message, output, writing.seed, path, drops)
        else:
            message = None
            item = _item(part, len(output), writing.seed, names, taken)
            if item is not None:
                output.append(item)
            elif not isinstance(part, Thinking):  # empty thinking says nothing
                drops.append(Drop("dropped", path, "no output item of this kind"))
            drops += unsigned(part, path)
        if isinstance(part, Text | ToolCall) and part.signature is not None:
            message = None
            alone = isinstance(part, Text) and not part.text
            output.append(carrier(part.signature, writing.seed, len(output), alone=alone))
    return output, drops


def _say(
    part: Text, message: dict[str, Any] | None, output: list[dict[str, Any]], seed: str, path: str, drops: list[Drop]
) -> dict[str, Any] | None:
    if not part.text and part.signature is not None and not part.citations:
        return None
    phase = phase_of(part)
    if message is None or phase:
        message = message_item(made_item_id("msg", seed, len(output)), [], "completed", phase)
        output.append(message)
    notes, lost = annotations(part.citations, refusal=part.refusal)
    if lost:
        drops.append(Drop("dropped", f"{path}.citations", "no annotation of this kind"))
    message["content"].append(text_content(part.text, notes, encode_logprobs(part.logprobs), refusal=part.refusal))
    return message


def _item(part: Part, index: int, seed: str, names: "Names", taken: set[str]) -> dict[str, Any] | None:
    match part:
        case Thinking() if part.text or part.signature is not None:
            return reasoning_item(reasoning_id(part, seed, index, taken), part, part.text, part.signature)
        case ToolCall():
            return call_item(names.target_of(part), index, seed, part.arguments, "completed")
        case _:
            return whole_item(part, index, seed)


def whole_item(part: Part, index: int, seed: str) -> dict[str, Any] | None:
    """The item of a part that comes whole: an item of this protocol that is not modelled, or an image."""
    match part:
        case Opaque() if part.origin.protocol == ORIGIN.protocol and not part.kind.startswith(CONTENT):
            return dict(part.raw) if isinstance(part.raw, dict) else None
        case Media() if part.kind == "image" and part.data:
            return image_item(part, index, seed)
        case _:
            return None


def unsigned(part: Part, path: str) -> list[Drop]:
    """The report that the signature of something the model drew is left out."""
    signed = isinstance(part, Media) and part.signature is not None
    return [Drop("dropped", f"{path}.signature", "an image has no place for one")] if signed else []


def phase_of(part: Text) -> str:
    """The phase of the message item this text begins, or empty."""
    phase = (part.extras or {}).get("phase")
    return phase if phase in {"commentary", "final_answer"} else ""


def message_item(item_id: str, content: list[dict[str, Any]], status: str, phase: str) -> dict[str, Any]:
    """An output message."""
    item = {"id": item_id, "type": "message", "status": status, "content": content, "role": "assistant"}
    return {**item, "phase": phase} if phase else item


def reasoning_id(part: Thinking, seed: str, index: int, taken: set[str]) -> str:
    """The item's own id, or one made from the seed. `taken`: ids in use, for some upstreams give the same id twice."""
    own = part.id.startswith("rs_") and part.id not in taken
    taken.add(part.id)
    return part.id if own else made_item_id("rs", seed, index)


def is_raw(part: Thinking) -> bool:
    """Whether the text is a reasoning item's own text; that of other protocols is shown as its summary, as clients expect."""
    return not part.summary and bool(part.id)


def reasoning_item(item_id: str, part: Thinking, text: str, signature: Signature | None) -> dict[str, Any]:
    """A reasoning item with its text in the place it came from and its sealed state."""
    item: dict[str, Any] = {"id": item_id, "type": "reasoning", "summary": []}
    if text and is_raw(part):
        item["content"] = [{"type": "reasoning_text", "text": text}]
    elif text:
        item["summary"] = [{"type": "summary_text", "text": text}]
    if signature is not None:
        item["encrypted_content"] = wrap(signature, ORIGIN.protocol)
    return item


def carrier(signature: Signature, seed: str, index: int, *, alone: bool) -> dict[str, Any]:
    """A reasoning item that only carries the signature of the part before it, or of a text without words (`alone`)."""
    sealed = encode_carrier(signature, alone=alone)
    return {"id": made_item_id("rs", seed, index), "type": "reasoning", "summary": [], "encrypted_content": sealed}


class CallTarget(Struct, frozen=True):
    """How a call is written for the client: its id, own name and namespace, and whether the tool is free-form."""

    call_id: str
    name: str
    namespace: str
    custom: bool
    unpack: bool
    """Whether the arguments are JSON around the input of a free-form tool."""


class Names:
    """The client's tools by their canonical names."""

    def __init__(self, request: ChatRequest) -> None:
        """`request` is the client's."""
        self._tools: dict[str, Tool] = {tool.name: tool for tool in request.tools}

    def target_of(self, call: ToolCall) -> CallTarget:
        """How this call is written."""
        tool = self._tools.get(call.name)
        group = group_of(tool) if tool is not None else None
        space = str(group.get("name", "")) if group is not None else (call.extras or {}).get(KEY, "")
        space = space if isinstance(space, str) else ""
        custom = call.custom or (tool is not None and tool.kind == "custom")
        return CallTarget(
            call.id, bare(space, call.name) if space else call.name, space, custom, custom and not call.custom
        )


def call_item(target: CallTarget, index: int, seed: str, arguments: str, status: str) -> dict[str, Any]:
    """A call of a client's tool; a function without arguments gets the empty object."""
    if target.custom:
        item = {
            "id": made_item_id("ctc", seed, index),
            "type": "custom_tool_call",
            "status": status,
            "call_id": target.call_id,
            "input": free_text(arguments) if target.unpack else arguments,
            "name": target.name,
        }
    else:
        item = {
            "id": made_item_id("fc", seed, index),
            "type": "function_call",
            "status": status,
            "arguments": arguments or ("" if status == "in_progress" else "{}"),
            "call_id": target.call_id,
            "name": target.name,
        }
    return {**item, KEY: target.namespace} if target.namespace else item


def free_text(arguments: str) -> str:
    """The input of a free-form tool that another protocol had to call as a function with one property `input`."""
    try:
        value = json.loads(arguments)
    except json.JSONError:
        return arguments
    text = value.get("input") if isinstance(value, dict) and len(value) == 1 else None
    return text if isinstance(text, str) else arguments


def image_item(part: Media, index: int, seed: str) -> dict[str, Any]:
    """An image the model made, as the item of a finished image generation."""
    shell = (part.extras or {}).get(SHELL)
    if isinstance(shell, dict):
        return {**shell, "result": part.data}
    item = {"id": made_item_id("ig", seed, index), "type": "image_generation_call", "status": "completed"}
    form = part.mime.removeprefix("image/")
    return {**item, "result": part.data, **({"output_format": form} if form in {"png", "webp", "jpeg"} else {})}
