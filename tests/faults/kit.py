"""What the tests of faults share: one request in each protocol, and gateways whose providers misbehave as their model is named."""

import asyncio
import time
from typing import Any

from tests.gateway.running import KEY
from tests.harness.fault_upstream import FAULTS, FaultUpstream
from tests.harness.raw_client import RawClient

PROTOCOLS = ("chat", "messages", "responses", "gemini")
UPSTREAM_KEY = "sk-upstream-canary-4f9d1c77aa"
PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}
MINIMAL: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "hi"}]},
    "responses": {"input": "hi"},
    "messages": {"max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
}
AUTH = [("authorization", f"Bearer {KEY}")]
NAMES = tuple(dict.fromkeys(f"fault/{name.replace('N', number)}" for name in FAULTS for number in ("3", "6")))
"""Every fault, those with a number as 3 (before the text of most streams begins) and as 6 (within it)."""


def path_of(protocol: str, model: str, *, stream: bool = False) -> str:
    """Where a request of this protocol goes."""
    if protocol != "gemini":
        return PATHS[protocol]
    return f"/v1beta/models/{model}:" + ("streamGenerateContent?alt=sse" if stream else "generateContent")


def body_of(protocol: str, model: str, *, stream: bool = False, **more: Any) -> dict[str, Any]:
    """The smallest request, with these fields added."""
    named = {} if protocol == "gemini" else {"model": model, **({"stream": True} if stream else {})}
    return {**MINIMAL[protocol], **named, **more}


def model_at(upstream: str, fault: str) -> str:
    """The name under which a client reaches a fault in an upstream protocol."""
    return f"direct/{upstream}/fault/{fault.removeprefix('fault/')}"


def providers(upstream: FaultUpstream, names: tuple[str, ...] = NAMES, **more: Any) -> dict[str, Any]:
    """One provider for each protocol, each with all these models."""
    return {
        protocol: {
            "api_base_url": {protocol: upstream.base_url(protocol)},
            "api_key": UPSTREAM_KEY,
            "disable_cooldown": True,
            "models": list(names),
            **more,
        }
        for protocol in PROTOCOLS
    }


def error_shape(protocol: str, body: Any) -> bool:
    """Whether a body is an error as this protocol's clients read it."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return False
    if protocol == "messages":
        return body.get("type") == "error" and isinstance(error.get("type"), str)
    if protocol == "gemini":
        return isinstance(error.get("code"), int) and isinstance(error.get("status"), str)
    return isinstance(error.get("type"), str) and {"param", "code"} <= error.keys()


async def cut_late(url: str, head: bytes, due: float = 10.0) -> float:
    """Seconds by which a connection on which this head dribbles is closed too late; less than none when it is too early.

    Late by a timer of this loop, set when the connection is there: what holds everything up makes that late too. Early by the
    moment before connecting: the connection may be there long before this loop comes to know.
    """
    began = time.monotonic()
    async with await RawClient.connect(url) as client:
        timer = asyncio.create_task(_rung(due))
        endless = asyncio.create_task(client.dribble(head, pause=0.5))
        await client.read_to_end(due + 10)
        closed = time.monotonic()
        endless.cancel()
        late = closed - await timer
        return late if late >= 0 else min(closed - began - due, 0.0)


async def _rung(after: float) -> float:
    await asyncio.sleep(after)
    return time.monotonic()
