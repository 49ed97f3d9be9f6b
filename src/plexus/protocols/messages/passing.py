"""Pass-through between a messages client and a messages target: whether a body may go as it is.

A body is only taken apart when the target's profile says that it would be refused, so that unknown models get the client's bytes.
"""

import re
from typing import Any

from plexus.core import json
from plexus.core.raw_object import RawObject
from plexus.core.sse import Frame
from plexus.ir.billing import HEADER
from plexus.ir.target import ModelProfile, ReasoningProfile, Target

_TTL = re.compile(rb'"ttl"\s{0,8}:')
_BILLING = re.compile(rb'"\s{0,8}' + HEADER.encode(), re.IGNORECASE)
_OWN_CITATION = re.compile(rb'"encrypted_index"\s{0,8}:\s{0,8}""')
"""How a web source of another maker was told to the client; Anthropic refuses an index that it did not make."""
_SYSTEM_TURN = re.compile(rb'"role"\s{0,8}:\s{0,8}"system"')
_SAMPLING = frozenset({"temperature", "top_p", "top_k"})


def mere_content(frame: Frame) -> bool:
    """Whether an event only adds to a text, a thought or a tool's input."""
    return frame.event == "content_block_delta" and b"ignature" not in frame.data


def fits(body: RawObject, target: Target) -> bool:
    """Whether nothing in the body is known to be refused by this target."""
    said = body.values.keys()
    if target.dialect.refused & said or (not target.dialect.cache_ttl and _TTL.search(body.body)):
        return False
    if not target.dialect.billing_header and _BILLING.search(bytes(body.values.get("system", b""))):
        return False
    if _OWN_CITATION.search(body.body):
        return False
    if target.profile.late_system is False and _SYSTEM_TURN.search(bytes(body.values.get("messages", b""))):
        return False
    return _thinks_alike(body, target.profile) and _within(body, target.profile)


def _within(body: RawObject, profile: ModelProfile) -> bool:
    sampling = _SAMPLING & {key for key in body.values if bytes(body.values[key]) != b"null"}
    if sampling and profile.refuses_sampling:
        return False
    if profile.exclusive_sampling and {"temperature", "top_p"} <= sampling:
        return False
    limit = _read(body, "max_tokens")
    if profile.max_output is not None and isinstance(limit, int) and limit > profile.max_output:
        return False
    choice = _read(body, "tool_choice")
    return profile.forced_tools or not isinstance(choice, dict) or choice.get("type") not in {"any", "tool"}


def _thinks_alike(body: RawObject, profile: ModelProfile) -> bool:
    """Whether the model's generation knows the way in which the client asks for thinking."""
    thinking, config = _read(body, "thinking"), _read(body, "output_config")
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    effort = config.get("effort") if isinstance(config, dict) else None
    reasoning = profile.reasoning
    if kind == "disabled":
        return reasoning.can_disable
    match reasoning.style:
        case "none":
            return kind is None and effort is None
        case "budget":
            return kind in {None, "enabled"} and (effort is None or effort in reasoning.efforts)
        case "adaptive":
            return _adapts(kind, effort, reasoning)
    return True


def _adapts(kind: Any, effort: Any, reasoning: ReasoningProfile) -> bool:
    return kind in {None, "adaptive", "between_tools"} and (
        effort is None or not reasoning.efforts or effort in reasoning.efforts
    )


def _read(body: RawObject, key: str) -> Any:
    value = body.values.get(key)
    if value is None:
        return None
    try:
        return json.loads(bytes(value))
    except json.JSONError:
        return None


def path(_model: str, _stream: bool) -> str:
    """Where messages are, below the base URL."""
    return "/messages"
