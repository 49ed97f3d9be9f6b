"""A request that is over, as logs and books take it. It holds no content."""

from collections.abc import Callable

from msgspec import Struct

from plexus.ir.chat import Usage
from plexus.ir.errors import Fault
from plexus.pipeline.attempt import Tried
from plexus.quota.admission import Booking
from plexus.usage.row import UsageRow


class Record(Struct, kw_only=True):
    """A finished request: its row in the books, and what the row does not hold."""

    row: UsageRow
    attempts: list[Tried]
    usage: Usage | None = None
    """What the provider of the last attempt reported, as it did."""
    error: Fault | None = None
    bookings: list[Booking] = []
    """What its quotas were charged."""


Sink = Callable[[Record], None]
"""Takes every record once. It must not block and must not raise."""
