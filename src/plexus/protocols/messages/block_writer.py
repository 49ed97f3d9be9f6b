"""One block of a client's stream in the making: what its part has said so far and how that is told.

A block begins only when it has something to tell, so that no empty text and no value-less redacted block is ever sent.
"""

from typing import Any

from plexus.core import json
from plexus.core.json_object import JsonObject
from plexus.ir.drops import Drop
from plexus.ir.parts import Citation, Part, Signature, Text, Thinking, ToolCall
from plexus.protocols.messages import frames
from plexus.protocols.messages.answer_blocks import Block, signature_text
from plexus.protocols.messages.response import own, report_text, write_answer_block, write_citations


class BlockWriter:
    """What every kind of block shares. `waiting`: not closed yet; `head`: the bytes before a plain delta's text, if any."""

    kind = ""

    def __init__(self) -> None:
        """Nothing said, not begun."""
        self.waiting = True
        self.ended = False
        self.index = -1
        self.head = b""
        self._said: list[str] = []

    @property
    def ready(self) -> bool:
        """Whether the block has something to tell, so that it may begin."""
        return bool(self._said)

    def say(self, text: str) -> None:
        """More text of the part."""
        if not self.ended:
            self._said.append(text)

    def sign(self, signature: Signature) -> None:
        """The signature of the part."""

    def finish(self, _citations: list[Citation]) -> None:
        """The part is complete. Only a text has citations."""
        self.ended = True

    def lose_logprobs(self, drops: list[Drop]) -> None:
        """Report, once, that probabilities have no place."""

    def begin(self, index: int) -> bytes:
        """The opening of the block, as the one with this number on the wire."""
        self.index = index
        self.head = frames.delta_head(index, self.kind)
        return frames.block_start(index, self._shell())

    def take(self) -> list[bytes]:
        """The frames for what was said since the last call; the closing one is not among them."""
        told = [self.head + json.dumps(text) + frames.DELTA_TAIL for text in self._said]
        self._said.clear()
        return told

    def _shell(self) -> Block:
        return {}


class _Nothing(BlockWriter):
    """A part without a block."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = False
        self.ended = True


class _Words(BlockWriter):
    kind = "text"

    def __init__(self, part: Text, path: str, drops: list[Drop], *, native: bool) -> None:
        super().__init__()
        report_text(part, path, drops)
        self._path, self._drops = path, drops
        self._extras = own(part.extras, path, drops, native=native)
        self._citations: list[dict[str, Any]] = []
        self._reported = False
        if part.text:
            self._said.append(part.text)

    @property
    def ready(self) -> bool:
        """A text begins with its first words; the sources of another may come alone."""
        return bool(self._said or self._citations)

    def sign(self, _signature: Signature) -> None:
        self._drops.append(Drop("dropped", f"{self._path}.signature", "text has no place for one"))

    def finish(self, _citations: list[Citation]) -> None:
        super().finish(_citations)
        self._citations = write_citations(Text(text="", citations=_citations), self._path, self._drops)

    def lose_logprobs(self, drops: list[Drop]) -> None:
        if not self._reported:
            drops.append(Drop("dropped", f"{self._path}.logprobs", "no place in this protocol"))
        self._reported = True

    def take(self) -> list[bytes]:
        told = super().take()
        told += [frames.delta(self.index, {"type": "citations_delta", "citation": each}) for each in self._citations]
        self._citations = []
        return told

    def _shell(self) -> Block:
        cited: Block = {"citations": []} if self._citations else {}
        return {"type": "text", "text": "", **cited, **self._extras}


class _Thoughts(BlockWriter):
    kind = "thinking"

    def __init__(self, part: Thinking, path: str, drops: list[Drop], *, native: bool) -> None:
        super().__init__()
        self._redacted = part.redacted
        self._extras = own(part.extras, path, drops, native=native)
        self._signature = signature_text(part)
        if part.text:
            self._said.append(part.text)

    @property
    def ready(self) -> bool:
        """Visible thinking begins at once; a redacted block is nothing without its value."""
        return bool(self._signature) if self._redacted else (not self.ended or bool(self._said or self._signature))

    def sign(self, signature: Signature) -> None:
        if not self.ended:
            self._signature = signature_text(Thinking(signature=signature))

    def begin(self, index: int) -> bytes:
        opening = super().begin(index)
        if self._redacted:
            self.head = b""  # nothing of it can be read
        return opening

    def take(self) -> list[bytes]:
        told = [] if self._redacted else super().take()
        if self.ended and self._signature and not self._redacted:
            told.append(frames.delta(self.index, {"type": "signature_delta", "signature": self._signature}))
            self._signature = ""
        return told

    def _shell(self) -> Block:
        if self._redacted:
            return {"type": "redacted_thinking", "data": self._signature, **self._extras}
        return {"type": "thinking", "thinking": "", "signature": "", **self._extras}


class _Call(BlockWriter):
    """A call. Its arguments are told as they come, as long as they are an object; what is wrong with them is seen at the end."""

    kind = "tool_use"

    def __init__(self, part: ToolCall, path: str, drops: list[Drop], *, native: bool) -> None:
        super().__init__()
        self._part, self._path, self._drops = part, path, drops
        self._extras = own(part.extras, path, drops, native=native)
        self._object = JsonObject()
        self._finished = False
        if part.signature is not None:
            self.sign(part.signature)
        if part.arguments:
            self._said.append(part.arguments)

    @property
    def ready(self) -> bool:
        """A call begins with its name."""
        return True

    def sign(self, _signature: Signature) -> None:
        self._drops.append(Drop("dropped", f"{self._path}.signature", "a tool call has no place for one"))

    def begin(self, index: int) -> bytes:
        opening = super().begin(index)
        self.head = b""  # what was said is read before it is told
        return opening

    def take(self) -> list[bytes]:
        if self._finished or (self._part.custom and not self.ended):
            return []
        if self._part.custom:
            pieces = [json.dumps({"input": "".join(self._said)}).decode()]
        else:
            pieces = [self._object.feed(text) for text in self._said]
        self._said.clear()
        if self.ended:
            pieces.append(self._ending())
        head = frames.delta_head(self.index, self.kind)
        return [head + json.dumps(text) + frames.DELTA_TAIL for text in pieces if text]

    def _ending(self) -> str:
        self._finished = True
        ending = "" if self._part.custom else self._object.finish()
        if self._object.mended:
            self._drops.append(Drop("repaired", f"{self._path}.arguments", "not a JSON object"))
        return ending

    def _shell(self) -> Block:
        return {"type": "tool_use", "id": self._part.id, "name": self._part.name, "input": {}, **self._extras}


class _Whole(BlockWriter):
    """A block of Anthropic's own that is not modelled: told as its stream would, input and content as deltas."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.kind = str(block.get("type"))
        self._block = block

    @property
    def ready(self) -> bool:
        return True

    def say(self, text: str) -> None:
        """It came whole."""

    def begin(self, index: int) -> bytes:
        self.index = index
        block = self._block
        if isinstance(block.get("input"), dict):
            block = {**block, "input": {}}
        elif self.kind == "compaction":
            block = {key: value for key, value in block.items() if key != "encrypted_content"} | {"content": None}
        return frames.block_start(index, block)

    def take(self) -> list[bytes]:
        block, self._block = self._block, {}
        if isinstance(block.get("input"), dict):
            given = json.dumps(block["input"]).decode()
            return [frames.delta(self.index, {"type": "input_json_delta", "partial_json": given})]
        if block and self.kind == "compaction":
            told: Block = {key: block[key] for key in ("content", "encrypted_content") if key in block}
            return [frames.delta(self.index, {"type": "compaction_delta", **told})]
        return []


def block_writer(part: Part | None, path: str, drops: list[Drop], *, native: bool) -> BlockWriter:
    """The writer for a part; one without a block for this protocol is reported and tells nothing."""
    match part:
        case None:
            return _Nothing()
        case Text():
            return _Words(part, path, drops, native=native)
        case Thinking():
            return _Thoughts(part, path, drops, native=native)
        case ToolCall():
            return _Call(part, path, drops, native=native)
    block = write_answer_block(part, path, drops, native=native)
    return _Whole(block) if block is not None else _Nothing()
