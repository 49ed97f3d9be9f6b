"""One canonical part to one wire part, for requests and answers alike. Reports what the part carried and Gemini cannot."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from plexus.core.json import Raw
from plexus.core.json_object import as_object
from plexus.ir.drops import Drop
from plexus.ir.parts import Media, Opaque, Part, Signature, Text, Thinking, ToolCall
from plexus.ir.signature import wrap
from plexus.protocols.gemini.decode_part import REDACTED
from plexus.protocols.gemini.ids import told
from plexus.protocols.gemini.media import is_base64, is_empty, mime_of_url, resolution, write_media
from plexus.protocols.gemini.protojson import Wire, nest

PROTOCOL = "gemini"


class Sink(Struct, frozen=True, kw_only=True):
    """What must be known of where parts go: whose extras come back, how signatures and names are written, the report."""

    ours: bool
    """Whether the conversation's extras are Gemini's own and go back where they were."""
    sign: Callable[[Signature], str]
    """The signature's value for that side, or empty when it must not go there."""
    rename: Callable[[str], str]
    ids: bool
    """Whether call ids are told."""
    drops: list[Drop]
    checked: bool = False
    """Whether data that is no base64 is left out: Google's SDKs refuse the whole answer for it."""


def write_part(part: Part, sink: Sink, path: str) -> Wire | None:
    """The wire part, or None when nothing of it can be sent. Tool results are the request encoder's own."""
    match part:
        case Text():
            wire = write_text(part, sink)
        case ToolCall():
            wire = write_call(part, sink, path)
        case Thinking():
            wire = _write_thinking(part, sink)
        case Media():
            wire = _write_media(part, sink, path)
        case Opaque() if part.origin.protocol == PROTOCOL:
            return dict(part.raw) if isinstance(part.raw, dict) else None
        case _:
            kind = part.kind if isinstance(part, Opaque) else type(part).__name__
            sink.drops.append(Drop("dropped", path, f"Gemini has no {kind} part"))
            return None
    if wire is not None and part.extras:
        _write_extras(part.extras, wire, sink, path)
    if wire is not None and getattr(part, "cache", None) is not None:
        sink.drops.append(Drop("dropped", f"{path}.cache", "Gemini caches by itself"))
    return wire


def _write_extras(extras: Wire, wire: Wire, sink: Sink, path: str) -> None:
    if sink.ours:
        nest(extras, wire)
        return
    sink.drops.extend(Drop("dropped", f"{path}.{key}", "not known to Gemini") for key in extras)


def write_text(part: Text, sink: Sink) -> Wire | None:
    """Visible text; an empty one only when it carries a signature or is Gemini's own."""
    if not part.text and part.signature is None and not sink.ours:
        return None
    wire: Wire = {"text": part.text}
    _sign(wire, part.signature, sink)
    return wire


def _sign(wire: Wire, signature: Signature | None, sink: Sink) -> None:
    value = sink.sign(signature) if signature is not None else ""
    if value:
        wire["thoughtSignature"] = value


def _write_thinking(part: Thinking, sink: Sink) -> Wire | None:
    signature = part.signature
    if signature is not None and part.redacted and signature.origin.protocol != PROTOCOL:
        origin = replace(signature.origin, protocol=signature.origin.protocol + REDACTED)
        signature = Signature(signature.value, origin)
    wire: Wire = {"text": part.text, "thought": True}
    _sign(wire, signature, sink)
    return wire if part.text or "thoughtSignature" in wire else None


def write_call(part: ToolCall, sink: Sink, path: str) -> Wire:
    """A function call with its arguments as an object; free-form input is wrapped as `{"input": …}`."""
    call: Wire = {"name": sink.rename(part.name), "args": arguments_object(part, sink.drops, path)}
    shown = told(part.id) if sink.ids else ""
    if shown:
        call["id"] = shown
    wire: Wire = {"functionCall": call}
    _sign(wire, part.signature, sink)
    return wire


def arguments_object(part: ToolCall, drops: list[Drop], path: str) -> Raw | Wire:
    """The arguments as a JSON object: the model's own text where it is one, else put right and reported."""
    if part.custom:
        return {"input": part.arguments}
    text, mended = as_object(part.arguments)
    if mended:
        drops.append(Drop("repaired", f"{path}.arguments", "not a JSON object"))
    return Raw(text.encode("utf-8", "replace"))


def _write_media(part: Media, sink: Sink, path: str) -> Wire | None:
    if is_empty(part):
        sink.drops.append(Drop("dropped", path, "an empty image or file"))
        return None
    if sink.checked and not sink.ours and part.data and not is_base64(part.data):
        sink.drops.append(Drop("dropped", path, f"the {part.kind} is no base64, so that no part can hold it"))
        return None
    if part.file_id and not sink.ours and not part.data and not part.url:
        sink.drops.append(Drop("dropped", path, "a file id of another provider"))
        return None
    if (
        part.url.startswith("http")
        and not part.mime
        and not sink.ours
        and part.kind == "image"
        and not mime_of_url(part.url)
    ):
        sink.drops.append(Drop("approximated", f"{path}.mime", "Gemini wants a MIME type and the address tells none"))
    wire = write_media(part, named=sink.ours)
    level = resolution(part.detail)
    if level is not None and sink.ours:
        wire["mediaResolution"] = level
    _sign(wire, part.signature, sink)
    if part.text:
        sink.drops.append(Drop("approximated", path, "a plain-text document became text"))
    if not sink.ours:
        _report_media(part, sink, path)
    return wire


def _report_media(part: Media, sink: Sink, path: str) -> None:
    said = {
        "name": part.name,
        "context": part.context,
        "detail": "" if part.detail == "auto" else part.detail,
        "cite": part.cite,
        "transcript": part.transcript,
    }
    sink.drops.extend(
        Drop("dropped", f"{path}.{field}", "Gemini has no place for it") for field, value in said.items() if value
    )


def client_signature(signature: Signature) -> str:
    """The signature for a Gemini client: bare when Gemini made it, else wrapped with its maker's name."""
    return wrap(signature, PROTOCOL)
