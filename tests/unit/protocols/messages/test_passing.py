"""Which bodies may pass to a messages target byte for byte, and what a token count takes."""

import json

import pytest
from tests.unit.protocols.messages.kit import ADAPTIVE, BUDGET, target

from plexus.core.raw_object import RawObject
from plexus.ir.target import Dialect, ReasoningProfile
from plexus.protocols.messages import PROTOCOL
from plexus.protocols.messages.count import counting_body

NONE = ReasoningProfile(style="none", source="page")
ALWAYS = ReasoningProfile(style="adaptive", efforts=("low",), can_disable=False, source="page")


def fits(to, **fields):
    return PROTOCOL.fits(RawObject(json.dumps({"model": "m", "max_tokens": 64, "messages": [], **fields}).encode()), to)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}},
        {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        {"thinking": {"type": "disabled"}},
        {"temperature": 0.5, "top_p": 0.9, "top_k": 1},
        {"tool_choice": {"type": "any"}},
        {"of_tomorrow": 1},
    ],
)
def test_anything_passes_to_a_model_of_which_nothing_is_known(fields: dict) -> None:
    assert fits(target(), **fields)


@pytest.mark.parametrize(
    ("to", "fields"),
    [
        (target(BUDGET), {"thinking": {"type": "adaptive"}}),
        (target(BUDGET), {"output_config": {"effort": "low"}}),
        (target(ADAPTIVE), {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
        (target(ADAPTIVE), {"output_config": {"effort": "xhigh"}}),
        (target(NONE), {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
        (target(ALWAYS), {"thinking": {"type": "disabled"}}),
        (target(refuses_sampling=True), {"temperature": 1}),
        (target(exclusive_sampling=True), {"temperature": 1, "top_p": 0.5}),
        (target(max_output=10), {}),
        (target(forced_tools=False), {"tool_choice": {"type": "any"}}),
        (target(late_system=False), {"messages": [{"role": "system", "content": "x"}]}),
        (target(dialect=Dialect(refused=frozenset({"speed"}))), {"speed": "fast"}),
        (target(dialect=Dialect(cache_ttl=False)), {"cache_control": {"type": "ephemeral", "ttl": "1h"}}),
    ],
)
def test_what_the_target_is_known_to_refuse_is_taken_apart(to, fields: dict) -> None:
    assert not fits(to, **fields)


@pytest.mark.parametrize(
    ("to", "fields"),
    [
        (target(BUDGET), {"thinking": {"type": "enabled", "budget_tokens": 2000}}),
        (target(BUDGET), {"thinking": {"type": "disabled"}}),
        (target(ADAPTIVE), {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}),
        (target(ADAPTIVE), {"thinking": {"type": "between_tools"}}),
        (target(NONE), {"thinking": {"type": "disabled"}, "temperature": 1}),
        (target(refuses_sampling=True), {"temperature": None}),
        (target(exclusive_sampling=True), {"temperature": 1}),
        (target(max_output=64), {}),
        (target(forced_tools=False), {"tool_choice": {"type": "auto"}}),
    ],
)
def test_what_the_target_is_known_to_take_passes(to, fields: dict) -> None:
    assert fits(to, **fields)


def test_a_count_takes_only_what_fills_the_context() -> None:
    body = {"model": "m", "messages": [], "tools": [], "max_tokens": 5, "stream": True, "temperature": 1}
    assert counting_body(body) == {"model": "m", "messages": [], "tools": []}


BILLING = "x-anthropic-billing-header: cc_version=2; cch=1;"


@pytest.mark.parametrize("system", [BILLING, [{"type": "text", "text": BILLING}, {"type": "text", "text": "s"}]])
def test_099_a_body_with_a_billing_header_passes_to_anthropic_alone(system) -> None:
    assert fits(target(dialect=Dialect(billing_header=True)), system=system)
    assert not fits(target(), system=system)
    assert fits(target(), system="s", messages=[{"role": "user", "content": BILLING}])


def test_a_source_of_another_maker_as_it_was_told_here_does_not_pass() -> None:
    source = {"type": "web_search_result_location", "url": "https://e.com", "title": "E", "cited_text": "c"}
    block = {"type": "text", "text": "a", "citations": [{**source, "encrypted_index": ""}]}
    assert not fits(target(), messages=[{"role": "assistant", "content": [block]}])
    block["citations"] = [{**source, "encrypted_index": "Eo8B"}]
    assert fits(target(), messages=[{"role": "assistant", "content": [block]}])
