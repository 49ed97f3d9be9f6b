"""The shape of a provider: a declaration of where it is, how it authenticates, what it speaks and how it departs from it.

One file per provider exports `PROVIDER`; one file per model family in `profiles/` exports `PROFILES`. No code paths by name.
"""

from collections.abc import Callable

from msgspec import Struct

from plexus.ir.target import Dialect


class Outgoing(Struct, frozen=True):
    """A request about to leave. Signing returns a copy with what the provider wants to see."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


Sign = Callable[[Outgoing, str], Outgoing]
"""Adds the credential (second argument) to a request. Providers that sign the body do it here."""


class Speaks(Struct, frozen=True, kw_only=True):
    """How a provider speaks one protocol. The defaults are the protocol's own."""

    base_url: str
    sign: Sign
    dialect: Dialect = Dialect()
    headers: dict[str, str] = {}
    """Headers every request carries, such as `anthropic-version`."""
    path: Callable[[str, bool], str] | None = None
    """Model and stream flag → path below `base_url`, where it departs from the protocol's."""
    framing: str = "sse"
    """How its streams are framed."""
    counts_tokens: bool = False
    """Whether it has the protocol's own token counting call."""


class Provider(Struct, frozen=True, kw_only=True):
    """One known provider. `protocols` is ordered: the first is preferred when nothing else decides."""

    name: str
    title: str
    source: str
    """The vendor's page these facts come from."""
    protocols: dict[str, Speaks]
    spellings: tuple[str, ...] = ()
    """Other ways `type:` may name it."""
    hosts: tuple[str, ...] = ()
    """Host names by which a plain `api_base_url` is recognised."""
    needs_base_url: bool = False
    simulated: bool = False
    needs_key: bool = True
