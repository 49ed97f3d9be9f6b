"""How much to think, both ways."""

import pytest
from tests.unit.protocols.chat.wires import asked, rendered, target

from plexus.ir.chat import ChatRequest, Message, Reasoning
from plexus.ir.parts import Text
from plexus.ir.target import ModelProfile, ReasoningProfile
from plexus.protocols.chat.reasoning import effort_of_budget

WORDS = ("minimal", "low", "medium", "high")


def sent(reasoning, there=None):
    messages = [Message(role="user", parts=[Text(text="hi")])]
    return rendered(ChatRequest(protocol="messages", model="m", messages=messages, reasoning=reasoning), there)


def profiled(**fields):
    return target(ModelProfile(reasoning=ReasoningProfile(**fields)))


def losses(found):
    return [(drop.kind, drop.field) for drop in found.drops]


@pytest.mark.parametrize(
    ("fields", "mode", "effort", "budget", "show"),
    [
        ({"reasoning_effort": "high"}, "", "high", None, ""),
        ({"reasoning_effort": "none"}, "off", "none", None, ""),
        ({"reasoning": {"effort": "low", "exclude": True}}, "", "low", None, "omitted"),
        ({"reasoning": {"max_tokens": 2000}}, "", "", 2000, ""),
        ({"reasoning": {"enabled": True}}, "on", "", None, ""),
        ({"reasoning": {"enabled": False}}, "off", "", None, ""),
        ({"thinking": {"type": "disabled"}}, "off", "", None, ""),
        ({"thinking": {"type": "enabled", "budget_tokens": 500}}, "on", "", 500, ""),
    ],
)
def test_every_spelling_is_read_and_goes_back_to_chat_as_it_was(fields, mode, effort, budget, show):
    request = asked(**fields)
    assert request.reasoning is not None
    assert (request.reasoning.mode, request.reasoning.effort, request.reasoning.budget, request.reasoning.show) == (
        mode,
        effort,
        budget,
        show,
    )
    assert request.extras is None
    found = rendered(request)
    assert {name: found.body[name] for name in fields} == fields


def test_nothing_said_is_nothing():
    assert asked().reasoning is None
    assert "reasoning_effort" not in sent(Reasoning()).body


@pytest.mark.parametrize("word", ["minimal", "low", "high", "xhigh", "max"])
def test_103_effort_words_are_sent_as_said_to_models_nobody_knows_better(word):
    found = sent(Reasoning(effort=word))
    assert (found.body["reasoning_effort"], found.drops) == (word, [])


def test_103_a_known_model_gets_the_nearest_word_it_takes_and_that_is_reported():
    found = sent(Reasoning(effort="max"), profiled(style="effort", efforts=WORDS))
    assert (found.body["reasoning_effort"], losses(found)) == ("high", [("clamped", "reasoning.effort")])


@pytest.mark.parametrize(
    ("budget", "word"),
    [(500, "low"), (1024, "low"), (1025, "medium"), (8192, "medium"), (8193, "high"), (32000, "high")],
)
def test_a_budget_becomes_a_word_by_the_published_table_and_is_reported(budget, word):
    assert effort_of_budget(budget) == word
    found = sent(Reasoning(mode="on", budget=budget))
    assert (found.body["reasoning_effort"], losses(found)) == (word, [("approximated", "reasoning.budget")])


def test_081_thinking_switched_on_without_a_measure_is_a_medium_effort():
    for mode in ("on", "adaptive"):
        found = sent(Reasoning(mode=mode), profiled(style="effort", efforts=WORDS))
        assert found.body["reasoning_effort"] == "medium"


def test_081_what_cannot_be_switched_is_reported_and_not_silent():
    assert losses(sent(Reasoning(mode="on"))) == [("approximated", "reasoning")]
    assert losses(sent(Reasoning(mode="off"))) == [("approximated", "reasoning")]


def test_switching_off_uses_the_word_for_it_or_the_least():
    assert (
        sent(Reasoning(mode="off"), profiled(style="effort", efforts=("none", *WORDS))).body["reasoning_effort"]
        == "none"
    )
    found = sent(Reasoning(mode="off"), profiled(style="effort", efforts=WORDS, can_disable=False))
    assert (found.body["reasoning_effort"], losses(found)) == ("minimal", [("clamped", "reasoning")])


def test_a_model_that_does_not_reason_is_not_asked_to():
    found = sent(Reasoning(effort="high"), profiled(style="none"))
    assert "reasoning_effort" not in found.body
    assert losses(found) == [("dropped", "reasoning")]


def test_a_target_without_efforts_is_not_sent_any():
    found = sent(Reasoning(effort="high"), target(reasoning_effort=False))
    assert "reasoning_effort" not in found.body
    assert losses(found) == [("dropped", "reasoning.effort")]


@pytest.mark.parametrize(
    ("reasoning", "switch", "word"),
    [
        (Reasoning(mode="on"), {"type": "enabled"}, None),
        (Reasoning(mode="off"), {"type": "disabled"}, None),
        (Reasoning(effort="none", mode="off"), {"type": "disabled"}, None),
        (Reasoning(mode="on", budget=9000), {"type": "enabled"}, "high"),
        (Reasoning(effort="high"), None, "high"),
        (Reasoning(mode="adaptive", effort="high"), {"type": "enabled"}, "high"),
    ],
)
def test_a_thinking_switch_is_used_where_the_target_has_one(reasoning, switch, word):
    body = sent(reasoning, target(thinking_switch="thinking")).body
    assert (body.get("thinking"), body.get("reasoning_effort")) == (switch, word)


@pytest.mark.parametrize(
    ("reasoning", "wire"),
    [
        (Reasoning(effort="high"), {"effort": "high"}),
        (Reasoning(mode="on", budget=9000), {"max_tokens": 9000}),
        (Reasoning(mode="adaptive"), {"enabled": True}),
        (Reasoning(mode="off"), {"enabled": False}),
        (Reasoning(effort="low", show="omitted"), {"effort": "low", "exclude": True}),
    ],
)
def test_openrouters_object_holds_words_budgets_and_switches(reasoning, wire):
    found = sent(reasoning, target(thinking_switch="reasoning"))
    assert (found.body["reasoning"], found.drops) == (wire, [])


def test_how_reasoning_is_shown_is_reported_where_chat_cannot_say_it():
    assert losses(sent(Reasoning(effort="low", show="detailed"))) == [("dropped", "reasoning.show")]
    assert losses(sent(Reasoning(effort="low", show="auto"))) == []
