"""Response to events: one answer told as a stream, for a streaming client of an upstream that answered whole."""

from plexus.ir.chat import ChatResponse
from plexus.ir.events import Event, PartEnd, PartStart, ResponseEnd, ResponseStart, SignatureDelta, TextDelta
from plexus.ir.parts import Part, Text, Thinking, ToolCall


def unfold(response: ChatResponse) -> list[Event]:
    """The events of a stream that says exactly what the response says."""
    events: list[Event] = [
        ResponseStart(
            id=response.id,
            model=response.model,
            created=response.created,
            usage=response.usage,
            protocol=response.protocol,
        )
    ]
    index = 0
    for choice, parts in enumerate([response.parts, *(other.parts for other in response.alternatives)]):
        for part in parts:
            events += _tell(index, part, choice)
            index += 1
    events.append(
        ResponseEnd(
            stop_reason=response.stop_reason,
            stop_sequence=response.stop_sequence,
            usage=response.usage,
            other_stops={n: other.stop_reason for n, other in enumerate(response.alternatives, 1)},
            extras=response.extras,
        )
    )
    return events


def _tell(index: int, part: Part, choice: int) -> list[Event]:
    shell: Part
    match part:
        case Text():
            shell = Text(text="", refusal=part.refusal, extras=part.extras)
            said, end = part.text, PartEnd(index, part.citations)
        case Thinking():
            shell = Thinking(redacted=part.redacted, summary=part.summary, id=part.id, extras=part.extras)
            said, end = part.text, PartEnd(index)
        case ToolCall():
            shell = ToolCall(id=part.id, name=part.name, custom=part.custom, extras=part.extras)
            said, end = part.arguments, PartEnd(index)
        case _:
            return [PartStart(index, part, choice), PartEnd(index)]
    events: list[Event] = [PartStart(index, shell, choice)]
    if said:
        events.append(TextDelta(index, said, part.logprobs if isinstance(part, Text) else []))
    if part.signature is not None:
        events.append(SignatureDelta(index, part.signature))
    return [*events, end]
