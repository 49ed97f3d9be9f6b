"""Pass-through between a chat client and a chat target: whether a body fits as it is, and how usage is asked for and hidden."""

import re
from functools import lru_cache
from typing import Any

from plexus.core import json
from plexus.core.raw_object import RawObject
from plexus.core.sse import Frame
from plexus.ir.target import Target

_DEVELOPER = re.compile(rb'"role"\s{0,8}:\s{0,8}"developer"')
_ARRAY = re.compile(rb'"content"\s{0,8}:\s{0,8}\[')
_CALL_ID = re.compile(rb'"tool_call_id"\s{0,8}:\s{0,8}"([^"\\]{0,256})"')
_NO_CHOICES = re.compile(rb'"choices"\s{0,8}:\s{0,8}\[\s{0,8}\]')
_CUSTOM = re.compile(rb'"type"\s{0,8}:\s{0,8}"custom"')
_FREE = frozenset({b"", b"null", b'"auto"', b'"none"'})
_SAYS = b'"delta":{"content":"'
_SCHEMA = re.compile(rb'"type"\s{0,8}:\s{0,8}"json_schema"')


def fits(body: RawObject, target: Target) -> bool:
    """Whether nothing in the body is known to be refused by this target."""
    dialect = target.dialect
    if dialect.refused & body.values.keys() or _misnamed(body, target):
        return False
    if not dialect.custom_tools and _CUSTOM.search(bytes(body.values.get("tools", b""))):
        return False
    if not target.profile.forced_tools and bytes(body.values.get("tool_choice", b"")) not in _FREE:
        return False
    messages = bytes(body.values.get("messages", b""))
    if not dialect.developer_role and b"developer" in messages and _DEVELOPER.search(messages):
        return False
    if not dialect.text_arrays and b"[" in messages[1:] and _ARRAY.search(messages):
        return False
    if not dialect.json_schema and _SCHEMA.search(bytes(body.values.get("response_format", b""))):
        return False
    if dialect.tool_id_pattern:
        taken = re.compile(dialect.tool_id_pattern)
        return all(taken.fullmatch(found.decode("utf-8", "replace")) for found in _CALL_ID.findall(messages))
    return True


def _misnamed(body: RawObject, target: Target) -> bool:
    """Whether the limit or the seed has a name that is refused or, worse, skipped.

    Servers other than OpenAI know `max_tokens`; OpenAI knows both, but for its reasoning models only `max_completion_tokens`:
    https://platform.openai.com/docs/api-reference/chat/create#chat-create-max_tokens
    """
    dialect, profile = target.dialect, target.profile
    other = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}[dialect.max_tokens_field]
    reasons = profile.refuses_sampling or profile.reasoning.refuses_sampling
    if other in body.values and (other == "max_completion_tokens" or reasons):
        return True
    return dialect.seed_field != "seed" and "seed" in body.values


def ask_usage(body: RawObject, target: Target) -> dict[str, bytes]:
    """`stream_options` with `include_usage`, when the client streams without asking and the target takes it."""
    if not target.dialect.stream_usage or bytes(body.values.get("stream", b"")) != b"true":
        return {}
    options: Any = {}
    if "stream_options" in body.values:
        options = json.loads(bytes(body.values["stream_options"]))
        options = {} if options is None else options
    if not isinstance(options, dict) or options.get("include_usage") is True:
        return {}
    return {"stream_options": json.dumps({**options, "include_usage": True})}


def only_usage(data: bytes) -> bool:
    """Whether this frame holds usage and no choices: the one OpenAI adds when it is asked for usage."""
    if b'"usage":null' in data or b'"usage"' not in data or _NO_CHOICES.search(data) is None:
        return False
    try:
        chunk = json.loads_lenient(data)
    except json.JSONError:
        return False
    return isinstance(chunk, dict) and chunk.get("choices") == [] and isinstance(chunk.get("usage"), dict)


def mere_content(frame: Frame) -> bool:
    """Whether a chunk only adds to a text, a thought or arguments."""
    before, found, rest = frame.data.partition(_SAYS)
    end = rest.rfind(b'"}')
    if not found or b'"' in rest[:end]:
        return bool(found) and _is_mere(frame.data)
    return _frames_text(before, rest[end:])


@lru_cache(maxsize=512)
def _frames_text(before: bytes, after: bytes) -> bool:
    """The same of what stands around a text without quotes: in one stream it hardly changes from chunk to chunk."""
    return _is_mere(before + _SAYS + after)


def _is_mere(data: bytes) -> bool:
    return (
        b'"finish_reason":null' in data
        and b'"usage":{' not in data
        and b'"error"' not in data
        and b"ignature" not in data
    )


def path(_model: str, _stream: bool) -> str:
    """Where chat completions are, below the base URL."""
    return "/chat/completions"
