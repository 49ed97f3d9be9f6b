"""Which target holds which stored response. In memory, bounded, and each client key sees only its own."""

from collections import OrderedDict

from plexus.ir.chat import ChatResponse
from plexus.ir.target import Target

PROTOCOL = "responses"


class Whereabouts:
    """For each response id seen, the client key it belongs to and the target that holds it. Bounded; the oldest leaves."""

    def __init__(self, size: int = 50_000) -> None:
        """`size` in entries."""
        self._size = size
        self._places: OrderedDict[tuple[str, str], tuple[str, str]] = OrderedDict()

    def saw(self, response: ChatResponse, target: Target, key: str) -> None:
        """Note where an answer of the responses protocol is kept."""
        if response.id and target.protocol == PROTOCOL:
            self._places[key, response.id] = (target.provider, target.model)
            if len(self._places) > self._size:
                self._places.popitem(last=False)

    def of(self, response_id: str, key: str) -> tuple[str, str] | None:
        """Provider and model that hold a response of this client key."""
        return self._places.get((key, response_id))
