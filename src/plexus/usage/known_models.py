"""The models the built-in price catalogue knows, with their prices now: for looking through. It prices no request."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from functools import cache

from msgspec import Struct

from plexus.usage.price import NOTHING, Scale
from plexus.usage.pricing.catalogue import NAMES, kept, rates_of


class KnownModel(Struct, frozen=True, kw_only=True):
    """One model at one provider, by the names they have there and here. None is unknown."""

    provider: str
    id: str
    title: str | None
    context_window: int | None
    deprecated: bool


def known_models() -> tuple[KnownModel, ...]:
    """All of them, by provider and id. The first call takes 0.2 s."""
    return tuple(sorted(_entries(), key=lambda model: (model.provider, model.id)))


@cache
def _ours() -> dict[str, str]:
    return {theirs: ours for ours, theirs in reversed(NAMES.items())}


def _entries() -> Iterator[KnownModel]:
    for provider in kept()[0].providers:
        name = _ours().get(provider.id, provider.id)
        for model in provider.models:
            yield KnownModel(
                provider=name,
                id=model.id,
                title=model.name,
                context_window=model.context_window,
                deprecated=bool(model.deprecated),
            )


def prices_of(model: KnownModel, at: datetime) -> tuple[tuple[Scale, ...], Decimal]:
    """Its prices at a moment: rates by the size of the request, and USD for each request."""
    theirs = NAMES.get(model.provider, model.provider)
    for provider in kept()[0].providers:
        if provider.id == theirs:
            entry = next((entry for entry in provider.models if entry.id == model.id), None)
            return rates_of(entry, at) if entry is not None else ((), NOTHING)
    return (), NOTHING
