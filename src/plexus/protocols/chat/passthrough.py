"""What pass-through needs to know of chat bodies: whether one suits a target as it is, and how a stream tells its usage.

Source: https://platform.openai.com/docs/api-reference/chat/create (stream_options)
"""

from typing import Any

from plexus.core.json import JSONError, dumps, loads
from plexus.core.raw_object import RawObject
from plexus.ir.target import Target


def fits(body: RawObject, target: Target) -> bool:
    """Whether the target takes the body byte for byte: nothing in it that this dialect answers with an error."""
    dialect, fields, text = target.dialect, body.values, body.body
    if not dialect.refused.isdisjoint(fields):
        return False
    if dialect.max_tokens_field == "max_tokens" and "max_completion_tokens" in fields:
        return False
    if not dialect.reasoning_effort and "reasoning_effort" in fields:
        return False
    if not dialect.parallel_tool_calls and "parallel_tool_calls" in fields:
        return False
    if not dialect.developer_role and b'"developer"' in text:
        return False
    if not dialect.json_schema and b'"json_schema"' in text:
        return False
    return not (dialect.tool_id_pattern and b'"tool_call_id"' in text)


def ask_usage(body: RawObject, target: Target) -> dict[str, bytes]:
    """The change to a streaming body that makes the target end with its usage; none when the client asked itself."""
    if not target.dialect.stream_usage:
        return {}
    try:
        options: Any = loads(bytes(body.values["stream_options"])) if "stream_options" in body.values else None
    except JSONError:
        return {}
    if options is None:
        return {"stream_options": b'{"include_usage":true}'}
    if not isinstance(options, dict) or options.get("include_usage") is True:
        return {}
    return {"stream_options": dumps({**options, "include_usage": True})}


def only_usage(frame: bytes) -> bool:
    """Whether a chunk holds usage and no choice: it exists only because usage was asked for."""
    try:
        chunk = loads(frame)
    except JSONError:
        return False
    return isinstance(chunk, dict) and chunk.get("choices") == [] and isinstance(chunk.get("usage"), dict)
