"""A canonical answer to a `GenerateContentResponse`, as the official SDKs type it."""

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

from plexus.ir.chat import Alternative, ChatResponse, StopReason
from plexus.ir.drops import Drop
from plexus.ir.exchange import Writing
from plexus.ir.parts import Text
from plexus.protocols.gemini.answer import OWN_EXTRAS, is_blocked, time_of
from plexus.protocols.gemini.citations import write_citations
from plexus.protocols.gemini.encode_part import PROTOCOL, Sink, client_signature, write_part
from plexus.protocols.gemini.logprobs import write_logprobs
from plexus.protocols.gemini.protojson import Wire
from plexus.protocols.gemini.stops import EXACT, write_stop
from plexus.protocols.gemini.usage import write_usage

FILTERED: frozenset[StopReason] = frozenset({"content_filter", "refusal"})
"""Stop reasons of a candidate that may have no content at all."""


def same_name(name: str) -> str:
    """Tool names are the client's own by the time an answer is written."""
    return name


def encode_response(response: ChatResponse, writing: Writing) -> tuple[dict[str, Any], list[Drop]]:
    """The body for the client and what it could not say."""
    drops: list[Drop] = []
    ours = response.protocol == PROTOCOL or (
        not response.protocol and bool(OWN_EXTRAS & (response.extras or {}).keys())
    )
    sink = Sink(ours=ours, sign=client_signature, rename=same_name, ids=True, drops=drops, checked=True)
    extras = dict(response.extras or {}) if ours else {}
    kept = extras.pop("candidates", None)
    first = Alternative(parts=response.parts, stop_reason=response.stop_reason, stop_sequence=response.stop_sequence)
    candidates = [_candidate(n, each, sink) for n, each in enumerate([first, *response.alternatives])]
    for candidate, rest in zip(candidates, kept if isinstance(kept, list) else [], strict=False):
        candidate.update(rest)
    body: Wire = {"candidates": candidates}
    if is_blocked(extras) and not response.parts and not response.alternatives:
        body = {}
    usage = write_usage(response.usage)
    if usage is not None:
        body["usageMetadata"] = usage
    body["modelVersion"] = response.model or writing.model
    if response.created:
        body["createTime"] = time_of(response.created)
    body["responseId"] = response.id if ours and response.id else response_id(writing.seed)
    body.update(extras)
    if not ours:
        drops.extend(Drop("dropped", key, "not known to Gemini") for key in response.extras or {})
    return body, drops


def response_id(seed: str) -> str:
    """A response id in Google's style, made from the seed."""
    return base64.urlsafe_b64encode(hashlib.sha256(seed.encode()).digest()[:16]).decode().rstrip("=")


def _candidate(number: int, said: Alternative, sink: Sink) -> Wire:
    parts: list[Wire] = []
    texts: list[tuple[int, Text]] = []
    for index, part in enumerate(said.parts):
        wire = write_part(part, sink, f"parts[{index}]")
        if isinstance(part, Text) and (wire is not None or part.citations):
            texts.append((len(parts) if wire is not None else max(0, len(parts) - 1), part))
        if wire is not None:
            parts.append(wire)
    candidate: Wire = {}
    if parts or said.stop_reason not in FILTERED:
        candidate["content"] = {"parts": parts, "role": "model"}
    candidate["finishReason"] = (
        write_stop(said.stop_reason)
        if sink.ours
        else finish_reason(in_words(said.stop_reason, texts), said.stop_sequence, sink.drops)
    )
    candidate["index"] = number
    tokens = [token for _, text in texts for token in text.logprobs]
    if tokens:
        candidate["logprobsResult"] = write_logprobs(tokens)
    grounding = None if sink.ours else write_citations(texts)
    if grounding is not None:
        candidate["groundingMetadata"] = grounding
    return candidate


def in_words(stop: StopReason | None, texts: Iterable[tuple[int, Text]]) -> StopReason | None:
    """The stop reason; a model that declined in words ended its answer in the ordinary way."""
    return "end" if stop == "refusal" and any(text.refusal for _, text in texts) else stop


def finish_reason(stop: StopReason | None, sequence: str | None, drops: list[Drop]) -> str:
    """The `finishReason`; what Gemini has no word for is reported."""
    if stop is not None and stop not in EXACT:
        drops.append(Drop("approximated", "stop_reason", f"Gemini has no word for {stop}"))
    if sequence is not None:
        drops.append(Drop("dropped", "stop_sequence", "Gemini does not say which stop sequence was met"))
    return write_stop(stop)
