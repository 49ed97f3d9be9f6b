"""The content of an answer's message or delta, in every shape upstreams give it, to parts. Reads whole values only."""

from typing import Any

from plexus.core import json
from plexus.ir.parts import Media, Opaque, Origin, Part, Signature, Text, Thinking
from plexus.protocols.chat.media import from_url

Wire = dict[str, Any]


def read_content(content: Any, origin: Origin) -> list[Part]:
    """The parts of `content`: a string, an array of blocks (Mistral, Databricks), or an object (Cloudflare's JSON mode)."""
    if isinstance(content, str):
        return [Text(text=content)] if content else []
    if isinstance(content, dict):
        return [Text(text=json.dumps(content).decode())]
    parts: list[Part] = []
    for block in content if isinstance(content, list) else []:
        parts += _read_block(block, origin)
    return parts


def _read_block(block: Any, origin: Origin) -> list[Part]:
    if isinstance(block, str):
        return [Text(text=block)] if block else []
    if not isinstance(block, dict):
        return []
    match block.get("type"):
        case "text" | "output_text" | None if isinstance(block.get("text"), str):
            return [Text(text=block["text"])] if block["text"] else []
        case "refusal" if isinstance(block.get("refusal"), str):
            return [Text(text=block["refusal"], refusal=True)]
        case "thinking" | "reasoning":
            return _read_thinking(block, origin)
        case "image_url":
            return read_images([block])
        case kind:
            return [Opaque(kind=str(kind), raw=block, origin=origin)]


def _read_thinking(block: Wire, origin: Origin) -> list[Part]:
    """Mistral's `thinking` (text chunks or a string), Databricks' `reasoning` (summary entries with signatures)."""
    said = block.get("thinking") or block.get("summary") or block.get("text")
    texts, signature = [], block.get("signature")
    for entry in said if isinstance(said, list) else [said]:
        if isinstance(entry, str):
            texts.append(entry)
        elif isinstance(entry, dict):
            texts.append(entry["text"] if isinstance(entry.get("text"), str) else "")
            signature = signature or entry.get("signature")
    signed = Signature(signature, origin) if isinstance(signature, str) and signature else None
    text = "".join(texts)
    return [Thinking(text=text, signature=signed)] if text or signed else []


def read_images(value: Any) -> list[Part]:
    """Images the model made: OpenRouter's `images`, a list of `image_url` parts."""
    images: list[Part] = []
    for entry in value if isinstance(value, list) else []:
        source = entry.get("image_url") if isinstance(entry, dict) else None
        url = source.get("url") if isinstance(source, dict) else source
        if isinstance(url, str) and url:
            images.append(from_url("image", url))
    return images


def read_audio(value: Any) -> list[Part]:
    """Audio the model made, with what it says; an object without data, id and transcript is none."""
    if not isinstance(value, dict) or not (value.get("data") or value.get("id") or value.get("transcript")):
        return []
    data, transcript = value.get("data"), value.get("transcript")
    return [
        Media(
            kind="audio",
            data=data if isinstance(data, str) else "",
            transcript=transcript if isinstance(transcript, str) else "",
            extras={key: value[key] for key in ("id", "expires_at") if value.get(key)} or None,
        )
    ]


def google_signature(holder: Any) -> str:
    """The thought signature Google's OpenAI-style endpoint puts on a message or a tool call, or "".

    Source: https://ai.google.dev/gemini-api/docs/thought-signatures
    """
    content = holder.get("extra_content") if isinstance(holder, dict) else None
    google = content.get("google") if isinstance(content, dict) else None
    value = google.get("thought_signature") if isinstance(google, dict) else None
    return value if isinstance(value, str) else ""


def arguments_text(value: Any) -> str:
    """Tool-call arguments as JSON text, also when the upstream wrote an object (Mistral, Ollama) or nothing."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value).decode()
