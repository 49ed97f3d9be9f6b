"""Every field of a `generateContent` request with a sample, for the table of what becomes of it elsewhere.

Source: https://ai.google.dev/api/generate-content and https://ai.google.dev/api/caching
"""

from typing import Any

from plexus.protocols import Field

MINIMAL: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
FIELDS: tuple[Field, ...] = ()
