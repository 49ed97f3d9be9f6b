"""A whole chat completion to the canonical answer, whatever dialect wrote it.

Source: https://platform.openai.com/docs/api-reference/chat/object
"""

import itertools
from typing import Any

from plexus.ir.chat import Alternative, ChatResponse
from plexus.ir.errors import InvalidAnswer
from plexus.ir.exchange import Reading
from plexus.ir.parts import Citation, Part, Signature, Text, Thinking, ToolCall
from plexus.protocols.chat.answer_content import (
    arguments_text,
    google_signature,
    read_audio,
    read_content,
    read_images,
)
from plexus.protocols.chat.citations import read_annotations, read_sources, with_sources
from plexus.protocols.chat.ids import call_id
from plexus.protocols.chat.logprobs import read_logprobs
from plexus.protocols.chat.stops import decode_stop, settled
from plexus.protocols.chat.think_tags import covering, without_tags
from plexus.protocols.chat.thoughts import read_thoughts
from plexus.protocols.chat.usage import decode_usage

Wire = dict[str, Any]

KNOWN = frozenset(
    {"id", "object", "created", "model", "choices", "usage", "service_tier", "search_results", "citations", "x_groq"}
)
"""Top-level fields of an answer that have a canonical place."""

_CHOICE = frozenset(
    {"index", "message", "delta", "finish_reason", "finish_details", "stop_reason", "logprobs", "text", "usage"}
)

_PLAIN = frozenset({"role", "content"})
"""Fields of a message that says nothing but its text; all others absent, null or empty."""

_YEAR_9999 = 253_402_300_800


def decode_response(body: Wire, reading: Reading) -> ChatResponse:
    """The answer; its first choice is the answer proper, the others are alternatives.

    Raises:
        InvalidAnswer: when there is no choice with a message.
    """
    choices = [choice for choice in _list(body.get("choices")) if isinstance(choice, dict)]
    if not choices:
        raise InvalidAnswer("the answer holds no choices")
    if len(choices) > 1:
        choices.sort(key=_number)
    message = _Message(reading, read_sources(body))
    answers = [_alternative(choice, message) for choice in choices]
    first, *others = answers
    return ChatResponse(
        parts=first.parts,
        stop_reason=first.stop_reason,
        stop_sequence=first.stop_sequence,
        usage=usage_in(body, choices[0]),
        id=_string(body.get("id")),
        model=_string(body.get("model")),
        created=created_in(body),
        alternatives=others,
        protocol="chat",
        extras=_extras(body, choices),
    )


def usage_in(body: Wire, choice: Wire | None = None) -> Any:
    """The usage of a body or chunk: at the top, in Groq's `x_groq`, or in the choice (Moonshot)."""
    groq, tier = body.get("x_groq"), body.get("service_tier")
    return (
        decode_usage(body.get("usage"), tier)
        or decode_usage(groq.get("usage") if isinstance(groq, dict) else None, tier)
        or decode_usage(choice.get("usage") if choice is not None else None, tier)
    )


def created_in(body: Wire) -> int:
    """When the answer was made, in whole seconds since the epoch, or 0."""
    created = body.get("created")
    if isinstance(created, bool) or not isinstance(created, int | float):
        return 0
    return int(created) if 0 < created < _YEAR_9999 else 0


def _alternative(choice: Wire, read: "_Message") -> Alternative:
    message = choice.get("message")
    if not isinstance(message, dict):
        message = choice.get("delta")
    if not isinstance(message, dict):
        if not isinstance(choice.get("text"), str):
            raise InvalidAnswer("a choice of the answer holds no message")
        message = {"content": choice["text"]}
    stop, sequence = decode_stop(choice)
    parts = read.parts(message, choice.get("logprobs"))
    stop = settled(stop, parts, nameless=read.nameless)
    return Alternative(parts=parts, stop_reason=stop, stop_sequence=sequence)


class _Message:
    """Reads the messages of one answer; counts the calls whose ids have to be made."""

    def __init__(self, reading: Reading, sources: list[Citation]) -> None:
        self._reading = reading
        self._sources = sources
        self._calls = 0
        self._taken: set[str] = set()
        self.nameless = False
        """Whether the message last read held a call of nobody knows which tool."""

    def parts(self, message: Wire, logprobs: Any) -> list[Part]:
        """Thinking, then text, then media, then tool calls: the order in which chat's fields are spoken."""
        parts: list[Part] = [*read_thoughts(message, self._sign)]
        content = read_content(message.get("content"), self._reading.origin)
        parts += _untagged(content) if self._reading.think_tags and not parts else content
        if not (logprobs or self._sources) and _PLAIN.issuperset([name for name, value in message.items() if value]):
            self.nameless = False
            return parts
        if isinstance(message.get("refusal"), str) and message["refusal"]:
            parts.append(Text(text=message["refusal"], refusal=True))
        parts += read_images(message.get("images"))
        parts += read_audio(message.get("audio"))
        calls = self._read_calls(message)
        self._annotate(parts, message, logprobs)
        _place_signature(parts, calls, google_signature(message), self._reading)
        return [*parts, *calls]

    def _sign(self, value: str) -> Signature:
        return Signature(value, self._reading.origin)

    def _read_calls(self, message: Wire) -> list[ToolCall]:
        calls = [self._read_call(call) for call in _list(message.get("tool_calls")) if isinstance(call, dict)]
        self.nameless = any(not call.name and call.arguments for call in calls)
        calls = [call for call in calls if call.name]
        legacy = message.get("function_call")
        if not calls and isinstance(legacy, dict) and legacy.get("name"):
            calls.append(self._read_call({"function": legacy}))
        return calls

    def _read_call(self, call: Wire) -> ToolCall:
        custom = call.get("custom")
        function = custom if isinstance(custom, dict) else call.get("function")
        function = function if isinstance(function, dict) else {}
        self._calls += 1
        name, value = _string(function.get("name")), google_signature(call)
        identity = _string(call.get("id"))
        if not identity or identity in self._taken:
            identity = call_id(self._reading.seed, self._calls - 1)
        self._taken.add(identity)
        return ToolCall(
            id=identity,
            name=self._reading.tool_names.get(name, name),
            arguments=arguments_text(function.get("input" if function is custom else "arguments")),
            custom=function is custom,
            signature=Signature(value, self._reading.origin) if value else None,
        )

    def _annotate(self, parts: list[Part], message: Wire, logprobs: Any) -> None:
        annotations = read_annotations(message.get("annotations"))
        citations = with_sources(annotations, self._sources)
        said, refused = read_logprobs(logprobs), read_logprobs(logprobs, "refusal")
        for part in parts:
            if isinstance(part, Text) and part.refusal and refused:
                part.logprobs, refused = refused, []
            elif isinstance(part, Text) and not part.refusal:
                part.citations, citations = citations, []
                part.logprobs, said = covering(said, part.text) if self._reading.think_tags else said, []
        if citations and annotations:
            parts.append(Text(text="", citations=citations))


def _untagged(content: list[Part]) -> list[Part]:
    """The content with the reasoning that its text begins with taken out of it."""
    texts = list(itertools.takewhile(lambda part: isinstance(part, Text) and not part.refusal, content))
    whole = "".join(part.text for part in texts if isinstance(part, Text))
    said = without_tags(whole)
    if said == [("text", whole)]:
        return content
    found: list[Part] = [Thinking(text=piece) if kind == "thinking" else Text(text=piece) for kind, piece in said]
    return [*found, *content[len(texts) :]]


def _place_signature(parts: list[Part], calls: list[ToolCall], value: str, reading: Reading) -> None:
    """A signature on the message as a whole belongs to its first call, else to its text, else stands alone."""
    if not value:
        return
    signature = Signature(value, reading.origin)
    texts = [part for part in parts if isinstance(part, Text)]
    if calls:
        calls[0].signature = calls[0].signature or signature
    elif texts:
        texts[-1].signature = signature
    else:
        parts.append(Thinking(signature=signature))


def _extras(body: Wire, choices: list[Wire]) -> Wire | None:
    """What has no canonical place: unknown fields at the top, and those of each choice under `choices`."""
    extras = {key: value for key, value in body.items() if key not in KNOWN and value is not None}
    if not all(_CHOICE.issuperset(choice) for choice in choices):
        inner = [
            {key: value for key, value in choice.items() if key not in _CHOICE and value is not None}
            for choice in choices
        ]
        if any(inner):
            extras["choices"] = inner
    return extras or None


def _number(choice: Wire) -> int:
    index = choice.get("index")
    return index if isinstance(index, int) else 0


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""
