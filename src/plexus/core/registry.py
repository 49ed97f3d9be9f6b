"""Finds plug-ins by their folder: every module of a package that holds the constant named. Nothing registers itself."""

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

Plug = TypeVar("Plug")


def find(
    package: ModuleType, constant: str, kind: type[Plug], besides: frozenset[str] = frozenset()
) -> dict[str, Plug]:
    """Every plug-in in `package`, by module name, sorted. `besides` names modules of the folder that are no plug-ins.

    Raises:
        TypeError: when a module of the folder lacks the constant or it is of another kind.
    """
    found: dict[str, Plug] = {}
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda entry: entry.name):
        if module.name in besides:
            continue
        plug = getattr(importlib.import_module(f"{package.__name__}.{module.name}"), constant, None)
        if not isinstance(plug, kind):
            raise TypeError(f"{package.__name__}.{module.name} has no {constant} of type {kind.__name__}")
        found[module.name] = plug
    return found
