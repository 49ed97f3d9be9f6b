"""Parts of an answer as they grow towards a client: each opens its item, tells its deltas, and completes it.

Frames of deltas are glued from pieces made once per part; nothing else is on that path.
"""

from typing import Any

from plexus.core import json
from plexus.ir.drops import Drop
from plexus.ir.parts import Citation, Part, Signature, Text, Thinking, TokenLogprob, ToolCall
from plexus.protocols.responses.encode_content import encode_logprobs
from plexus.protocols.responses.encode_output import (
    call_item,
    carrier,
    free_text,
    is_raw,
    phase_of,
    reasoning_id,
    reasoning_item,
    whole_item,
)
from plexus.protocols.responses.output_items import annotations, text_content
from plexus.protocols.responses.stream_output import Message, Output


class Growing:
    """A part that is being written. As it stands: an item told whole when it opens."""

    def __init__(self, output: Output) -> None:
        """`output` takes the items."""
        self.output = output
        self.signature: Signature | None = None
        self.pieces: list[str] = []
        self.before = self.after = b""

    def delta(self, name: str, place: bytes, *, more: bytes = b"") -> None:
        """Prepare the pieces between which each delta and its number are set."""
        self.before = b'event: %b\ndata: {"type":"%b",%b,"delta":' % (name.encode(), name.encode(), place)
        self.after = b'%b,"sequence_number":' % more

    def tell(self, text: str) -> bytes:
        """The frame of one delta."""
        number = self.output.sequence
        self.output.sequence = number + 1
        return b"%b%b%b%d}\n\n" % (self.before, json.dumps(text), self.after, number)

    def open(self) -> bytes:
        """What is told when the part starts."""
        return b""

    def grow(self, text: str, logprobs: list[TokenLogprob]) -> bytes:  # noqa: ARG002 - only text has log probabilities
        """More text."""
        self.pieces.append(text)
        return self.tell(text)

    def end(self, citations: list[Citation]) -> bytes:  # noqa: ARG002 - only text has citations
        """What is told when the part ends."""
        return b""

    def carried(self, *, alone: bool = False) -> bytes:
        """The signature of a part that has no slot for one, in an item of its own."""
        if self.signature is None:
            return b""
        output = self.output
        data = output.close_message()
        return data + output.whole(carrier(self.signature, output.seed, len(output.slots), alone=alone))


class GrowingWhole(Growing):
    """An item told at once."""

    def __init__(self, output: Output, item: dict[str, Any]) -> None:
        """`item` is complete."""
        super().__init__(output)
        self._item = item

    def open(self) -> bytes:
        """All of it."""
        return self.output.whole(self._item)

    def grow(self, text: str, logprobs: list[TokenLogprob]) -> bytes:  # noqa: ARG002 - it is complete
        """Nothing can be added."""
        return b""


class GrowingText(Growing):
    """A text or a refusal in a message. It opens with its first words, so that a text without any leaves no trace."""

    def __init__(self, output: Output, part: Text) -> None:
        """`part` is the shell."""
        super().__init__(output)
        self._refusal = part.refusal
        self._phase = phase_of(part)
        self._message: Message | None = None
        self._index = 0
        self._place = b""
        self._logprobs: list[dict[str, Any]] = []

    def grow(self, text: str, logprobs: list[TokenLogprob]) -> bytes:
        """More text, with its log probabilities."""
        opening = b"" if self._message is not None else self._begin()
        self.pieces.append(text)
        if not logprobs or self._refusal:
            return opening + self.tell(text) if opening else self.tell(text)
        told = encode_logprobs(logprobs)
        self._logprobs += told
        plain, self.after = self.after, b',"logprobs":%b,"sequence_number":' % json.dumps(told)
        data = opening + self.tell(text)
        self.after = plain
        return data

    def _begin(self) -> bytes:
        output = self.output
        message, data = output.message(self._phase)
        self._message = message
        self._index = message.begin()
        self._place = b'"item_id":"%b","output_index":%d,"content_index":%d' % (
            message.id.encode(), message.index, self._index,
        )  # fmt: skip
        if self._refusal:
            self.delta("response.refusal.delta", self._place)
        else:
            self.delta("response.output_text.delta", self._place, more=b',"logprobs":[]')
        shell = json.dumps(text_content("", [], [], refusal=self._refusal))
        return data + output.event("response.content_part.added", b'%b,"part":%b' % (self._place, shell))

    def end(self, citations: list[Citation]) -> bytes:
        """Annotations, the whole text, and the signature where there is one."""
        output, data = self.output, b""
        if self._message is None:
            if self.signature is not None:
                return self.carried(alone=True)
            data = self._begin()
        message = self._message
        text = "".join(self.pieces)
        notes, lost = annotations(citations, refusal=self._refusal)
        if lost:
            output.drops.append(Drop("dropped", f"output[{message.index if message else 0}].citations"))
        for number, note in enumerate(notes):
            body = b'%b,"annotation_index":%d,"annotation":%b' % (self._place, number, json.dumps(note))
            data += output.event("response.output_text.annotation.added", body)
        content = text_content(text, notes, self._logprobs, refusal=self._refusal)
        data += self._whole(text)
        data += output.event("response.content_part.done", b'%b,"part":%b' % (self._place, json.dumps(content)))
        if message is not None:
            data += message.end(self._index, content)
        return data + self.carried()

    def _whole(self, text: str) -> bytes:
        said = json.dumps(text)
        if self._refusal:
            return self.output.event("response.refusal.done", b'%b,"refusal":%b' % (self._place, said))
        logprobs = json.dumps(self._logprobs)
        body = b'%b,"text":%b,"logprobs":%b' % (self._place, said, logprobs)
        return self.output.event("response.output_text.done", body)


class GrowingThinking(Growing):
    """Reasoning: its text as a summary (or as the item's own text, when it was that), its state when it is complete."""

    def __init__(self, output: Output, part: Thinking) -> None:
        """`part` is the shell."""
        super().__init__(output)
        self._part = part
        self._index = -1
        self._id = ""
        self._place = b""

    def grow(self, text: str, logprobs: list[TokenLogprob]) -> bytes:  # noqa: ARG002 - reasoning has none
        """More reasoning."""
        opening = b"" if self._place else self._begin()
        self.pieces.append(text)
        return opening + self.tell(text)

    def _announce(self) -> bytes:
        output = self.output
        data = output.close_message()
        self._index = output.place()
        self._id = reasoning_id(self._part, output.seed, self._index, output.taken)
        return data + output.added(self._index, reasoning_item(self._id, self._part, "", None))

    def _begin(self) -> bytes:
        data = self._announce()
        place = b'"item_id":%b,"output_index":%d' % (json.dumps(self._id), self._index)
        if is_raw(self._part):
            self._place = place + b',"content_index":0'
            self.delta("response.reasoning_text.delta", self._place)
            part = b'{"type":"reasoning_text","text":""}'
            return data + self.output.event("response.content_part.added", b'%b,"part":%b' % (self._place, part))
        self._place = place + b',"summary_index":0'
        self.delta("response.reasoning_summary_text.delta", self._place)
        part = b'{"type":"summary_text","text":""}'
        return data + self.output.event("response.reasoning_summary_part.added", b'%b,"part":%b' % (self._place, part))

    def end(self, citations: list[Citation]) -> bytes:  # noqa: ARG002 - reasoning has none
        """The whole text, and the item with its sealed state; nothing for thinking that held neither."""
        output, data, text = self.output, b"", "".join(self.pieces)
        if not self._place and self.signature is None:
            return b""
        if not self._place:
            data = self._announce()
        else:
            raw = is_raw(self._part)
            said = json.dumps(text)
            name = "response.reasoning_text.done" if raw else "response.reasoning_summary_text.done"
            data = output.event(name, b'%b,"text":%b' % (self._place, said))
            name = "response.content_part.done" if raw else "response.reasoning_summary_part.done"
            kind = b"reasoning_text" if raw else b"summary_text"
            data += output.event(name, b'%b,"part":{"type":"%b","text":%b}' % (self._place, kind, said))
        return data + output.done(self._index, reasoning_item(self._id, self._part, text, self.signature))


class GrowingCall(Growing):
    """A call of the client's tool; the input of a free-form tool that came wrapped in JSON is told when it is whole."""

    def __init__(self, output: Output, part: ToolCall) -> None:
        """`part` is the shell."""
        super().__init__(output)
        self._target = output.names.target_of(part)
        self._index = -1
        self._place = b""

    def open(self) -> bytes:
        """The call is announced at once, with its name."""
        output = self.output
        data = output.close_message()
        self._index = output.place()
        item = call_item(self._target, self._index, output.seed, "", "in_progress")
        self._place = b'"item_id":%b,"output_index":%d' % (json.dumps(item["id"]), self._index)
        custom = self._target.custom
        self.delta(
            "response.custom_tool_call_input.delta" if custom else "response.function_call_arguments.delta", self._place
        )
        return data + output.added(self._index, item)

    def grow(self, text: str, logprobs: list[TokenLogprob]) -> bytes:  # noqa: ARG002 - calls have none
        """More arguments."""
        self.pieces.append(text)
        return b"" if self._target.unpack else self.tell(text)

    def end(self, citations: list[Citation]) -> bytes:  # noqa: ARG002 - calls have none
        """The whole arguments and the item."""
        target, output, said = self._target, self.output, "".join(self.pieces)
        text, data = said, b""
        if target.unpack:
            text = free_text(said)
            data = self.tell(text)
        elif not target.custom and not said:
            text = "{}"
            data = self.tell(text)
        name, field = (
            ("custom_tool_call_input", b"input") if target.custom else ("function_call_arguments", b"arguments")
        )
        data += output.event(f"response.{name}.done", b'%b,"%b":%b' % (self._place, field, json.dumps(text)))
        data += output.done(self._index, call_item(target, self._index, output.seed, said, "completed"))
        return data + self.carried()


def growing(part: Part, output: Output) -> Growing | None:
    """The writer of a part, or None when the protocol has no place for it."""
    match part:
        case Text():
            return GrowingText(output, part)
        case Thinking():
            return GrowingThinking(output, part)
        case ToolCall():
            return GrowingCall(output, part)
        case _:
            item = whole_item(part, len(output.slots), output.seed)
            return None if item is None else GrowingWhole(output, item)
