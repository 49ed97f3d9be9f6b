"""A text that must not be seen: only `reveal()` gives it, every other way of looking at it says `[redacted]`."""

import hmac
from typing import Any, NoReturn, final

REDACTED = "[redacted]"


@final
class Secret:
    """Holds a credential. Printing, formatting, dumping to JSON and tracebacks show `[redacted]`; pickling is refused."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself: call it where it is sent or compared, and nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"

    def __str__(self) -> str:
        return REDACTED

    def __format__(self, spec: str) -> str:
        return format(REDACTED, spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode("utf-8", "surrogatepass"), _encoded(other))

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, _memo: object) -> "Secret":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not written to disk or sent to another process")

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        """Read from text by pydantic; dumped as the redacted text in JSON, kept as it is in Python."""
        from pydantic_core import core_schema  # noqa: PLC0415 - the core works without pydantic

        return core_schema.no_info_plain_validator_function(
            _read,
            serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json"),
        )


def _read(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if isinstance(value, str):
        return Secret(str(value))
    raise ValueError("must be text; write it in quotes")


def _encoded(secret: Secret) -> bytes:
    return secret.reveal().encode("utf-8", "surrogatepass")
