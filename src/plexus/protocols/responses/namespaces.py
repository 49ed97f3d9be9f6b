"""Namespaces: Codex groups function tools under a name; other wires know only single functions.

A function of a group gets the name `group__function` in the canonical form; the group itself is kept in the tool's
extras under `namespace`, from which definitions and calls are put back. A group named like its only function (which is
how OpenAI names functions found by its tool search) adds nothing to the name.
https://developers.openai.com/api/docs/guides/function-calling
"""

from typing import Any

from plexus.ir.chat import Tool

KEY = "namespace"


def joined(namespace: str, name: str) -> str:
    """The canonical name of a function in a namespace."""
    if namespace in {"", name}:
        return name
    return namespace + name if namespace.endswith("__") else f"{namespace}__{name}"


def bare(namespace: str, name: str) -> str:
    """The function's own name, given its canonical one."""
    prefix = namespace if namespace.endswith("__") else f"{namespace}__"
    return name.removeprefix(prefix)


def group_of(tool: Tool) -> dict[str, Any] | None:
    """The group the tool was defined in, without its tools, or None."""
    group = (tool.extras or {}).get(KEY)
    return group if isinstance(group, dict) else None


def spelled(name: str, tools: list[Tool]) -> tuple[str, str]:
    """Namespace (or empty) and own name of a tool, as the client defined it."""
    for tool in tools:
        if tool.name == name:
            group = group_of(tool)
            if group is None:
                break
            space = str(group.get("name", ""))
            return space, bare(space, name)
    return "", name
