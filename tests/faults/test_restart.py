"""What a restart must not forget: a target that rests goes on resting, also after a kill."""

import asyncio
import json
import signal
import time

import pytest

from tests.faults.kit import AUTH, body_of, providers
from tests.gateway.running import KEY
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.gateway import Gateway
from tests.harness.raw_client import ask


def config(upstream: FaultUpstream) -> dict:
    return {
        "providers": providers(upstream, ("fault/status-500", "fault/ok"), disable_cooldown=False),
        "keys": {"me": {"secret": KEY}},
    }


async def asked(gateway: Gateway) -> int:
    url = f"{gateway.base_url}/v1/chat/completions"
    return (await ask(url, body_of("chat", "direct/chat/fault/status-500"), AUTH)).status


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_cooldowns_survive_a_restart(how):
    async with FaultUpstream() as upstream:
        gateway = Gateway(config(upstream))
        async with gateway:
            assert await asked(gateway) == 502
            assert await asked(gateway) == 503
            kept = gateway.directory / "data" / "targets.json"
            deadline = time.monotonic() + 15
            while how == signal.SIGKILL and not kept.exists() and time.monotonic() < deadline:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            gateway.signal(how)
            await asyncio.to_thread(gateway.wait)
            [row] = json.loads(kept.read_bytes())["cooldowns"]
            assert (row["provider"], row["model"], row["count"]) == ("chat", "fault/status-500", 1)
            gateway.launch()
            await asyncio.to_thread(gateway.wait_ready)
            assert await asked(gateway) == 503
