"""Canonical parts as the content of a chat message: a plain string where it can be one, else an array of parts.

Source: https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
"""

from typing import Any

from plexus.ir.drops import Drop
from plexus.ir.parts import Media, Opaque, Part, Text, ToolCall, ToolResult
from plexus.ir.target import Target
from plexus.protocols.chat.media import audio_format, data_url, file_name, plain_text

Wire = dict[str, Any]

_DETAILS = frozenset({"auto", "low", "high", "original"})


class ContentWriter:
    """Writes content for one target; collects what is lost on the way."""

    def __init__(self, target: Target, protocol: str, drops: list[Drop]) -> None:
        self.drops = drops
        self.native = protocol == "chat"
        self._target = target

    def write(self, parts: list[tuple[str, Part]]) -> str | list[Wire]:
        """The `content` of these parts, each given with its path: a string where it is one text or has to be."""
        blocks = [block for path, part in parts if (block := self.block(part, path)) is not None]
        if not blocks:
            return ""
        if all(block.keys() == {"type", "text"} and block["type"] == "text" for block in blocks) and (
            len(blocks) == 1 or not self._target.dialect.text_arrays
        ):
            return "\n\n".join(block["text"] for block in blocks)
        return blocks

    def block(self, part: Part, path: str) -> Wire | None:
        """One entry of a content array, or None when chat has none for this part, which is then reported."""
        match part:
            case Text():
                form = "refusal" if part.refusal else "text"
                block: Wire = {"type": form, form: part.text}
                if part.citations and not self.native:
                    self.drop("dropped", f"{path}.citations", "chat has no citations in the history")
            case Media():
                found = self._media(part, path)
                if found is None:
                    return None
                block = found
            case Opaque():
                return self._opaque(part, path)
            case _:
                self.drop("dropped", path, "no place for such a part here")
                return None
        self.mark(block, part, path)
        return self._with_extras(block, part, path)

    def drop(self, kind: Any, path: str, reason: str) -> None:
        """Report a loss."""
        self.drops.append(Drop(kind, path, reason))

    def mark(self, block: Wire, part: Text | Media | ToolCall | ToolResult, path: str) -> None:
        """Put the part's cache mark on its block where the target understands marks, else report it."""
        if part.cache is None:
            return
        if not self._target.dialect.cache_marks:
            self.drop("dropped", f"{path}.cache", "the target takes no cache marks on chat")
            return
        block["cache_control"] = {"type": "ephemeral"}
        if part.cache.ttl:
            block["cache_control"]["ttl"] = part.cache.ttl

    def _opaque(self, part: Opaque, path: str) -> Wire | None:
        if part.origin.protocol == "chat" and isinstance(part.raw, dict) and part.kind != "audio":
            return part.raw
        self.drop("dropped", path, f"chat has no block of type {part.kind}")
        return None

    def _with_extras(self, block: Wire, part: Text | Media, path: str) -> Wire:
        for name, value in (part.extras or {}).items():
            if not self.native:
                self.drop("dropped", f"{path}.{name}", "no place in chat")
            elif isinstance(value, dict) and isinstance(block.get(name), dict):
                block[name] = {**block[name], **value}
            else:
                block.setdefault(name, value)
        return block

    def _media(self, media: Media, path: str) -> Wire | None:
        if media.context:
            self.drop("dropped", f"{path}.context", "chat has no place for it")
        if media.cite and not self.native:
            self.drop("dropped", f"{path}.cite", "chat cannot be asked for citations")
        if media.name and media.kind != "document":
            self.drop("dropped", f"{path}.name", "chat names files only")
        if media.detail and media.kind != "image":
            self.drop("dropped", f"{path}.detail", "chat takes a detail for images only")
        match media.kind:
            case "image":
                return self._image(media, path)
            case "audio":
                return self._audio(media, path)
            case "video":
                return self._video(media, path)
            case _:
                return self._document(media, path)

    def _image(self, media: Media, path: str) -> Wire | None:
        url = data_url(media)
        if not url:
            self.drop("dropped", path, "chat takes no uploaded file as an image")
            return None
        image: Wire = {"url": url}
        if media.detail in _DETAILS or (media.detail and self.native):
            image["detail"] = media.detail
        elif media.detail:
            self.drop("dropped", f"{path}.detail", "chat knows auto, low, high and original")
        return {"type": "image_url", "image_url": image}

    def _audio(self, media: Media, path: str) -> Wire | None:
        if not media.data and not (media.url and self.native):
            self.drop("dropped", path, "chat takes audio only as data")
            return None
        return {
            "type": "input_audio",
            "input_audio": {"data": media.data or media.url, "format": audio_format(media.mime)},
        }

    def _video(self, media: Media, path: str) -> Wire | None:
        url = data_url(media)
        if url and (self.native or "video" in self._target.profile.inputs):
            return {"type": "video_url", "video_url": {"url": url}}
        self.drop("dropped", path, "the target is not known to take video on chat")
        return None

    def _document(self, media: Media, path: str) -> Wire | None:
        text = media.text if self.native else plain_text(media)
        if text:
            if media.name:
                self.drop("approximated", f"{path}.name", "a plain-text document is sent as its text")
            return {"type": "text", "text": text}
        file: Wire = {}
        if media.file_id:
            if not self.native:
                self.drop("dropped", path, "a file uploaded elsewhere")
                return None
            file["file_id"] = media.file_id
        else:
            file["file_data"] = data_url(media)
        if media.name or not (self.native or media.file_id):
            file["filename"] = file_name(media)
        return {"type": "file", "file": file}
