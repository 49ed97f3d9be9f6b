"""The parts a message is made of, in the order they were said. A part never merges with its neighbour.

Every part keeps what its decoder did not understand in `extras` (wire field name to wire value, of the protocol named
by the conversation's `protocol`). A block that is not modelled at all is `Opaque` and goes back only where it came from.
"""

from typing import Any

from msgspec import Struct

Extras = dict[str, Any]


class Origin(Struct, frozen=True):
    """Who made an opaque value: the protocol it was written in, and the provider and model when they are known."""

    protocol: str
    provider: str = ""
    model: str = ""

    @property
    def known(self) -> bool:
        """Whether provider and model are known, not only the protocol."""
        return bool(self.provider and self.model)


class Signature(Struct, frozen=True):
    """An opaque value a provider wants back unchanged: a thinking signature, encrypted reasoning, a thought signature."""

    value: str
    origin: Origin


class CacheMark(Struct, frozen=True):
    """A prompt-cache breakpoint after the part that carries it. `ttl` is the vendor's spelling: "5m", "1h" or ""."""

    ttl: str = ""


class Citation(Struct, kw_only=True):
    """A source the text refers to. Offsets are characters into the part's text; absent numbers are None."""

    kind: str = "url"
    """"url", "file", "document", "search_result" or "container_file"."""
    url: str = ""
    title: str = ""
    cited_text: str = ""
    file_id: str = ""
    document_index: int | None = None
    start: int | None = None
    end: int | None = None
    raw: Extras | None = None
    """The citation as its maker wrote it, for a client of the same protocol."""


class TokenLogprob(Struct, kw_only=True):
    """One sampled token, its natural-log probability, and the alternatives considered."""

    token: str
    logprob: float
    bytes: list[int] | None = None
    top: "list[TokenLogprob]" = []


class Text(Struct, kw_only=True):
    """Visible text. `refusal` marks text that says the model declines."""

    text: str
    refusal: bool = False
    citations: list[Citation] = []
    logprobs: list[TokenLogprob] = []
    signature: Signature | None = None
    cache: CacheMark | None = None
    item_id: str = ""
    """The id of the wire item it came in (responses). It means nothing elsewhere: leaving it out is no loss."""
    extras: Extras | None = None


class Media(Struct, kw_only=True):
    """An image, document, audio or video, by exactly one of `data` (base64 text, unchanged), `url`, `file_id`, `text`."""

    kind: str
    """"image", "document", "audio" or "video"."""
    mime: str = ""
    data: str = ""
    url: str = ""
    file_id: str = ""
    text: str = ""
    """The content of a plain-text document."""
    name: str = ""
    """File name or title."""
    context: str = ""
    """What the client says about the document, for the model only."""
    detail: str = ""
    """Resolution asked for an image: "low", "high", "auto" or ""."""
    cite: bool = False
    """Whether the client asked for citations into this document."""
    transcript: str = ""
    """What audio made by the model says."""
    signature: Signature | None = None
    cache: CacheMark | None = None
    extras: Extras | None = None


class Thinking(Struct, kw_only=True):
    """Reasoning of the model: readable text, a signature over it, or only a redacted (encrypted) value.

    `text` may be empty with a signature (hidden reasoning). `redacted` means there never was text to show; the value is
    then in `signature`. `summary` tells a summary of the reasoning from the reasoning itself.
    """

    text: str = ""
    signature: Signature | None = None
    redacted: bool = False
    summary: bool = False
    id: str = ""
    extras: Extras | None = None


class ToolCall(Struct, kw_only=True):
    """The model asks the client to run a tool. `arguments` is JSON text exactly as the model wrote it.

    For a `custom` (free-form) tool `arguments` is the plain input text instead of JSON.
    """

    id: str
    name: str
    arguments: str = ""
    custom: bool = False
    signature: Signature | None = None
    cache: CacheMark | None = None
    item_id: str = ""
    """As `Text.item_id`; not the id that its result names."""
    extras: Extras | None = None


class ToolResult(Struct, kw_only=True):
    """What the client's tool returned for the call with this id. Sits in a user message. `parts`: Text, Media or Opaque.

    `structured` says that the one Text part is a JSON object the client gave as an object (Gemini's `response`).
    """

    call_id: str
    parts: "list[Part]"
    name: str = ""
    """The tool's name where the wire gives it (Gemini), else empty: look it up by the call's id."""
    is_error: bool = False
    structured: bool = False
    custom: bool = False
    cache: CacheMark | None = None
    item_id: str = ""
    """As `Text.item_id`."""
    extras: Extras | None = None


class Opaque(Struct, kw_only=True):
    """A block that is not modelled, as its maker wrote it. Goes back only to a target of the same protocol."""

    kind: str
    """The block's own type name, for reports: "server_tool_use", "web_search_call", "executableCode" …"""
    raw: Any
    origin: Origin


Part = Text | Media | Thinking | ToolCall | ToolResult | Opaque
