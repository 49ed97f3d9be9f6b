"""How a connection ends when the client may still be sending: the answer is delivered first, not lost to a reset.

A socket closed with unread bytes in it resets the connection, and a reset overtakes the answer (RFC 9112, 9.6). So the
sending side ends at once, and what still comes in is dropped for a moment.
"""

import asyncio
import contextlib
from collections.abc import Callable

from plexus.core.outbox import outbox

LINGER = 2.0
"""Seconds a client gets to notice that it has its answer."""


class Parting:
    """A transport with another way of closing; everything else is the transport's own."""

    __slots__ = (
        "_held",
        "_loop",
        "_outbox",
        "_sending",
        "_timer",
        "_transport",
        "closing",
        "pause_reading",
        "resume_reading",
    )

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, sending: Callable[[], bool]
    ) -> None:
        """`sending` tells whether the client is in the middle of a request."""
        self._transport, self._loop, self._sending = transport, loop, sending
        self._outbox = outbox(loop)
        self._timer: asyncio.TimerHandle | None = None
        self.closing = False
        self._held = b""
        self.pause_reading, self.resume_reading = transport.pause_reading, transport.resume_reading

    def write(self, data: bytes) -> None:
        """Send it."""
        if self._held:
            data, self._held = self._held + data, b""
        self._transport.write(data)

    def soon(self, data: bytes) -> None:
        """Send it together with what is written next, in a moment at the latest: one packet, not two."""
        self._held += data
        self._outbox.add(self._release)

    def _release(self) -> None:
        if self._held:
            data, self._held = self._held, b""
            self._transport.write(data)

    def is_closing(self) -> bool:
        """Whether nothing more will be sent."""
        return self.closing or self._transport.is_closing()

    def close(self) -> None:
        """Close once what was written is sent; linger when the client is still sending."""
        if self.is_closing():
            return
        self._release()
        if self._sending() and self._transport.can_write_eof():
            self.linger()
        else:
            self._transport.close()

    def linger(self) -> None:
        """End the sending side and close a little later."""
        self._release()
        self.closing = True
        with contextlib.suppress(OSError):  # it may be gone already
            self._transport.write_eof()
        if not self._transport.is_reading():
            self._transport.resume_reading()
        self._timer = self._loop.call_later(LINGER, self._transport.abort)

    def abort(self) -> None:
        """Close now, whatever was not sent."""
        self._transport.abort()

    def lost(self) -> None:
        """The connection is gone."""
        self.closing, self._held = True, b""
        if self._timer is not None:
            self._timer.cancel()
