"""A request that is asked about instead of made: read from a description of it, or from its bare body.

The body's bytes are kept as they were sent, since pass-through keeps them too.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from plexus.core import ids
from plexus.core.json import JSONError, loads
from plexus.core.raw_object import RawObject
from plexus.ir.errors import InvalidRequest
from plexus.keys.key import Key
from plexus.pipeline.call import Call
from plexus.pipeline.gateway import Gateway
from plexus.pipeline.refused import Refused
from plexus.protocols import WireProtocol
from plexus.web.inference.entry import checked_model, model_in, stream_in
from plexus.web.inference.gemini import GENERATE, STREAM, named
from plexus.web.management.recognised import protocol_of

FIELDS = ("body", "protocol", "path", "headers", "key")
"""The fields of a description. No protocol's body has a field `body`, so the two cannot be confused."""
ANYBODY = Key(name="")
"""Who asks when no key is named: nobody in particular, who may use everything."""
_PATHS = {"/chat/completions": "chat", "/messages": "messages", "/responses": "responses"}


class Question(Struct, frozen=True, kw_only=True):
    """What is asked about: a request's body, and what else is known of the request."""

    body: RawObject
    protocol: str
    path: str = ""
    headers: Mapping[str, str] = {}
    key: str | None = None
    """The name of a client key."""


def question_in(sent: RawObject) -> Question:
    """The question of a description, or of a bare body.

    Raises:
        InvalidRequest: naming the field.
    """
    if "body" not in sent.values:
        return Question(body=sent, protocol=protocol_of(sent, {}))
    unknown = next((field for field in sent.values if field not in FIELDS), None)
    if unknown is not None:
        raise InvalidRequest(unknown[:80], f"is no field of a question; it has {', '.join(FIELDS)}")
    try:
        body = RawObject(bytes(sent.values["body"]))
    except JSONError as error:
        raise InvalidRequest("body", f"must be the JSON object a client would send: {error}") from None
    headers, path = _headers(sent), _text(sent, "path") or ""
    by_path, said = _by_path(path), _text(sent, "protocol")
    if by_path and said and by_path != said:
        raise InvalidRequest("protocol", f"is {said[:40]!r}, but the path is one of {by_path}")
    protocol = by_path or said or protocol_of(body, headers)
    return Question(body=body, protocol=protocol, path=path, headers=headers, key=_text(sent, "key"))


def call_of(question: Question, key: Key, gateway: Gateway, protocols: Mapping[str, WireProtocol]) -> Call:
    """The call a client with this key would make.

    Raises:
        InvalidRequest: when it could not be one.
    """
    protocol = protocols.get(question.protocol)
    if protocol is None:
        raise InvalidRequest("protocol", f"must be one of {', '.join(protocols)}")
    body = question.body
    model, stream, array = _addressed(question) if protocol.model_in_path else (model_in(body), stream_in(body), False)
    return Call(
        protocol=protocol,
        body=body,
        model=model,
        stream=stream,
        headers=[(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in question.headers.items()],
        request_id=ids.request_id(),
        key=key,
        attribution=None,
        snapshot=gateway.snapshot,
        started=gateway.clock.monotonic(),
        array=array,
    )


def key_for(question: Question, gateway: Gateway, own: Key | None) -> Key:
    """The key the request is asked about for; `own` when a key's holder asks, who can ask about no other.

    Raises:
        Refused: 404 for a key that is not there, or not the caller's.
    """
    if question.key is None:
        return own or ANYBODY
    key = gateway.snapshot.keyring.named(question.key)
    if key is None or (own is not None and key.name != own.name):
        raise Refused("not_found", f"there is no key {question.key[:200]!r} here", code="key_not_found", param="key")
    return key


def _addressed(question: Question) -> tuple[str, bool, bool]:
    """Model, stream and array form as Google's paths say them; without a path the body may name the model."""
    if not question.path:
        model = question.body.text("model")
        if model is None:
            raise InvalidRequest("path", "is needed: a request of gemini names its model there")
        return checked_model(model.removeprefix("models/")), False, False
    path, _, query = question.path.partition("?")
    model, action = named(path.encode("ascii", "replace"))
    if action not in {GENERATE, STREAM}:
        raise InvalidRequest("path", f"ends in neither :{GENERATE} nor :{STREAM}")
    stream = action == STREAM
    return model, stream, stream and "alt=sse" not in query.split("&")


def _by_path(path: str) -> str:
    """The protocol a path belongs to; empty when none is given."""
    if not path:
        return ""
    bare = path.partition("?")[0]
    found = next((name for end, name in _PATHS.items() if bare.endswith(end)), "")
    if not found and "/models/" in bare and ":" in bare.rpartition("/")[2]:
        return "gemini"
    if not found:
        raise InvalidRequest("path", "is not one at which requests of a model are made")
    return found


def _text(sent: RawObject, field: str) -> str | None:
    if field not in sent.values or bytes(sent.values[field]) == b"null":
        return None
    value = sent.text(field)
    if value is None:
        raise InvalidRequest(field, "must be text")
    return value


def _headers(sent: RawObject) -> dict[str, str]:
    said: Any = loads(bytes(sent.values["headers"])) if "headers" in sent.values else None
    if said is None:
        return {}
    wrong = "must be an object of header names and values, in Latin-1"
    if not isinstance(said, dict):
        raise InvalidRequest("headers", wrong)
    for name, value in said.items():
        if not isinstance(value, str) or not _in_latin(name) or not _in_latin(value):
            raise InvalidRequest("headers", wrong)
    return said


def _in_latin(text: str) -> bool:
    return all(ord(char) < 256 and char not in "\r\n\0" for char in text)  # noqa: PLR2004 - the end of Latin-1
