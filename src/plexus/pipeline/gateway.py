"""What the line of a request needs besides the request: wired once by the composition root."""

from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct

from plexus.core.clock import Clock
from plexus.pipeline.call import Call
from plexus.pipeline.opaque_state import OpaqueState
from plexus.pipeline.record import Sink
from plexus.pipeline.snapshot import Snapshot
from plexus.pipeline.telemetry.reporter import Reporter
from plexus.pipeline.tracing import Tracer
from plexus.pipeline.traffic import Traffic
from plexus.pipeline.whereabouts import Whereabouts
from plexus.quota.ledger import Ledger
from plexus.routing.facts import nothing_known
from plexus.upstream.client import Upstream


def _ready() -> str:
    return ""


def _nothing_noted(_call: Call) -> None:
    return


def _nothing_of(_call: Call) -> Callable[[str, str], Decimal | None]:
    return nothing_known


class Gateway(Struct, kw_only=True):
    """The parts of a running gateway. `snapshot` is replaced whole when the configuration changes."""

    snapshot: Snapshot
    upstream: Upstream
    sink: Sink
    clock: Clock
    dice: Callable[[], float]
    """Numbers in [0, 1)."""
    state: OpaqueState
    whereabouts: Whereabouts
    traffic: Traffic
    quotas: Ledger
    opened: Callable[[Call], None] = _nothing_noted
    """Told of every request that is about to be sent somewhere."""
    waits_for: Callable[[], str] = _ready
    """Why requests that need the books cannot be served yet; empty when they can."""
    expected_cost: Callable[[Call], Callable[[str, str], Decimal | None]] = _nothing_of
    """For a call, what it is expected to cost at a provider's model, in USD; None where that is unknown."""
    headroom: Callable[[str, str], float | None] = nothing_known
    """What is left of a provider's own quota, 0 to 1; None where that is unknown."""
    tracer: Tracer | None = None
    """Which requests are kept for looking at; None keeps none."""
    telemetry: Reporter | None = None
    """Tells OpenTelemetry of requests that are over; None tells nobody."""
