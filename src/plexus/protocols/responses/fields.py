"""Every field of a responses request, with a sample, for the table of what becomes of it elsewhere."""

from typing import Any

from plexus.protocols import Field

MINIMAL: dict[str, Any] = {"model": "m", "input": "hi"}

FIELDS: tuple[Field, ...] = ()
