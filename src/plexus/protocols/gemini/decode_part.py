"""One wire part to one canonical part, for requests and answers alike. What is not modelled becomes `Opaque`."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from plexus.core.json import dumps
from plexus.ir.parts import Extras, Media, Opaque, Origin, Part, Signature, Text, Thinking, ToolCall
from plexus.protocols.gemini.media import read_file, read_inline, read_resolution
from plexus.protocols.gemini.protojson import Wire, fields_of, text_of

_TEXT = frozenset({"text", "thought", "thoughtSignature"})
_CALL = frozenset({"id", "name", "args"})
_MARKS = frozenset({"thought", "thoughtSignature", "partMetadata"})
REDACTED = ";redacted"
"""What follows the maker's protocol in a wrapped value that is redacted thinking, not the signature of a text."""


class Source(Struct, frozen=True, kw_only=True):
    """What must be known of where parts come from: their origin, how signatures and missing ids and names are read."""

    origin: Origin
    sign: Callable[[str], Signature]
    call_id: Callable[[], str]
    """An id for a call that has none."""
    names: dict[str, str]
    """Changed tool names to the client's."""


def kind_of_part(part: Wire) -> str:
    """The field that holds the part's data: the first that is not a mark; empty when there is none."""
    if "text" in part:
        return "text"
    for known in ("functionCall", "functionResponse", "inlineData", "fileData"):
        if known in part:
            return known
    return next((key for key in part if key not in _MARKS), "")


def read_part(part: Wire, source: Source) -> Part | None:
    """The canonical part, or None when there is nothing in it. `functionResponse` is the request decoder's own."""
    kind = kind_of_part(part)
    if kind in ("text", "") and (kind or "thoughtSignature" in part):
        return read_text(part, source)
    value = part.get(kind)
    if kind == "functionCall" and isinstance(value, dict):
        return read_call(part, fields_of(value), source)
    if kind in ("inlineData", "fileData") and isinstance(value, dict) and not part.get("thought"):
        return _read_media(part, kind, fields_of(value), source)
    return Opaque(kind=kind, raw=part, origin=source.origin) if kind else None


def read_text(part: Wire, source: Source) -> Part:
    """Visible text or, with `thought`, thinking (Gemini shows summaries of it)."""
    signature = signature_of(part, source)
    rest = {key: part[key] for key in part.keys() - _TEXT} or None
    if not part.get("thought"):
        return Text(text=text_of(part.get("text")), signature=signature, extras=rest)
    thinking = Thinking(text=text_of(part.get("text")), signature=signature, summary=True, extras=rest)
    if signature is not None and signature.origin.protocol.endswith(REDACTED):
        origin = replace(signature.origin, protocol=signature.origin.protocol.removesuffix(REDACTED))
        thinking.signature = Signature(signature.value, origin)
        thinking.redacted = True
    return thinking


def read_call(part: Wire, call: Wire, source: Source) -> ToolCall:
    """A function call; the arguments object becomes its JSON text."""
    name, args = text_of(call.get("name")), call.get("args")
    extras: Extras = {key: part[key] for key in part.keys() - {"functionCall", "thoughtSignature"}}
    extras.update({f"functionCall.{key}": call[key] for key in call.keys() - _CALL})
    return ToolCall(
        id=text_of(call.get("id")) or source.call_id(),
        name=source.names.get(name, name),
        arguments=args if isinstance(args, str) else dumps(args if args is not None else {}).decode(),
        signature=signature_of(part, source),
        extras=extras or None,
    )


def _read_media(part: Wire, kind: str, value: Wire, source: Source) -> Media:
    extras: Extras = {key: part[key] for key in part.keys() - {kind, "thought", "thoughtSignature"}}
    media = read_inline(value, extras) if kind == "inlineData" else read_file(value, extras)
    read_resolution(media, extras)
    media.signature = signature_of(part, source)
    media.extras = extras or None
    return media


def signature_of(part: Wire, source: Source) -> Signature | None:
    """The part's thought signature, None when it has none."""
    value = part.get("thoughtSignature")
    return source.sign(value) if isinstance(value, str) and value else None
