"""The built-in simulated provider: all four protocols over the real transport. Its address is filled in when it starts."""

from plexus.ir.target import Dialect
from plexus.providers import Provider, Speaks
from plexus.providers.signing import none

_EVERYTHING = Dialect(tool_media=True, cache_marks=True)

PROVIDER = Provider(
    name="demo",
    title="Demo (simulated)",
    source="docs/usage.md",
    simulated=True,
    needs_key=False,
    protocols={
        "chat": Speaks(base_url="", sign=none, dialect=_EVERYTHING),
        "messages": Speaks(base_url="", sign=none, counts_tokens=True),
        "responses": Speaks(base_url="", sign=none),
        "gemini": Speaks(base_url="", sign=none, counts_tokens=True),
    },
)
