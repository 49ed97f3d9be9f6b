"""A request that is over, as logs and books take it. It holds no content."""

from collections.abc import Callable

from msgspec import Struct

from plexus.ir.chat import Usage
from plexus.ir.drops import Drop
from plexus.ir.errors import Fault
from plexus.pipeline.attempt import Tried
from plexus.quota.admission import Booking
from plexus.usage.row import UsageRow


class Record(Struct, kw_only=True):
    """A finished request, as the log and later the ledger take it. Times in milliseconds."""

    request_id: str
    key: str
    attribution: str | None
    alias: str
    client_protocol: str
    provider: str = ""
    model: str = ""
    upstream_protocol: str = ""
    streaming: bool
    passthrough: bool = False
    status: str
    """ok, error, cancelled, timeout or stalled."""
    http_status: int
    stop_reason: str | None = None
    usage: Usage | None = None
    ttft_ms: float | None = None
    duration_ms: float
    attempts: list[Tried]
    fidelity: list[Drop]
    error: Fault | None = None
    error_class: str = ""
    """One word for what went wrong; empty when nothing did."""
    row: UsageRow
    """The same as it is booked: counters, money, attempts."""
    bookings: list[Booking] = []
    """What its quotas were charged."""


Sink = Callable[[Record], None]
"""Takes every record once. It must not block and must not raise."""
