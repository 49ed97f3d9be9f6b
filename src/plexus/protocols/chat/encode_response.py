"""The canonical answer as one chat completion object for a client, in the exact shape OpenAI's SDK types demand.

Source: https://platform.openai.com/docs/api-reference/chat/object
"""

from typing import Any

from plexus.ir.chat import Alternative, ChatResponse
from plexus.ir.drops import Drop
from plexus.ir.exchange import Writing
from plexus.ir.parts import Media, Opaque, Part, Text, Thinking, ToolCall
from plexus.ir.signature import wrap
from plexus.protocols.chat.answer_calls import function_call, is_legacy, tool_call
from plexus.protocols.chat.citations import write_annotation
from plexus.protocols.chat.ids import answer_id
from plexus.protocols.chat.logprobs import write_logprobs
from plexus.protocols.chat.media import data_url
from plexus.protocols.chat.stops import APPROXIMATED, encode_stop
from plexus.protocols.chat.thoughts import write_entries
from plexus.protocols.chat.usage import encode_usage, known_tier

Wire = dict[str, Any]


def encode_response(response: ChatResponse, writing: Writing) -> tuple[Wire, list[Drop]]:
    """The body for the client, and what it could not carry."""
    drops: list[Drop] = []
    native = response.protocol == "chat"
    first = Alternative(parts=response.parts, stop_reason=response.stop_reason, stop_sequence=response.stop_sequence)
    choices = [_choice(number, answer, writing, drops) for number, answer in enumerate([first, *response.alternatives])]
    body: Wire = {
        "id": response.id if native and response.id else answer_id(writing.seed),
        "object": "chat.completion",
        "created": response.created or writing.now,
        "model": response.model or writing.model,
        "choices": choices,
    }
    if response.usage is not None:
        body["usage"] = encode_usage(response.usage)
        if tier := known_tier(response.usage):
            body["service_tier"] = tier
    if response.extras and native:
        _put_back(body, response.extras)
    elif response.extras:
        drops += [Drop("dropped", name, "no place in chat") for name in response.extras]
    if not isinstance(body.get("system_fingerprint"), str):
        body["system_fingerprint"] = None
    return body, drops


def _put_back(body: Wire, extras: Wire) -> None:
    for name, value in extras.items():
        if name == "choices" and isinstance(value, list):
            for choice, inner in zip(body["choices"], value, strict=False):
                choice.update({key: item for key, item in inner.items() if key not in choice})
        else:
            body.setdefault(name, value)


def _choice(number: int, answer: Alternative, writing: Writing, drops: list[Drop]) -> Wire:
    message = _AnswerMessage(writing, drops, f"choices[{number}].message")
    for part in answer.parts:
        message.add(part)
    if answer.stop_reason in APPROXIMATED:
        drops.append(Drop("approximated", "stop_reason", f"chat has no word for {answer.stop_reason}"))
    return {
        "index": number,
        "message": message.wire(),
        "logprobs": message.logprobs(),
        "finish_reason": encode_stop(
            answer.stop_reason,
            calls=bool(message.calls),
            legacy=is_legacy(writing.request),
            refused=bool(message.refusals),
        ),
    }


class _AnswerMessage:
    """Collects the parts of one answer into the fields of a message."""

    def __init__(self, writing: Writing, drops: list[Drop], path: str) -> None:
        self._writing = writing
        self._drops = drops
        self._path = path
        self._texts: list[Text] = []
        self.refusals: list[Text] = []
        self._thoughts: list[Thinking] = []
        self._media: list[Media] = []
        self.calls: list[ToolCall] = []

    def add(self, part: Part) -> None:
        """Take in the next part; what chat cannot show is reported."""
        match part:
            case Text():
                (self.refusals if part.refusal else self._texts).append(part)
            case Thinking():
                self._thoughts.append(part)
            case ToolCall():
                self.calls.append(part)
            case Media(kind="image" | "audio"):
                self._media.append(part)
            case Opaque(kind=kind):
                self._drops.append(Drop("dropped", f"{self._path}.content", f"no place for a block of type {kind}"))
            case _:
                self._drops.append(Drop("dropped", f"{self._path}.content", "chat answers hold no such part"))

    def wire(self) -> Wire:
        """The message object. `content` and `refusal` are always there, null when nothing was said."""
        content = "".join(text.text for text in self._texts)
        refusal = "".join(text.text for text in self.refusals)
        empty = bool(self.calls or refusal or self._media)
        message: Wire = {
            "role": "assistant",
            "content": None if not content and empty else content,
            "refusal": refusal or None,
        }
        self._reason(message)
        if annotations := self._annotations():
            message["annotations"] = annotations
        self._show_media(message)
        self._call(message)
        self._sign_text(message)
        return message

    def logprobs(self) -> Wire | None:
        """The choice's `logprobs` object, or None."""
        said = [token for text in self._texts for token in text.logprobs]
        return write_logprobs(said, [token for text in self.refusals for token in text.logprobs])

    def _reason(self, message: Wire) -> None:
        said = "".join(thought.text for thought in self._thoughts)
        if said:
            message["reasoning_content"] = said
        entries: list[Wire] = []
        for thought in self._thoughts:
            if thought.signature is not None:
                entries += write_entries(thought, len(entries), wrap(thought.signature, "chat"), self._writing.model)
        if entries:
            message["reasoning_details"] = entries

    def _annotations(self) -> list[Wire]:
        annotations, start = [], 0
        for text in self._texts:
            for citation in text.citations:
                annotation = write_annotation(citation, start, len(text.text))
                if annotation is not None:
                    annotations.append(annotation)
                else:
                    self._drops.append(
                        Drop("dropped", f"{self._path}.annotations", f"chat cannot cite a {citation.kind}")
                    )
            start += len(text.text)
        return annotations

    def _show_media(self, message: Wire) -> None:
        for media in self._media:
            if media.signature is not None:
                self._drops.append(Drop("dropped", f"{self._path}.images", "an image has no place for a signature"))
            if media.kind == "image":
                shown = {"type": "image_url", "image_url": {"url": data_url(media)}}
                message.setdefault("images", []).append(shown)
            else:
                message["audio"] = audio_object(media, self._writing.seed)

    def _call(self, message: Wire) -> None:
        if not self.calls:
            return
        if is_legacy(self._writing.request):
            message["function_call"] = function_call(self.calls[0])
            for _ in self.calls[1:]:
                self._drops.append(
                    Drop("dropped", f"{self._path}.function_call", "the legacy form holds one call only")
                )
            return
        message["tool_calls"] = [tool_call(call, self._writing.request) for call in self.calls]

    def _sign_text(self, message: Wire) -> None:
        for text in self._texts:
            if text.signature is not None:
                signature = wrap(text.signature, "chat")
                message["extra_content"] = {"google": {"thought_signature": signature}}


def audio_object(media: Media, seed: str) -> Wire:
    """The `audio` object of a message: id and expiry are the upstream's, or made up of the seed and 0."""
    extras = media.extras or {}
    return {
        "id": extras.get("id") or "audio_" + answer_id(seed).removeprefix("chatcmpl-"),
        "data": media.data,
        "expires_at": extras.get("expires_at") or 0,
        "transcript": media.transcript,
    }
