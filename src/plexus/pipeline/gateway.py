"""What the line of a request needs besides the request: wired once by the composition root."""

from collections.abc import Callable

from plexus.core.clock import Clock
from plexus.pipeline.account import Sink
from plexus.pipeline.opaque_state import OpaqueState
from plexus.pipeline.snapshot import Snapshot
from plexus.pipeline.whereabouts import Whereabouts
from plexus.upstream.client import Upstream


class Gateway:
    """The parts of a running gateway. `snapshot` is replaced whole when the configuration changes."""

    def __init__(
        self,
        *,
        snapshot: Snapshot,
        upstream: Upstream,
        sink: Sink,
        clock: Clock,
        dice: Callable[[], float],
        state: OpaqueState,
        whereabouts: Whereabouts,
    ) -> None:
        """All parts come from outside; `dice` gives numbers in [0, 1)."""
        self.snapshot, self.upstream, self.sink = snapshot, upstream, sink
        self.clock, self.dice, self.state, self.whereabouts = clock, dice, state, whereabouts
