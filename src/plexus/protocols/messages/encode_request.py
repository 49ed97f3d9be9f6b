"""The canonical request as a body for a target that speaks Anthropic's protocol.

https://platform.claude.com/docs/en/api/messages/create
"""

from typing import Any

from plexus.ir.billing import is_billing
from plexus.ir.chat import ChatRequest, Message
from plexus.ir.exchange import Rendered
from plexus.ir.parts import Opaque, Text
from plexus.ir.target import Target
from plexus.protocols.messages.cache_marks import limit_marks
from plexus.protocols.messages.draft import Draft
from plexus.protocols.messages.encode_blocks import write_part, write_parts
from plexus.protocols.messages.encode_tools import write_choice, write_tools
from plexus.protocols.messages.output import write_output
from plexus.protocols.messages.sampling import write_sampling
from plexus.protocols.messages.thinking import write_reasoning
from plexus.protocols.messages.turns import settle_turns

_DEFAULT_MAX_TOKENS = 8192
_TIERS = {"auto": "auto", "default": "standard_only", "standard": "standard_only", "priority": "auto"}
_OPENING = "."


def encode_request(request: ChatRequest, target: Target) -> Rendered:
    """The body, and everything that could not be carried in it. The request is not changed."""
    draft = Draft(request, target)
    body: dict[str, Any] = {"model": target.model, "max_tokens": _max_tokens(draft)}
    _conversation(draft, body)
    tools = write_tools(draft)
    if tools:
        body["tools"] = tools
    choice = write_choice(tools, draft)
    if choice is not None:
        body["tool_choice"] = choice
    write_reasoning(draft, body)
    _yield_thinking(draft, body)
    write_output(draft, body)
    write_sampling(draft, body)
    _further(draft, body)
    limit_marks(body, draft)
    for name in sorted(target.dialect.refused & body.keys()):
        del body[name]
        draft.lose("dropped", name, "the target refuses it")
    return Rendered(body=body, drops=draft.drops, tool_names=draft.names.changed)


def _max_tokens(draft: Draft) -> int:
    limit = draft.target.profile.max_output
    asked = draft.request.max_tokens
    if asked is None:
        return limit or _DEFAULT_MAX_TOKENS
    if limit is not None and asked > limit:
        draft.lose("clamped", "max_tokens", f"the model writes at most {limit}")
        return limit
    return asked


def _conversation(draft: Draft, body: dict[str, Any]) -> None:
    system: list[dict[str, Any]] = []
    turns: list[dict[str, Any]] = []
    for n, message in enumerate(draft.request.messages):
        path = f"messages[{n}]"
        if message.role in {"system", "developer"}:
            if _stays(message, turns, draft):
                turns.append(_turn("system", message, path, draft))
                continue
            if turns:
                draft.lose("approximated", path, "instructions in mid-conversation move to the front")
            system += _system_blocks(message, path, draft)
            draft.own(message.extras, path)
            continue
        turns.append(_turn(message.role, message, path, draft))
    if system:
        body["system"] = _shortened(system)
    body["messages"] = _finished(settle_turns(turns, draft), draft)


def _stays(message: Message, turns: list[dict[str, Any]], draft: Draft) -> bool:
    """Whether instructions keep their place: a client of this protocol knows its rules, others need a user turn before.

    https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
    """
    late = draft.target.profile.late_system
    if draft.native:
        return late is not False and bool(turns or message.extras)
    texts = all(isinstance(part, Text) for part in message.parts)
    return late is True and texts and bool(turns) and turns[-1]["role"] == "user"


def _turn(role: str, message: Message, path: str, draft: Draft) -> dict[str, Any]:
    if message.name:
        draft.lose("dropped", f"{path}.name", "turns have no names")
    content = write_parts(message.parts, path, draft)
    if role == "assistant" and not draft.native:
        content.sort(key=lambda block: block["type"] not in {"thinking", "redacted_thinking"})
    return {"role": role, "content": content, **draft.own(message.extras, path)}


def _system_blocks(message: Message, path: str, draft: Draft) -> list[dict[str, Any]]:
    if message.name:
        draft.lose("dropped", f"{path}.name", "turns have no names")
    blocks = []
    for n, part in enumerate(message.parts):
        place = f"{path}.parts[{n}]"
        if is_billing(part) and not draft.target.dialect.billing_header:
            draft.lose("dropped", place, "a billing header meant for Anthropic alone")
            continue
        if not isinstance(part, Text | Opaque):
            draft.lose("dropped", place, "instructions are text only")
            continue
        block = write_part(part, place, draft)
        if block is not None:
            blocks.append(block)
    return blocks


def _finished(turns: list[dict[str, Any]], draft: Draft) -> list[dict[str, Any]]:
    """The turns with the ends the API insists on: a user first, no white space after a prefilled answer."""
    if turns and turns[-1]["role"] == "assistant":
        last = turns[-1]["content"][-1]
        if last.get("type") == "text" and last["text"] != last["text"].rstrip():
            draft.lose("repaired", "messages", "white space at the end of the last answer is refused")
            last["text"] = last["text"].rstrip()
            if not last["text"]:
                turns[-1]["content"].pop()
        if not turns[-1]["content"]:
            turns.pop()
    if turns and turns[0]["role"] == "assistant" and not draft.native:
        draft.lose("repaired", "messages", "the first turn must be the user's")
        turns.insert(0, {"role": "user", "content": _OPENING})
    for turn in turns:
        turn["content"] = _shortened(turn["content"])
    return turns


def _shortened(content: Any) -> Any:
    """One plain text as a string, which every compatible server reads too."""
    if isinstance(content, list) and len(content) == 1 and content[0].keys() == {"type", "text"}:
        return content[0]["text"]
    return content


def _yield_thinking(draft: Draft, body: dict[str, Any]) -> None:
    """Leave thinking out where a fixed budget would make the request a 400.

    With `type: enabled` the API refuses a forced tool, and a tool loop whose last assistant turn does not begin with the
    thinking that led to the call: https://platform.claude.com/docs/en/build-with-claude/thinking-tool-workflows
    """
    if body.get("thinking", {}).get("type") != "enabled":
        return
    if body.get("tool_choice", {}).get("type") in {"any", "tool"} and not draft.native:
        draft.lose("dropped", "reasoning", "a forced tool call and thinking exclude each other")
        del body["thinking"]
    elif _in_unthought_loop(body["messages"]) and (not draft.native or draft.lost_thinking):
        draft.lose("dropped", "reasoning", "the tool call to be answered was made without thinking")
        del body["thinking"]


def _in_unthought_loop(turns: list[dict[str, Any]]) -> bool:
    last = turns[-1] if turns else {}
    if last.get("role") != "user" or not isinstance(last["content"], list) or len(turns) == 1:
        return False
    if not any(block.get("type") == "tool_result" for block in last["content"]):
        return False
    said = turns[-2]["content"]
    return isinstance(said, list) and bool(said) and said[0].get("type") not in {"thinking", "redacted_thinking"}


def _further(draft: Draft, body: dict[str, Any]) -> None:
    request = draft.request
    if request.stream:
        body["stream"] = True
    metadata = draft.own(request.metadata, "metadata")
    if request.user or metadata:
        body["metadata"] = {**metadata, **({"user_id": request.user} if request.user else {})}
    _service_tier(draft, body)
    for value, name in (
        (request.cache_key, "cache_key"),
        (request.verbosity, "verbosity"),
        ([kind for kind in request.modalities if kind != "text"], "modalities"),
    ):
        if value:
            draft.lose("dropped", name, "no place in this protocol")
    if request.cache is not None:
        body.update(draft.mark(request.cache, ""))
    for key, value in draft.own(request.extras, "").items():
        if key == "output_config":
            body[key] = {**value, **body.get(key, {})}
        else:
            body[key] = value


def _service_tier(draft: Draft, body: dict[str, Any]) -> None:
    tier = draft.request.service_tier
    if not tier:
        return
    if draft.native:
        body["service_tier"] = tier
    elif tier in _TIERS:
        body["service_tier"] = _TIERS[tier]
        if tier == "priority":
            draft.lose("approximated", "service_tier", "priority capacity is used where the account has it")
    else:
        draft.lose("dropped", "service_tier", f"no tier {tier}")
