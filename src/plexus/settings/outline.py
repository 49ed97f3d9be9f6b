"""The schema seen from outside: which keys exist below a path, and the list of all of them."""

import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from plexus.settings.problems import Path

WRITTEN_FORMS = {"models.<name>.targets": "target_groups", "models.<name>.selector": "target_groups"}
"""Keys a file may use that the schema does not hold, because they stand for another."""


def models_of(annotation: Any) -> list[type[BaseModel]]:
    """The models a value of this annotation is made of, through lists, maps, options and choices."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Annotated:
        arguments = arguments[:1]
    return [model for argument in arguments for model in models_of(argument)]


def fields_below(top: type[BaseModel], path: Path) -> dict[str, FieldInfo]:
    """The fields that the object at `path` may have; none when it is no object of the schema."""
    models = [top]
    for step in path:
        inside: list[type[BaseModel]] = []
        for model in models:
            field = model.model_fields.get(step) if isinstance(step, str) else None
            if field is not None:
                inside += models_of(field.annotation)
        models = inside or models  # an index, or a name in a map: still the same object
    return {name: field for model in models for name, field in model.model_fields.items()}


def every_key(top: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every key of the schema, spelled like `providers.<name>.models.<name>.pricing.input`, with its field."""
    for name, field in top.model_fields.items():
        path = f"{prefix}{name}"
        yield path, field
        step = _step(field.annotation)
        seen: set[str] = set()
        for model in models_of(field.annotation):
            for below, inner in every_key(model, f"{path}{step}."):
                if below not in seen:
                    seen.add(below)
                    yield below, inner


def _step(annotation: Any) -> str:
    """How the path goes on below a value: by a name in a map, by an index in a list, or directly."""
    origin = typing.get_origin(annotation)
    if origin in {typing.Annotated, typing.Union, types.UnionType}:
        return next((step for argument in typing.get_args(annotation) if (step := _step(argument))), "")
    if origin is tuple:
        return "[]"
    return ".<name>" if origin in {dict, Mapping} else ""
