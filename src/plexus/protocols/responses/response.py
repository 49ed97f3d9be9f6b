"""A whole answer of the responses protocol, both ways."""

from typing import Any

from plexus.ir.chat import ChatResponse
from plexus.ir.drops import Drop
from plexus.ir.errors import InvalidAnswer
from plexus.ir.exchange import Reading, Writing
from plexus.ir.parts import Part, Text
from plexus.protocols.responses.encode_output import encode_output
from plexus.protocols.responses.envelope import ECHOED, TELLING, echo, finish, head, own_id, returned
from plexus.protocols.responses.output_items import is_nameless, parts_of, status_of, stop_of
from plexus.protocols.responses.usage import decode_usage

_READ = frozenset(
    {
        "id",
        "object",
        "created_at",
        "model",
        "output",
        "status",
        "incomplete_details",
        "error",
        "usage",
        "service_tier",
    }
)  # fmt: skip - a list of names reads better in rows


def decode_response(body: dict[str, Any], reading: Reading) -> ChatResponse:
    """The answer an upstream gave whole.

    Raises:
        InvalidAnswer: when there is no output to read.
    """
    output = body.get("output")
    if output is None and isinstance(body.get("output_text"), str):
        output = [{"type": "message", "content": body["output_text"]}]
    if not isinstance(output, list):
        raise InvalidAnswer("the answer has no output")
    parts: list[Part] = []
    taken: set[str] = set()
    nameless = False
    for index, item in enumerate(output):
        if isinstance(item, dict):
            parts += parts_of(item, index, reading, taken)
            nameless |= is_nameless(item)
    return ChatResponse(
        parts=parts,
        stop_reason=stop_of(body, called=bool(taken), nameless=nameless),
        usage=decode_usage(body.get("usage"), body.get("service_tier")),
        id=_string(body.get("id")),
        model=_string(body.get("model")),
        created=seconds(body.get("created_at")),
        protocol="responses",
        extras=remainder(body),
    )


def remainder(body: dict[str, Any]) -> dict[str, Any] | None:
    """The fields of a response object that say something of their own."""
    left = {
        key: value
        for key, value in body.items()
        if key not in _READ and (key in TELLING or key not in ECHOED) and _says_something(value)
    }
    return left or None


def _says_something(value: Any) -> bool:
    """Whether there is a value other than nothing, false and zero anywhere in it."""
    if isinstance(value, dict):
        return any(_says_something(inner) for inner in value.values())
    return bool(value)


_YEAR_9999 = 253_402_300_800


def seconds(value: Any) -> int:
    """A time as whole seconds since the epoch, 0 when there is none."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _YEAR_9999
    return int(value) if known else 0


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def encode_response(response: ChatResponse, writing: Writing) -> tuple[dict[str, Any], list[Drop]]:
    """The answer as a response object, and what it could not carry."""
    output, drops = encode_output(response.parts, writing)
    refused = any(isinstance(part, Text) and part.refusal for part in response.parts)
    status, reason = status_of(response.stop_reason, refused=refused)
    if any(True for _ in response.alternatives):
        drops.append(Drop("dropped", "alternatives", "the protocol has one answer"))
    if response.stop_reason in {"pause", "context_window", "malformed_tool_call"}:
        drops.append(Drop("approximated", "stop_reason", f"{response.stop_reason} as {reason or status}"))
    if response.stop_reason == "refusal" and not refused:
        drops.append(Drop("approximated", "stop_reason", f"refusal as {reason}"))
    error = {"code": "server_error", "message": "the provider reported that it failed"} if status == "failed" else None
    body = head(
        own_id(response.id, writing.seed),
        response.model or writing.model,
        response.created or writing.now,
        status,
        output,
        error,
    )
    body.update(echo(writing.request))
    extras = returned(response.extras, response.protocol, drops)
    finish(body, response.usage, reason, writing.now, extras)
    return body, drops
