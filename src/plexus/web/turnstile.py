"""Where requests come in: each is counted as soon as its head is there, and refused there when there is no room for it.

A request that came whole in one piece, as small ones do, is then refused without being parsed. What is not clear at a glance is
parsed as usual, and its body dropped.
"""

from plexus.web.cycle import App, Cycle
from plexus.web.head_rules import HeadRules
from plexus.web.overload import Load
from plexus.web.refusals import Refusals

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_LARGEST = 8192
"""Bytes of a head that is looked at."""
_ALWAYS = frozenset({b"/", b"/health", b"/health/ready", b"/metrics"})
_MANAGEMENT = b"/v0/"


def always(path: bytes) -> bool:
    """Whether it is served however busy the process is: who looks after it must be able to."""
    return path in _ALWAYS or path.startswith(_MANAGEMENT)


def whole_head(data: bytes) -> bytes | None:
    """The head, in small letters, of what is exactly one POST request beyond doubt; None for all else.

    Whoever reads a length or a coding into the head in another way must not find a further request in the bytes: then they are
    parsed. What a refusal has to know of the head is in it, however odd the rest of it is.
    """
    if not data.startswith(b"POST /"):
        return None
    end = data.find(_HEAD_END, 0, _LARGEST)
    if end < 0:
        return None
    head = data[:end].lower()
    at = head.find(_LENGTH)
    if at < 0 or head.count(b"content-length") != 1 or b"transfer-encoding" in head or b"upgrade" in head:
        return None
    if b"\nexpect" in head or (b"\nconnection" in head and b"\nconnection: keep-alive\r\n" not in head):
        return None
    length = head[at + len(_LENGTH) :].partition(b"\r\n")[0].strip(b" ")
    if not length.isdigit() or len(data) != end + 4 + int(length):
        return None
    return head if head.endswith(b" http/1.1", 0, head.find(b"\r\n")) else None


class Turnstile(HeadRules):
    """The parser with its rules, and a count. The class attributes are to be set on a subclass."""

    load: Load
    refusals: Refusals
    turned_away: App
    """The ASGI application that says why a request is not taken; in the scope's `refused` it finds the reason."""
    _counted = False
    """Whether the request whose turn it is counts."""

    def data_received(self, data: bytes) -> None:
        """Parse, unless it is refused unread."""
        load = self.load
        if load.full:
            since = load.time()
            if self._refused_unread(data):
                load.aside(since)
                return
        super().data_received(data)

    def _begins(self, cycle: Cycle) -> App:
        if self.load.full and not always(cycle.scope["raw_path"]):
            cycle.scope["refused"] = self.load.turned_away()
            return self.turned_away
        self.load.begin()
        self._counted = True
        return super()._begins(cycle)

    def _ended(self) -> None:
        super()._ended()
        if self._counted:
            self._counted = False
            self.load.end()

    def _refused_unread(self, data: bytes) -> bool:
        """Whether these bytes are one whole request, and it is refused."""
        if self._last or self._deaf or self._in_head or self.transport.closing:
            return False
        if self.cycle is not None and not self.cycle.response_complete:
            return False
        head = whole_head(data)
        if head is None:
            return False
        path = head[5 : head.find(b" ", 5)].partition(b"?")[0]
        if always(path):
            return False
        self._fresh = False
        self._done("head")
        self._idles()
        why = self.load.turned_away()
        self.transport.write(self.refusals.said(why, path, head, self.server_state.default_headers))
        return True
