"""The shape of a parsed `DATABASE_URL`, as storage needs it. Parsing is the settings' business."""

from pathlib import Path
from typing import Literal, Protocol

from plexus.core.secret import Secret


class Address(Protocol):
    """A file for SQLite, or a whole URL for PostgreSQL."""

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]:
        """Which engine it is."""

    @property
    def path(self) -> Path | None:
        """The file, for SQLite."""

    @property
    def url(self) -> Secret | None:
        """The URL, for PostgreSQL; it may hold a password."""
