"""Providers whose certificate is not to be trusted, or whose TLS breaks off: refused, told apart, and the next target serves (U38)."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.kit import AUTH, body_of
from tests.gateway.running import KEY, provider
from tests.harness import ports
from tests.harness.certificates import Certificates
from tests.harness.fault_upstream import FaultUpstream
from tests.harness.gateway import Gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")
KINDS = ("expired", "wrong-host", "self-signed")
BROKEN = ("closes", "resets", "speaks-plainly")
PATH = "/v1/chat/completions"


class Fixture:
    """A gateway that trusts one authority, and what it reached: `upstreams` by kind of certificate."""

    def __init__(self, gateway: Gateway, upstreams: dict[str, FaultUpstream], dialled: dict[str, int]) -> None:
        self.gateway, self.upstreams, self.dialled = gateway, upstreams, dialled

    async def ask(self, model: str) -> tuple[int, dict[str, str], bytes]:
        return await asyncio.to_thread(self.gateway.post, PATH, body_of("chat", model), dict(AUTH))

    def failures(self) -> list[dict[str, object]]:
        """What was logged of attempts that failed."""
        lines = [line for line in self.gateway.output.splitlines() if line.startswith("{")]
        return [entry for entry in map(json.loads, lines) if entry["event"] == "attempt failed"]


async def _broken(kind: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        await reader.read(20 if kind == "resets" else 65536)  # with the rest unread, closing resets
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" if kind == "speaks-plainly" else b"")
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def tls(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fixture]:
    certificates = Certificates()
    trusted = tmp_path_factory.mktemp("trust") / "authority.pem"
    trusted.write_bytes(certificates.pem())
    dialled = dict.fromkeys(BROKEN, 0)
    async with contextlib.AsyncExitStack() as stack:
        upstreams = {
            kind: await stack.enter_async_context(FaultUpstream(tls=certificates.server(kind)))
            for kind in ("good", "expired", "wrong-host", "self-signed")
        }
        urls = {kind: upstream.base_url("chat") for kind, upstream in upstreams.items()}
        for kind in BROKEN:

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kind: str = kind) -> None:
                dialled[kind] += 1
                await _broken(kind, reader, writer)

            server = await stack.enter_async_context(await asyncio.start_server(serve, "127.0.0.1", 0))
            urls[kind] = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        urls["mute"] = stack.enter_context(ports.mute()).replace("http:", "https:") + "/v1"
        config = {
            "providers": {
                kind: provider(url, "chat", ["fault/ok"], timeout={"connect": "0.5s"} if kind == "mute" else {})
                for kind, url in urls.items()
            },
            "models": {
                f"after-{kind}": {
                    "selector": "in_order",
                    "targets": [{"provider": name, "model": "fault/ok"} for name in (kind, "good")],
                }
                for kind in urls
                if kind != "good"
            },
            "keys": {"me": {"secret": KEY}},
        }
        env = {"SSL_CERT_FILE": str(trusted), "LOG_FORMAT": "json"}
        gateway = await stack.enter_async_context(Gateway(config, env=env))
        yield Fixture(gateway, upstreams, dialled)


async def test_u38_a_certificate_of_a_trusted_authority_is_accepted(tls):
    assert (await tls.ask("direct/good/fault/ok"))[0] == 200


@pytest.mark.parametrize("kind", [*KINDS, *BROKEN, "mute"])
async def test_u38_any_other_is_refused_before_a_byte_of_the_request_is_sent(kind, tls):
    before = dict(tls.dialled)
    status, _, body = await tls.ask(f"direct/{kind}/fault/ok")
    assert status == (504 if kind == "mute" else 502)
    code = json.loads(body)["error"]["code"]
    assert code == ("connect_timeout" if kind == "mute" else "tls")
    assert b"127.0.0.1" not in body
    assert b"CERTIFICATE" not in body
    if kind in tls.upstreams:
        assert tls.upstreams[kind].received == []
    if kind in before:
        assert tls.dialled[kind] == before[kind] + 1, "the same target is not tried again"


@pytest.mark.parametrize("kind", [*KINDS, *BROKEN, "mute"])
async def test_u38_the_next_target_serves(kind, tls):
    before = len(tls.failures())
    status, headers, _ = await tls.ask(f"after-{kind}")
    assert status == 200
    assert headers["x-plexus-provider"] == "good"
    failures = tls.failures()[before:]
    assert [failure["provider"] for failure in failures] == [kind]
