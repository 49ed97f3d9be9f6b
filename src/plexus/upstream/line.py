"""A pooled connection that can tell whether it had gone stale before the request it carries. It sends nothing itself.

A provider closes a connection that idled for long, now and then in the very moment in which it is used again. Such a request
may be sent once more: the connection had served before, not a byte of an answer came, and it was lost at once.
"""

import functools
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

_AT_ONCE = 2.0
"""Seconds within which a stale connection shows; one that is lost later was lost while the provider worked."""


class StaleConnection(aiohttp.ServerDisconnectedError):
    """The connection was gone before the request could reach anybody who answers."""


class Line(ResponseHandler):
    """A connection that knows how many requests it has carried, and whether the last of them was answered by a byte."""

    carried = 0
    _heard = False
    _sent = 0.0

    def carries(self) -> None:
        """A request is about to be sent.

        Raises:
            StaleConnection: when something came that nobody had asked for; it must not be taken for the answer.
        """
        if self.carried and self.should_close:
            raise StaleConnection
        self.carried += 1
        self._heard = False
        self._sent = self._loop.time()

    @property
    def stale(self) -> bool:
        """Whether losing it now means that it was lost before its last request."""
        return self.carried > 1 and not self._heard and self._loop.time() - self._sent < _AT_ONCE

    def data_received(self, data: bytes) -> None:
        """Note that something came."""
        self._heard = True
        super().data_received(data)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """Tell a stale connection from one that broke."""
        if isinstance(exc, (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)) and self.stale:
            exc = StaleConnection()
        super().set_exception(exc, *cause)


class Lines(aiohttp.TCPConnector):
    """A pool of such connections."""

    def __init__(self, **options: Any) -> None:
        """As aiohttp's, which has no public way to say what its connections are made of."""
        super().__init__(**options)
        made: Callable[..., ResponseHandler] = Line
        self._factory = functools.partial(made, loop=self._loop)
