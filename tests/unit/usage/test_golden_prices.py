"""Usage objects as vendors write them, priced by hand from the vendors' pages: the books must say the same."""

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plexus.core.registry import find
from plexus.ir.chat import Usage
from plexus.protocols.chat.usage import decode_usage as read_chat
from plexus.protocols.gemini.usage import read_usage as read_gemini
from plexus.protocols.messages.usage import read_usage as read_messages
from plexus.protocols.responses.usage import decode_usage as read_responses
from plexus.settings.provider import ProviderSettings
from plexus.usage import pricing
from plexus.usage.booking import Tried, attempt_row
from plexus.usage.prices import Prices
from plexus.usage.pricing import PriceSource
from plexus.usage.row import COUNTERS

CASES = json.loads((Path(__file__).resolve().parents[2] / "golden" / "prices" / "cases.json").read_text())
READERS: dict[str, Any] = {
    "chat": read_chat,
    "responses": read_responses,
    "messages": read_messages,
    "gemini": read_gemini,
}
SOURCES = find(pricing, "SOURCE", PriceSource)


def usage_of(case: dict[str, Any]) -> Usage:
    usage: Usage | None = READERS[case["protocol"]](case["usage"])
    assert usage is not None
    usage.service_tier = case.get("service_tier", usage.service_tier)
    return usage


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_119_123_q12_a_vendors_usage_costs_what_its_page_says(case: dict[str, Any]):
    url = "http://127.0.0.1:1/v1" if case["provider"] == "openai-compatible" else None
    prices = Prices({"p": ProviderSettings(type=case["provider"], api_base_url=url)}, SOURCES)
    at = round(datetime.fromisoformat(case["at"]).timestamp() * 1000)
    usage = usage_of(case)
    tried = Tried(provider="p", model=case["model"], status="ok", http_status=200, usage=usage)
    row = attempt_row(tried, prices.price("p", case["model"], at, usage.service_tier))
    counters = {name: getattr(row, name) for name in COUNTERS}
    assert {name: count for name, count in counters.items() if count} == case["tokens"]
    assert row.cost_source == case["cost_source"]
    expected = {name: None if amount is None else Decimal(amount) for name, amount in case["cost"].items()}
    assert {name: getattr(row, name) for name in expected} == expected


def test_the_arithmetic_beside_each_case_is_its_cost():
    for case in CASES:
        if case["cost_source"] != "catalogue":
            continue
        terms, total = case["arithmetic"].split(" = ")
        factors = (term.split(" x ") for term in terms.split(" + "))
        millionths = sum((Decimal(count) * Decimal(rate) for count, rate in factors), Decimal(0))
        assert millionths == Decimal(total)
        assert (millionths / 10**6).quantize(Decimal("1E-8")) == Decimal(case["cost"]["cost"])


def test_every_vendor_with_prices_of_its_own_has_a_case():
    assert {case["provider"] for case in CASES} >= {
        "openai", "anthropic", "gemini", "deepseek", "xai", "openrouter", "groq", "mistral", "cerebras", "together",
    }  # fmt: skip
