"""The names the rest of the gateway knows, handed to the configuration's validation by whoever composes the gateway."""

from dataclasses import dataclass

PLANNED_TYPES = frozenset({"vertex", "azure", "bedrock"})
"""Provider types that are refused by name until they are built."""


@dataclass(frozen=True, slots=True)
class Known:
    """Provider types (every spelling, lower case), selectors that are built, and hosts by which a type is recognised.

    `needs_key` names the types that answer nothing without a key.
    """

    provider_types: frozenset[str]
    selectors: frozenset[str]
    hosts: frozenset[str] = frozenset()
    needs_key: frozenset[str] = frozenset()
