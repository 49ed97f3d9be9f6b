"""Which exchanges are kept: by the configuration, and by targets set while the gateway runs. It keeps none itself."""

from collections.abc import Callable

from msgspec import Struct

from plexus.settings.bounds import Capture

BODY = 1_000_000
"""Bytes kept of one body at most."""
ON_ERROR = 32_768
"""Bytes kept of an answer that is only wanted if the request fails: many such are under way at once."""
TRACE = 10_000_000
"""Bytes kept of all bodies of one trace."""
LONGEST = 86_400.0
"""Seconds a target set at run time lasts at most."""


class Targets(Struct, frozen=True, kw_only=True):
    """What is captured until a moment, in seconds since the epoch: everything, or what these names concern."""

    until: float
    everything: bool = False
    keys: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()
    providers: frozenset[str] = frozenset()

    def names(self, key: str, aliases: tuple[str, ...], providers: frozenset[str]) -> bool:
        """Whether one of them concerns the exchange."""
        return (
            self.everything
            or key in self.keys
            or not self.aliases.isdisjoint(aliases)
            or not self.providers.isdisjoint(providers)
        )


class Captures:
    """The rules in force: those of the configuration, and the targets of the moment."""

    def __init__(self, rules: Capture) -> None:
        """No target is set."""
        self.configure(rules)
        self._targets: Targets | None = None

    def configure(self, rules: Capture) -> None:
        """Go by another configuration from the next request on."""
        self.rules = rules
        self._keys, self._aliases = frozenset(rules.keys), frozenset(rules.aliases)
        self._providers = frozenset(rules.providers)
        named = bool(rules.keys or rules.aliases or rules.providers)
        self._idle = rules.mode == "off" and not named
        self._always = named or rules.mode in {"all", "headers"}

    def set(self, targets: Targets | None) -> None:
        """Capture this as well until its moment has come; None ends it."""
        self._targets = targets

    def targets(self, now: float) -> Targets | None:
        """What is set and has not ended."""
        if self._targets is not None and self._targets.until <= now:
            self._targets = None
        return self._targets

    def bound(
        self, key: str, model: str, now: Callable[[], float], dice: Callable[[], float]
    ) -> tuple[int, bool] | None:
        """Bytes of an answer to hold while a request is under way, and whether the sample has it; None holds nothing.

        Which alias and providers it will go by is not known yet, so one that is listed makes every request worth holding.
        """
        if self._idle and self._targets is None:
            return None
        mode = self.rules.mode
        sampled = mode == "sample" and dice() < self.rules.sample
        if sampled or mode == "all" or self._providers or self._aliases or key in self._keys:
            return BODY, sampled
        targets = self.targets(now()) if self._targets is not None else None
        if targets is not None and (targets.providers or targets.aliases or targets.names(key, (model,), frozenset())):
            return BODY, sampled
        return None if mode in {"off", "sample"} else (0 if mode == "headers" else ON_ERROR, sampled)

    def may_want(self, *, failed: bool, sampled: bool) -> bool:
        """Whether an exchange that is over can have a reason to be kept; most have none, and who asks for it is spared."""
        return failed or sampled or self._always or self._targets is not None

    def reason(
        self, key: str, aliases: tuple[str, ...], providers: frozenset[str], now: float, *, failed: bool, sampled: bool
    ) -> str:
        """Why an exchange that is over is kept, in one word; empty when it is not."""
        targets, mode = self.targets(now), self.rules.mode
        reasons = {
            "debug": targets is not None and targets.names(key, aliases, providers),
            "key": key in self._keys,
            "alias": not self._aliases.isdisjoint(aliases),
            "provider": not self._providers.isdisjoint(providers),
            "all": mode == "all",
            "sample": sampled,
            "on_error": mode == "on_error" and failed,
            "headers": mode == "headers",
        }
        return next((reason for reason, holds in reasons.items() if holds), "")
