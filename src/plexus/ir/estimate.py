"""How many input tokens a request is about to cost, without a tokenizer: text by its script, media by the vendors' formulas.

An estimate for showing and planning, within some tens of per cent; never a bound. The formulas: Anthropic
https://platform.claude.com/docs/en/build-with-claude/vision#evaluate-image-size, OpenAI
https://developers.openai.com/api/docs/guides/images-vision#calculating-costs, Google https://ai.google.dev/gemini-api/docs/tokens
"""

import base64
import binascii
import math
import re
from typing import Any

from plexus.core import json
from plexus.ir.chat import ChatRequest, Tool
from plexus.ir.image_size import image_size
from plexus.ir.parts import Media, Opaque, Part, Text, Thinking, ToolCall, ToolResult

_IDEOGRAPHS = re.compile(
    "[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
)
_LATIN = re.compile("[\u0000-\u024f\u2000-\u206f]")
_PER_LATIN, _PER_IDEOGRAPH, _PER_OTHER, _PER_JSON = 4.0, 1.5, 2.2, 3.0
"""Characters to a token, by script; JSON is dense with punctuation."""
_MESSAGE, _TOOL, _CALL = 4, 12, 12
_TOOL_PROMPT = {"messages": 440}
_SCHEMA_PROMPT = {"messages": 100}
_CITATION_PROMPT = {"messages": 700}
_KIND_PROMPT = {"bash": 245, "text_editor": 700, "computer": 735}
"""What a vendor adds for itself once there are tools, bound output, citations or a tool it trained. Measured; the last from
https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview#pricing"""
_UNSEEN_IMAGE = {"messages": 1000, "gemini": 258}
_LARGEST_IMAGE = 1600
_PER_PAGE = {"messages": 1500, "gemini": 258}
_SECONDS_OF_AUDIO = {"gemini": 32.0}
_PAGE = re.compile(rb"/Type\s{0,4}/Page(?![a-zA-Z])")
_BYTES_PER_PAGE = 60_000
_BYTES_PER_SECOND = 16_000


def estimate(request: ChatRequest, protocol: str = "") -> int:
    """Input tokens, about, as the vendor of `protocol` counts them (the client's own when not given)."""
    vendor = protocol or request.protocol
    total = sum((_tool(tool) for tool in request.tools), 0.0)
    if request.tools:
        total += _TOOL_PROMPT.get(vendor, 0)
    for message in request.messages:
        total += _MESSAGE + sum(_part(part, vendor) for part in message.parts)
    if request.output is not None and request.output.schema is not None:
        total += _json(request.output.schema) + _SCHEMA_PROMPT.get(vendor, 0)
    return max(1, math.ceil(total))


def text_tokens(text: str) -> float:
    """Tokens of a text, by its scripts."""
    if text.isascii():
        return len(text) / _PER_LATIN
    without = len(_IDEOGRAPHS.sub("", text))
    ideographs = len(text) - without
    latin = len(text) - len(_LATIN.sub("", text))
    return ideographs / _PER_IDEOGRAPH + latin / _PER_LATIN + (without - latin) / _PER_OTHER


def image_tokens(size: tuple[int, int] | None, vendor: str, detail: str = "") -> float:
    """Tokens of an image of this width and height (None: unknown) as the vendor counts them."""
    if vendor == "gemini":
        return _google_image(size)
    if vendor == "messages":
        return _anthropic_image(size)
    return 85 if detail == "low" else _openai_image(size)


def _anthropic_image(size: tuple[int, int] | None) -> float:
    """Width times height by 750, after scaling to 1568 pixels and about 1.15 megapixels at most."""
    if size is None:
        return _UNSEEN_IMAGE["messages"]
    scale = min(1.0, 1568 / max(size))
    return min(size[0] * scale * size[1] * scale / 750, _LARGEST_IMAGE)


def _openai_image(size: tuple[int, int] | None) -> float:
    """85 and 170 for each tile of 512 pixels, after scaling into 2048 pixels and to a shorter side of 768."""
    width, height = size or (1024, 1024)
    scale = min(1.0, 2048 / max(width, height))
    scale *= min(1.0, 768 / (min(width, height) * scale))
    return 85 + 170 * math.ceil(width * scale / 512) * math.ceil(height * scale / 512)


def _google_image(size: tuple[int, int] | None) -> float:
    """258 up to 384 pixels, else 258 for each tile of 768."""
    if size is None or max(size) <= 384:  # noqa: PLR2004 - the vendor's limit
        return _UNSEEN_IMAGE["gemini"]
    return 258 * math.ceil(size[0] / 768) * math.ceil(size[1] / 768)


def _part(part: Part, vendor: str) -> float:
    match part:
        case Text() | Thinking():
            return text_tokens(part.text)
        case ToolCall():
            return _CALL + text_tokens(part.name) + len(part.arguments) / _PER_JSON
        case ToolResult():
            return _CALL + sum(_part(inner, vendor) for inner in part.parts)
        case Media():
            return _media(part, vendor)
        case Opaque():
            return _json(part.raw)


def _media(part: Media, vendor: str) -> float:
    described = text_tokens(part.name) + text_tokens(part.context)
    described += _CITATION_PROMPT.get(vendor, 0) if part.cite else 0
    if part.text:
        return described + text_tokens(part.text)
    match part.kind:
        case "image":
            return image_tokens(image_size(part.data) if part.data else None, vendor, part.detail)
        case "document":
            return described + _pages(part.data) * _PER_PAGE.get(vendor, 1500)
        case _:
            seconds = len(part.data) * 3 / 4 / _BYTES_PER_SECOND
            return max(seconds, 1.0) * _SECONDS_OF_AUDIO.get(vendor, 10.0)


def _pages(data: str) -> int:
    """Pages of a PDF: those it shows uncompressed, else guessed by its size."""
    try:
        raw = base64.b64decode(data)
    except (binascii.Error, ValueError):
        return 1
    return len(_PAGE.findall(raw)) or max(1, len(raw) // _BYTES_PER_PAGE)


def _tool(tool: Tool) -> float:
    if tool.raw is not None:
        return _TOOL + _json(tool.raw) + _KIND_PROMPT.get(tool.kind, 0)
    return _TOOL + text_tokens(tool.name) + text_tokens(tool.description) + _json(tool.schema)


def _json(value: Any) -> float:
    return 0.0 if value is None else len(json.dumps(value)) / _PER_JSON
