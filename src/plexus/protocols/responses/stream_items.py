"""The output items of an answer while they are streamed: what each has told, and what a snapshot adds to it.

Text that came in deltas is not repeated by the snapshots that follow; what only a snapshot holds is told from it.
"""

from typing import Any

from plexus.ir.events import Event, PartEnd, PartStart, SignatureDelta, TextDelta
from plexus.ir.exchange import Reading
from plexus.ir.parts import Citation, Part, Text, Thinking, TokenLogprob
from plexus.protocols.responses.decode_items import as_text, texts_of
from plexus.protocols.responses.ids import is_made
from plexus.protocols.responses.output_items import CALLS, call_of, is_nameless, parts_of, seal_of, thinking_of

_GAP = "\n\n"
"""Between the parts of a summary, as when it is read whole."""


def named(raw: dict[str, Any]) -> set[str]:
    """The names by which an item may be known."""
    return {name for name in (raw.get("id"), raw.get("call_id")) if isinstance(name, str) and name}


class Tally:
    """What the items of one answer share: how many parts there are, and what is among them."""

    __slots__ = ("nameless", "parts", "reading", "taken")

    def __init__(self, reading: Reading) -> None:
        """Nothing told yet."""
        self.reading = reading
        self.parts = 0
        self.taken: set[str] = set()
        """The ids of the calls."""
        self.nameless = False
        """Whether there was a call of nobody knows which tool."""


class Slot:
    """One growing part: its number, how many characters of it were told, and what is kept for its end."""

    __slots__ = ("citations", "ended", "number", "said")

    def __init__(self, number: int) -> None:
        """`number` counts the parts of the answer."""
        self.number = number
        self.said = 0
        self.citations: list[Citation] = []
        self.ended = False

    def grow(self, text: str, logprobs: list[TokenLogprob]) -> Event:
        """More text."""
        self.said += len(text)
        return TextDelta(self.number, text, logprobs)

    def catch_up(self, whole: str, logprobs: list[TokenLogprob]) -> list[Event]:
        """The text of a snapshot beyond what was told."""
        if self.ended or len(whole) <= self.said:
            return []
        return [self.grow(whole[self.said :], [] if self.said else logprobs)]

    def end(self) -> list[Event]:
        """The end of the part, once."""
        if self.ended:
            return []
        self.ended = True
        return [PartEnd(self.number, self.citations)]


class Item:
    """An item that is told whole when it is complete: hosted tools and whatever is not modelled."""

    __slots__ = ("done", "ids", "index", "kind", "slots", "tally")

    def __init__(self, index: int, raw: dict[str, Any], tally: Tally) -> None:
        """`index` is the item's place in the output, `raw` what is known of it so far."""
        self.index = index
        self.kind = raw.get("type")
        self.ids = named(raw)
        self.slots: dict[int, Slot] = {}
        self.tally = tally
        self.done = False

    def opening(self, raw: dict[str, Any]) -> list[Event]:  # noqa: ARG002 - most items open with their first content
        """What the announcement of the item means."""
        return []

    def complete(self, raw: dict[str, Any]) -> list[Event]:
        """What the complete item adds, before its parts end."""
        parts = parts_of(raw, self.index, self.tally.reading, self.tally.taken)
        return [self.start(place, part) for place, part in enumerate(parts)]

    def finish(self, raw: dict[str, Any]) -> list[Event]:
        """What the complete item adds, and the ends of its parts."""
        return [*self.complete(raw), *self.close()]

    def close(self) -> list[Event]:
        """The ends of its parts."""
        self.done = True
        return [event for slot in self.slots.values() for event in slot.end()]

    def start(self, place: int, part: Part) -> Event:
        """Begin a part."""
        self.slots[place] = Slot(self.tally.parts)
        self.tally.parts += 1
        return PartStart(self.tally.parts - 1, part)


class MessageItem(Item):
    """An output message: one part for each of its content parts."""

    __slots__ = ("phase",)

    def __init__(self, index: int, raw: dict[str, Any], tally: Tally) -> None:
        """As `Item`; the phase goes with the first text."""
        super().__init__(index, raw, tally)
        phase = raw.get("phase")
        self.phase = phase if isinstance(phase, str) else None

    def text(self, place: int, *, refusal: bool) -> tuple[Slot, list[Event]]:
        """The text part at this place, begun if it is new."""
        slot = self.slots.get(place)
        if slot is not None:
            return slot, []
        extras = {"phase": self.phase} if self.phase and not self.slots else None
        event = self.start(place, Text(text="", refusal=refusal, extras=extras))
        return self.slots[place], [event]

    def whole(self, place: int, part: Text) -> list[Event]:
        """A snapshot of one text part."""
        slot, events = self.text(place, refusal=part.refusal)
        slot.citations = part.citations or slot.citations
        return [*events, *slot.catch_up(part.text, part.logprobs)]

    def complete(self, raw: dict[str, Any]) -> list[Event]:
        """The texts nobody told yet."""
        events: list[Event] = []
        told = sorted(self.slots)  # in the order said: some upstreams count content from one while they stream
        for number, part in enumerate(parts_of(raw, self.index, self.tally.reading, self.tally.taken)):
            place = told[number] if number < len(told) else max(number, *self.slots, -1) + 1
            if isinstance(part, Text):
                events += self.whole(place, part)
            elif place not in self.slots:
                events.append(self.start(place, part))
        return events


class ReasoningItem(Item):
    """A reasoning item: one thinking part of its summary or of its own text, whichever is told first."""

    __slots__ = ("section", "summary")

    def __init__(self, index: int, raw: dict[str, Any], tally: Tally) -> None:
        """As `Item`."""
        super().__init__(index, raw, tally)
        self.summary: bool | None = None
        self.section = -1

    def think(self, text: str, section: int, *, summary: bool, whole: bool) -> list[Event]:
        """A delta, or a whole section that counts only if nothing of it was told."""
        events: list[Event] = []
        if self.summary is None:
            self.summary = summary
            name = next((name for name in self.ids if not is_made(name)), "")
            events.append(self.start(0, Thinking(summary=summary, id=name)))
        slot = self.slots[0]
        if summary is not self.summary or (whole and section <= self.section):
            return events
        gap = _GAP if section > self.section and slot.said else ""
        self.section = max(section, self.section)
        events.append(slot.grow(gap + text, []))
        return events

    def complete(self, raw: dict[str, Any]) -> list[Event]:
        """The text that was not told, and the sealed state."""
        thinking = thinking_of(raw, self.tally.reading)
        events: list[Event] = []
        if thinking is None and not self.slots:
            return super().complete(raw)
        if thinking is not None and not self.slots:
            self.summary = thinking.summary
            events.append(self.start(0, Thinking(summary=thinking.summary, id=thinking.id, extras=thinking.extras)))
        slot = self.slots[0]
        events += slot.catch_up(_GAP.join(texts_of(raw.get("summary" if self.summary else "content"))), [])
        seal = seal_of(raw, self.tally.reading)
        if seal is not None:
            events.append(SignatureDelta(slot.number, seal))
        return events


class CallItem(Item):
    """A call of a client's tool."""

    __slots__ = ()

    def opening(self, raw: dict[str, Any]) -> list[Event]:
        """The call begins as soon as its name is known."""
        if self.slots or is_nameless(raw):
            return []
        return [self.start(0, call_of(raw, self.index, self.tally.reading, self.tally.taken))]

    def complete(self, raw: dict[str, Any]) -> list[Event]:
        """The arguments that were not told."""
        events = self.opening(raw)
        if not self.slots:
            self.tally.nameless = True
            return []
        return events + self.slots[0].catch_up(as_text(raw.get(CALLS[str(raw.get("type"))])), [])


def item_of(index: int, raw: dict[str, Any], tally: Tally) -> Item:
    """The item of the kind announced."""
    kind = raw.get("type")
    kind = kind if isinstance(kind, str) else ""
    if kind == "message":
        return MessageItem(index, raw, tally)
    if kind == "reasoning":
        return ReasoningItem(index, raw, tally)
    return (CallItem if kind in CALLS else Item)(index, raw, tally)
