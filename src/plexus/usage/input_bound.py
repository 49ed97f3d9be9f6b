"""How many input tokens a request can have at most, for holds: by its bytes, and media by the vendors' formulas. No tokenizer.

No vocabulary makes more tokens of a text than it has bytes. What lies elsewhere (files by id, pages by URL, earlier turns kept
by the provider) has no bound but the model's context window.
"""

import base64
import binascii
import math
import re

from plexus.core import json
from plexus.ir.chat import ChatRequest, Tool
from plexus.ir.image_size import image_size
from plexus.ir.parts import Media, Opaque, Part, Text, Thinking, ToolCall, ToolResult

_MESSAGE, _TOOL = 16, 32
"""Tokens a vendor's template spends around a turn, a part or a tool, rounded up."""
_PREFACE, _PROMPT, _TRAINED_TOOL = 700, 1_000, 1_000
"""What a vendor says to the model for itself: always, once there are tools or bound output, and for a tool it trained."""
_LARGEST_IMAGE = {"messages": 4_800, "gemini": 8_000, "": 25_000}
"""Of any size. Anthropic scales to its largest model's limit: https://platform.claude.com/docs/en/build-with-claude/vision;
Google cuts wide ones into many tiles; OpenAI's newest take ten thousand patches of 32 pixels at 2.46 tokens each."""
_DEAR_IMAGES, _DEAR = "4o-mini", 34
"""A model that counts every image tokens thirty-three times:
https://developers.openai.com/api/docs/guides/images-vision#calculating-costs"""
_PER_PAGE = {"messages": 3_000 + 4_800, "gemini": 560 + 3_000, "": 3_000 + 3_000}
"""The page as an image, and its text: https://platform.claude.com/docs/en/build-with-claude/pdf-support"""
_PAGE = re.compile(rb"/Type\s{0,4}/Page(?![a-zA-Z])")
_PER_SECOND = {"audio": 100.0, "video": 300.0}
"""Tokens a second at most. https://ai.google.dev/gemini-api/docs/tokens: 32 for sound, 263 for a picture a second."""
_SLOWEST = {"audio": 750.0, "video": 5_000.0}
"""Bytes a second at least: speech of 6 kbit/s, a film of 40."""
_ELSEWHERE = (
    *("previous_response_id", "conversation", "cachedContent", "cached_content", "prompt", "container"),
    *("mcp_servers", "plugins", "web_search_options"),
)
"""Fields by which a request refers to input the provider keeps or will look for."""
_HERE = frozenset({"function", "custom", "bash", "text_editor", "computer", "memory"})
"""Kinds of tools the client runs. What the provider's own find goes into the input, as much as it likes."""


def input_bound(request: ChatRequest, protocol: str, model: str = "", context_window: int | None = None) -> int | None:
    """Input tokens at most at a target; None when only a context window nobody knows bounds them.

    `model` is the target's id: some count images many times over.
    """
    total = float(_PREFACE)
    dear = _DEAR if _DEAR_IMAGES in model else 1
    for tokens in _pieces(request, protocol, dear):
        if tokens is None:
            return context_window
        total += tokens
    bound = math.ceil(total)
    return bound if context_window is None else min(bound, context_window)


def _pieces(request: ChatRequest, protocol: str, dear: int) -> list[float | None]:
    pieces: list[float | None] = []
    extras = request.extras or {}
    if any(extras.get(name) for name in _ELSEWHERE):
        pieces.append(None)
    pieces.extend(_tool(tool) for tool in request.tools)
    if request.tools or request.output is not None:
        pieces.append(_PROMPT)
    if request.output is not None:
        pieces.append(_json(request.output.schema))
    for message in request.messages:
        pieces.append(_MESSAGE + _bytes(message.name))
        pieces.extend(_part(part, protocol, dear) for part in message.parts)
    return pieces


def _part(part: Part, protocol: str, dear: int) -> float | None:
    match part:
        case Text():
            return _MESSAGE + _bytes(part.text)
        case Thinking():
            # Reasoning that only its maker can read is bounded by its ciphertext.
            return _MESSAGE + _bytes(part.text) + (len(part.signature.value) if part.signature else 0)
        case ToolCall():
            return _MESSAGE + _bytes(part.name) + _bytes(part.arguments) + len(part.id)
        case ToolResult():
            inner = [_part(piece, protocol, dear) for piece in part.parts]
            known = [tokens for tokens in inner if tokens is not None]
            return _MESSAGE + sum(known) + len(part.call_id) if len(known) == len(inner) else None
        case Media():
            return _media(part, protocol, dear)
        case Opaque():
            return _MESSAGE + _json(part.raw)


def _media(part: Media, protocol: str, dear: int) -> float | None:
    words = _MESSAGE + _PROMPT * part.cite + _bytes(part.name) + _bytes(part.context) + _bytes(part.text)
    if part.text:
        return words
    if part.kind == "image":
        # An image is scaled down before it is counted, wherever it lies.
        return words + dear * (_image(part.data, protocol) if part.data else _or_any(_LARGEST_IMAGE, protocol))
    if not part.data:
        return None
    size = len(part.data) * 3 / 4
    if part.kind == "document":
        return words + _pages(part.data) * _or_any(_PER_PAGE, protocol) + size
    slowest = _SLOWEST.get(part.kind)
    return words + (size / slowest + 1) * _PER_SECOND[part.kind] if slowest else None


def _image(data: str, protocol: str) -> float:
    """By its size where it shows, generously, up to the largest: the vendors' formulas differ by model."""
    size, largest = image_size(data), _or_any(_LARGEST_IMAGE, protocol)
    if size is None:
        return largest
    area = size[0] * size[1]
    if protocol == "messages":
        return min(largest, area / 700 + 16)
    if protocol == "gemini":
        cut = min(largest, 258 * _tiles(size, max(min(size) / 1.5, 1)))
        return max(2_500, cut, 258 * _tiles(size, 768))
    return min(largest, 85 + 170 * _tiles(size, 512) + 2.5 * _tiles(size, 32))


def _tiles(size: tuple[int, int], side: float) -> int:
    return math.ceil(size[0] / side) * math.ceil(size[1] / side)


def _pages(data: str) -> int:
    """Pages of a PDF at most: those it shows, and, as compressed files hide theirs, one for each kilobyte."""
    try:
        raw = base64.b64decode(data)
    except (binascii.Error, ValueError):
        return 1
    return max(len(_PAGE.findall(raw)), len(raw) // 1_000, 1)


def _tool(tool: Tool) -> float | None:
    if tool.kind not in _HERE:
        return None
    if tool.raw is not None:
        return _TOOL + _TRAINED_TOOL + _json(tool.raw)
    return _TOOL + _bytes(tool.name) + _bytes(tool.description) + _json(tool.schema)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _json(value: object) -> float:
    return 0.0 if value is None else float(len(json.dumps(value)))


def _or_any(table: dict[str, int], protocol: str) -> float:
    return float(table.get(protocol, table[""]))
