"""From what a provider reported to the counters of a row: whole, never negative, shares within totals.

What is missing is estimated; whatever had to be put right leaves a flag. The arithmetic of a protocol is its decoder's.
"""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any, TypeGuard

from plexus.ir.chat import ChatResponse, Usage
from plexus.ir.estimate import text_tokens
from plexus.ir.parts import Media, Part, Text, Thinking, ToolCall
from plexus.usage.row import Tokens

LARGEST = 10**12
"""Beyond it a counter cannot be meant, and sums of it would leave the whole numbers of JSON and of databases."""
_BYTES_PER_EVENT = 150
"""What a stream spends on a token: one event of JSON around a few letters."""
_DEPTH = 4
"""How deep a provider's usage object is looked into for counters."""


_SHARES = attrgetter(
    "cache_write_1h", "audio_input", "cache_read_audio", "image_input", "audio_output", "image_output", "web_searches"
)


class _Reading:
    """Counters taken out of one usage object, with the flags they raised."""

    def __init__(self, usage: Usage) -> None:
        self._usage = usage
        self.flags = {*usage.flags, *_odd(usage.raw)}

    def take(self, name: str) -> int | None:
        """A counter; None when it is missing or cannot be meant."""
        value = getattr(self._usage, name)
        if value is None:
            return None
        if type(value) is not int or value > LARGEST:
            self.flags.add(f"absurd_{name}")
            return None
        if value < 0:
            self.flags.add(f"negative_{name}")
            return 0
        return value

    def share(self, name: str, total: int) -> int:
        """A counter that lies within a total, cut down to it."""
        value = self.take(name) or 0
        if value > total:
            self.flags.add(f"clamped_{name}")
        return min(value, total)


def measured(usage: Usage | None, *, sent: int = 0, delivered: int = 0, thought: int = 0, whole: bool = True) -> Tokens:
    """The counters of one attempt.

    `sent` and `delivered` are estimates of the input and of the output as far as it came, in tokens; they stand in for what
    was not reported. `thought`, the part of `delivered` that is reasoning, stands in for reasoning that was not told apart.
    `whole`: the answer ended as it should; else the last report may be older than the last delta, and the larger of report
    and delivery counts.
    """
    if usage is not None and not thought and (whole or not delivered) and (plain := _plain(usage)) is not None:
        return plain
    return _settled(_Reading(usage if usage is not None else Usage()), usage, sent, delivered, thought, whole=whole)


def _plain(usage: Usage) -> Tokens | None:
    """The counters of a usage object in which nothing has to be put right, as most are; None for any other."""
    given, output, reasoning = usage.input, usage.output, usage.reasoning
    read, stored = usage.cache_read, usage.cache_write
    if not (_is_count(given) and given and _is_count(output) and output):
        return None
    if not ((read is None or _is_count(read)) and (stored is None or _is_count(stored))):
        return None
    if not (reasoning is None or (_is_count(reasoning) and reasoning <= output)):
        return None
    if usage.flags or any(_SHARES(usage)) or _odd(usage.raw):
        return None
    return Tokens(
        input_tokens=given,
        cache_read_tokens=read or 0,
        cache_write_tokens=stored or 0,
        output_tokens=output,
        reasoning_tokens=reasoning or 0,
        service_tier=usage.service_tier,
    )


def _is_count(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= LARGEST


def _settled(reading: _Reading, usage: Usage | None, sent: int, delivered: int, thought: int, *, whole: bool) -> Tokens:
    """The counters of any usage object, and of none."""
    given, written = reading.take("input"), reading.take("output")
    read, stored = reading.take("cache_read") or 0, reading.take("cache_write") or 0
    estimated = False
    if sent > 0 and (given is None or (given == 0 and not read and not stored)):
        given, estimated = sent, True
        reading.flags.add("estimated_input")
    if delivered > 0 and (not written or (not whole and delivered > written)):
        written, estimated = delivered, True
        reading.flags.add("estimated_output")
    entire, output = (given or 0) + read + stored, written or 0
    reasoning = reading.share("reasoning", output)
    if thought > 0 and not reasoning and output:
        reasoning = min(thought, output)
        reading.flags.add("estimated_reasoning")
    audio = reading.share("audio_input", entire)
    return Tokens(
        input_tokens=given or 0,
        cache_read_tokens=read,
        cache_write_tokens=stored,
        cache_write_1h_tokens=reading.share("cache_write_1h", stored),
        output_tokens=output,
        reasoning_tokens=reasoning,
        audio_input_tokens=audio,
        cache_read_audio_tokens=reading.share("cache_read_audio", min(audio, read)),
        image_input_tokens=reading.share("image_input", entire - audio),
        audio_output_tokens=reading.share("audio_output", output),
        image_output_tokens=reading.share("image_output", output),
        web_searches=reading.take("web_searches") or 0,
        tokens_estimated=estimated,
        usage_flags=tuple(sorted(reading.flags)),
        service_tier=usage.service_tier if usage is not None else "",
    )


def delivered_tokens(response: ChatResponse | None, skimmed: int = 0) -> int:
    """About how many tokens of an answer came, from its parts and from `skimmed` bytes of events nobody decoded."""
    parts: list[Part] = []
    if response is not None:
        parts = [*response.parts, *(part for choice in response.alternatives for part in choice.parts)]
    told = sum(_told(part) for part in parts)
    return max(1, round(told + skimmed / _BYTES_PER_EVENT)) if told or skimmed else 0


def thought_tokens(response: ChatResponse | None) -> int:
    """About how many of the delivered tokens are reasoning."""
    return (
        round(sum(_told(part) for part in response.parts if isinstance(part, Thinking))) if response is not None else 0
    )


def _told(part: Part) -> float:
    match part:
        case Text() | Thinking():
            return text_tokens(part.text)
        case ToolCall():
            return text_tokens(part.name) + text_tokens(part.arguments)
        case Media():
            return text_tokens(part.transcript)
        case _:
            return 0.0


def _odd(raw: Any, depth: int = _DEPTH) -> Iterable[str]:
    """Flags for counters a provider wrote that are no counters: negative, huge, fractions, words."""
    if not isinstance(raw, dict) or not depth:
        return ()
    flags: list[str] = []
    for name, value in raw.items():
        if type(value) is int and 0 <= value <= LARGEST:
            continue
        if isinstance(value, dict):
            flags += _odd(value, depth - 1)
        elif name.lower().endswith(("tokens", "tokencount")) and not _may_stand_there(value):
            flags.append(f"inconsistent_{name}"[:64])
    return flags


def _may_stand_there(value: Any) -> bool:
    """Whether it is no count but in order: nothing, details, or digits, as protobuf writes large counts."""
    return value is None or isinstance(value, list) or (isinstance(value, str) and value.isascii() and value.isdigit())
