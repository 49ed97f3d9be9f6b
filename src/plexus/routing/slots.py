"""Concurrency: how many attempts are under way at each provider and each target, against their limits. Counts, no waiting.

Who may wait for a slot, and in what order, is `queue.py`'s business.
"""

from collections.abc import Mapping
from typing import TypeVar

from msgspec import Struct

Key = tuple[str, str]
_K = TypeVar("_K")


class SlotLimits(Struct, frozen=True):
    """The most attempts at once, by provider and by provider and model; what is not named has no limit."""

    providers: Mapping[str, int] = {}
    models: Mapping[Key, int] = {}


class Slot(Struct):
    """One attempt's place. It is given back once; further times do nothing."""

    provider: str
    model: str
    held: bool = True


class InUse(Struct, frozen=True):
    """Attempts under way, and the limit if there is one."""

    provider: str
    model: str
    """Empty for the provider as a whole."""
    count: int
    limit: int | None


class Slots:
    """The attempts under way in one process."""

    def __init__(self, limits: SlotLimits | None = None) -> None:
        """`limits` may be replaced at any time; slots that are held stay held, even above a lowered limit."""
        self.limits = limits or SlotLimits()
        self._providers: dict[str, int] = {}
        self._models: dict[Key, int] = {}

    def free(self, provider: str, model: str) -> bool:
        """Whether an attempt could begin."""
        limits = self.limits
        whole = limits.providers.get(provider)
        if whole is not None and self._providers.get(provider, 0) >= whole:
            return False
        if not limits.models:
            return True
        own = limits.models.get((provider, model))
        return own is None or self._models.get((provider, model), 0) < own

    def try_acquire(self, provider: str, model: str) -> Slot | None:
        """A slot, None when provider or model is at its limit."""
        if not self.free(provider, model):
            return None
        self._providers[provider] = self._providers.get(provider, 0) + 1
        self._models[provider, model] = self._models.get((provider, model), 0) + 1
        return Slot(provider, model)

    def release(self, slot: Slot) -> bool:
        """Give a slot back; False when it was given back before."""
        if not slot.held:
            return False
        slot.held = False
        _less(self._providers, slot.provider)
        _less(self._models, (slot.provider, slot.model))
        return True

    def listing(self) -> list[InUse]:
        """Providers and targets with attempts under way or a limit, by name."""
        limits = self.limits
        providers = {**dict.fromkeys(limits.providers, 0), **self._providers}
        models = {**dict.fromkeys(limits.models, 0), **self._models}
        rows = [InUse(name, "", count, limits.providers.get(name)) for name, count in providers.items()]
        rows += [InUse(*key, count, limits.models.get(key)) for key, count in models.items()]
        return sorted(rows, key=lambda row: (row.provider, row.model))


def _less(counts: dict[_K, int], key: _K) -> None:
    left = counts[key] - 1
    if left:
        counts[key] = left
    else:
        del counts[key]
