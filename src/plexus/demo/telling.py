"""An answer told as a stream: word by word, at the pace of the reply, as far as it goes."""

from collections.abc import Iterator

from msgspec.structs import replace as copy

from plexus.demo.reply import Reply
from plexus.demo.words import words
from plexus.ir.chat import ChatResponse
from plexus.ir.events import Event, PartStart, ResponseStart, TextDelta
from plexus.ir.parts import ToolCall
from plexus.ir.unfold import unfold

_ARGUMENT_PIECE = 16
"""Characters of tool-call arguments told at a time."""


def paced(response: ChatResponse, reply: Reply) -> Iterator[tuple[float, Event]]:
    """Each event with the seconds to wait before it; ends early where the connection is to break."""
    calls: set[int] = set()
    told = 0
    for event in unfold(response):
        if isinstance(event, PartStart) and isinstance(event.part, ToolCall):
            calls.add(event.index)
        if not isinstance(event, TextDelta):
            yield 0.0, _opening(event) if isinstance(event, ResponseStart) else event
            continue
        for piece in _pieces(event, calls):
            if reply.break_after is not None and told >= reply.break_after:
                return
            yield (reply.word_after if told else reply.first_after), TextDelta(event.index, piece)
            told += 1


def _opening(event: ResponseStart) -> ResponseStart:
    """The start as it is known at the start: the input is counted, the output is only beginning."""
    usage = event.usage
    return copy(event, usage=None if usage is None else copy(usage, output=1, reasoning=None))


def _pieces(event: TextDelta, calls: set[int]) -> list[str]:
    if event.index not in calls:
        return words(event.text)
    return [event.text[at : at + _ARGUMENT_PIECE] for at in range(0, len(event.text), _ARGUMENT_PIECE)]


def duration(response: ChatResponse, reply: Reply) -> float:
    """The seconds that the whole answer takes when it is not streamed."""
    return sum(delay for delay, _ in paced(response, reply))
