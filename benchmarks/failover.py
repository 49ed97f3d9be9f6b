"""What failover costs: `python -m benchmarks.failover`. One of three targets fails in one way; how many are served, how late.

The gateway and the misbehaving upstream are processes of their own; 16 connections ask until the count is reached.
"""

import argparse
import asyncio
import statistics
import sys
import time

from tests.faults.kit import AUTH, body_of
from tests.gateway.running import KEY
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.gateway import Gateway
from tests.harness.raw_client import ask

LIMIT = 0.4
"""Seconds the bad target is given."""
FAULTS = (
    "silent",
    "hang-after-headers",
    "reset-before-headers",
    "status-500",
    "error-in-200",
    "first-event-error",
    "flap-2",
)


def config(bad: FaultUpstream, well: FaultUpstream, fault: str, *, broken: bool) -> dict:
    good = {"api_base_url": {"chat": well.base_url("chat")}, "api_key": "k", "models": ["fault/ok"]}
    limits = {"connect": LIMIT, "first_byte": LIMIT, "idle": LIMIT, "total": 2 * LIMIT}
    ill = {
        "api_base_url": {"chat": bad.base_url("chat")},
        "api_key": "k",
        "models": [f"fault/{fault}"],
        "timeout": limits,
    }
    first = {"provider": "bad", "model": f"fault/{fault}"} if broken else {"provider": "one", "model": "fault/ok"}
    rest = [{"provider": name, "model": "fault/ok"} for name in ("two", "three")]
    return {
        "providers": {"bad": ill, "one": good, "two": good, "three": good},
        "models": {"m": {"targets": [first, *rest], "selector": "random"}},
        "keys": {"me": {"secret": KEY}},
        # a cooldown would hide the target after its first failure: it is to fail again and again
        "cooldown": {"initial": "1s", "max": "1s"},
    }


async def asked(config: dict, count: int) -> tuple[float, float, float]:
    """Share served, and p50 and p99 in milliseconds."""
    async with Gateway(config, env={"LOG_LEVEL": "error"}) as gateway:
        left, times, served = iter(range(count)), [], []

        async def one_after_the_other() -> None:
            for number in left:
                began = time.perf_counter()
                answer = await ask(
                    f"{gateway.base_url}/v1/chat/completions", body_of("chat", "m", stream=bool(number % 2)), AUTH
                )
                times.append((time.perf_counter() - began) * 1000)
                served.append(answer.status == 200 and b"error" not in answer.body)

        await asyncio.gather(*(one_after_the_other() for _ in range(16)))
    return statistics.fmean(served), statistics.median(times), statistics.quantiles(times, n=100)[98]


async def main(count: int) -> int:
    print("| fault | served | p50 ms | p99 ms | p99 added | allowed |\n|---|--:|--:|--:|--:|--:|")
    met = True
    async with FaultUpstream() as bad, FaultUpstream() as well:
        _, _, quiet = await asked(config(bad, well, "ok", broken=False), count)
        for fault in FAULTS:
            share, p50, p99 = await asked(config(bad, well, fault, broken=True), count)
            allowed = (LIMIT if fault in FAULTS[:2] else 0) * 1000 + 50
            met &= share >= 0.999 and p99 - quiet <= allowed
            print(f"| {fault} | {share:.2%} | {p50:.1f} | {p99:.1f} | {p99 - quiet:+.1f} | {allowed:.0f} |", flush=True)
    return 0 if met else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.failover", description=__doc__)
    parser.add_argument("--count", type=int, default=600, help="requests for each fault")
    sys.exit(asyncio.run(main(parser.parse_args().count)))
