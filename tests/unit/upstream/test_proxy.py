"""Through the proxy that the environment names: in the clear by the whole URL, with TLS by a tunnel; its credentials go to it alone."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

import pytest
from tests.harness.certificates import Certificates

from plexus.providers import Outgoing
from plexus.upstream import client
from plexus.upstream.client import Timeouts, Upstream
from plexus.upstream.reply import Pace

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
CREDENTIALS = b"proxy-authorization: basic dtpw"


class Servers:
    """A proxy and a provider behind it; the heads that each of them got."""

    def __init__(self) -> None:
        self.proxied: list[bytes] = []
        self.asked: list[bytes] = []
        self.tunnels: list[asyncio.Task[None]] = []

    async def proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.proxied.append(head.lower())
        if head.startswith(b"CONNECT "):
            host, _, port = head.split(b" ")[1].decode().rpartition(":")
            there, out = await asyncio.open_connection(host, int(port))
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            self.tunnels.append(asyncio.create_task(piped(there, writer)))
            await piped(reader, out)
            return
        await self.answered(reader, writer)
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                self.proxied.append((await reader.readuntil(b"\r\n\r\n")).lower())
                await self.answered(reader, writer)
        writer.close()

    async def provider(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                self.asked.append((await reader.readuntil(b"\r\n\r\n")).lower())
                await self.answered(reader, writer)
        writer.close()

    async def answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(2) == b"{}"
        writer.write(ANSWER)


async def piped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


@pytest.fixture
async def servers(monkeypatch) -> AsyncIterator[tuple[Servers, dict[str, str], ssl.SSLContext]]:
    """The servers, a provider's address by scheme, and whom to trust."""
    certificates, both = Certificates(), Servers()
    trust = ssl.create_default_context(cadata=certificates.pem().decode())
    proxy = await asyncio.start_server(both.proxy, "127.0.0.1", 0)
    provider = await asyncio.start_server(both.provider, "127.0.0.1", 0, ssl=certificates.server("good"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://u:p@127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
    client._proxy.cache_clear()
    port = provider.sockets[0].getsockname()[1]
    try:
        yield both, {"https": f"https://127.0.0.1:{port}/v1/x", "http": "http://provider.invalid/v1/x?y=1"}, trust
    finally:
        client._proxy.cache_clear()
        await asyncio.gather(*both.tunnels)
        proxy.close()
        provider.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_requests_go_through_the_proxy_over_one_connection(scheme, servers):
    both, urls, trust = servers
    upstream = Upstream(trust=trust)
    try:
        for _ in range(3):
            reply = await upstream.send(Outgoing("POST", urls[scheme], {"x-a": "1"}, b"{}"), Timeouts())
            assert await reply.read(1000, Pace()) == b"hello"
            reply.close()
    finally:
        await upstream.close()
    if scheme == "http":
        starts = {head.split(b"\r\n")[0] for head in both.proxied}
        assert starts == {b"post http://provider.invalid/v1/x?y=1 http/1.1"}
        assert len(both.proxied) == 3
        assert all(CREDENTIALS in head and b"\r\nhost: provider.invalid\r\n" in head for head in both.proxied)
        return
    assert len(both.proxied) == 1
    assert both.proxied[0].startswith(b"connect 127.0.0.1:")
    assert CREDENTIALS in both.proxied[0]
    assert len(both.asked) == 3
    assert all(head.startswith(b"post /v1/x http/1.1\r\n") and b"proxy-" not in head for head in both.asked)
