"""Addresses that fail before HTTP begins: refused, never accepted, accepted and mute (U01, U02, U03, U38)."""

import contextlib
import socket
from collections.abc import Iterator


def _listener(backlog: int) -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(backlog)
    return listener


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextlib.contextmanager
def refused() -> Iterator[str]:
    """The URL of a port that is taken but not listened on: connecting is refused."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield _url(bound)


@contextlib.contextmanager
def blackhole() -> Iterator[str]:
    """The URL of a listener whose queue is full: connecting neither succeeds nor fails."""
    with contextlib.ExitStack() as held:
        listener = held.enter_context(_listener(0))
        for _ in range(4):
            filler = held.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield _url(listener)


@contextlib.contextmanager
def mute() -> Iterator[str]:
    """The URL of a listener whose connections succeed and are never read or answered; a TLS handshake stalls there."""
    with _listener(128) as listener:
        yield _url(listener)
