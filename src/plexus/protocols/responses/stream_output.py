"""The output of an answer while it is written to a client: items at their places, the open message, the count of frames."""

from typing import Any

from plexus.core import json
from plexus.core.sse import encode as frame
from plexus.ir.drops import Drop
from plexus.protocols.responses.encode_output import Names, message_item
from plexus.protocols.responses.ids import made_item_id


class Output:
    """The items written so far and the count of frames. At most one message is open, which takes text parts."""

    def __init__(self, seed: str, names: Names, drops: list[Drop]) -> None:
        """`seed` makes the ids, `names` knows the client's tools, `drops` takes what is lost."""
        self.seed = seed
        self.names = names
        self.drops = drops
        self.slots: list[dict[str, Any] | None] = []
        self.sequence = 0
        self.taken: set[str] = set()
        self._message: Message | None = None

    @property
    def items(self) -> list[dict[str, Any]]:
        """The items that are complete, in the order of their places."""
        return [item for item in self.slots if item is not None]

    def event(self, name: str, body: bytes) -> bytes:
        """One frame; `body` is the members between type and number, without braces."""
        number, self.sequence = self.sequence, self.sequence + 1
        comma = b"," if body else b""
        return frame(b'{"type":"%b",%b%b"sequence_number":%d}' % (name.encode(), body, comma, number), name)

    def place(self) -> int:
        """The next place in the output."""
        self.slots.append(None)
        return len(self.slots) - 1

    def added(self, index: int, item: dict[str, Any]) -> bytes:
        """The announcement of an item."""
        return self.event("response.output_item.added", b'"output_index":%d,"item":%b' % (index, json.dumps(item)))

    def done(self, index: int, item: dict[str, Any]) -> bytes:
        """The completion of an item."""
        self.slots[index] = item
        return self.event("response.output_item.done", b'"output_index":%d,"item":%b' % (index, json.dumps(item)))

    def whole(self, item: dict[str, Any]) -> bytes:
        """An item told at once."""
        data = self.close_message()
        index = self.place()
        return data + self.added(index, item) + self.done(index, item)

    def message(self, phase: str) -> tuple["Message", bytes]:
        """The open message, or a new one; text with a phase of its own always begins one."""
        if self._message is not None and not phase:
            return self._message, b""
        data = self.close_message()
        self._message = Message(self, phase)
        return self._message, data + self._message.opening

    def close_message(self) -> bytes:
        """Let the open message take no more; it is completed now or when its last text ends."""
        message, self._message = self._message, None
        return b"" if message is None else message.seal()


class Message:
    """An output message that takes text parts until it is sealed; complete when sealed and all its texts have ended."""

    def __init__(self, output: Output, phase: str) -> None:
        """Announced by `opening`, at the next place of the output."""
        self.index = output.place()
        self.id = made_item_id("msg", output.seed, self.index)
        self._output = output
        self._phase = phase
        self._content: list[dict[str, Any]] = []
        self._growing = 0
        self._sealed = False
        self.opening = output.added(self.index, message_item(self.id, [], "in_progress", phase))

    def begin(self) -> int:
        """The place of a new text among the content."""
        self._content.append({})
        self._growing += 1
        return len(self._content) - 1

    def end(self, place: int, content: dict[str, Any]) -> bytes:
        """One text is complete."""
        self._content[place] = content
        self._growing -= 1
        return self._settle()

    def seal(self) -> bytes:
        """Take no more texts."""
        self._sealed = True
        return self._settle()

    def _settle(self) -> bytes:
        if not self._sealed or self._growing:
            return b""
        return self._output.done(self.index, message_item(self.id, self._content, "completed", self._phase))
