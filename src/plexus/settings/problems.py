"""What is wrong with a configuration, and where. One error tells everything that was found, not the first thing."""

from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Keys and indices from the top of the configuration down to a value."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong or worth knowing at a path; where that path stands in a file is found out later."""

    path: Path
    message: str
    fix: str = ""
    about_key: bool = False
    """Whether it is the key that is wrong and not its value."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding with its place. `line` and `column` count from 1 and are 0 when the place has none."""

    file: str
    line: int
    column: int
    path: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        where = f"{self.path}: " if self.path else ""
        fix = f" ({self.fix})" if self.fix else ""
        return f"{place}: {where}{self.message}{fix}"


class ConfigurationError(Exception):
    """The configuration is refused as a whole. `problems` holds everything found, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column, problem.path))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def spelled(path: Path) -> str:
    """A path as people read it: `providers.openai.models[0]`; names with dots or blanks are quoted."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        plain = step.replace("_", "a").replace("-", "a").isalnum()
        text += f"{'.' if text and plain else ''}{step}" if plain else f'["{step}"]'
    return text
