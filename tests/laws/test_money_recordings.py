"""Recorded answers of every vendor: the counters add up to the totals the vendor itself wrote."""

import json
from typing import Any

import pytest

from plexus.usage.cost import cost
from plexus.usage.pricing import Question
from plexus.usage.pricing.catalogue import SOURCE as CATALOGUE
from plexus.usage.reported import reported as billed
from plexus.usage.row import Tokens
from plexus.usage.tokens import delivered_tokens, measured
from tests.corpus.recordings import Recording, not_an_answer, select
from tests.corpus.replay import frames, upstream_answer

NOVEMBER = 1_793_793_600_000  # 2026-11-04
ANSWERS = [recording for recording in select() if not not_an_answer(recording)]


def objects(recording: Recording) -> list[dict[str, Any]]:
    """Every JSON object of an answer, in order."""
    if not recording.streaming:
        return [json.loads(recording.response_body)]
    found = []
    for frame in frames(recording.response_body.encode()):
        try:
            value = json.loads(frame.data)
        except ValueError:
            continue
        found += [value] if isinstance(value, dict) else []
    return found


def several(recording: Recording) -> bool:
    """Whether the recorder put several answers into one body; only the first is an answer to the request."""
    openings = [value.get("type") for value in objects(recording)]
    return max(openings.count("message_start"), openings.count("response.completed")) > 1


def reported(recording: Recording) -> dict[str, Any]:
    """The vendor's last word on usage, taken from the wire without any decoder of ours."""
    last: dict[str, Any] = {}
    for value in objects(recording):
        inner = value.get("response") if isinstance(value.get("response"), dict) else value.get("message")
        for holder in (value, inner if isinstance(inner, dict) else {}):
            usage = holder.get("usage") or holder.get("usageMetadata") or (holder.get("x_groq") or {}).get("usage")
            if isinstance(usage, dict):
                known = {key: count for key, count in usage.items() if count is not None}
                last = {**last, **known} if recording.protocol == "messages" else known
    return last


def whole(usage: dict[str, Any], protocol: str) -> int | None:
    """All tokens, as the vendor's own arithmetic has them; None when it does not say."""
    if protocol == "messages":
        names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
        return sum(usage.get(name) or 0 for name in names) if "output_tokens" in usage else None
    total = usage.get("totalTokenCount" if protocol == "gemini" else "total_tokens")
    return total if isinstance(total, int) and total else None


def counters(recording: Recording) -> Tokens:
    _, response, _ = upstream_answer(recording)
    return measured(response.usage if response else None)


def entire(tokens: Tokens) -> int:
    return tokens.input_tokens + tokens.cache_read_tokens + tokens.cache_write_tokens + tokens.output_tokens


@pytest.mark.parametrize("protocol", ["chat", "responses", "messages", "gemini"])
def test_119_120_121_counters_add_up_to_the_vendors_own_total(protocol: str):
    wrong, seen = {}, 0
    for recording in ANSWERS:
        if recording.protocol != protocol or several(recording):
            continue
        total = whole(reported(recording), protocol)
        if total is None:
            continue
        seen += 1
        found = counters(recording)
        if entire(found) != total:
            wrong[recording.id] = (recording.vendor, found, reported(recording))
    assert seen
    assert wrong == {}


def test_u51_every_answer_is_counted_or_estimated():
    silent = []
    for recording in ANSWERS:
        _, response, fault = upstream_answer(recording)
        if response is None or fault is not None:
            continue
        said = delivered_tokens(response)
        found = measured(response.usage, sent=1, delivered=said)
        if not found.output_tokens and said:
            silent.append(recording.id)
        if response.usage is None:
            assert found.tokens_estimated
    assert silent == []


def test_u52_bills_of_providers_that_state_them_agree_with_counters_times_prices_to_the_last_digit():
    seen, wrong = 0, {}
    for recording in ANSWERS:
        if recording.vendor not in {"xai", "openrouter"} or recording.source == "vercel-ai":  # made up by hand
            continue
        model, usage = recording.model or "", reported(recording)
        stable = recording.vendor == "xai" or model.startswith("anthropic/")  # others' prices have moved since
        if not stable or usage.get("num_server_side_tools_used"):  # its fees are in the bill alone
            continue
        _, response, _ = upstream_answer(recording)
        bill = billed(response.usage if response else None)
        if response is None or bill is None:
            continue
        seen += 1
        question = Question(kind=recording.vendor, model=model, served=response.model, at=NOVEMBER)
        computed = cost(CATALOGUE.price(question), measured(response.usage)).total
        if computed != bill:
            wrong[recording.id] = (bill, computed)
    assert seen
    assert wrong == {}
