"""The size gates: files and functions stay small, and no unfinished work is marked in the sources.

A file over FILE_SOFT lines or a function over FUNCTION_HARD lines needs a row in `tools/size_exceptions.txt`
(`path[:function] lines`). A row is an upper bound: it fails when the code grows past it and also when the code has
shrunk below it, so the list can only get shorter.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXCEPTIONS = ROOT / "tools" / "size_exceptions.txt"
FILE_SOFT, FILE_HARD, FUNCTION_HARD = 400, 600, 50
# What the gate looks for in the sources; it passes over this file.
MARKER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def tracked_sources() -> list[Path]:
    """Every Python file git knows or would add below src, tools and benchmarks."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "src", "tools", "benchmarks"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    return [ROOT / name for name in names if name.endswith(".py") and (ROOT / name).exists()]


def measure(path: Path) -> dict[str, int]:
    """Sizes found in one file: its path, and `path:function` for each function over the bound."""
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT).as_posix()
    sizes = {name: text.count("\n")}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION_HARD:
                sizes[f"{name}:{node.name}"] = length
    return sizes


def read_exceptions() -> dict[str, int]:
    rows = (line.split() for line in EXCEPTIONS.read_text(encoding="utf-8").splitlines())
    return {row[0]: int(row[1]) for row in rows if row and not row[0].startswith("#")}


def complaints() -> list[str]:
    allowed = read_exceptions()
    found: dict[str, int] = {}
    problems: list[str] = []
    for path in tracked_sources():
        found.update(measure(path))
        if path.name != "check_sizes.py":
            lines = path.read_text(encoding="utf-8").splitlines()
            problems += [
                f"{path.name}:{n}: unfinished work is marked" for n, line in enumerate(lines, 1) if MARKER.search(line)
            ]
    for name, size in found.items():
        bound = FUNCTION_HARD if ":" in name else FILE_SOFT
        limit = allowed.get(name, bound)
        if size > limit or (":" not in name and size > FILE_HARD):
            problems.append(f"{name}: {size} lines, at most {min(limit, FILE_HARD)} (split it: a file is one noun)")
    for name, limit in allowed.items():
        if found.get(name, 0) < limit:
            problems.append(f"{name}: now {found.get(name, 0)} lines; lower or drop its row in {EXCEPTIONS.name}")
    return problems


if __name__ == "__main__":
    listed = complaints()
    print("\n".join(listed) if listed else "sizes: ok")
    sys.exit(1 if listed else 0)
