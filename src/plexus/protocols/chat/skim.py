"""A whole answer that is nothing but text, read only as far as accounts need it: its client gets the provider's own bytes.

Source: https://platform.openai.com/docs/api-reference/chat/object
"""

from typing import Any

import msgspec
from msgspec import Struct

from plexus.ir.chat import ChatResponse
from plexus.ir.parts import Text
from plexus.protocols.chat.response import created_in
from plexus.protocols.chat.stops import decode_stop
from plexus.protocols.chat.usage import decode_usage

_Empty = tuple[()] | None


class _Message(Struct, forbid_unknown_fields=True):
    """Text. A field that is not named here may hold something else that was said."""

    content: str
    role: str = ""
    refusal: None = None
    annotations: _Empty = None
    tool_calls: _Empty = None
    function_call: None = None
    audio: None = None


class _Choice(Struct, forbid_unknown_fields=True):
    message: _Message
    finish_reason: str
    index: int = 0
    logprobs: None = None


class _Answer(Struct):
    choices: tuple[_Choice]
    usage: dict[str, Any]
    id: str = ""
    model: str = ""
    created: int = 0
    service_tier: str | None = None
    error: None = None
    citations: None = None
    search_results: None = None


_decoder = msgspec.json.Decoder(_Answer)


def skim(body: bytes) -> ChatResponse | None:
    """The answer without its extras; None when it is anything but plain text with its usage."""
    try:
        answer = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    choice, usage = answer.choices[0], decode_usage(answer.usage, answer.service_tier)
    if usage is None or not choice.message.content:
        return None
    stop, _ = decode_stop({"finish_reason": choice.finish_reason})
    return ChatResponse(
        parts=[Text(text=choice.message.content)],
        stop_reason=stop or "end",
        usage=usage,
        id=answer.id,
        model=answer.model,
        created=created_in({"created": answer.created}),
        protocol="chat",
    )
