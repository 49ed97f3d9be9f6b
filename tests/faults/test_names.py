"""Names of providers that cannot be resolved, or lead to addresses where nobody is (U37)."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from plexus.providers import Outgoing
from plexus.upstream import guard
from plexus.upstream.client import Timeouts, Upstream
from plexus.upstream.failures import UpstreamFailed
from tests.faults.kit import body_of
from tests.gateway.running import provider, running
from tests.harness.fault_upstream import FaultUpstream

BODY = b'{"model":"fault/ok"}'
PATH = "/v1/chat/completions"


class Names(AbstractResolver):
    """A resolver that says what it is told to, in turn; the last for ever. None never answers."""

    def __init__(self, *answers: Sequence[str] | OSError | None) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            await asyncio.get_running_loop().create_future()
        if isinstance(answer, OSError):
            raise answer
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in answer or ()
        ]

    async def close(self) -> None:
        pass


NOT_FOUND = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
FAILED = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


@contextlib.asynccontextmanager
async def upstream_with(names: Names) -> AsyncIterator[Upstream]:
    upstream = Upstream(resolver=names)
    try:
        yield upstream
    finally:
        await upstream.close()


async def status_of(upstream: Upstream, port: int, connect: float = 10.0) -> int:
    outgoing = Outgoing("POST", f"http://provider.test:{port}{PATH}", {"content-type": "application/json"}, BODY)
    reply = await upstream.send(outgoing, Timeouts(connect=connect, first_byte=None))
    reply.close()
    return reply.status


@contextlib.contextmanager
def dead_ends(port: int, addresses: Sequence[str]) -> Iterator[None]:
    """At these addresses connecting neither succeeds nor fails."""
    with contextlib.ExitStack() as held:
        for address in addresses:
            listener = held.enter_context(socket.socket())
            listener.bind((address, port))
            listener.listen(0)
            for _ in range(4):
                filler = held.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
        yield


@pytest.mark.parametrize(
    "answer", [NOT_FOUND, FAILED, (), None], ids=["no such name", "server failed", "empty", "silent"]
)
async def test_u37_a_name_without_addresses_fails_as_such_in_bounded_time_and_is_asked_for_again(answer, monkeypatch):
    monkeypatch.setattr(guard, "_NAME_TIME", 0.05)
    names = Names(answer, ["127.0.0.1"])
    async with FaultUpstream() as fault, upstream_with(names) as upstream:
        with pytest.raises(UpstreamFailed) as failed:
            await status_of(upstream, fault.port)
        assert failed.value.fault.code == "dns"
        assert await status_of(upstream, fault.port) == 200, "that it failed is not remembered"
        assert names.asked == 2


async def test_u37_of_twenty_addresses_the_one_that_answers_is_found():
    refusing = [f"127.0.1.{n}" for n in range(1, 18)]
    swallowing = ["127.0.2.1", "127.0.2.2"]
    async with FaultUpstream() as fault, upstream_with(Names([*swallowing, *refusing, "127.0.0.1"])) as upstream:
        with dead_ends(fault.port, swallowing):
            async with asyncio.timeout(3):
                assert await status_of(upstream, fault.port) == 200


async def test_u37_addresses_that_all_swallow_connections_take_the_time_to_connect_once_not_once_each():
    swallowing = [f"127.0.2.{n}" for n in range(1, 6)]
    async with FaultUpstream() as fault, upstream_with(Names(swallowing)) as upstream:
        with dead_ends(fault.port, swallowing), pytest.raises(UpstreamFailed) as failed:
            async with asyncio.timeout(1.4):
                await status_of(upstream, fault.port, connect=0.3)
        assert failed.value.fault.code == "connect_timeout"


async def test_u37_a_provider_that_moved_is_found_at_its_new_address():
    names = Names(["127.0.3.1"], ["127.0.0.1"])
    async with FaultUpstream() as fault, upstream_with(names) as upstream:
        with pytest.raises(UpstreamFailed) as failed:
            await status_of(upstream, fault.port)
        assert failed.value.fault.code == "connect"
        assert await status_of(upstream, fault.port) == 200
        assert names.asked == 2


async def test_u37_an_address_that_answered_is_remembered():
    names = Names(["127.0.0.1"])
    async with FaultUpstream() as fault, upstream_with(names) as upstream:
        assert await status_of(upstream, fault.port) == 200
        assert set(await asyncio.gather(*(status_of(upstream, fault.port) for _ in range(3)))) == {200}
        assert names.asked == 1
        assert fault.connections == 3


@pytest.mark.parametrize("answer", [NOT_FOUND, None], ids=["no such name", "silent"])
async def test_u37_the_next_target_takes_over_and_others_are_served_meanwhile(answer, monkeypatch):
    monkeypatch.setattr(guard, "_NAME_TIME", 0.3)
    async with FaultUpstream() as fault:
        config = {
            "providers": {
                "lost": provider("http://provider.test:9/v1", "chat", ["fault/ok"]),
                "well": provider(fault.base_url("chat"), "chat", ["fault/ok"]),
            },
            "models": {
                "both": {
                    "selector": "in_order",
                    "targets": [{"provider": name, "model": "fault/ok"} for name in ("lost", "well")],
                }
            },
        }
        async with running(config) as gateway, upstream_with(Names(answer)) as upstream:
            own, gateway.plexus.gateway.upstream = gateway.plexus.gateway.upstream, upstream
            waiting = asyncio.create_task(gateway.post(PATH, body_of("chat", "both")))
            direct = await gateway.post(PATH, body_of("chat", "direct/well/fault/ok"))
            assert direct.status == 200
            assert answer is not None or not waiting.done()
            assert (await waiting).status == 200
            gateway.plexus.gateway.upstream = own
        tried = [attempt.fault for attempt in gateway.records[-1].attempts]
        assert tried[0] is not None
        assert tried[0].code == "dns"
