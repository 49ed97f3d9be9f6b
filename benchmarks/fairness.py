"""How long others wait for Plexus while one client has a stream of very many tiny events, and what idle connections take.

    python -m benchmarks.fairness                    1,000,000 events in pass-through and translated, 10,000 idle connections
    python -m benchmarks.fairness --events 100000

Ratios are within one run: the second client's wait during the stream by its wait before it. Starts and stops all it needs.
"""

import argparse
import asyncio
import resource
import secrets
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks import bodies
from benchmarks.processes import Server, cores, free_port, http, python

KEY = "sk-plexus-bench"
HEADERS = {"authorization": f"Bearer {KEY}", "anthropic-version": "2023-06-01"}
HEALTH = b"GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
EVENT = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"bench-chat",'
    b'"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}\n\n'
)
LAST = EVENT.replace(b'{"content":"x"}', b"{}").replace(b"null", b'"stop"') + b"data: [DONE]\n\n"
CONFIG = """
providers:
  torrent: {{type: openai-compatible, api_base_url: "http://127.0.0.1:{upstream}/v1", api_key: sk-x, models: [bench-chat]}}
keys:
  bench: {{secret: {key}}}
"""


async def torrent(port: int, events: int) -> None:
    """The upstream: answers every request with this many events, as fast as they are taken."""
    block = EVENT * 500

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
        for _ in range(events // 500):
            writer.write(block)
            await writer.drain()
        writer.write(LAST)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", port) as server:
        await server.serve_forever()


def waits(port: int, until: threading.Event) -> list[float]:
    """Milliseconds of one small request after the other, sorted."""
    found = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        while not until.is_set():
            began = time.perf_counter()
            connection.sendall(HEALTH)
            connection.recv(65_536)
            found.append((time.perf_counter() - began) * 1000)
            time.sleep(0.002)
    return sorted(found)


def drain(port: int, request: bytes) -> float:
    """Seconds to read a whole stream."""
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request)
        last = b""
        while not last.endswith(b"0\r\n\r\n"):
            piece = connection.recv(262_144)
            if not piece:
                break
            last = (last + piece)[-16:]
    return time.perf_counter() - began


def beside(port: int, request: bytes | None, quiet: float = 3.0) -> tuple[list[float], float]:
    """The waits of a second client, and how long the stream took (or nothing went on)."""
    until, found = threading.Event(), []
    prober = threading.Thread(target=lambda: found.extend(waits(port, until)))
    prober.start()
    if request is None:
        time.sleep(quiet)
        taken = quiet
    else:
        taken = drain(port, request)
    until.set()
    prober.join()
    return found, taken


def idle(server: Server, count: int) -> float:
    """KB of resident memory for each of so many connections that say nothing."""
    before = server.resident()
    held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(count)]
    time.sleep(1)
    grown = server.resident() - before
    for connection in held:
        connection.close()
    return grown * 1024 / count


def at(share: float, found: list[float]) -> float:
    return found[min(len(found) - 1, int(len(found) * share))]


def main() -> int:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--torrent", type=int, default=0, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.torrent:
        asyncio.run(torrent(asked.torrent, asked.events))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    pair = cores() or (None, None)
    with tempfile.TemporaryDirectory() as name:
        room, source, port = Path(name), free_port(), free_port()
        (room / "plexus.yaml").write_text(CONFIG.format(upstream=source, key=KEY))
        command = python("benchmarks.fairness", "--torrent", str(source), "--events", str(asked.events))
        upstream = Server("torrent", command, source, room / "upstream.log", pair[1], {})
        command = python("plexus", "serve", "--config", str(room / "plexus.yaml"), "--port", str(port))
        env = {"ADMIN_KEY": secrets.token_urlsafe(32), "DATA_DIR": str(room), "LOG_LEVEL": "warning"}
        plexus = Server("plexus", command, port, room / "plexus.log", pair[0], env)
        try:
            plexus.answer(HEALTH)
            measure(plexus, asked.events, asked.idle)
        finally:
            plexus.stop()
            upstream.stop()
    return 0


def measure(plexus: Server, events: int, connections: int) -> None:
    """Prints what was found."""
    model = "direct/torrent/bench-chat"
    requests = {
        "pass-through": http("/v1/chat/completions", bodies.chat_request(model, stream=True), HEADERS),
        "translated": http("/v1/messages", bodies.messages_request(model, stream=True), HEADERS),
    }
    for name, request in requests.items():
        drain(plexus.port, request)
        quiet, _ = beside(plexus.port, None)
        cpu = plexus.cpu()
        busy, taken = beside(plexus.port, request)
        told = [f"p{int(share * 100)} {at(share, quiet):.2f} → {at(share, busy):.2f} ms" for share in (0.5, 0.99)]
        told.append(f"{at(0.99, busy) / at(0.99, quiet):.1f} times")
        print(f"{name}: {events} events in {taken:.2f} s, {plexus.cpu() - cpu:.2f} s of CPU; others: {', '.join(told)}")
    print(f"{connections} idle connections: {idle(plexus, connections):.1f} KB each")


if __name__ == "__main__":
    sys.exit(main())
