"""The configuration changes while requests are served: each finishes on the one it began with, and a bad one changes nothing (P11, P12)."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from plexus.settings.schema import Settings
from tests.faults.kit import AUTH, PROTOCOLS, body_of, path_of
from tests.faults.told import told
from tests.gateway.running import KEY, Running, provider, running
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.gateway import Gateway
from tests.harness.raw_client import RawClient, request

MODELS = ["fault/ok", "fault/late-1", "fault/paced-150"]
KEYS = {"keys": {"me": {"secret": KEY}}}


async def configured(gateway: Running, config: Mapping[str, Any]) -> None:
    await gateway.plexus.configure(Settings.model_validate({**KEYS, **config}))


@pytest.mark.parametrize("client", PROTOCOLS)
async def test_p11_a_stream_goes_on_when_its_provider_its_key_and_its_limits_are_gone(client):
    async with FaultUpstream() as upstream:
        before = {"providers": {"p": provider(upstream.base_url("chat"), "chat", MODELS, max_concurrency=1)}}
        async with running(before) as gateway:
            name = "direct/p/fault/paced-150"
            body = body_of(client, name, stream=True)
            async with await RawClient.connect(gateway.url) as under_way:
                await under_way.send(request("POST", path_of(client, name, stream=True), body, AUTH))
                await under_way.read_until(b"200 OK")
                await gateway.plexus.configure(
                    Settings.model_validate(
                        {"keys": {"you": {"secret": "sk-other-0123456789"}}, "limits": {"sse_event": "2KB"}}
                    )
                )
                refused = await gateway.post(path_of(client, name), body_of(client, name))
                answer = await under_way.read_response()
            assert refused.status == 401
            assert (answer.status, answer.complete) == (200, True)
            assert told(client, answer.body).normal
            assert gateway.records[-1].row.key == "me"
            assert gateway.plexus.gateway.traffic.line.slots.listing() == []


async def test_p11_a_request_fails_over_along_the_targets_it_began_with():
    async with FaultUpstream(tempo=0.3) as first, FaultUpstream() as second:
        slow = provider(first.base_url("chat"), "chat", MODELS, timeout={"first_byte": "200ms"})
        well = provider(second.base_url("chat"), "chat", ["fault/ok"])
        targets = [{"provider": "slow", "model": "fault/late-1"}, {"provider": "well", "model": "fault/ok"}]
        config = {
            "providers": {"slow": slow, "well": well},
            "models": {"both": {"selector": "in_order", "targets": targets}},
        }
        async with running(config) as gateway:
            asking = asyncio.create_task(gateway.post(path_of("chat", "both"), body_of("chat", "both")))
            await first.wait_received(1)
            await configured(gateway, {"providers": {"slow": slow}})
            assert (await asking).status == 200
            assert len(second.received) == 1
            gone = await gateway.post(path_of("chat", "both"), body_of("chat", "both"))
            assert gone.status == 404


async def test_p11_under_constant_change_no_request_fails():
    """A hundred changes while four clients ask without pause."""
    async with FaultUpstream() as upstream:
        base = upstream.base_url("chat")

        def config(number: int) -> dict[str, Any]:
            one = provider(base, "chat", MODELS, max_concurrency=3 + number % 2, headers={"x-number": str(number)})
            target = [{"provider": f"p{number % 3}", "model": "fault/ok"}]
            return {"providers": {f"p{number % 3}": one}, "models": {"always": {"targets": target}}}

        async with running(config(0)) as gateway:
            stop = asyncio.Event()

            async def ask_on(client: str) -> list[int]:
                statuses = []
                while not stop.is_set():
                    body = body_of(client, "always", stream=True)
                    statuses.append((await gateway.post(path_of(client, "always", stream=True), body)).status)
                return statuses

            asking = [asyncio.create_task(ask_on(client)) for client in PROTOCOLS]
            for number in range(1, 101):
                await configured(gateway, config(number))
                for _ in range(5):
                    await asyncio.sleep(0)
            await upstream.wait_received(8)
            stop.set()
            statuses = [status for one in await asyncio.gather(*asking) for status in one]
            assert set(statuses) == {200}
            assert gateway.plexus.gateway.traffic.line.slots.listing()[0].count == 0


def good(*names: str) -> dict[str, Any]:
    return {"providers": {"p": provider("http://127.0.0.1:9/v1", "chat", list(names))}, **KEYS}


RING = {"a": {"targets": [{"alias": "b"}]}, "b": {"targets": [{"alias": "a"}]}}
BAD: dict[str, str] = {
    "an unknown field": json.dumps({**good("x"), "modles": {}}),
    "an unknown kind of provider": json.dumps(
        {"providers": {"p": {"type": "nobody", "api_key": "k", "models": ["x"]}}}
    ),
    "an alias to an unknown provider": json.dumps(
        {**good("x"), "models": {"a": {"targets": [{"provider": "q", "model": "x"}]}}}
    ),
    "a ring of aliases": json.dumps({**good("x"), "models": RING}),
    "a wrong type": json.dumps({**good("x"), "limits": {"body": "much"}}),
    "a variable that is not set": "providers: {p: {api_base_url: '${NOBODY_SETS_THIS}', api_key: k, models: [x]}}",
    "no YAML": "providers: [unclosed",
    "bytes that are no text": "\x00\x01providers",
    "nothing": "",
    "a list": "- a\n- b\n",
    "ten times too much": "# " + "x" * 100 + "\n" + "a: [" + "x, " * 12_000_000 + "]",
    "billions of laughs": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)),
}


async def test_p12_whatever_is_wrong_is_refused_as_a_whole_and_the_last_good_one_stays():
    async def names(gateway: Gateway) -> list[str]:
        status, body = await asyncio.to_thread(gateway.get, "/v1/models", dict(AUTH))
        assert status == 200
        return [model["id"] for model in json.loads(body)["data"]]

    async def until_output(gateway: Gateway, word: str, count: int) -> None:
        async with asyncio.timeout(10):
            while gateway.output.count(word) < count:  # noqa: ASYNC110 - a file of another process
                await asyncio.sleep(0.02)

    async with Gateway(good("first")) as gateway:
        for number, (what, text) in enumerate(BAD.items(), 1):
            gateway.write_config(text)
            await until_output(gateway, "the configuration file is refused", number)
            assert await names(gateway) == ["first"], what
            assert gateway.get("/health/ready")[0] == 200
        gateway.write_config(good("last"))
        await until_output(gateway, "configuration reloaded", 1)
        assert await names(gateway) == ["last"]
        assert "Traceback" not in gateway.output
