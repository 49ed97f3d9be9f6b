"""What a plan costs: the decision of one request for an alias of ten targets, by selector, in this process. No sockets."""

import asyncio
import time

from plexus.app import Plexus, protocols, selectors
from plexus.core.raw_object import RawObject
from plexus.pipeline.call import Call
from plexus.pipeline.targets import decide
from plexus.routing.measurements import Sample
from plexus.settings.bounds import Sessions
from plexus.settings.schema import Settings

TARGETS = 10
GOAL_US = 30.0
_BODY = b'{"model": "m", "max_tokens": 200, "messages": [{"role": "user", "content": "How are you?"}]}'
_ROUNDS, _TIMES = 5, 400


CONVERSATION = "finding the conversation"


def costs() -> dict[str, float]:
    """Microseconds of one decision, by selector: the best of some rounds, since what else runs only makes it longer.

    Which conversation a request belongs to is found before its plan, and has a line of its own.
    """
    return asyncio.run(_costs())


async def _costs() -> dict[str, float]:
    names = sorted(selectors())
    provider = {"api_base_url": {"chat": "http://127.0.0.1:9/v1"}, "api_key": "k", "max_concurrency": 100}
    price = {"pricing": {"source": "simple", "input": 1.0, "output": 2.0}}
    targets = [{"provider": f"p{n}", "model": "m"} for n in range(TARGETS)]
    settings = Settings.model_validate(
        {
            "providers": {f"p{n}": {**provider, "models": {"m": price}} for n in range(TARGETS)},
            "models": {name: {"targets": targets, "selector": name} for name in names},
            "keys": {"me": {"secret": "sk-bench-0123456789"}},
            "sessions": {"sticky": False},
        }
    )
    plexus = Plexus(settings)
    await plexus.start()
    try:
        gateway = plexus.gateway
        now = gateway.clock.wall()
        for n in range(TARGETS):
            sample = Sample(ttft=0.1 * n, throughput=100.0 - n, end_to_end=50.0 + n)
            gateway.traffic.measurements.took(f"p{n}", "m", now, sample)
        found = {name: min(_round(plexus, name) for _ in range(_ROUNDS)) for name in names}
        await plexus.configure(settings.model_copy(update={"sessions": Sessions(sticky=True)}))
        found[CONVERSATION] = min(_round(plexus, "in_order") for _ in range(_ROUNDS)) - found["in_order"]
        return found
    finally:
        await plexus.stop()


def _round(plexus: Plexus, alias: str) -> float:
    gateway, protocol = plexus.gateway, protocols()["chat"]
    found = gateway.snapshot.keyring.authenticate("sk-bench-0123456789")
    assert found is not None
    calls = [
        Call(
            protocol=protocol,
            body=RawObject(_BODY),
            model=alias,
            stream=False,
            headers=[],
            request_id="r",
            key=found.key,
            attribution=None,
            snapshot=gateway.snapshot,
            started=0.0,
        )
        for _ in range(_TIMES)
    ]
    began = time.process_time()
    for call in calls:
        decide(call, gateway)
    return (time.process_time() - began) / _TIMES * 1e6


if __name__ == "__main__":
    for selector, microseconds in costs().items():
        print(f"{selector:26} {microseconds:6.1f} µs")
