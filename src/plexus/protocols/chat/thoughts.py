"""Reasoning as chat dialects write it inside a message, read into thinking parts, and the entries written back.

Plain strings (`reasoning_content`, `reasoning`), OpenRouter's `reasoning_details`, LiteLLM's `thinking_blocks`.
Sources: https://openrouter.ai/docs/guides/best-practices/reasoning-tokens, https://docs.litellm.ai/docs/reasoning_content
"""

from collections.abc import Callable
from typing import Any

from plexus.ir.parts import Origin, Signature, Thinking

Wire = dict[str, Any]
Sign = Callable[[str], Signature]
"""Makes a signature of a value found on the wire: whose it is depends on who sent the message."""

_ENTRY = frozenset({"type", "text", "summary", "data", "signature", "id", "index"})
_NOTHING = (None, "unknown")
_FORMATS = {"messages": "anthropic-claude-v1", "responses": "openai-responses-v1", "gemini": "google-gemini-v1"}
_VENDORS = {
    "anthropic": "anthropic-claude-v1",
    "openai": "openai-responses-v1",
    "google": "google-gemini-v1",
    "x-ai": "xai-responses-v1",
}


def read_thoughts(message: Wire, sign: Sign) -> list[Thinking]:
    """The thinking of a message. The structured forms win over the plain string, which repeats them."""
    plain = plain_thought(message)
    if "reasoning_details" not in message and "thinking_blocks" not in message:
        return [Thinking(text=plain)] if plain else []
    thoughts = _from_details(message.get("reasoning_details"), sign) or _from_blocks(
        message.get("thinking_blocks"), sign
    )
    if not thoughts:
        return [Thinking(text=plain)] if plain else []
    unsigned = all(thought.signature is None for thought in thoughts)
    if plain and unsigned and squeezed(plain) != squeezed("".join(thought.text for thought in thoughts)):
        return [Thinking(text=plain)]
    if plain and not any(thought.text for thought in thoughts):
        first = thoughts[0]
        if first.redacted:
            return [Thinking(text=plain), *thoughts]
        first.text = plain
    return thoughts


def squeezed(text: str) -> str:
    """The text without white space, to compare what was said twice."""
    return "".join(text.split())


def plain_thought(message: Wire) -> str:
    """The reasoning a message holds as a plain string, or ""."""
    for name in ("reasoning_content", "reasoning"):
        said = message.get(name)
        if isinstance(said, str) and said:
            return said
    return ""


def _from_details(entries: Any, sign: Sign) -> list[Thinking]:
    thoughts: list[Thinking] = []
    last_index: Any = None
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict):
            continue
        thought = read_entry(entry, sign)
        if thought is None:
            continue
        previous = thoughts[-1] if thoughts else None
        near = entry.get("index") == last_index or (previous is not None and mark(previous) == mark(thought))
        if previous is not None and near and belongs(previous, thought):
            previous.signature = thought.signature
            previous.id = previous.id or thought.id
        else:
            thoughts.append(thought)
        last_index = entry.get("index")
    return thoughts


def read_entry(entry: Wire, sign: Sign) -> Thinking | None:
    """One entry of `reasoning_details`, or None when it is of no known type."""
    kind, identity = entry.get("type"), entry.get("id")
    extras = {key: value for key, value in entry.items() if key not in _ENTRY and value not in _NOTHING} or None
    thought = Thinking(id=identity if isinstance(identity, str) else "", extras=extras)
    match kind:
        case "reasoning.text":
            thought.text = _string(entry.get("text"))
            if signature := _string(entry.get("signature")):
                thought.signature = sign(signature)
        case "reasoning.summary":
            thought.text, thought.summary = _string(entry.get("summary")), True
        case "reasoning.encrypted":
            thought.signature = sign(_string(entry.get("data")))
            thought.redacted = _string(entry.get("format")).startswith("anthropic")
        case _:
            return None
    return thought


def mark(thought: Thinking) -> tuple[str, Any]:
    """What entries of one thought have in common beside their index: id and format."""
    return thought.id, (thought.extras or {}).get("format")


def belongs(previous: Thinking, thought: Thinking) -> bool:
    """Whether an encrypted entry can be the signature of the readable one just before it."""
    hidden = thought.signature is not None and not thought.text and not thought.summary
    return hidden and not thought.redacted and previous.signature is None


def _from_blocks(blocks: Any, sign: Sign) -> list[Thinking]:
    thoughts: list[Thinking] = []
    for block in blocks if isinstance(blocks, list) else []:
        if not isinstance(block, dict):
            continue
        if block.get("type") == "redacted_thinking":
            thoughts.append(Thinking(redacted=True, signature=sign(_string(block.get("data")))))
        elif block.get("type") == "thinking":
            signature = _string(block.get("signature"))
            thoughts.append(
                Thinking(text=_string(block.get("thinking")), signature=sign(signature) if signature else None)
            )
    return thoughts


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def write_entries(thought: Thinking, index: int, value: str, model: str = "") -> list[Wire]:
    """The `reasoning_details` entries of a thinking part; `value` is its signature as it shall be sent, or "".

    They are numbered from `index`, each with a number of its own, because clients merge entries of one number.
    """
    common: Wire = {}
    form = _format(thought, model)
    if form:
        common["format"] = form
    if thought.id:
        common["id"] = thought.id
    if thought.extras:
        common.update(thought.extras)
    entries: list[Wire] = []
    if thought.summary and thought.text:
        entries.append({"type": "reasoning.summary", "summary": thought.text, **common, "index": index})
    elif thought.text or _shown(thought):
        entry = {"type": "reasoning.text", "text": thought.text, **common, "index": index}
        if value and _shown(thought):
            return [{**entry, "signature": value}]
        entries.append(entry)
    if value:
        entries.append({"type": "reasoning.encrypted", "data": value, **common, "index": index + len(entries)})
    return entries


def _shown(thought: Thinking) -> bool:
    """Whether the signature stands over text, as Anthropic's does, instead of being the reasoning itself."""
    origin = thought.signature.origin if thought.signature is not None else Origin("")
    if thought.redacted or thought.summary:
        return False
    return origin.protocol == "messages" or (origin.protocol == "chat" and bool(thought.text))


def _format(thought: Thinking, model: str) -> str:
    if thought.signature is None:
        return ""
    if thought.redacted:
        return _FORMATS["messages"]
    return _FORMATS.get(thought.signature.origin.protocol) or _VENDORS.get(model.partition("/")[0].lstrip("~"), "")
