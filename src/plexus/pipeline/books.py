"""The books of one process: a request is written down before it is sent and before its answer ends, in a journal that survives.

A request whose beginning cannot be written down is not sent: what is not booked must not cost anything.
"""

from collections import deque
from pathlib import Path
from typing import NamedTuple, Protocol

from plexus.core.clock import Clock
from plexus.core.logging import logger
from plexus.core.secret import Secret
from plexus.pipeline.call import Call
from plexus.pipeline.record import Record
from plexus.pipeline.refused import Refused
from plexus.storage.address import Address
from plexus.usage.entries import Closed, Opened, closed_entry, opened_entry

log = logger("plexus.books")
_HELD = 10_000
"""Rows kept in memory at most while the journal takes none."""


class Place(NamedTuple):
    """Where the books are kept: the database with the key of its secrets, and the folder of the journal."""

    database: Address
    folder: Path
    encryption_key: Secret | None = None


class Appends(Protocol):
    """What the books need of a journal: `append` keeps an entry or raises."""

    def append(self, entry: bytes, said: object = None) -> object:
        """Keep it for good. `said`: what it says, for who moves it on."""
        ...


class Books:
    """Writes beginnings and endings into a journal."""

    def __init__(self, journal: Appends, failure: type[Exception], process: str, clock: Clock) -> None:
        """`failure` is what the journal raises when it cannot keep an entry; `process` is who serves."""
        self._journal, self._failure, self._process, self._clock = journal, failure, process, clock
        self._unwritten: deque[bytes] = deque()
        self.lost = 0
        """Rows that could not be kept anywhere."""

    def opened(self, call: Call) -> None:
        """A request is about to be sent.

        Raises:
            Refused: 503 when it cannot be written down.
        """
        started = self._clock.wall() - (self._clock.monotonic() - call.started)
        opened = Opened(
            request_id=call.request_id,
            process=self._process,
            started_at=int(started * 1000),
            key=call.key.name,
            attribution=call.attribution,
            alias=call.model,
            client_protocol=call.protocol.name,
            streaming=call.stream,
        )
        try:
            self._write_again()
            self._journal.append(opened_entry(opened), opened)
        except self._failure as error:
            log.error("a request is refused because it cannot be written down", reason=str(error))  # noqa: TRY400 - the reason says all
            message = (
                "the gateway cannot write down what requests use, so it sends none; its operator has to look at it"
            )
            refused = Refused("unavailable", message, code="journal_failed")
            refused.fault.retry_after = 5.0
            raise refused from None

    def closed(self, record: Record) -> None:
        """A request is over."""
        closed = Closed(record.row, record.bookings)
        entry = closed_entry(closed)
        try:
            self._write_again()
            self._journal.append(entry, closed)
        except self._failure as error:
            self._hold(entry)
            log.error("a usage row cannot be written down and is kept in memory", reason=str(error))  # noqa: TRY400 - the reason says all

    def _write_again(self) -> None:
        while self._unwritten:
            self._journal.append(self._unwritten[0])
            self._unwritten.popleft()

    def _hold(self, entry: bytes) -> None:
        self._unwritten.append(entry)
        if len(self._unwritten) > _HELD:
            self._unwritten.popleft()
            self.lost += 1
