"""What one rendering of a request gathers on the way: its losses, the names it changed, the ids it mapped."""

from plexus.ir.chat import ChatRequest
from plexus.ir.drops import Drop, DropKind
from plexus.ir.parts import CacheMark, Extras
from plexus.ir.target import Target
from plexus.protocols.messages import wire
from plexus.protocols.messages.names import CallIds, ToolNames


class Draft:
    """One request on its way to one target. `native`: the client spoke this protocol, so its own fields go back."""

    def __init__(self, request: ChatRequest, target: Target) -> None:
        """Start with nothing lost."""
        self.request = request
        self.target = target
        self.native = request.protocol == wire.NAME
        self.drops: list[Drop] = []
        self.names = ToolNames()
        self.ids = CallIds(target.dialect)
        self.lost_thinking = False
        """Whether thinking was taken out of the history."""

    def lose(self, kind: DropKind, field: str, reason: str) -> None:
        """Report one loss."""
        self.drops.append(Drop(kind, field, reason))

    def own(self, extras: Extras | None, path: str) -> Extras:
        """The fields to put back as they came: all of them for this protocol, else none and each reported."""
        if not extras:
            return {}
        if self.native:
            return extras
        prefix = f"{path}." if path else ""
        for key in extras:
            self.lose("dropped", f"{prefix}{key}", "no place in this protocol")
        return {}

    def mark(self, cache: CacheMark | None, path: str) -> dict[str, dict[str, str]]:
        """The `cache_control` of a block as a field to merge in, or nothing."""
        if cache is None:
            return {}
        control = {"type": "ephemeral"}
        if cache.ttl and self.target.dialect.cache_ttl:
            control["ttl"] = cache.ttl
        elif cache.ttl and cache.ttl != "5m":
            self.lose("approximated", f"{path}.cache.ttl" if path else "cache.ttl", "the target has one lifetime only")
        return {"cache_control": control}
