"""Generated answers and events: what each protocol can say, and any order of events at all."""

import base64
import json
from typing import Any

from hypothesis import strategies as st

from plexus.ir.chat import ChatResponse, Usage
from plexus.ir.errors import Fault
from plexus.ir.events import (
    Event,
    PartEnd,
    PartStart,
    ResponseEnd,
    ResponseStart,
    SignatureDelta,
    StreamError,
    TextDelta,
)
from plexus.ir.parts import Citation, Media, Opaque, Origin, Part, Signature, Text, Thinking, ToolCall, ToolResult

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
names = st.from_regex(r"[a-z][a-z_0-9]{0,11}", fullmatch=True)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)
arguments = st.dictionaries(names, json_values, max_size=3).map(
    lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
)
base64_text = st.binary(min_size=3, max_size=9).map(lambda raw: base64.b64encode(raw).decode())


def origin(protocol: str) -> Origin:
    return Origin(protocol, "generic", "generic-model")


def signature(protocol: str) -> st.SearchStrategy[Signature]:
    return base64_text.map(lambda value: Signature(value, origin(protocol)))


def calls(protocol: str) -> st.SearchStrategy[ToolCall]:
    ids = st.integers(0, 10**9).map(
        lambda number: {"messages": "toolu_", "chat": "call_"}.get(protocol, "call_") + str(number)
    )
    return st.builds(ToolCall, id=ids, name=names, arguments=arguments)


def thoughts(protocol: str) -> st.SearchStrategy[Thinking]:
    if protocol == "messages":
        return st.builds(Thinking, text=words, signature=signature(protocol))
    if protocol == "responses":
        return st.builds(Thinking, text=words, summary=st.just(True), id=st.integers(0, 999).map(lambda n: f"rs_{n}"))
    return st.builds(Thinking, text=words)


@st.composite
def parts(draw: st.DrawFn, protocol: str) -> list[Part]:
    """Parts in an order the protocol can say; no two neighbours of one kind that its stream would join."""
    tools = draw(st.lists(calls(protocol), max_size=3, unique_by=lambda call: call.id))
    if protocol == "chat":
        said: list[Part] = list(draw(st.lists(thoughts(protocol), max_size=1)))
        said += draw(st.lists(st.builds(Text, text=words), max_size=1))
        return [*said, *tools] or [Text(text="x")]
    found: list[Part] = []
    for kind in draw(st.lists(st.sampled_from(["text", "thinking", "call"]), min_size=1, max_size=5)):
        if kind == "call":
            found += [tools.pop()] if tools else []
        elif not (found and type(found[-1]) is (Text if kind == "text" else Thinking)):
            found.append(Text(text=draw(words)) if kind == "text" else draw(thoughts(protocol)))
    return found or [Text(text="x")]


@st.composite
def usages(draw: st.DrawFn, protocol: str) -> Usage:
    """Counts that add up. Gemini has no cache writes."""
    output = draw(st.integers(1, 10_000))
    return Usage(
        input=draw(st.integers(0, 10_000)),
        output=output,
        cache_read=draw(st.integers(0, 1_000)),
        cache_write=0 if protocol == "gemini" else draw(st.integers(0, 1_000)),
        reasoning=draw(st.integers(0, output)),
    )


@st.composite
def responses(draw: st.DrawFn, protocol: str) -> ChatResponse:
    """An answer the protocol can say in full."""
    said = draw(parts(protocol))
    tools = any(isinstance(part, ToolCall) for part in said)
    stop = "tool_use" if tools else draw(st.sampled_from(["end", "max_tokens"]))
    return ChatResponse(
        parts=said,
        stop_reason=stop,  # type: ignore[arg-type]
        usage=draw(usages(protocol)),
        id=draw(names),
        model="generic-model",
        created=1_750_000_000,
        protocol=protocol,
    )


_ids = st.uuids().map(str)  # decoders give every call an id of its own


def _any_part() -> st.SearchStrategy[Part]:
    foreign = st.sampled_from(["chat", "messages", "responses", "gemini", "elsewhere"])
    signatures = st.none() | foreign.flatmap(signature)
    opaque = st.builds(Opaque, kind=names, raw=json_values, origin=st.just(origin("elsewhere")))
    return st.one_of(
        st.builds(Text, text=st.just("") | words, refusal=st.booleans(), signature=signatures),
        st.builds(
            Thinking, text=st.just("") | words, redacted=st.booleans(), summary=st.booleans(), signature=signatures
        ),
        st.builds(ToolCall, id=_ids, name=words, arguments=st.just("") | words | arguments),
        st.builds(ToolCall, id=_ids, name=words, custom=st.just(True)),
        st.builds(Media, kind=st.just("image"), mime=st.just("image/png"), data=base64_text),
        st.builds(ToolResult, call_id=names, parts=st.just([])),
        opaque,
    )


_indexes = st.integers(-1, 4)
_stops = st.sampled_from(
    [None, "end", "stop_sequence", "max_tokens", "tool_use", "pause", "refusal", "content_filter", "error"]
)
_any_usage = st.none() | st.builds(
    lambda given, made, thought: Usage(
        input=given, output=made, reasoning=thought if made is None else min(thought, made)
    ),
    st.none() | st.integers(0, 99),
    st.integers(0, 99),
    st.integers(0, 99),
)
_faults = st.builds(
    Fault, kind=st.sampled_from(["upstream", "rate_limit", "overloaded"]), status=st.just(502), message=words
)
_citations = st.lists(st.builds(Citation, url=st.just("https://example.test/a"), title=words), max_size=1)

any_event: st.SearchStrategy[Event] = st.one_of(
    st.builds(ResponseStart, id=st.just("") | names, model=st.just("") | names, usage=_any_usage),
    st.builds(PartStart, _indexes, _any_part(), st.integers(0, 1)),
    st.builds(TextDelta, _indexes, st.just("") | words | st.sampled_from(['{"a"', ":1}", "{}", "["])),
    st.builds(SignatureDelta, _indexes, signature("messages") | signature("gemini")),
    st.builds(PartEnd, _indexes, _citations),
    st.builds(ResponseEnd, stop_reason=_stops, usage=_any_usage),
    st.builds(StreamError, _faults, _any_usage),
)
any_events = st.lists(any_event, max_size=14)
