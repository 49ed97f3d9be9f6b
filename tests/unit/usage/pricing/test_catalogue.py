"""The built-in catalogue loads when it is asked, and no sooner."""

import subprocess
import sys

LOADED = "import sys; print(sorted(name for name in ('genai_prices', 'httpx2', 'sqlalchemy') if name in sys.modules))"
SETUP = """
from plexus.core.registry import find
from plexus.settings.provider import ProviderSettings
from plexus.usage import booking, expected, input_bound, live_prices, pricing, reprice, summary
from plexus.usage.prices import Prices
from plexus.usage.pricing import PriceSource
own = {"m": {"pricing": {"source": "simple", "input": 1, "output": 2}}}
prices = Prices({
    "mine": ProviderSettings.model_validate({"type": "openai", "models": own}),
    "demo": ProviderSettings.model_validate({"type": "demo"}),
}, find(pricing, "SOURCE", PriceSource))
"""


def loaded_by(*lines: str) -> str:
    script = "\n".join([SETUP, *lines, LOADED])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


def test_configured_and_simulated_prices_load_no_catalogue():
    assert loaded_by("assert prices.price('mine', 'm', 0)", "assert prices.price('demo', 'demo/echo', 0)") == "[]"


def test_warming_asks_for_what_is_configured():
    assert loaded_by("prices.warm(0)") == "[]"
    assert "genai_prices" in loaded_by("assert prices.price('mine', 'gpt-4o', 1793793600000)")
