"""How a proto message is spelled in JSON: lowerCamelCase or snake_case, null for unset. Knows no message of its own.

Free-form values (arguments, JSON Schemas, labels) are never walked: only the keys of the message at hand are read.
Source: https://protobuf.dev/programming-guides/json/
"""

from typing import Any

from plexus.ir.errors import InvalidRequest

Wire = dict[str, Any]


def camel(name: str) -> str:
    """The lowerCamelCase spelling of a field name; a name without inner underscores is itself."""
    if "_" not in name.strip("_"):
        return name
    head, *rest = name.split("_")
    return head + "".join(word[:1].upper() + word[1:] for word in rest)


def fields_of(message: Wire) -> Wire:
    """The fields that are set, by their lowerCamelCase names. The values are not copied."""
    return {(camel(key) if "_" in key else key): value for key, value in message.items() if value is not None}


def message_at(value: Any, path: str) -> Wire:
    """The fields of a client's message.

    Raises:
        InvalidRequest: when the value is not an object.
    """
    if not isinstance(value, dict):
        raise InvalidRequest(path, "must be an object")
    return fields_of(value)


def text_of(value: Any) -> str:
    """A string, or empty for anything else."""
    return value if isinstance(value, str) else ""


def nest(flat: Wire, into: Wire) -> None:
    """Put `{"a.b": 1}` back as `{"a": {"b": 1}}`: the keys under which extras of inner messages are kept."""
    for key, value in flat.items():
        holder = into
        *outer, last = key.split(".")
        for name in outer:
            inner = holder.setdefault(name, {})
            if not isinstance(inner, dict):
                break
            holder = inner
        holder[last] = value
