"""OpenRouter's live prices: the last good list and its refreshing. Fetching and keeping it come in as ports."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec

from plexus.core import json
from plexus.usage.live_catalogue import Listed, Refused, read_list
from plexus.usage.price import Rates

URL = "https://openrouter.ai/api/v1/models"
"""Where the list is; it needs no key."""

Fetch = Callable[[], Awaitable[bytes]]
"""The list as it is now. Bounded in time and size by whoever gives it; raises whatever happens."""
Warn = Callable[[str], None]

_stored = msgspec.json.Decoder(dict[str, Rates])


class Shelf(Protocol):
    """Where the last good list is kept between two runs."""

    def load(self) -> bytes | None:
        """What was saved last, or None."""

    def save(self, data: bytes) -> None:
        """Keep this instead, whole or not at all."""


class LivePrices:
    """The last good price list. Never empty again once it was not."""

    def __init__(self, shelf: Shelf, warn: Warn) -> None:
        """Begins with what the shelf holds. `warn` is told, in words, of everything that is not believed."""
        self._shelf, self._warn = shelf, warn
        self._rates: Mapping[str, Rates] = self._loaded()
        self.version = 1 if self._rates else 0
        """Changes with the prices."""

    def rates(self, slug: str) -> Rates | None:
        """USD per million tokens of a model, by its id at OpenRouter; None when it is not listed."""
        return self._rates.get(slug)

    async def refresh(self, fetch: Fetch) -> bool:
        """Take the list as it is now, or keep the last good one and say why. True when it was taken."""
        try:
            listed = read_list(await fetch(), self._rates)
        except Refused as error:
            self._warn(f"OpenRouter's price list was refused: {error}. The last good one stays.")
            return False
        except Exception as error:  # noqa: BLE001 - whatever the network does, prices must stay
            self._warn(
                f"OpenRouter's price list could not be fetched: {type(error).__name__}. The last good one stays."
            )
            return False
        self._take(listed)
        return True

    def _take(self, listed: Listed) -> None:
        for remark in listed.remarks:
            self._warn(f"OpenRouter's price list: {remark}. The price before stays, if there was one.")
        if listed.rates == self._rates:
            return
        self._rates, self.version = listed.rates, self.version + 1
        try:
            self._shelf.save(json.dumps(_texts(listed.rates)))
        except OSError as error:
            self._warn(f"OpenRouter's price list could not be saved: {error.strerror}. It is kept in memory.")

    def _loaded(self) -> Mapping[str, Rates]:
        try:
            data = self._shelf.load()
            rates = _stored.decode(data) if data else {}
        except OSError as error:
            self._warn(f"the saved price list of OpenRouter could not be read: {error.strerror}")
            return {}
        except msgspec.DecodeError:
            self._warn("the saved price list of OpenRouter is damaged and was passed over")
            return {}
        return {slug: entry for slug, entry in rates.items() if _sound(entry)}


def _texts(rates: Mapping[str, Rates]) -> dict[str, Any]:
    wire: dict[str, Any] = msgspec.to_builtins(rates)
    return {slug: {name: rate for name, rate in entry.items() if rate is not None} for slug, entry in wire.items()}


def _sound(rates: Rates) -> bool:
    """Whether no rate is negative or no number: the file may have been edited."""
    said = (getattr(rates, name) for name in rates.__struct_fields__)
    return all(rate is None or (rate.is_finite() and rate >= 0) for rate in said)
