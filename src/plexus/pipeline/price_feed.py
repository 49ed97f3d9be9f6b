"""Fetching the price list of OpenRouter now and then, when a configured price comes from it. Nothing is sent otherwise."""

import asyncio
from collections.abc import Callable

from plexus.providers import Outgoing
from plexus.settings.schema import Settings
from plexus.upstream.client import Timeouts, Upstream
from plexus.upstream.failures import UpstreamFailed
from plexus.upstream.reply import Pace
from plexus.usage.live_prices import URL, LivePrices

_EVERY = 6 * 3600.0
_AGAIN = 600.0
"""Seconds to the next try after one that failed."""
_LOOK = 30.0
_LARGEST = 32 * 1024 * 1024
_OK = 200
_TIMES = Timeouts(connect=10.0, first_byte=30.0, idle=30.0)


def wants_live_prices(settings: Settings) -> bool:
    """Whether a model's price comes from the list."""
    models = (model for provider in settings.providers.values() for model in provider.models.values())
    return any(model.pricing is not None and model.pricing.source == "openrouter" for model in models)


async def feeding(prices: LivePrices, upstream: Upstream, settings: Callable[[], Settings]) -> None:
    """Fetch the list, and again every few hours, until cancelled; while no price comes from it nothing is fetched."""
    while True:
        if not wants_live_prices(settings()):
            await asyncio.sleep(_LOOK)
            continue
        taken = await prices.refresh(lambda: fetched(upstream))
        await asyncio.sleep(_EVERY if taken else _AGAIN)


async def fetched(upstream: Upstream, url: str = URL) -> bytes:
    """The list as it is now, bounded in time and size.

    Raises:
        UpstreamFailed: when it cannot be had.
    """
    headers = {"accept": "application/json", "accept-encoding": "identity"}
    reply = await upstream.send(Outgoing("GET", url, headers, b""), _TIMES)
    try:
        if reply.status != _OK:
            raise UpstreamFailed.because("upstream", f"the price list answered with status {reply.status}", "status")
        return await reply.read(_LARGEST, Pace())
    finally:
        reply.close()
