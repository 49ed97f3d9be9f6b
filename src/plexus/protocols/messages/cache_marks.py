"""Never more than four cache marks in a request: the API answers a fifth with a 400.

The last four in the order of the prompt (tools, system, messages) stay, because a later mark covers everything before it.
https://platform.claude.com/docs/en/build-with-claude/prompt-caching
"""

from typing import Any

from plexus.protocols.messages.draft import Draft

_MOST = 4
_Place = tuple[list[dict[str, Any]], int, str]


def limit_marks(body: dict[str, Any], draft: Draft) -> None:
    """Take out the earliest marks beyond the fourth from the end. A mark on the whole request counts as one."""
    marked: list[_Place] = []
    for place in ("tools", "system"):
        _collect(body, place, place, marked)
    for n, message in enumerate(body["messages"]):
        _collect(message, "content", f"messages[{n}].content", marked)
    surplus = len(marked) + ("cache_control" in body) - _MOST
    for blocks, n, path in marked[: max(surplus, 0)]:
        # A copy: the block may be the client's own object.
        blocks[n] = {key: value for key, value in blocks[n].items() if key != "cache_control"}
        draft.lose("dropped", f"{path}[{n}].cache_control", "at most four cache marks")


def _collect(holder: dict[str, Any], key: str, path: str, marked: list[_Place]) -> None:
    blocks = holder.get(key)
    if not isinstance(blocks, list):
        return
    for n, block in enumerate(blocks):
        if block.get("type") == "tool_result":
            _collect(block, "content", f"{path}[{n}].content", marked)
        if block.get("cache_control") is not None:
            marked.append((blocks, n, path))
