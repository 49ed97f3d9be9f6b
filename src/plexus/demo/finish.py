"""From a reply to an answer: what the client asked of every answer (format, stop sequences, length), and its usage."""

from plexus.core.json import dumps
from plexus.demo.plausible import plausible
from plexus.demo.reply import Reply
from plexus.demo.words import input_tokens, part_tokens, words
from plexus.ir.chat import Alternative, ChatRequest, ChatResponse, OutputFormat, StopReason, Usage
from plexus.ir.parts import Part, Text, Thinking, ToolCall

MOST_CHOICES = 8


class _Length:
    """What is left of the length asked for, and why the answer ended."""

    def __init__(self, request: ChatRequest) -> None:
        self.left = request.max_tokens
        self.stops = [stop for stop in request.stop if stop]
        self.reason: StopReason | None = None
        self.sequence: str | None = None

    def fitted(self, part: Part) -> Part | None:
        """The part as far as it may be said; None when nothing of it may."""
        if isinstance(part, Text):
            part = self._stopped(part)
        size = part_tokens(part)
        if self.left is None or size <= self.left:
            self.left = None if self.left is None else self.left - size
            return part
        kept, self.left = self.left, 0
        self.reason, self.sequence = "max_tokens", None
        if isinstance(part, Text | Thinking) and kept:
            said = "".join(words(part.text)[:kept])
            # A thought that was cut off has no signature: providers sign what is complete.
            return Text(text=said) if isinstance(part, Text) else Thinking(text=said)
        return None

    def _stopped(self, part: Text) -> Text:
        found = [(part.text.find(stop), stop) for stop in self.stops if stop in part.text]
        if not found:
            return part
        at, self.sequence = min(found)
        self.reason = "stop_sequence"
        return Text(text=part.text[:at])


def finish(reply: Reply, request: ChatRequest) -> ChatResponse:
    """The answer that a reply amounts to for this request."""
    length = _Length(request)
    parts: list[Part] = []
    for part in reply.parts:
        fitted = length.fitted(_formatted(part, request.output))
        if fitted is not None:
            parts.append(fitted)
        if length.reason is not None:
            break
    calls = any(isinstance(part, ToolCall) for part in parts)
    reason = length.reason or ("tool_use" if calls else "end")
    choices = min(max(request.sampling.n or 1, 1), MOST_CHOICES)
    others = [Alternative(parts=parts, stop_reason=reason, stop_sequence=length.sequence) for _ in range(choices - 1)]
    return ChatResponse(
        parts=parts,
        stop_reason=reason,
        stop_sequence=length.sequence,
        usage=_usage(request, parts, choices),
        model=request.model,
        alternatives=others,
        protocol=request.protocol,
    )


def _formatted(part: Part, output: OutputFormat | None) -> Part:
    if output is None or not isinstance(part, Text):
        return part
    value = plausible(output.schema, part.text) if output.kind == "schema" else {"answer": part.text}
    return Text(text=dumps(value).decode())


def _usage(request: ChatRequest, parts: list[Part], choices: int) -> Usage:
    reasoning = sum(part_tokens(part) for part in parts if isinstance(part, Thinking))
    return Usage(
        input=input_tokens(request),
        output=choices * sum(map(part_tokens, parts)),
        cache_read=0,
        cache_write=0,
        reasoning=choices * reasoning,
    )
