"""Which target served a session, so that its next request finds its prompt cache. Bounded; the longest unused is forgotten.

It only proposes: a plan puts the target first if it may be used at all, and ignores it otherwise.
"""

from collections import OrderedDict

from msgspec import Struct
from msgspec.structs import replace

from plexus.routing.session_id import of_response

_CONTINUES = "responses"
"""The protocol whose requests name the response they go on from."""


class SessionKey(Struct, frozen=True):
    """Whose session, in which protocol, through which alias: nothing of it is shared with another key, protocol or alias."""

    client_key: str
    protocol: str
    alias: str
    session: str


class Sessions:
    """The affinities of one process."""

    def __init__(self, size: int = 10_000) -> None:
        """`size` in sessions; it may be changed at any time, and 0 keeps none."""
        self.size = size
        self._targets: OrderedDict[SessionKey, tuple[str, str]] = OrderedDict()

    def __len__(self) -> int:
        """How many sessions are kept."""
        return len(self._targets)

    def target(self, key: SessionKey) -> tuple[str, str] | None:
        """Provider and model that served the session last. Being asked for keeps a session from being forgotten."""
        found = self.known(key)
        if found is not None:
            self._targets.move_to_end(key)
        return found

    def known(self, key: SessionKey) -> tuple[str, str] | None:
        """The same for somebody who only looks."""
        return self._targets.get(key)

    def served(self, key: SessionKey, provider: str, model: str) -> None:
        """The target has answered a request of the session."""
        self._targets[key] = (provider, model)
        self._targets.move_to_end(key)
        while len(self._targets) > self.size:
            self._targets.popitem(last=False)

    def answered(self, key: SessionKey, response_id: str, provider: str, model: str) -> None:
        """As `served`, and a request that continues this very response belongs to the session too."""
        if key.session:
            self.served(key, provider, model)
        if response_id and key.protocol == _CONTINUES:
            self.served(replace(key, session=of_response(response_id).id), provider, model)

    def forget(self, provider: str, model: str | None = None) -> int:
        """End all affinities to a provider, or to exactly one of its models. Returns how many there were."""
        gone = [key for key, (name, own) in self._targets.items() if name == provider and model in (None, own)]
        for key in gone:
            del self._targets[key]
        return len(gone)
