"""Parts of an answer while they are told in a chat stream: what each writes when it opens, grows, is signed, and ends.

`prefix` and `suffix` are the JSON around the text of one delta; a part without a prefix is held back until it ends.
"""

from typing import Any

from plexus.ir.drops import Drop
from plexus.ir.events import PartEnd, PartStart
from plexus.ir.exchange import Writing
from plexus.ir.parts import Media, Signature, Text, Thinking, ToolCall
from plexus.ir.signature import wrap
from plexus.protocols.chat.answer_calls import as_json, free_text, is_legacy, wants_text
from plexus.protocols.chat.citations import write_annotation
from plexus.protocols.chat.encode_response import audio_object
from plexus.protocols.chat.media import data_url
from plexus.protocols.chat.thoughts import write_entries

Wire = dict[str, Any]


class Spoken:
    """What a choice has told so far: characters of content, calls, images, and entries of signed thoughts."""

    def __init__(self) -> None:
        self.characters = 0
        self.calls = 0
        self.images = 0
        self.entries = 0
        self.refused = False
        self.annotations: list[Wire] = []

    def closing(self) -> list[Wire]:
        """The delta with the annotations, whole and once: clients that append lists must not see them in pieces."""
        return [{"annotations": self.annotations}] if self.annotations else []


class GrowingPart:
    """One part. This form tells nothing: it stands for what chat cannot show."""

    prefix = b""
    suffix = b"}"

    def __init__(self, choice: int, spoken: Spoken, writing: Writing, drops: list[Drop]) -> None:
        self.choice = choice
        self.head = b""
        self.tail = b""
        self._spoken = spoken
        self._writing = writing
        self._drops = drops

    def opening(self) -> list[Wire]:
        """The deltas that open the part."""
        return []

    def grow(self, text: str) -> None:
        """Take note of text that is written on the fast path."""

    def say(self, text: str) -> list[Wire]:
        """The deltas for more text, off the fast path."""
        self.grow(text)
        return []

    def sign(self, signature: Signature) -> list[Wire]:
        """The deltas for the part's signature."""
        del signature
        return []

    def close(self, end: PartEnd) -> list[Wire]:
        """The deltas that end the part."""
        del end
        return []


class _Text(GrowingPart):
    prefix = b'{"content":'

    def __init__(self, part: Text, *rest: Any) -> None:
        super().__init__(*rest)
        self._part = part
        self._start = self._spoken.characters

    def opening(self) -> list[Wire]:
        return self.say(self._part.text) if self._part.text else []

    def grow(self, text: str) -> None:
        self._spoken.characters += len(text)

    def say(self, text: str) -> list[Wire]:
        self.grow(text)
        return [{"content": text}]

    def sign(self, signature: Signature) -> list[Wire]:
        return [{"extra_content": {"google": {"thought_signature": wrap(signature, "chat")}}}]

    def close(self, end: PartEnd) -> list[Wire]:
        length = self._spoken.characters - self._start
        for citation in end.citations or self._part.citations:
            annotation = write_annotation(citation, self._start, length)
            if annotation is not None:
                self._spoken.annotations.append(annotation)
            else:
                self._drops.append(Drop("dropped", "delta.annotations", f"chat cannot cite a {citation.kind}"))
        return []


class _Refusal(GrowingPart):
    prefix = b'{"refusal":'

    def __init__(self, part: Text, *rest: Any) -> None:
        super().__init__(*rest)
        self._part = part
        self._spoken.refused = True

    def opening(self) -> list[Wire]:
        return self.say(self._part.text) if self._part.text else []

    def say(self, text: str) -> list[Wire]:
        return [{"refusal": text}]


class _Thinking(GrowingPart):
    """Text goes out as it comes. A signed thought is repeated whole at its end, as the entries that clients send back."""

    prefix = b'{"reasoning_content":'

    def __init__(self, part: Thinking, *rest: Any) -> None:
        super().__init__(*rest)
        self._part = part
        self._said: list[str] = []
        self._signature = part.signature

    def opening(self) -> list[Wire]:
        return self.say(self._part.text) if self._part.text else []

    def grow(self, text: str) -> None:
        self._said.append(text)

    def say(self, text: str) -> list[Wire]:
        self.grow(text)
        return [{"reasoning_content": text}]

    def sign(self, signature: Signature) -> list[Wire]:
        self._signature = signature
        return []

    def close(self, end: PartEnd) -> list[Wire]:
        if self._signature is None:
            return []
        thought = Thinking(
            text="".join(self._said),
            signature=self._signature,
            redacted=self._part.redacted,
            summary=self._part.summary,
            id=self._part.id,
            extras={**(self._part.extras or {}), **(end.extras or {})} or None,
        )
        value = wrap(self._signature, "chat")
        entries = write_entries(thought, self._spoken.entries, value, self._writing.model)
        self._spoken.entries += len(entries)
        return [{"reasoning_details": entries}]


class _Call(GrowingPart):
    """A function call: id and name in the first delta, then argument fragments; `{}` at the end when there were none."""

    def __init__(self, part: ToolCall, *rest: Any) -> None:
        super().__init__(*rest)
        self._part = part
        self._number = self._spoken.calls
        self._spoken.calls += 1
        self._said = bool(part.arguments)
        self.prefix = b'{"tool_calls":[{"index":%d,"function":{"arguments":' % self._number
        self.suffix = b"}}]}"

    def opening(self) -> list[Wire]:
        part = self._part
        call: Wire = {
            "index": self._number,
            "id": part.id,
            "type": "function",
            "function": {"name": part.name, "arguments": part.arguments},
        }
        if part.signature is not None:
            call["extra_content"] = {"google": {"thought_signature": wrap(part.signature, "chat")}}
        return [{"tool_calls": [call]}]

    def grow(self, text: str) -> None:
        self._said = self._said or bool(text)

    def say(self, text: str) -> list[Wire]:
        self.grow(text)
        return [{"tool_calls": [{"index": self._number, "function": {"arguments": text}}]}]

    def sign(self, signature: Signature) -> list[Wire]:
        content = {"google": {"thought_signature": wrap(signature, "chat")}}
        return [{"tool_calls": [{"index": self._number, "function": {"arguments": ""}, "extra_content": content}]}]

    def close(self, end: PartEnd) -> list[Wire]:
        del end
        return [] if self._said else self.say("{}")


class _CustomCall(GrowingPart):
    """A call of a custom tool that was made as one: its free text streams.

    The published types know functions only; OpenAI streams custom calls like this all the same.
    https://github.com/openai/openai-openapi/issues/576
    """

    def __init__(self, part: ToolCall, *rest: Any) -> None:
        super().__init__(*rest)
        self._part = part
        self._number = self._spoken.calls
        self._spoken.calls += 1
        self.prefix = b'{"tool_calls":[{"index":%d,"custom":{"input":' % self._number
        self.suffix = b"}}]}"

    def opening(self) -> list[Wire]:
        custom = {"name": self._part.name, "input": self._part.arguments}
        return [{"tool_calls": [{"index": self._number, "id": self._part.id, "type": "custom", "custom": custom}]}]

    def say(self, text: str) -> list[Wire]:
        return [{"tool_calls": [{"index": self._number, "custom": {"input": text}}]}]


class _HeldCall(GrowingPart):
    """A call that changes its form, so that it must be whole first: JSON to free text, or the other way."""

    def __init__(self, part: ToolCall, *rest: Any) -> None:
        super().__init__(*rest)
        self._part = part
        self._said = [part.arguments]
        self._signature = part.signature

    def grow(self, text: str) -> None:
        self._said.append(text)

    def sign(self, signature: Signature) -> list[Wire]:
        self._signature = signature
        return []

    def close(self, end: PartEnd) -> list[Wire]:
        del end
        part, said = self._part, "".join(self._said)
        call: Wire = {"index": self._spoken.calls, "id": part.id}
        self._spoken.calls += 1
        if not part.custom:
            call |= {"type": "custom", "custom": {"name": part.name, "input": free_text(said)}}
        else:
            call |= {"type": "function", "function": {"name": part.name, "arguments": as_json(said)}}
        if self._signature is not None:
            call["extra_content"] = {"google": {"thought_signature": wrap(self._signature, "chat")}}
        return [{"tool_calls": [call]}]


class _LegacyCall(GrowingPart):
    """The one call of a client that asked with `functions`; further ones are reported."""

    def __init__(self, part: ToolCall, *rest: Any) -> None:
        super().__init__(*rest)
        self._part = part
        self._first = self._spoken.calls == 0
        self._spoken.calls += 1
        self._said = bool(part.arguments)
        if not self._first:
            self._drops.append(Drop("dropped", "delta.function_call", "the legacy form holds one call only"))

    def opening(self) -> list[Wire]:
        call = {"name": self._part.name, "arguments": self._part.arguments}
        return [{"function_call": call}] if self._first else []

    def say(self, text: str) -> list[Wire]:
        self._said = True
        return [{"function_call": {"arguments": text}}] if self._first else []

    def close(self, end: PartEnd) -> list[Wire]:
        del end
        return [] if self._said else self.say("{}")


class _Media(GrowingPart):
    """An image or sound the model made, whole."""

    def __init__(self, part: Media, *rest: Any) -> None:
        super().__init__(*rest)
        self._part = part

    def opening(self) -> list[Wire]:
        if self._part.signature is not None:
            self._drops.append(Drop("dropped", "delta.images", "an image has no place for a signature"))
        if self._part.kind == "audio":
            return [{"audio": audio_object(self._part, self._writing.seed)}]
        image = {"type": "image_url", "image_url": {"url": data_url(self._part)}, "index": self._spoken.images}
        self._spoken.images += 1
        return [{"images": [image]}]


def _begin_call(part: ToolCall, choice: int, spoken: Spoken, writing: Writing, drops: list[Drop]) -> GrowingPart:
    form: type[_Call | _CustomCall | _HeldCall] = _HeldCall
    if part.custom == wants_text(part.name, writing.request):
        form = _CustomCall if part.custom else _Call
    return form(part, choice, spoken, writing, drops)


def begin(event: PartStart, spoken: Spoken, writing: Writing, drops: list[Drop]) -> GrowingPart:
    """The growing form of a part; what chat cannot show is reported and stays silent."""
    part = event.part
    common = (event.choice, spoken, writing, drops)
    match part:
        case Text():
            return _Refusal(part, *common) if part.refusal else _Text(part, *common)
        case Thinking():
            return _Thinking(part, *common)
        case ToolCall():
            if is_legacy(writing.request):
                return _LegacyCall(part, *common)
            return _begin_call(part, *common)
        case Media(kind="image" | "audio"):
            return _Media(part, *common)
        case _:
            drops.append(Drop("dropped", "delta.content", f"chat answers hold no {type(part).__name__.lower()} part"))
            return GrowingPart(*common)
