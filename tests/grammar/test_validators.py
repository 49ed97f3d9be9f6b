"""The validators themselves: correct streams pass, each rule catches its mutation, and the vendors' own streams pass."""

import re

import pytest

from tests.corpus.recordings import OWNERS, Recording, held_out, not_an_answer, select
from tests.grammar import violations
from tests.grammar.mutations import MUTATIONS, Change
from tests.grammar.samples import SAMPLES, render, sample

OLDER_THAN_THE_TYPES = {
    r"cache_write_tokens Field required": "OpenAI counts cache writes since 2026",
    r"web_fetch_requests Field required": "Anthropic counts fetches since late 2025",
    r"ThinkingBlock\.signature Field required": "Anthropic's first thinking streams opened without the field",
    r"sequence_number": "OpenAI numbers events since May 2025",
    r"usageMetadata\.serviceTier Extra inputs": "Gemini sends what its SDK does not type yet",
    r"^type: content_block\.|^type: item\.": "blocks and items of betas that the SDK types do not name",
    r"^type: .*(tools|output|action)\.": "the same, inside a response object",
    r"^response type: (tools|output|text|reasoning)": "the same",
    r"^choices: None|^type: choices Field required": "OpenAI's audio models send chunks without choices",
    r"^each item is done: mcpl_|^final output is what": "OpenAI leaves the list of MCP tools unfinished when a call fails",
    r"^usage at the end: None$": "Vertex test data without usage",
    r"^total is the sum: \{'candidates": "Gemini sometimes leaves promptTokenCount out of a stream's last chunk",
}
"""Violations of genuine streams that are the vendor's, or older than the SDK's types. Ours must not have them."""


def not_genuine(recording: Recording) -> str:
    """Why a recording is no unaltered stream of the protocol's owner, or ""."""
    body = recording.response_body
    if recording.vendor not in OWNERS[recording.protocol]:
        return "another vendor's"
    if recording.protocol == "chat" and '"id":"gen-' in body.replace(" ", ""):
        return "OpenRouter's, recorded under OpenAI's host name"
    if recording.protocol == "chat" and "audio" in (recording.model or ""):
        return "OpenAI's audio models finish without a finish_reason"
    if recording.source == "firebase-vertexai-test-data":
        return "put together by hand as test data"
    if "capture-id" in body or "_0f1a2b3c4d5e6f" in body:
        return "ids were rewritten"
    if body.count("message_stop\ndata") + body.count('"type":"response.created"') > 1:
        return "two streams were joined"
    if not body.replace("\r\n", "\n").endswith("\n\n"):
        return "the recorder trimmed the end"
    return ""


def own_streams(part: str) -> list[Recording]:
    return [r for r in select(part=part, streaming=True) if not not_an_answer(r) and not not_genuine(r)]


def strange(recording: Recording) -> list[str]:
    """Violations beyond the known ones."""
    asked = (recording.request or {}).get("stream_options") if isinstance(recording.request, dict) else None
    usage = recording.protocol != "chat" or bool((asked or {}).get("include_usage"))
    if recording.protocol == "chat" and asked is None:
        usage = '"usage":{' in recording.response_body.replace(" ", "")
    found = violations(recording.protocol, recording.response_body.encode(), usage=usage)
    return [line for line in found if not any(re.search(known, line) for known in OLDER_THAN_THE_TYPES)]


@pytest.mark.parametrize("protocol", SAMPLES)
def test_a_correct_stream_has_no_violation(protocol: str) -> None:
    assert violations(protocol, render(sample(protocol))) == []


@pytest.mark.parametrize(
    ("protocol", "rule", "change"),
    MUTATIONS,
    ids=[f"{number}-{protocol}-{rule}".replace(" ", "-") for number, (protocol, rule, _) in enumerate(MUTATIONS)],
)
def test_each_rule_catches_its_mutation(protocol: str, rule: str, change: Change) -> None:
    stream = sample(protocol)
    change(stream)
    assert rule in {line.partition(": ")[0] for line in violations(protocol, render(stream))}


def test_bytes_that_are_no_events_are_noticed() -> None:
    assert violations("chat", b"data: \xff\n\n")[0].startswith("utf-8")
    assert "closed" in violations("gemini", render(sample("gemini"))[:-1])[0]
    assert any(line.startswith("field") for line in violations("gemini", b"x: 1\n\n" + render(sample("gemini"))))
    assert any(line.startswith("data") for line in violations("gemini", b"event: x\n\n" + render(sample("gemini"))))


def test_usage_that_was_not_asked_for_is_noticed() -> None:
    assert violations("chat", render(sample("chat")), usage=False) == ["usage not asked for: 1"]


def test_genuine_streams_of_the_protocols_owners_pass() -> None:
    assert {r.id: found for r in own_streams("open") if (found := strange(r))} == {}


def test_genuine_streams_of_the_held_out_part_pass() -> None:
    # Nobody looks at these, so their betas and test data cannot be told apart by name as above.
    streams = own_streams("held-out")
    refused = sum(bool(strange(r)) for r in streams)
    assert refused <= 0.08 * len(streams), f"{refused} of {len(streams)} refused"


def test_the_selection_holds_no_recording_of_the_held_out_part() -> None:
    from tests.corpus.recordings import golden_recordings

    assert not [r.id for r in golden_recordings() if held_out(r.id)]
