"""What the management API looks at and changes: the running gateway, its configuration, its admin key."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from plexus.core.secret import Secret
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.tallies import Tallies
from plexus.protocols import WireProtocol
from plexus.settings.known import Known
from plexus.settings.schema import Settings

if TYPE_CHECKING:
    from plexus.pipeline.safekeeping import Safekeeping
    from plexus.pipeline.trace_keeping import TraceKeeping  # it loads the database's library
    from plexus.settings.editing import Editing
    from plexus.storage.engine import Database


def _none() -> None:
    return


def _ignored(_zone: str) -> None:
    return


class Managed(Struct, frozen=True, kw_only=True):
    """The parts, wired once by the composition root."""

    gateway: Gateway
    protocols: Mapping[str, WireProtocol]
    settings: Callable[[], Settings]
    """The configuration that is served now."""
    known: Known
    admin_key: Secret | None
    """None where nobody is the admin."""
    tallies: Tallies = field(default_factory=Tallies)
    """What metrics count."""
    books: Callable[[], Mapping[str, float]] = dict
    """How far the books are behind, as metrics."""
    summed_in: Callable[[str], None] = _ignored
    """Takes note of a time zone the admin asks for a summary in, so that the sums of its days are kept."""
    database: "Callable[[], Database | None]" = _none
    """Where usage is kept; None where nothing is."""
    editing: "Callable[[], Editing | None]" = _none
    """What changes the configuration; None where it has no home, or none that answers yet."""
    safekeeping: "Safekeeping | None" = None
    """None where there is no database to make a backup of."""
    traces: "TraceKeeping | None" = None
    """None where there is no database to keep them in."""
