"""The prices of one configuration: which source answers for which target. Remembers answers, so that asking costs nothing."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

from plexus.providers.catalogue import named, recognise
from plexus.settings.provider import ProviderSettings
from plexus.usage.price import FREE, NOTHING, Price, Rates, Scale
from plexus.usage.pricing import PriceSource, Question

_REMEMBERED = 4096
_MINUTE = 60_000
_UNCONFIGURED = ("catalogue", "openrouter")
"""Who is asked, in this order, for a model without configured pricing."""
_SIMULATED = Price(source="simulated", origin="simulated", scales=(Scale(FREE),))

_Key = tuple[str, str, str, str, int, int]


class Feed(Protocol):
    """OpenRouter's catalogue as it was fetched last. `version` changes with its content."""

    version: int

    def rates(self, slug: str) -> Rates | None:
        """The rates of a model, or None."""


class NoFeed:
    """No catalogue of OpenRouter."""

    version = 0

    def rates(self, _slug: str) -> Rates | None:
        """Nothing is known."""
        return None


class Prices:
    """Prices by provider and model as configured."""

    def __init__(
        self,
        providers: Mapping[str, ProviderSettings],
        sources: Mapping[str, PriceSource],
        feed: Feed | None = None,
    ) -> None:
        """`sources` are the plug-ins of `usage/pricing`, by name."""
        self._providers, self._sources = providers, sources
        self._feed: Feed = feed if feed is not None else NoFeed()
        self._known: dict[_Key, Price | None] = {}

    def price(self, provider: str, model: str, at: int, tier: str = "", served: str = "") -> Price | None:
        """What a model costs at a provider at a moment (milliseconds since the epoch); None when nobody knows.

        `tier` is the service tier in the provider's word, `served` the model's id as the provider answered it.
        """
        key = (provider, model, tier, served, at // _MINUTE, self._feed.version)
        if key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = self._asked(provider, model, at // _MINUTE * _MINUTE, tier, served)
        return self._known[key]

    def apart(self) -> "Prices":
        """The same prices with a memory of their own: for a thread, and for moments no request asks about."""
        return Prices(self._providers, self._sources, self._feed)

    def warm(self, at: int) -> None:
        """Ask for every model that is configured, so that no request waits for a source to load. For a thread, at start."""
        for name, settings in self._providers.items():
            for model in settings.models:
                self.price(name, model, at)

    def _asked(self, provider: str, model: str, at: int, tier: str, served: str) -> Price | None:
        settings = self._providers.get(provider)
        if settings is None:
            return None
        url = settings.api_base_url
        addresses = [url] if isinstance(url, str) else list(url.values()) if url else []
        declared = named(settings.type) if settings.type else next((p for p in map(recognise, addresses) if p), None)
        if declared is not None and declared.simulated:
            return _SIMULATED
        details = settings.models.get(model)
        question = Question(
            pricing=details.pricing if details is not None else None,
            discount=_or_nothing(settings.discount),
            kind=declared.name if declared is not None else "",
            base_url=addresses[0] if addresses else "",
            model=model,
            served=served,
            at=at,
            service_tier=tier,
            feed=self._feed.rates,
        )
        names = (question.pricing.source,) if question.pricing is not None else _UNCONFIGURED
        answers = (self._sources[name].price(question) for name in names)
        return next((answer for answer in answers if answer is not None), None)


def _or_nothing(amount: Decimal | None) -> Decimal:
    return NOTHING if amount is None else amount
