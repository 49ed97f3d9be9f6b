"""How much the model shall think, told to each generation in its own words."""

import pytest
from tests.unit.protocols.messages.kit import (
    ADAPTIVE,
    BUDGET,
    ask,
    assistant,
    call,
    drops,
    render,
    result,
    signed,
    target,
    through,
    user,
)

from plexus.ir.chat import Reasoning, Tool, ToolChoice
from plexus.ir.parts import Thinking
from plexus.ir.target import ReasoningProfile

TOOL = Tool(name="look", schema={"type": "object"})


def thinking(reasoning: Reasoning, style: ReasoningProfile, **fields):
    body = render(ask(reasoning=reasoning, **fields), target(style)).body
    return body.get("thinking"), body.get("output_config"), body["max_tokens"]


@pytest.mark.parametrize(
    ("effort", "budget"),
    [("minimal", 1024), ("low", 4096), ("medium", 8192), ("high", 16_384), ("xhigh", 24_576), ("max", 31_999)],
)
def test_081_effort_becomes_a_budget_where_the_model_takes_tokens(effort: str, budget: int) -> None:
    asked = Reasoning(effort=effort)
    assert thinking(asked, BUDGET, max_tokens=64_000)[0] == {"type": "enabled", "budget_tokens": budget}


def test_073_max_tokens_is_raised_above_the_budget() -> None:
    told, _, limit = thinking(Reasoning(effort="low"), BUDGET, max_tokens=500)
    assert told == {"type": "enabled", "budget_tokens": 4096}
    assert limit == 4596


def test_073_the_budget_gives_way_where_the_model_writes_no_more() -> None:
    rendered = render(ask(reasoning=Reasoning(budget=9000), max_tokens=5000), target(BUDGET, max_output=8192))
    assert rendered.body["max_tokens"] == 8192
    assert 1024 <= rendered.body["thinking"]["budget_tokens"] < 8192
    assert {("approximated", "max_tokens"), ("clamped", "reasoning.budget")} <= set(drops(rendered))


@pytest.mark.parametrize(("asked", "sent"), [(10, 1024), (2000, 2000), (90_000, 31_999)])
def test_073_budgets_stay_within_the_models_bounds(asked: int, sent: int) -> None:
    told, _, limit = thinking(Reasoning(budget=asked), BUDGET, max_tokens=64_000)
    assert told["budget_tokens"] == sent
    assert told["budget_tokens"] < limit


def test_081_adaptive_thinking_is_a_budget_to_an_older_model() -> None:
    told, config, _ = thinking(Reasoning(mode="adaptive", effort="medium"), BUDGET)
    assert (told["type"], told["budget_tokens"], config) == ("enabled", 8192, None)


def test_081_a_budget_is_adaptive_thinking_with_an_effort_to_a_newer_model() -> None:
    rendered = render(ask(reasoning=Reasoning(mode="on", budget=9000)), target(ADAPTIVE))
    assert rendered.body["thinking"]["type"] == "adaptive"
    assert rendered.body["output_config"] == {"effort": "high"}
    assert ("approximated", "reasoning.budget") in drops(rendered)


def test_081_thinking_is_shown_to_clients_that_cannot_ask_for_it() -> None:
    assert thinking(Reasoning(effort="low"), ADAPTIVE)[0] == {"type": "adaptive", "display": "summarized"}
    assert thinking(Reasoning(effort="low", show="omitted"), ADAPTIVE)[0]["display"] == "omitted"


@pytest.mark.parametrize(("effort", "sent"), [("minimal", "low"), ("low", "low"), ("xhigh", "high"), ("max", "max")])
def test_103_effort_is_only_changed_where_the_model_does_not_know_the_word(effort: str, sent: str) -> None:
    rendered = render(ask(reasoning=Reasoning(effort=effort)), target(ADAPTIVE))
    assert rendered.body["output_config"]["effort"] == sent
    assert (("approximated", "reasoning.effort") in drops(rendered)) == (sent != effort)


@pytest.mark.parametrize("off", [Reasoning(mode="off"), Reasoning(effort="none"), Reasoning(budget=0)])
@pytest.mark.parametrize("style", [BUDGET, ADAPTIVE, ReasoningProfile()])
def test_081_thinking_is_switched_off_where_it_can_be(off: Reasoning, style: ReasoningProfile) -> None:
    assert thinking(off, style)[0] == {"type": "disabled"}


def test_081_a_model_that_always_thinks_is_left_thinking_and_that_is_reported() -> None:
    always = ReasoningProfile(style="adaptive", can_disable=False, source="page")
    rendered = render(ask(reasoning=Reasoning(mode="off")), target(always))
    assert "thinking" not in rendered.body
    assert drops(rendered) == [("approximated", "reasoning")]


def test_081_a_model_that_does_not_think_is_not_told_to_and_that_is_reported() -> None:
    none = ReasoningProfile(style="none", source="page")
    rendered = render(ask(reasoning=Reasoning(effort="high")), target(none))
    assert not {"thinking", "output_config"} & rendered.body.keys()
    assert drops(rendered) == [("dropped", "reasoning")]
    assert render(ask(reasoning=Reasoning(mode="off")), target(none)).drops == []


def test_081_a_model_of_unknown_generation_gets_this_protocols_own_words() -> None:
    for said in (
        {"thinking": {"type": "adaptive", "display": "omitted"}, "output_config": {"effort": "xhigh"}},
        {"thinking": {"type": "enabled", "budget_tokens": 2000, "display": "updates"}, "max_tokens": 4000},
        {"thinking": {"type": "enabled", "budget_tokens": 9000}, "max_tokens": 4000},
        {"thinking": {"type": "between_tools"}},
        {"thinking": {"type": "disabled"}},
        {"output_config": {"effort": "max"}},
    ):
        body = through(**said)
        assert {key: body[key] for key in said} == said


def test_effort_alone_stays_alone_for_this_protocols_clients() -> None:
    body = through(target(ADAPTIVE), output_config={"effort": "low"})
    assert (body.get("thinking"), body["output_config"]) == (None, {"effort": "low"})


def test_a_forced_tool_and_a_budget_exclude_each_other_and_the_tool_wins() -> None:
    request = ask(tools=[TOOL], tool_choice=ToolChoice(mode="required"), reasoning=Reasoning(effort="low"))
    rendered = render(request, target(BUDGET))
    assert rendered.body["tool_choice"] == {"type": "any"}
    assert "thinking" not in rendered.body
    assert ("dropped", "reasoning") in drops(rendered)
    assert render(request, target(ADAPTIVE)).body["thinking"]["type"] == "adaptive"


def test_a_tool_loop_made_without_thinking_goes_on_without() -> None:
    loop = (user("hi"), assistant(call("a")), user(result("a")))
    rendered = render(ask(*loop, reasoning=Reasoning(effort="low")), target(BUDGET))
    assert "thinking" not in rendered.body
    assert ("dropped", "reasoning") in drops(rendered)
    signed_loop = (user("hi"), assistant(Thinking(text="hm", signature=signed()), call("a")), user(result("a")))
    assert "thinking" in render(ask(*signed_loop, reasoning=Reasoning(effort="low")), target(BUDGET)).body


def test_showing_thinking_does_not_switch_it_on() -> None:
    for style in (BUDGET, ADAPTIVE, ReasoningProfile()):
        rendered = render(ask(reasoning=Reasoning(show="auto")), target(style))
        assert "thinking" not in rendered.body
        assert len(rendered.drops) == 1
