"""In pass-through content is relayed without being decoded, and the account is the same: usage, stop reason, state."""

import dataclasses
import json
from typing import Any

import msgspec
import pytest

from plexus.app import protocols
from plexus.core.sse import Decoder
from plexus.ir.exchange import Reading
from plexus.ir.fold import Fold
from plexus.ir.parts import Origin
from tests.corpus.recordings import not_an_answer, select
from tests.gateway.running import Running, running
from tests.gateway.test_same_bytes import BODIES, config, path_of
from tests.harness.faults import BODIES as UPSTREAM
from tests.harness.recorded_upstream import Answer, RecordedUpstream


def account(protocol: str, body: bytes, *, skim: bool) -> Fold:
    """What is known of a recorded stream, with or without its mere content; the first frames are always read."""
    wire = protocols()[protocol]
    fold = Fold()
    decoder = wire.stream_decoder(Reading(origin=Origin(protocol, "p", "m"), seed="s"))
    frames = Decoder().feed(body)
    for number, frame in enumerate(frames):
        if skim and number > 3 and wire.mere_content(frame):
            continue
        for event in decoder.feed(frame):
            fold.add(event)
    for event in decoder.end():
        fold.add(event)
    return fold


@pytest.mark.parametrize("protocol", ["chat", "messages", "responses"])
def test_skimming_changes_nothing_that_is_accounted(protocol):
    skimmed = 0
    for recording in select(protocol=protocol, streaming=True):
        if not_an_answer(recording) or recording.response_body.lstrip()[:1] == "[":
            continue
        body = recording.response_body.encode()
        whole, short = account(protocol, body, skim=False), account(protocol, body, skim=True)
        assert msgspec.json.encode(short.usage) == msgspec.json.encode(whole.usage), recording.id
        assert short.response.stop_reason == whole.response.stop_reason, recording.id
        assert short.ended == whole.ended, recording.id
        signed = [[getattr(part, "signature", None) for part in f.response.parts] for f in (whole, short)]
        assert [s for s in signed[0] if s] == [s for s in signed[1] if s], recording.id
        skimmed += any(protocols()[protocol].mere_content(frame) for frame in Decoder().feed(body))
    assert skimmed > 2


@pytest.mark.parametrize("protocol", ["chat", "messages", "responses"])
async def test_a_skimmed_stream_is_relayed_whole(protocol):
    bodies = UPSTREAM[protocol]
    events = bodies.events("real", [f"word{n} " for n in range(50)])
    compact = [dataclasses.replace(event) if dataclasses.is_dataclass(event) else event for event in events]
    told = b"".join(event.frame() for event in compact) + bodies.ending
    async with RecordedUpstream([Answer([told], stream=True)]) as upstream, running(config(upstream)) as gateway:
        body: dict[str, Any] = {**BODIES[protocol], "model": protocol, "stream": True}
        if protocol == "chat":
            body["stream_options"] = {"include_usage": True}
        response = await gateway.post(path_of(protocol, stream=True), json.dumps(body).encode())
        assert response.body == told
        assert booked(gateway) == ("ok", 7)


def booked(gateway: Running) -> tuple[str, int | None]:
    record = gateway.records[-1]
    return record.row.status, record.usage.output if record.usage else None


@pytest.mark.parametrize("client", ["chat", "messages"])
async def test_a_cost_in_a_comment_of_the_stream_is_booked_whether_or_not_it_is_translated(client):
    bodies = UPSTREAM["chat"]
    told = b"".join(event.frame() for event in bodies.events("real", ["one ", "two "])) + bodies.ending
    told = told.replace(b"data: [DONE]", b": request_cost_usd=0.00125\n\ndata: [DONE]")
    assert b"request_cost_usd" in told
    async with RecordedUpstream([Answer([told], stream=True)]) as upstream, running(config(upstream)) as gateway:
        response = await gateway.post(
            path_of(client, stream=True), json.dumps({**BODIES[client], "model": "chat", "stream": True}).encode()
        )
        assert response.status == 200
        row = gateway.records[-1].row
        assert (row.cost_source, str(row.cost)) == ("provider", "0.00125000")
        assert (b"request_cost_usd" in response.body) is (client == "chat")
