"""A kept request sent again: through the same line, to the same or another target, booked on its own, and held against the first."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.gateway.running import Running
from tests.gateway.test_traces import ADMIN_KEY, BUSY, HI, SAID, WORDS, chat, kept, manage, serving, upstream
from tests.harness.raw_client import Response
from tests.harness.recorded_upstream import Answer, RecordedUpstream

__all__ = ["upstream"]  # the fixture


def called(arguments: str) -> Answer:
    call = {"id": "t", "type": "function", "function": {"name": "look", "arguments": arguments}}
    choice = {"index": 0, "message": {"role": "assistant", "tool_calls": [call]}, "finish_reason": "tool_calls"}
    return Answer(
        [json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}).encode()]
    )


async def again(gateway: Running, response: Response, body: object = b"") -> Response:
    return await manage(gateway, "POST", f"traces/{response.header('x-plexus-request-id')}/replay", body)


async def test_the_same_target_gives_the_same_and_the_difference_says_so(upstream: RecordedUpstream, tmp_path: Path):
    async with serving(upstream, tmp_path, capture={"mode": "all"}) as gateway:
        response = await chat(gateway, "direct/a/ok", temperature=0.5)
        told = (await again(gateway, response)).json
    assert told["first"]["body"] == told["second"]["body"] == SAID.decode()
    difference = told["difference"]
    assert difference["finish_reason"] == {"first": "end", "second": "end", "same": True}
    assert difference["text_length"] == {"first": 5, "second": 5, "change": 0}
    assert (difference["input_tokens"]["change"], difference["output_tokens"]["change"]) == (0, 0)
    assert difference["tool_calls"] == {"first": [], "second": [], "same": True, "arguments_same": True}
    assert difference["duration_ms"]["change"] is not None
    first, second = upstream.received[-2:]
    assert first.body == second.body


async def test_another_target_can_be_asked_and_costs_its_own_price(upstream: RecordedUpstream, tmp_path: Path):
    upstream.on(
        "stream",
        Answer(
            [
                SAID.replace(b"hello", b"good day"),
            ]
        ),
    )
    async with serving(upstream, tmp_path, capture={"mode": "all"}) as gateway:
        response = await chat(gateway, "both")
        told = (await again(gateway, response, {"target": "a/stream"})).json
        assert (told["second"]["provider"], told["second"]["model"]) == ("a", "stream")
        assert told["difference"]["text_length"] == {"first": 5, "second": 8, "change": 3}
        cost = {name: value and Decimal(value) for name, value in told["difference"]["cost"].items()}
        assert cost == {"first": Decimal("0.000023"), "second": Decimal("0.000046"), "change": Decimal("0.000023")}
        record = gateway.records[-1]
        assert (record.row.key, record.row.attribution) == ("plexus:replay", response.header("x-plexus-request-id"))
        assert record.row.request_id == told["request_id"]


async def test_a_stream_is_sent_again_as_a_stream(upstream: RecordedUpstream, tmp_path: Path):
    async with serving(upstream, tmp_path, capture={"mode": "all"}) as gateway:
        response = await gateway.post(
            "/v1/messages", {"model": "direct/a/stream", "max_tokens": 9, "stream": True, **HI}
        )
        told = (await again(gateway, response)).json
    length = len("".join(f"word {number} " for number in range(len(WORDS))))
    assert told["difference"]["text_length"] == {"first": length, "second": length, "change": 0}
    assert told["second"]["body"].startswith("event: message_start")
    assert told["difference"]["ttft_ms"]["second"] is not None


@pytest.mark.parametrize(
    ("arguments", "same"), [('{"a": 1,"b":2}', True), ('{"a":1,"b":3}', False), ("{broken", False)]
)
async def test_arguments_of_tool_calls_are_compared_as_json(
    upstream: RecordedUpstream, tmp_path: Path, arguments, same
):
    upstream.on("ok", called('{"b":2,"a":1}'))
    async with serving(upstream, tmp_path, capture={"mode": "all"}) as gateway:
        response = await chat(gateway, "direct/a/ok")
        upstream.on("ok", called(arguments))
        told = (await again(gateway, response)).json
    assert told["difference"]["tool_calls"] == {
        "first": ["look"],
        "second": ["look"],
        "same": True,
        "arguments_same": same,
    }


async def test_what_failed_can_be_tried_again_and_what_fails_again_is_told(upstream: RecordedUpstream, tmp_path: Path):
    async with serving(upstream, tmp_path) as gateway:
        response = await chat(gateway, "direct/a/busy")
        told = (await again(gateway, response)).json
        assert (told["first"]["status"], told["second"]["status"]) == ("error", "error")
        assert told["difference"]["finish_reason"] == {"first": None, "second": None, "same": True}
        upstream.on("busy", Answer([SAID]))
        told = (await again(gateway, response)).json
        assert told["difference"]["status"] == {"first": "error", "second": "ok", "same": False}
        upstream.on("busy", BUSY)


async def test_a_target_that_is_not_there_is_the_new_requests_failure(upstream: RecordedUpstream, tmp_path: Path):
    async with serving(upstream, tmp_path, capture={"mode": "all"}) as gateway:
        response = await chat(gateway, "direct/a/ok")
        told = (await again(gateway, response, {"target": "nobody/nothing"})).json
    assert (told["second"]["status"], told["second"]["http_status"]) == ("error", 404)


async def test_what_is_not_kept_whole_is_not_sent(upstream: RecordedUpstream, tmp_path: Path):
    async with serving(upstream, tmp_path, capture={"mode": "headers"}) as gateway:
        response = await chat(gateway, "direct/a/ok")
        assert (await again(gateway, response)).status == 409
        assert gateway.plexus.gateway.tracer is not None
        gateway.plexus.gateway.tracer.captures.configure(
            gateway.plexus._settings.capture.model_copy(update={"mode": "all"})
        )
        response = await chat(gateway, "direct/a/ok", user="x" * 1_000_001)
        sent = len(upstream.received)
        refused = await again(gateway, response)
        assert (refused.status, refused.json["error"]["code"]) == (409, "not_replayable")
        assert len(upstream.received) == sent


async def test_credentials_of_the_first_client_are_not_sent_again(upstream: RecordedUpstream, tmp_path: Path):
    async with serving(upstream, tmp_path, capture={"mode": "all"}) as gateway:
        response = await gateway.post("/v1/chat/completions", {"model": "direct/a/ok", **HI}, [("x-title", "app")])
        assert (await again(gateway, response)).status == 200
        headers = dict(upstream.received[-1].headers)
        assert headers["x-title"] == "app"
        assert "[redacted]" not in str(headers)
        assert [trace.key for trace in await kept(gateway)] == ["me", "plexus:replay"]
        assert ADMIN_KEY not in str(headers)
