import pytest
from tests.unit.protocols.gemini.wire import asked, rendered, target

from plexus.ir.chat import Reasoning


def thinking(reasoning, to, protocol="messages"):
    body, drops = rendered(asked(reasoning=reasoning, protocol=protocol), to)
    return body.get("generationConfig", {}).get("thinkingConfig"), [drop.kind for drop in drops]


BUDGET = target("budget", budget_min=128, budget_max=32_768, can_disable=False, dynamic=True)
FLASH = target("budget", budget_min=1, budget_max=24_576, dynamic=True)
LEVEL = target("level", efforts=("low", "high"))


@pytest.mark.parametrize(
    ("to", "reasoning", "config", "kinds"),
    [
        (BUDGET, Reasoning(effort="low"), {"thinkingBudget": 1024, "includeThoughts": True}, []),
        (BUDGET, Reasoning(effort="medium"), {"thinkingBudget": 8192, "includeThoughts": True}, []),
        (BUDGET, Reasoning(effort="max"), {"thinkingBudget": 32_768, "includeThoughts": True}, []),
        (BUDGET, Reasoning(mode="on", budget=2000), {"thinkingBudget": 2000, "includeThoughts": True}, []),
        (BUDGET, Reasoning(mode="on", budget=99_000), {"thinkingBudget": 32_768, "includeThoughts": True}, ["clamped"]),
        (BUDGET, Reasoning(mode="adaptive"), {"thinkingBudget": -1, "includeThoughts": True}, []),
        (BUDGET, Reasoning(mode="off"), {"thinkingBudget": 128}, ["approximated"]),
        (FLASH, Reasoning(mode="off"), {"thinkingBudget": 0}, []),
        (FLASH, Reasoning(effort="none"), {"thinkingBudget": 0}, []),
        (FLASH, Reasoning(effort="low", show="omitted"), {"thinkingBudget": 1024}, []),
        (FLASH, Reasoning(), None, []),
        (LEVEL, Reasoning(effort="high"), {"thinkingLevel": "HIGH", "includeThoughts": True}, []),
        (LEVEL, Reasoning(effort="max"), {"thinkingLevel": "HIGH", "includeThoughts": True}, ["approximated"]),
        (LEVEL, Reasoning(effort="minimal"), {"thinkingLevel": "LOW", "includeThoughts": True}, ["approximated"]),
        (LEVEL, Reasoning(mode="on", budget=1500), {"thinkingLevel": "LOW", "includeThoughts": True}, ["approximated"]),
        (
            LEVEL,
            Reasoning(mode="on", budget=30_000),
            {"thinkingLevel": "HIGH", "includeThoughts": True},
            ["approximated"],
        ),
        (LEVEL, Reasoning(mode="adaptive"), {"includeThoughts": True}, []),
        (LEVEL, Reasoning(mode="off"), {"thinkingLevel": "LOW"}, ["approximated"]),
        (target("none"), Reasoning(effort="high"), None, ["dropped"]),
        (target("none"), Reasoning(mode="off"), None, []),
        (
            target(),
            Reasoning(effort="high", show="detailed"),
            {"thinkingBudget": 24_576, "includeThoughts": True},
            ["approximated"],
        ),
    ],
)
def test_115_thinking_is_told_in_words_and_numbers_valid_for_the_model(to, reasoning, config, kinds):
    assert thinking(reasoning, to) == (config, kinds)


def test_a_gemini_client_is_taken_at_its_word_where_the_model_is_unknown():
    said = Reasoning(mode="on", effort="high", show="omitted")
    assert thinking(said, target(), "gemini") == ({"thinkingLevel": "HIGH", "includeThoughts": False}, [])
    assert thinking(Reasoning(mode="on", budget=5), target(), "gemini") == ({"thinkingBudget": 5}, [])


def test_a_gemini_clients_level_becomes_a_budget_where_the_model_knows_only_budgets():
    assert thinking(Reasoning(mode="on", effort="medium"), FLASH, "gemini") == ({"thinkingBudget": 8192}, [])


def test_what_gemini_does_not_know_of_reasoning_is_reported():
    assert thinking(Reasoning(effort="low", extras={"mode": "x"}), FLASH)[1] == ["dropped"]
