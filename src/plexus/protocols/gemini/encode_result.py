"""What a tool returned, as Gemini's `functionResponse`: a JSON object, and media inside it or behind it.

Source: https://ai.google.dev/gemini-api/docs/function-calling (multimodal function responses need Gemini 3; inline data only)
"""

from typing import TypeGuard

from msgspec.structs import replace

from plexus.core.json import JSONError, Raw, loads
from plexus.ir.drops import Drop
from plexus.ir.parts import Media, Opaque, Part, Text, ToolResult
from plexus.protocols.gemini.encode_part import PROTOCOL, Sink, write_part
from plexus.protocols.gemini.protojson import Wire


def write_response(result: ToolResult, drops: list[Drop], path: str, *, ours: bool) -> Wire | Raw:
    """The response object: an object that was given is embedded as it is, text becomes `output` or `error`."""
    texts = [part.text for part in result.parts if isinstance(part, Text) or is_text_document(part)]
    if ours and not texts:
        return {}
    text = "\n".join(texts)
    if len(texts) > 1:
        drops.append(Drop("approximated", path, "texts of one result were joined"))
    if not ours:
        _report_documents(result, drops, path)
    as_object = _object(text) if result.structured or not ours else None
    key = "error" if result.is_error else "output"
    if as_object is None:
        return {key: text}
    return {key: as_object} if result.is_error and not result.structured else as_object


def _report_documents(result: ToolResult, drops: list[Drop], path: str) -> None:
    """A response has no place for what is said about a document."""
    for number, part in enumerate(result.parts):
        if is_text_document(part):
            said = {"name": part.name, "context": part.context, "cite": part.cite, **(part.extras or {})}
            drops.extend(Drop("dropped", f"{path}.parts[{number}].{key}") for key, value in said.items() if value)


def _object(text: str) -> Raw | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        return Raw(text.encode()) if isinstance(loads(text), dict) else None
    except (JSONError, UnicodeEncodeError):
        return None


def is_text_document(part: Part) -> TypeGuard[Media]:
    """Whether the part is a plain-text document, whose text stands in the response."""
    return isinstance(part, Media) and bool(part.text)


def write_result_media(result: ToolResult, sink: Sink, path: str, *, inside: bool) -> list[Wire]:
    """The media of a result as parts. When they cannot stand inside the response they follow it, and that is reported."""
    written: list[Wire] = []
    for index, part in enumerate(result.parts):
        where = f"{path}.parts[{index}]"
        if isinstance(part, Text) or is_text_document(part):
            continue
        if isinstance(part, Opaque) and part.origin.protocol != PROTOCOL:
            sink.drops.append(Drop("dropped", where, f"Gemini has no {part.kind} in results"))
            continue
        wire = write_part(replace(part, signature=None) if isinstance(part, Media) else part, sink, where)
        if wire is None:
            continue
        if not inside:
            sink.drops.append(Drop("approximated", where, "follows the result: the model takes no media inside it"))
        written.append(wire)
    return written
