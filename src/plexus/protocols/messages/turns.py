"""The order Anthropic demands of turns: every call answered in the very next user turn, results before anything else.

A `tool_use` without its `tool_result` right after it, or the reverse, is a 400:
https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use#handling-tool-use-and-tool-result-content-blocks
"""

from typing import Any

from plexus.protocols.messages.draft import Draft

Block = dict[str, Any]
Turn = dict[str, Any]

_NO_RESULT = "No result was returned for this call."


def settle_turns(turns: list[Turn], draft: Draft) -> list[Turn]:
    """The turns, `content` being lists of blocks, in an order the API accepts. What was put right is reported."""
    if not any(_has(turn, "tool_use") or _has(turn, "tool_result") for turn in turns):
        return [turn for turn in turns if turn["content"] or turn["role"] == "system"]
    turns = _join_assistants(turns)
    results = _Results(turns)
    settled: list[Turn] = []
    answers: list[Block] = []
    for turn in turns:
        if answers and turn["role"] != "user":
            settled.append({"role": "user", "content": answers})
            answers = []
        if turn["role"] == "user":
            turn["content"] = answers + _without_results(turn["content"], results, draft)
            answers = []
        calls = [block["id"] for block in turn["content"] if block.get("type") == "tool_use"]
        if turn["role"] == "assistant" and calls:
            answers = results.of(calls, draft)
        settled.append(turn)
    if answers:
        settled.append({"role": "user", "content": answers})
    return [turn for turn in settled if turn["content"] or turn["role"] == "system"]


def _has(turn: Turn, kind: str) -> bool:
    return any(block.get("type") == kind for block in turn["content"])


def _join_assistants(turns: list[Turn]) -> list[Turn]:
    """Calls told in several assistant messages in a row are one turn to the API, so their results follow all of them."""
    joined: list[Turn] = []
    for turn in turns:
        last = joined[-1] if joined else None
        if last is not None and turn["role"] == last["role"] == "assistant" and _has(last, "tool_use"):
            last["content"] = last["content"] + turn["content"]
        else:
            joined.append(turn)
    return joined


class _Results:
    """All results of the conversation by the call they answer, each handed out once."""

    def __init__(self, turns: list[Turn]) -> None:
        self._waiting: dict[str, tuple[int, Block]] = {}
        self._given: set[int] = set()
        place = 0
        for turn in turns:
            for block in turn["content"]:
                if block.get("type") == "tool_result":
                    self._waiting.setdefault(block["tool_use_id"], (place, block))
                    place += 1

    def of(self, calls: list[str], draft: Draft) -> list[Block]:
        """The results of these calls, wherever they stand, in the order said; a missing one is made up."""
        found: list[tuple[int, Block]] = []
        missing: list[Block] = []
        for call in calls:
            said = self._waiting.pop(call, None)
            if said is not None:
                found.append(said)
                self._given.add(id(said[1]))
                continue
            draft.lose("repaired", "messages", f"the call {call} had no result")
            missing.append({"type": "tool_result", "tool_use_id": call, "content": _NO_RESULT, "is_error": True})
        found.sort(key=lambda entry: entry[0])
        return [*(block for _, block in found), *missing]

    def given(self, block: Block) -> bool:
        """Whether this result stands after its call already; else it never will."""
        if id(block) in self._given:
            return True
        self._waiting.pop(block["tool_use_id"], None)
        return False


def _without_results(content: list[Block], results: _Results, draft: Draft) -> list[Block]:
    """What the user says besides results. A result that answers no call is refused by the API; it stays as text."""
    kept: list[Block] = []
    for block in content:
        if block.get("type") != "tool_result":
            kept.append(block)
        elif not results.given(block):
            draft.lose("approximated", "messages", f"the result {block['tool_use_id']} answers no call")
            said = block.get("content") or []
            kept += [{"type": "text", "text": said}] if isinstance(said, str) else said
    return kept
