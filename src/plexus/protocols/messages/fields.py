"""Every field of a Messages request, with a sample, for the table of what becomes of it towards other protocols."""

from plexus.protocols import Field

MINIMAL = {"model": "m", "max_tokens": 64, "messages": [{"role": "user", "content": "hi"}]}
FIELDS: tuple[Field, ...] = ()
